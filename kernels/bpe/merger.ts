/**
 * Byte-pair merging of one word: the pair of lowest rank first, the leftmost of equals, until none merges.
 *
 * Short words scan for the minimum; longer ones use a heap over a linked list, so that no input is quadratic.
 * Price: O(n²) up to {@link SCAN_LIMIT} bytes, then O(n log n) time and 16 to 32 bytes of scratch a byte of word.
 */
import type { CharacterSymbols } from "./character-symbols.ts";
import { type MergeTable, NO_MERGE } from "./merge-table.ts";

/** Longest word, in bytes, merged by scanning; measured: the two draw level between 32 and 64, by script. */
export const SCAN_LIMIT = 48;
/** Scratch kept between words; what a longer word needs is freed with it. */
const KEEP_BYTES = 1 << 16;
/** Heap keys are rank × POSITIONS + position: exact in a double, since ranks have 22 bits. */
const POSITIONS = 2 ** 28;

interface Scratch {
  readonly ids: Int32Array;
  /** Rank of the pair that starts at each symbol. */
  readonly ranks: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
}

function newScratch(length: number): Scratch {
  return {
    ids: new Int32Array(length),
    ranks: new Int32Array(length),
    next: new Int32Array(length),
    previous: new Int32Array(length),
  };
}

/** A binary min-heap of numbers. */
class MinHeap {
  #keys: Float64Array;
  size = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
  }

  push(key: number): void {
    if (this.size === this.#keys.length) {
      const grown = new Float64Array(this.#keys.length * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    const keys = this.#keys;
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[hole] = keys[parent];
      hole = parent;
    }
    keys[hole] = key;
  }

  /** Removes and returns the smallest key; needs `size > 0`. */
  pop(): number {
    const keys = this.#keys;
    const top = keys[0];
    const last = keys[--this.size];
    let hole = 0;
    for (let child = 1; child < this.size; child = 2 * hole + 1) {
      if (child + 1 < this.size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= last) break;
      keys[hole] = keys[child];
      hole = child;
    }
    keys[hole] = last;
    return top;
  }
}

export class Merger {
  readonly #table: MergeTable;
  readonly #byteIds: Int32Array;
  readonly #characters: CharacterSymbols | undefined;
  /** Rank of every pair of bytes: the first look-ups of every word, without hashing. */
  readonly #byteRanks = new Int32Array(1 << 16);
  readonly #scratch = newScratch(KEEP_BYTES);
  readonly #heap = new MinHeap(KEEP_BYTES);

  /**
   * @param byteIds token of each of the 256 bytes, from which merging starts
   * @param characters what merging starts from instead, where that is not bytes
   */
  constructor(table: MergeTable, byteIds: Int32Array, characters?: CharacterSymbols) {
    this.#table = table;
    this.#byteIds = byteIds;
    this.#characters = characters;
    if (characters !== undefined) return;
    for (let pair = 0; pair < this.#byteRanks.length; pair++) {
      this.#byteRanks[pair] = table.rank(byteIds[pair >> 8], byteIds[pair & 0xff]);
    }
  }

  /** Writes the tokens of the word `bytes[start, end)` to `out` from `at` on; returns how many. */
  merge(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    const length = end - start;
    if (length <= SCAN_LIMIT) return this.#mergeScanning(bytes, start, length, out, at);
    const small = length <= KEEP_BYTES;
    return this.#mergeWithHeap(
      bytes,
      start,
      length,
      small ? this.#scratch : newScratch(length),
      small ? this.#heap : new MinHeap(length),
      out,
      at,
    );
  }

  /** Writes the symbols that merging starts from, and the rank of the pair that starts at each; returns how many. */
  #begin(bytes: Uint8Array, start: number, length: number, ids: Int32Array, ranks: Int32Array): number {
    if (this.#characters !== undefined) {
      const count = this.#characters.write(bytes, start, start + length, ids);
      for (let i = 0; i + 1 < count; i++) ranks[i] = this.#table.rank(ids[i], ids[i + 1]);
      ranks[count - 1] = NO_MERGE;
      return count;
    }
    for (let i = 0; i < length; i++) {
      ids[i] = this.#byteIds[bytes[start + i]];
      ranks[i] = i + 1 < length ? this.#byteRanks[(bytes[start + i] << 8) | bytes[start + i + 1]] : NO_MERGE;
    }
    return length;
  }

  #mergeScanning(bytes: Uint8Array, start: number, length: number, out: Uint32Array, at: number): number {
    const { ids, ranks } = this.#scratch;
    const table = this.#table;
    let count = this.#begin(bytes, start, length, ids, ranks);
    for (;;) {
      let best = NO_MERGE;
      let where = 0;
      for (let i = 0; i < count - 1; i++) {
        const rank = ranks[i];
        if (rank < best) {
          best = rank;
          where = i;
        }
      }
      if (best === NO_MERGE) break;
      count--;
      ids[where] = table.merged[best];
      for (let i = where + 1; i < count; i++) {
        ids[i] = ids[i + 1];
        ranks[i] = ranks[i + 1];
      }
      if (where > 0) ranks[where - 1] = table.rank(ids[where - 1], ids[where]);
      ranks[where] = where + 1 < count ? table.rank(ids[where], ids[where + 1]) : NO_MERGE;
    }
    for (let i = 0; i < count; i++) out[at + i] = ids[i];
    return count;
  }

  #mergeWithHeap(
    bytes: Uint8Array,
    start: number,
    length: number,
    { ids, ranks, next, previous }: Scratch,
    heap: MinHeap,
    out: Uint32Array,
    at: number,
  ): number {
    const table = this.#table;
    const symbols = this.#begin(bytes, start, length, ids, ranks);
    for (let i = 0; i < symbols; i++) {
      next[i] = i + 1 < symbols ? i + 1 : -1;
      previous[i] = i - 1;
      if (ranks[i] !== NO_MERGE) heap.push(ranks[i] * POSITIONS + i);
    }
    while (heap.size > 0) {
      const key = heap.pop();
      const rank = Math.floor(key / POSITIONS);
      const i = key - rank * POSITIONS;
      if (ranks[i] !== rank) continue; // the pair has changed since it was pushed
      const gone = next[i];
      const after = next[gone];
      ids[i] = table.merged[rank];
      ranks[gone] = NO_MERGE;
      next[i] = after;
      ranks[i] = NO_MERGE;
      if (after !== -1) {
        previous[after] = i;
        ranks[i] = table.rank(ids[i], ids[after]);
        if (ranks[i] !== NO_MERGE) heap.push(ranks[i] * POSITIONS + i);
      }
      const before = previous[i];
      if (before !== -1) {
        ranks[before] = table.rank(ids[before], ids[i]);
        if (ranks[before] !== NO_MERGE) heap.push(ranks[before] * POSITIONS + before);
      }
    }
    let count = 0;
    for (let i = 0; i !== -1; i = next[i]) out[at + count++] = ids[i];
    return count;
  }
}
