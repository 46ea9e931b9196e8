/** `normalizer` of a `tokenizer.json`: the steps that rewrite text, in order. */
import type { NormalizerStep } from "../normalizers.ts";
import { type Json, list, object, unsupported } from "./values.ts";

export function readNormalizers(value: Json | undefined): readonly NormalizerStep[] {
  if (value === undefined || value === null) return [];
  const normalizer = object(value, "normalizer");
  if (normalizer.type === "Sequence") {
    return list(normalizer.normalizers, "normalizer.normalizers").flatMap(readNormalizers);
  }
  if (normalizer.type === "NFC") return [{ kind: "nfc" }];
  throw unsupported(`normalizer ${JSON.stringify(normalizer.type)}`);
}
