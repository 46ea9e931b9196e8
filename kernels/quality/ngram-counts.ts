/**
 * The most frequent word n-gram of a list of positions.
 *
 * Owns {@link NgramCounts}. Invariant: counts are exact, because words and their bytes are compared wherever hashes agree. Price: 8 bytes
 * of table for every half-filled slot, one probe a position.
 */
import { mix32, sameBytes } from "./range-set.ts";

export class NgramCounts {
  /** Occurrences of the most frequent n-gram; 0 where there was no position. */
  topCount = 0;
  /** Where it occurs first; the lowest position among equally frequent ones. */
  topPosition = -1;
  /** First position of the n-gram in a slot, + 1; 0 for a free slot. */
  #firsts = new Int32Array(64);
  #counts = new Int32Array(64);

  /**
   * Counts the `n`-grams at `positions`, which ascend. Word `i` is `text[offsets[i], offsets[i + 1])`, `hashes[i]` the hash of the n-gram
   * that begins with it.
   */
  count(text: Uint8Array, offsets: Int32Array, hashes: Int32Array, positions: Int32Array, n: number): void {
    const size = 1 << (33 - Math.clz32(Math.max(positions.length, 16)));
    if (size > this.#firsts.length) {
      this.#firsts = new Int32Array(size);
      this.#counts = new Int32Array(size);
    } else {
      this.#firsts.fill(0, 0, size);
    }
    const firsts = this.#firsts;
    const counts = this.#counts;
    const mask = size - 1;
    for (const position of positions) {
      const hash = hashes[position];
      let slot = mix32(hash) & mask;
      for (;;) {
        const first = firsts[slot] - 1;
        if (first < 0) {
          firsts[slot] = position + 1;
          counts[slot] = 1;
          break;
        }
        if (hashes[first] === hash && sameWords(text, offsets, first, position, n)) {
          counts[slot]++;
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
    this.topCount = 0;
    this.topPosition = -1;
    for (let slot = 0; slot < size; slot++) {
      const position = firsts[slot] - 1;
      if (position < 0) continue;
      const count = counts[slot];
      if (count > this.topCount || (count === this.topCount && position < this.topPosition)) {
        this.topCount = count;
        this.topPosition = position;
      }
    }
  }
}

function sameWords(text: Uint8Array, offsets: Int32Array, a: number, b: number, n: number): boolean {
  const shift = offsets[b] - offsets[a];
  for (let i = 1; i <= n; i++) {
    if (offsets[b + i] - offsets[a + i] !== shift) return false;
  }
  return sameBytes(text, offsets[a], offsets[b], offsets[a + n] - offsets[a]);
}
