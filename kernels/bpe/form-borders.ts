/**
 * Where ranges of a text lie in its normal form, C, D, KC or KD.
 *
 * Invariant: a border inside a character that normalisation composes or reorders opens before it and closes behind it; every other border is exact.
 * Price: nothing where the text is normal; else the text is normalised once more, from border to border.
 */
import type { Normalizer } from "./normalizer.ts";

export interface FormOf extends Normalizer {
  /** Whether nothing before the character at `p` changes it or joins it: the text may be cut there. */
  beginsAnew(bytes: Uint8Array, p: number, end: number): boolean;
}

/** Moves ranges of texts to where they lie after `normalizer` has normalised those. */
export class FormBorders {
  readonly #normalizer: FormOf;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** A clean cut that was met, and where it lies in the normal form. */
  #cut = 0;
  #moved = 0;

  constructor(normalizer: FormOf) {
    this.#normalizer = normalizer;
  }

  /**
   * Rewrites `ranges`, pairs of start and end from the start of `bytes[start, end)`, ascending. Returns the length of the normal form.
   */
  move(bytes: Uint8Array, start: number, end: number, ranges: Int32Array): number {
    const normal = this.#normalizer.normalize(bytes, start, end);
    if (normal === undefined) return end - start;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#cut = start;
    this.#moved = 0;
    for (let i = 0; i < ranges.length; i++) {
      let at = start + ranges[i];
      const step = i % 2 === 0 ? -1 : 1;
      while (at > start && at < end && !this.#isClean(at)) at += step;
      ranges[i] = this.#offsetOf(at);
    }
    return normal.length;
  }

  /** Where a clean cut lies in the normal form. */
  #offsetOf(at: number): number {
    // The end of one range may have moved behind the start of the next.
    if (at < this.#cut) return this.#lengthOf(this.#start, at);
    this.#moved += this.#lengthOf(this.#cut, at);
    this.#cut = at;
    return this.#moved;
  }

  /** Whether the text before `at` and the text behind it normalise apart from each other. */
  #isClean(at: number): boolean {
    if ((this.#bytes[at] & 0xc0) === 0x80) return false;
    if (this.#normalizer.beginsAnew(this.#bytes, at, this.#end)) return true;
    let from = at - 1;
    while (from > this.#start && !this.#normalizer.beginsAnew(this.#bytes, from, this.#end)) from--;
    let to = at + 1;
    while (to < this.#end && !this.#normalizer.beginsAnew(this.#bytes, to, this.#end)) to++;
    const before = this.#normal(from, at);
    const behind = this.#normal(at, to);
    return Buffer.concat([before, behind]).equals(this.#normal(from, to));
  }

  #normal(from: number, to: number): Uint8Array {
    return this.#normalizer.normalize(this.#bytes, from, to) ?? this.#bytes.subarray(from, to);
  }

  #lengthOf(from: number, to: number): number {
    return this.#normal(from, to).length;
  }
}
