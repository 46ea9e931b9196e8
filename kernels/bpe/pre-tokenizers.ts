/** Builds the pre-tokenizer a model asks for: a scanner where one does it all, the slow exact path else. */
import { RecipeError } from "../../batch/errors.ts";
import { familyOf, familyOfAll, type RegexFamily, scannerOf } from "./known-regexes.ts";
import type { PreTokenizerStep } from "./model.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { escapeText, translateRegex, Untranslatable } from "./regex-translate.ts";
import { CharacterCuts, type CutFinder, RegexCuts } from "./split-patterns.ts";
import { PrefixSpaceStep, ScannerStep, SplitPreTokenizer, SplitStep, type WordStep } from "./split-pre-tokenizer.ts";

type Split = Extract<PreTokenizerStep, { kind: "split" }>;

/** The known expression that cuts words as `step` does alone. */
export function knownRegexOf(step: PreTokenizerStep): string | undefined {
  if (step.kind !== "split" || step.pattern.kind !== "regex") return undefined;
  const { behavior, invert, pattern } = step;
  // Known expressions leave nothing between matches, so that it does not matter what becomes of it.
  const keepsMatches = behavior === "isolated" || (behavior === "removed" && invert);
  return keepsMatches && familyOf(pattern.source) !== undefined ? pattern.source : undefined;
}

/** The family whose scanner cuts words as all of `steps` do. */
export function knownFamilyOf(steps: readonly PreTokenizerStep[]): RegexFamily | undefined {
  const only = steps.length === 1 ? knownRegexOf(steps[0]) : undefined;
  if (only !== undefined) return familyOf(only);
  const regexes: string[] = [];
  for (const step of steps) {
    if (step.kind !== "split" || step.pattern.kind !== "regex" || step.behavior !== "isolated") return undefined;
    regexes.push(step.pattern.source);
  }
  return familyOfAll(regexes);
}

function createFinder({ pattern }: Split): CutFinder {
  if (pattern.kind === "characters") return new CharacterCuts(pattern.of);
  if (pattern.kind === "text") return new RegexCuts(escapeText(pattern.text));
  try {
    return new RegexCuts(translateRegex(pattern.source));
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
  const family = knownFamilyOf(steps);
  if (family !== undefined) return scannerOf(family);
  let spelled = false;
  const made: WordStep[] = [];
  for (const step of steps) {
    const known = spelled ? undefined : knownFamilyOf([step]);
    if (step.kind === "byte_alphabet") spelled = true;
    else if (step.kind === "characters") throw new Error("a model's own cuts are its only step");
    else if (step.kind === "prefix_space") made.push(new PrefixSpaceStep());
    else if (known !== undefined) made.push(new ScannerStep(scannerOf(known)));
    else made.push(new SplitStep(createFinder(step), step.behavior, step.invert, spelled));
  }
  return new SplitPreTokenizer(made);
}
