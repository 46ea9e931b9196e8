/** Builds the pre-tokenizer a model asks for: a scanner where one does it all, the slow exact path else. */
import { RecipeError } from "../../batch/errors.ts";
import { scannerFor } from "./known-regexes.ts";
import type { PreTokenizerStep } from "./model.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { escapeText, translateRegex, Untranslatable } from "./regex-translate.ts";
import { CharacterSpans, RegexSpans, type SpanFinder } from "./split-patterns.ts";
import { PrefixSpaceStep, ScannerStep, SplitPreTokenizer, SplitStep, type WordStep } from "./split-pre-tokenizer.ts";

type Split = Extract<PreTokenizerStep, { kind: "split" }>;

/** The known expression that cuts words as `step` does; known expressions match every character, so that nothing is between matches. */
export function knownRegexOf(step: PreTokenizerStep): string | undefined {
  if (step.kind !== "split" || step.pattern.kind !== "regex") return undefined;
  const { behavior, invert, pattern } = step;
  const keepsMatches = behavior === "isolated" || (behavior === "removed" && invert);
  return keepsMatches && scannerFor(pattern.source) !== undefined ? pattern.source : undefined;
}

function createFinder({ pattern }: Split): SpanFinder {
  if (pattern.kind === "characters") return new CharacterSpans(pattern.of);
  if (pattern.kind === "text") return new RegexSpans(escapeText(pattern.text));
  try {
    return new RegexSpans(translateRegex(pattern.source));
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    throw new RecipeError(
      {
        code: "recipe/unsupported-tokenizer",
        what: `the tokenizer cuts words with a regular expression that has no exact equivalent here: ${error.message}`,
        why: `an approximation of ${pattern.source} would give other tokens than the model was trained with`,
        fix: "use a tokenizer with an expression of the GPT-2, cl100k (Llama 3), Qwen or o200k family",
      },
      { cause: error },
    );
  }
}

/** @throws RecipeError where an expression cannot be honoured exactly */
export function createPreTokenizer(steps: readonly PreTokenizerStep[]): PreTokenizer {
  const made: WordStep[] = [];
  let only: PreTokenizer | undefined;
  let spelled = false;
  for (const step of steps) {
    const known = spelled ? undefined : knownRegexOf(step);
    if (step.kind === "byte_alphabet") spelled = true;
    else if (step.kind === "prefix_space") made.push(new PrefixSpaceStep());
    else if (known !== undefined) {
      only = scannerFor(known);
      if (only !== undefined) made.push(new ScannerStep(only));
    } else made.push(new SplitStep(createFinder(step), step.behavior, step.invert, spelled));
  }
  return steps.length === 1 && only !== undefined ? only : new SplitPreTokenizer(made);
}
