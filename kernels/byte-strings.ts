/**
 * A set of byte strings that is asked with ranges of a larger array: no string is made to ask.
 *
 * Invariant: membership is equality of bytes. Price: one multiplication a byte and one comparison; the strings once, and 8 to 16 bytes of
 * index each.
 */

const BASE = 0x01000193;

export class ByteStrings {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #ends: Float64Array;
  /** Positions of strings by hash, -1 where there is none. */
  readonly #index: Int32Array;

  /** String `i` is `bytes[ends[i - 1], ends[i])`, the first one from 0. */
  constructor(bytes: Uint8Array, ends: ArrayLike<number>) {
    this.size = ends.length;
    this.#bytes = bytes;
    let capacity = 16;
    while (capacity < ends.length * 2) capacity *= 2;
    this.#index = new Int32Array(capacity).fill(-1);
    this.#ends = new Float64Array(ends.length + 1);
    this.#ends.set(ends, 1);
    for (let i = 0; i < ends.length; i++) {
      const slot = this.#slot(bytes, this.#ends[i], this.#ends[i + 1]);
      if (this.#index[slot] < 0) this.#index[slot] = i;
    }
  }

  static of(strings: Iterable<string>): ByteStrings {
    const parts = Array.from(strings, (string) => Buffer.from(string, "utf8"));
    let end = 0;
    const ends = parts.map(({ length }) => {
      end += length;
      return end;
    });
    return new ByteStrings(Buffer.concat(parts), ends);
  }

  /** Position of `bytes[start, end)` among the strings, the first of equal ones; -1 where it is none of them. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#index[this.#slot(bytes, start, end)];
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.find(bytes, start, end) >= 0;
  }

  /** Where the string is, or where it would go. */
  #slot(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, BASE) + bytes[at] + 1) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;
    const mask = this.#index.length - 1;
    let slot = hash & mask;
    while (this.#index[slot] >= 0 && !this.#equals(this.#index[slot], bytes, start, end)) slot = (slot + 1) & mask;
    return slot;
  }

  #equals(i: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#ends[i];
    if (this.#ends[i + 1] - from !== end - start) return false;
    for (let at = 0; at < end - start; at++) if (this.#bytes[from + at] !== bytes[start + at]) return false;
    return true;
  }
}
