/** `pre_tokenizer` of a `tokenizer.json`: the steps that cut text into words, in order. */
import { GPT2_REGEX, scannerFor } from "../known-regexes.ts";
import type { PreTokenizerStep } from "../model.ts";
import { type Json, type JsonObject, list, object, unsupported } from "./values.ts";

function readSplit(step: JsonObject): PreTokenizerStep {
  const pattern = object(step.pattern, "Split.pattern");
  if (typeof pattern.Regex !== "string") throw unsupported(`Split pattern ${JSON.stringify(pattern)}`);
  // "Removed" with "invert" keeps the matches and drops the gaps: the same where matches leave no gap.
  const keepsAll =
    step.behavior === "Isolated" ||
    (step.behavior === "Removed" && step.invert === true && scannerFor(pattern.Regex) !== undefined);
  if (!keepsAll)
    throw unsupported(`Split behavior ${JSON.stringify(step.behavior)}, invert ${JSON.stringify(step.invert)}`);
  return { kind: "regex", source: pattern.Regex };
}

export function readPreTokenizers(value: Json | undefined): readonly PreTokenizerStep[] {
  const root = object(value ?? null, "pre_tokenizer");
  const parts = root.type === "Sequence" ? list(root.pretokenizers, "pre_tokenizer.pretokenizers") : [root];
  const steps: PreTokenizerStep[] = [];
  parts.forEach((part, index) => {
    const step = object(part, "pre_tokenizer");
    const last = index === parts.length - 1;
    if ((step.type === "ByteLevel") !== last) {
      throw unsupported("pre-tokenizers that do not end with ByteLevel, or have steps behind it");
    }
    if (step.type === "Split") steps.push(readSplit(step));
    else if (step.type === "Digits") steps.push({ kind: "digits", individual: step.individual_digits === true });
    else if (step.type === "ByteLevel") {
      if (step.add_prefix_space !== false) throw unsupported("ByteLevel with add_prefix_space");
      if (step.use_regex !== false) steps.push({ kind: "regex", source: GPT2_REGEX });
    } else throw unsupported(`pre-tokenizer ${JSON.stringify(step.type)}`);
  });
  if (steps.length === 0) throw unsupported("a ByteLevel pre-tokenizer that cuts no words");
  return steps;
}
