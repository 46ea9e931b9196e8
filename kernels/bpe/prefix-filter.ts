/**
 * Where in a text one of some byte strings may begin: by its first two bytes.
 *
 * Invariant: no place where one begins is left out. Price: 64 KiB, and a look at each byte.
 */

/** Finds places; made once for a set of strings. */
export interface PrefixFilter {
  /** Every place in `bytes[start, end)` where one of the strings may begin. A view that the next call overwrites. */
  find(bytes: Uint8Array, start: number, end: number): Int32Array;
}

/** Places as they are found, ascending. */
export class PlaceList {
  #places = new Int32Array(256);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  add(place: number): void {
    if (this.#length === this.#places.length) {
      const grown = new Int32Array(2 * this.#length);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[this.#length++] = place;
  }

  get view(): Int32Array {
    return this.#places.subarray(0, this.#length);
  }
}

/** The filter in plain TypeScript. */
export class BytePairFilter implements PrefixFilter {
  /** 1 for the first bytes, and for the pairs, that a string begins with. */
  readonly #firsts = new Uint8Array(256);
  readonly #pairs = new Uint8Array(1 << 16);
  readonly #found = new PlaceList();

  constructor(strings: readonly Uint8Array[]) {
    for (const [first, second] of strings) {
      this.#firsts[first] = 1;
      if (second === undefined) this.#pairs.fill(1, first << 8, (first + 1) << 8);
      else this.#pairs[(first << 8) | second] = 1;
    }
  }

  find(bytes: Uint8Array, start: number, end: number): Int32Array {
    // A string of one byte is in all its pairs, so what stands behind the last byte does not matter.
    const firsts = this.#firsts;
    const found = this.#found;
    found.clear();
    for (let p = start; p < end; p++) {
      const byte = bytes[p];
      if (firsts[byte] === 1 && this.#pairs[(byte << 8) | (p + 1 < end ? bytes[p + 1] : 0)] === 1) found.add(p);
    }
    return found.view;
  }
}
