/**
 * `pre_tokenizer` of a `tokenizer.json`: the steps that cut text into words, in order.
 *
 * ByteLevel is what makes a vocabulary one of bytes: there is one, anywhere in the sequence.
 */
import { GPT2_REGEX } from "../known-regexes.ts";
import type { PreTokenizerStep, SplitPattern } from "../model.ts";
import type { CharacterKind } from "../split-patterns.ts";
import type { SplitBehavior } from "../splits.ts";
import { broken, flag, type Json, type JsonObject, list, object, unsupported } from "./values.ts";

const BEHAVIORS: ReadonlyMap<string, SplitBehavior> = new Map([
  ["Isolated", "isolated"],
  ["Removed", "removed"],
  ["Contiguous", "contiguous"],
  ["MergedWithPrevious", "merged_with_previous"],
  ["MergedWithNext", "merged_with_next"],
]);

/** What `Whitespace` keeps: runs of word characters, and of what is neither one nor a blank. */
const WORDS_AND_SYMBOLS = String.raw`\w+|[^\w\s]+`;

function readBehavior(value: Json | undefined): SplitBehavior {
  const behavior = typeof value === "string" ? BEHAVIORS.get(value) : undefined;
  if (behavior === undefined) throw broken(`${JSON.stringify(value)} is no behavior of a split`);
  return behavior;
}

function split(pattern: SplitPattern, behavior: SplitBehavior, invert = false): PreTokenizerStep {
  return { kind: "split", pattern, behavior, invert };
}

function characters(of: CharacterKind, behavior: SplitBehavior): PreTokenizerStep {
  return split({ kind: "characters", of }, behavior);
}

function readPattern(value: Json | undefined): SplitPattern {
  const pattern = object(value, "Split.pattern");
  if (typeof pattern.Regex === "string") return { kind: "regex", source: pattern.Regex };
  if (typeof pattern.String === "string") return { kind: "text", text: pattern.String };
  throw broken("a Split pattern that is neither a String nor a Regex");
}

function readByteLevel(step: JsonObject): readonly PreTokenizerStep[] {
  const steps: PreTokenizerStep[] = [];
  if (flag(step.add_prefix_space, "ByteLevel.add_prefix_space")) steps.push({ kind: "prefix_space" });
  if (flag(step.use_regex, "ByteLevel.use_regex", true))
    steps.push(split({ kind: "regex", source: GPT2_REGEX }, "isolated"));
  return [...steps, { kind: "byte_alphabet" }];
}

/** The steps of one pre-tokenizer, a ByteLevel among them as `byte_alphabet`. */
export function readStep(value: Json): readonly PreTokenizerStep[] {
  const step = object(value, "pre_tokenizer");
  switch (step.type) {
    case "Sequence":
      return list(step.pretokenizers, "pre_tokenizer.pretokenizers").flatMap(readStep);
    case "ByteLevel":
      return readByteLevel(step);
    case "Split":
      return [split(readPattern(step.pattern), readBehavior(step.behavior), flag(step.invert, "Split.invert"))];
    case "Digits":
      return [
        characters("digits", flag(step.individual_digits, "Digits.individual_digits") ? "isolated" : "contiguous"),
      ];
    case "Punctuation":
      return [characters("punctuation", step.behavior === undefined ? "isolated" : readBehavior(step.behavior))];
    case "WhitespaceSplit":
      return [characters("whitespace", "removed")];
    case "Whitespace":
      return [split({ kind: "regex", source: WORDS_AND_SYMBOLS }, "removed", true)];
    case "BertPreTokenizer":
      return [characters("whitespace", "removed"), characters("punctuation", "isolated")];
    default:
      throw unsupported(`pre-tokenizer ${JSON.stringify(step.type)}`);
  }
}

export function readPreTokenizers(value: Json | undefined): readonly PreTokenizerStep[] {
  const steps = value === undefined || value === null ? [] : readStep(value);
  const spellings = steps.filter((step) => step.kind === "byte_alphabet").length;
  if (spellings !== 1) throw unsupported(`${spellings === 0 ? "no" : "more than one"} ByteLevel pre-tokenizer`);
  // Where nothing reads the spelling it is only how the vocabulary is written.
  return steps.at(-1)?.kind === "byte_alphabet" ? steps.slice(0, -1) : steps;
}
