/**
 * A key of 64 bits for every n-gram of words: the hashes of its words, as digits of two numbers that roll over the text.
 *
 * What stands between words does not count. Invariant: equal n-grams have equal keys; of different ones two in 2^64 do, by chance, for texts that were not
 * made to collide. Price: two multiplications a byte and a few operations a word, whatever n.
 */
import type { WordRanges } from "../words/types.ts";

const BASE_A = 0x9e3779b1;
const BASE_B = 0x85ebca77;

export class NgramKeys {
  readonly #ngram: number;
  /** What the word that leaves has been multiplied with: the base to the power of n. */
  readonly #leaveA: number;
  readonly #leaveB: number;
  #hashesA = new Uint32Array(256);
  #hashesB = new Uint32Array(256);
  #keys = new Uint32Array(512);

  constructor(ngram: number) {
    this.#ngram = ngram;
    let a = 1;
    let b = 1;
    for (let i = 0; i < ngram; i++) {
      a = Math.imul(a, BASE_A);
      b = Math.imul(b, BASE_B);
    }
    this.#leaveA = a;
    this.#leaveB = b;
  }

  /** Keys of the n-grams of `words`, high word first; of fewer words but at least `minWords` that of all of them. A view, valid until the next call. */
  of(bytes: Uint8Array, words: WordRanges, minWords: number): Uint32Array {
    const { count } = words;
    if (count < minWords || count === 0) return this.#keys.subarray(0, 0);
    this.#hash(bytes, words);
    const n = Math.min(count, this.#ngram);
    const keys = count - n + 1;
    if (this.#keys.length < 2 * keys) this.#keys = new Uint32Array(4 * keys);
    const hashesA = this.#hashesA;
    const hashesB = this.#hashesB;
    let a = 0;
    let b = 0;
    for (let word = 0; word < count; word++) {
      a = (Math.imul(a, BASE_A) + hashesA[word]) | 0;
      b = (Math.imul(b, BASE_B) + hashesB[word]) | 0;
      if (word >= n) {
        const before = word - n;
        a = (a - Math.imul(hashesA[before], this.#leaveA)) | 0;
        b = (b - Math.imul(hashesB[before], this.#leaveB)) | 0;
      }
      if (word < n - 1) continue;
      const at = 2 * (word - n + 1);
      // A shorter n-gram is another one, whatever its words.
      this.#keys[at] = mix(a + n);
      this.#keys[at + 1] = mix(b ^ n);
    }
    return this.#keys.subarray(0, 2 * keys);
  }

  #hash(bytes: Uint8Array, { starts, ends, count }: WordRanges): void {
    if (this.#hashesA.length < count) {
      this.#hashesA = new Uint32Array(2 * count);
      this.#hashesB = new Uint32Array(2 * count);
    }
    for (let word = 0; word < count; word++) {
      let a = 0x2545f491;
      let b = 0x27d4eb2f;
      for (let at = starts[word]; at < ends[word]; at++) {
        const byte = bytes[at] + 1;
        a = Math.imul(a ^ byte, 0x01000193);
        b = Math.imul(b + byte, 0xcc9e2d51) ^ (b >>> 15);
      }
      this.#hashesA[word] = mix(a);
      this.#hashesB[word] = mix(b);
    }
  }
}

function mix(word: number): number {
  let x = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
