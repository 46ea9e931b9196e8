/**
 * Where ranges of a text lie in its normal form, for each kind of normalizers.
 *
 * Invariant: every border is exact or moved out of the character it stands in; normalizers whose borders cannot be followed are refused.
 */
import { RecipeError } from "../../batch/errors.ts";
import { NfcNormalizer } from "./nfc.ts";
import { NfcBorders } from "./nfc-borders.ts";
import type { Normalizer } from "./normalizer.ts";
import { createNormalizer, type NormalizerStep } from "./normalizers.ts";

export interface Borders {
  /** Rewrites `ranges`, pairs of start and end from the start of `bytes[start, end)`, ascending. */
  move(bytes: Uint8Array, start: number, end: number, ranges: Int32Array): void;
}

/** Whether `step` makes of each character what it makes of it alone. */
function isOfCharacters(step: NormalizerStep): boolean {
  if (step.kind === "replace") return [...step.text].length === 1;
  return step.kind === "plain_blanks" || step.kind === "lowercase";
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

/**
 * What moves borders through `steps`, undefined where they stay.
 *
 * @throws RecipeError where they cannot be followed
 */
export function bordersOf(steps: readonly NormalizerStep[]): Borders | undefined {
  if (steps.length === 0) return undefined;
  if (steps.every(({ kind }) => kind === "nfc")) return new NfcBorders(new NfcNormalizer());
  const last = steps.at(-1);
  const prefix = last?.kind === "prepend" ? last.text : "";
  const inner = prefix === "" ? steps : steps.slice(0, -1);
  const odd = inner.find((step) => !isOfCharacters(step));
  if (odd === undefined) return new CharacterBorders(inner, prefix);
  throw new RecipeError({
    code: "recipe/unsupported-tokenizer",
    what: `loss ranges and a tokenizer that normalises text (${odd.kind})`,
    why: "which tokens a range covers cannot be told",
    fix: "use another tokenizer, or no stage that marks what is trained on",
  });
}
