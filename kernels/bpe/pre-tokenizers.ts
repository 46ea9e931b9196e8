/** Builds the pre-tokenizer a model asks for: a scanner where the expression is known, the slow exact path where it is not. */
import { RecipeError } from "../../batch/errors.ts";
import { scannerFor } from "./known-regexes.ts";
import type { PreTokenizerStep } from "./model.ts";
import { ChainedPreTokenizer, type PreTokenizer } from "./pre-tokenizer.ts";
import { RegexPreTokenizer } from "./regex-pre-tokenizer.ts";
import { translateRegex, Untranslatable } from "./regex-translate.ts";
import { digitsScanner } from "./scanners.ts";

function createStep(step: PreTokenizerStep): PreTokenizer {
  if (step.kind === "digits") return digitsScanner(step.individual);
  const scanner = scannerFor(step.source);
  if (scanner !== undefined) return scanner;
  try {
    return new RegexPreTokenizer(translateRegex(step.source));
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    throw new RecipeError(
      {
        code: "recipe/unsupported-tokenizer",
        what: `the tokenizer cuts words with a regular expression that has no exact equivalent here: ${error.message}`,
        why: `an approximation of ${step.source} would give other tokens than the model was trained with`,
        fix: "use a tokenizer with an expression of the GPT-2, cl100k (Llama 3), Qwen or o200k family",
      },
      { cause: error },
    );
  }
}

/** @throws RecipeError where an expression cannot be honoured exactly */
export function createPreTokenizer(steps: readonly PreTokenizerStep[]): PreTokenizer {
  const [first, ...rest] = steps.map(createStep);
  return rest.reduce<PreTokenizer>((outer, inner) => new ChainedPreTokenizer(outer, inner), first);
}
