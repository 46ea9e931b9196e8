/**
 * Which texts, or parts of them, say again what was said: the rules of DCLM's "big friendly filter" (BFF), over units in order.
 *
 * A unit goes if the share of its n-grams that are in the filter is above a threshold; if it stays, its n-grams are put in. All of a unit's n-grams are looked up before
 * any is put in, so no unit repeats itself. Invariant: what becomes of a unit depends on those before it alone. Price: a look-up an n-gram, in one thread.
 */
import type { BloomFilter } from "./bloom.ts";

export class BffJudge {
  readonly #filter: BloomFilter;
  readonly #maxSeenRatio: number;
  readonly #wholeRows: boolean;
  #rowSeen = 0;
  #rowKeys = 0;

  /** With `wholeRows` a row goes whose n-grams were seen in that share, whatever became of its units. */
  constructor(filter: BloomFilter, maxSeenRatio: number, wholeRows: boolean) {
    this.#filter = filter;
    this.#maxSeenRatio = maxSeenRatio;
    this.#wholeRows = wholeRows;
  }

  /** Whether the next unit, whose n-grams have the keys `keys[0, words)`, goes. One without n-grams stays. */
  unit(keys: Uint32Array, words: number): boolean {
    const filter = this.#filter;
    let seen = 0;
    for (let at = 0; at < words; at += 2) if (filter.has(keys[at], keys[at + 1])) seen++;
    const count = words / 2;
    this.#rowSeen += seen;
    this.#rowKeys += count;
    if (count > 0 && seen / count > this.#maxSeenRatio) return true;
    for (let at = 0; at < words; at += 2) filter.add(keys[at], keys[at + 1]);
    return false;
  }

  /** The row whose units came ends: whether it goes whole. */
  endRow(): boolean {
    const goes = this.#wholeRows && this.#rowKeys > 0 && this.#rowSeen / this.#rowKeys > this.#maxSeenRatio;
    this.#rowSeen = 0;
    this.#rowKeys = 0;
    return goes;
  }
}
