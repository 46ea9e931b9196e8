/**
 * Where ranges of a text lie in its normal form, for each kind of normalizers.
 *
 * Invariant: every border is exact or moved out of the character it stands in; normalizers whose borders cannot be followed are refused.
 */
import { RecipeError } from "../../batch/errors.ts";
import { FormBorders } from "./form-borders.ts";
import { NfcNormalizer } from "./nfc.ts";
import { FormNormalizer, type NormalForm } from "./normal-forms.ts";
import type { Normalizer } from "./normalizer.ts";
import { createNormalizer, type NormalizerStep } from "./normalizers.ts";
import { Strip } from "./text-steps.ts";

export interface Borders {
  /** Rewrites `ranges`, pairs of start and end from the start of `bytes[start, end)`, ascending. */
  move(bytes: Uint8Array, start: number, end: number, ranges: Int32Array): void;
}

/** Whether `step` makes of each character what it makes of it alone. */
function isOfCharacters(step: NormalizerStep): boolean {
  if (step.kind === "replace") return [...step.text].length === 1;
  return step.kind === "plain_blanks" || step.kind === "lowercase" || step.kind === "strip_accents";
}

/** The borders of steps that look at one character at a time, and of what they put before the text. */
class CharacterBorders implements Borders {
  readonly #normalizer: Normalizer | undefined;
  readonly #prefixBytes: number;

  constructor(steps: readonly NormalizerStep[], prefix: string) {
    this.#normalizer = createNormalizer(steps);
    this.#prefixBytes = Buffer.byteLength(prefix);
  }

  move(bytes: Uint8Array, start: number, end: number, ranges: Int32Array): void {
    let cut = start;
    let moved = this.#prefixBytes;
    for (let i = 0; i < ranges.length; i++) {
      let at = start + ranges[i];
      const step = i % 2 === 0 ? -1 : 1;
      while (at > start && at < end && (bytes[at] & 0xc0) === 0x80) at += step;
      // The end of one range may have moved behind the start of the next.
      if (at < cut) moved = this.#prefixBytes + this.#lengthOf(bytes, start, at);
      else moved += this.#lengthOf(bytes, cut, at);
      cut = at;
      // What is put before a text belongs to its first token.
      ranges[i] = at === start ? 0 : moved;
    }
  }

  #lengthOf(bytes: Uint8Array, from: number, to: number): number {
    return this.#normalizer?.normalize(bytes, from, to)?.length ?? to - from;
  }
}

/** The borders of a text that loses the whitespace at its ends: a range of nothing else is empty. */
class StripBorders implements Borders {
  readonly #normalizer: Strip;

  constructor(normalizer: Strip) {
    this.#normalizer = normalizer;
  }

  move(bytes: Uint8Array, start: number, end: number, ranges: Int32Array): void {
    const length = this.#normalizer.normalize(bytes, start, end)?.length ?? end - start;
    const gone = this.#normalizer.begin(bytes, start, end) - start;
    for (let i = 0; i < ranges.length; i++) ranges[i] = Math.min(length, Math.max(0, ranges[i] - gone));
  }
}

/** Borders through one step after another, each in the text that the step before it has made. */
class StepwiseBorders implements Borders {
  readonly #steps: readonly { readonly borders: Borders; readonly normalizer: Normalizer | undefined }[];

  constructor(steps: readonly NormalizerStep[]) {
    this.#steps = steps.map((step) => ({ borders: stepBorders(step), normalizer: createNormalizer([step]) }));
  }

  move(bytes: Uint8Array, start: number, end: number, ranges: Int32Array): void {
    let [text, from, to] = [bytes, start, end];
    for (const { borders, normalizer } of this.#steps) {
      borders.move(text, from, to, ranges);
      const made = normalizer?.normalize(text, from, to);
      if (made !== undefined) [text, from, to] = [made, 0, made.length];
    }
  }
}

const FORMS: Readonly<Partial<Record<NormalizerStep["kind"], NormalForm>>> = { nfd: "NFD", nfkc: "NFKC", nfkd: "NFKD" };

/** Throws RecipeError where the step's borders cannot be followed: it takes several characters for one, or looks around. */
function stepBorders(step: NormalizerStep): Borders {
  const form = FORMS[step.kind];
  if (form !== undefined) return new FormBorders(new FormNormalizer(form));
  if (step.kind === "nfc") return new FormBorders(new NfcNormalizer());
  if (step.kind === "strip") return new StripBorders(new Strip(step.left, step.right));
  if (step.kind === "prepend") return new CharacterBorders([], step.text);
  if (isOfCharacters(step)) return new CharacterBorders([step], "");
  throw new RecipeError({
    code: "recipe/unsupported-tokenizer",
    what: `loss ranges and a tokenizer that normalises text (${step.kind})`,
    why: "which tokens a range covers cannot be told",
    fix: "use another tokenizer, or no stage that marks what is trained on",
  });
}

/**
 * What moves borders through `steps`, undefined where they stay.
 *
 * @throws RecipeError where they cannot be followed
 */
export function bordersOf(steps: readonly NormalizerStep[]): Borders | undefined {
  if (steps.length === 0) return undefined;
  const last = steps.at(-1);
  const prefix = last?.kind === "prepend" ? last.text : "";
  const inner = prefix === "" ? steps : steps.slice(0, -1);
  return inner.every(isOfCharacters) ? new CharacterBorders(inner, prefix) : new StepwiseBorders(steps);
}
