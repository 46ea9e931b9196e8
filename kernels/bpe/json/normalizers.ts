/** `normalizer` of a `tokenizer.json`: the steps that rewrite text, in order. */
import { BrokenCharsmap, Charsmap } from "../charsmap.ts";
import type { NormalizerStep } from "../normalizers.ts";
import { translateRegex, Untranslatable } from "../regex-translate.ts";
import { broken, flag, type Json, type JsonObject, list, object, text, unsupported } from "./values.ts";

function readReplace(normalizer: JsonObject): NormalizerStep {
  const pattern = object(normalizer.pattern, "Replace.pattern");
  const content = text(normalizer.content, "Replace.content");
  if (pattern.Regex === undefined) {
    const plain = text(pattern.String, "Replace.pattern.String");
    if (plain === "") throw unsupported("Replace of nothing");
    return { kind: "replace", text: plain, content };
  }
  const regex = text(pattern.Regex, "Replace.pattern.Regex");
  try {
    if (translateRegex(regex).test("")) throw unsupported(`Replace of ${regex}, which matches nothing too`);
  } catch (error) {
    if (error instanceof Untranslatable) throw unsupported(`Replace of ${regex}: ${error.message}`);
    throw error;
  }
  return { kind: "replace_matches", regex, content };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readPrecompiled(normalizer: JsonObject): NormalizerStep {
  const coded = text(normalizer.precompiled_charsmap, "Precompiled.precompiled_charsmap");
  if (!BASE64.test(coded)) throw broken("Precompiled.precompiled_charsmap is no base64");
  try {
    return { kind: "precompiled", charsmap: new Charsmap(Buffer.from(coded, "base64")) };
  } catch (error) {
    if (error instanceof BrokenCharsmap) throw broken(`Precompiled.precompiled_charsmap: ${error.message}`);
    throw error;
  }
}

export function readNormalizers(value: Json | undefined): readonly NormalizerStep[] {
  if (value === undefined || value === null) return [];
  const normalizer = object(value, "normalizer");
  switch (normalizer.type) {
    case "Sequence":
      return list(normalizer.normalizers, "normalizer.normalizers").flatMap(readNormalizers);
    case "NFC":
      return [{ kind: "nfc" }];
    case "NFD":
      return [{ kind: "nfd" }];
    case "NFKC":
      return [{ kind: "nfkc" }];
    case "NFKD":
      return [{ kind: "nfkd" }];
    case "Lowercase":
      return [{ kind: "lowercase" }];
    case "StripAccents":
      return [{ kind: "strip_accents" }];
    case "Precompiled":
      return [readPrecompiled(normalizer)];
    case "Prepend":
      return [{ kind: "prepend", text: text(normalizer.prepend, "Prepend.prepend") }];
    case "Replace":
      return [readReplace(normalizer)];
    case "Strip":
      return [
        {
          kind: "strip",
          left: flag(normalizer.strip_left, "Strip.strip_left"),
          right: flag(normalizer.strip_right, "Strip.strip_right"),
        },
      ];
    default:
      throw unsupported(`normalizer ${JSON.stringify(normalizer.type)}`);
  }
}
