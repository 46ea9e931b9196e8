/**
 * Shingles: every run of `ngram` consecutive words, joined by one space, hashed to 64 bits.
 *
 * Invariant: the hash sees exactly the UTF-8 bytes of the joined words. Where the text itself has its words one space
 * apart a shingle is a range of the text; else the words are joined once into a buffer, so that a shingle is a range of
 * that. Price: one hash of about `ngram` words per word; the buffer, where needed, is as large as the text.
 */

import { xxh64 } from "../hash/xxh64.ts";
import type { WordRanges } from "../words/types.ts";
import { sha1Prefix64 } from "./sha1.ts";
import type { SignatureBuilder } from "./signature.ts";

/** Writes the halves [high, low] of the 64-bit hash of `bytes[start, end)` to `out`. */
export type ShingleHash = (bytes: Uint8Array, start: number, end: number, out: Uint32Array) => void;

/** The hashes datatrove knows, with its names for them in recipes. */
export const SHINGLE_HASHES: Readonly<Record<"xxh64" | "sha1", ShingleHash>> = {
  xxh64: (bytes, start, end, out) => xxh64(bytes, start, end, 0, 0, out),
  sha1: sha1Prefix64,
};

const SPACE = 0x20;

export class Shingler {
  readonly #ngram: number;
  readonly #hash: ShingleHash;
  readonly #out = new Uint32Array(2);
  #joined = new Uint8Array(0);
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);

  constructor(ngram: number, hash: ShingleHash) {
    this.#ngram = ngram;
    this.#hash = hash;
  }

  /** Adds every shingle of `words`, which lie in `bytes`, to `minhash`: none for fewer than `ngram` words. */
  add(bytes: Uint8Array, words: WordRanges, minhash: Pick<SignatureBuilder, "add">): void {
    if (words.count < this.#ngram) return;
    if (oneSpaceApart(bytes, words)) {
      this.#hashRanges(bytes, words.starts, words.ends, words.count, minhash);
    } else {
      this.#join(bytes, words);
      this.#hashRanges(this.#joined, this.#starts, this.#ends, words.count, minhash);
    }
  }

  #hashRanges(
    bytes: Uint8Array,
    starts: Int32Array,
    ends: Int32Array,
    count: number,
    minhash: Pick<SignatureBuilder, "add">,
  ): void {
    const out = this.#out;
    const hash = this.#hash;
    const beyond = this.#ngram - 1;
    for (let first = 0; first + beyond < count; first++) {
      hash(bytes, starts[first], ends[first + beyond], out);
      minhash.add(out[0], out[1]);
    }
  }

  #join(bytes: Uint8Array, words: WordRanges): void {
    const { count, starts, ends } = words;
    const needed = ends[count - 1] - starts[0] + count;
    if (this.#joined.length < needed) this.#joined = new Uint8Array(needed * 2);
    if (this.#starts.length < count) {
      this.#starts = new Int32Array(count * 2);
      this.#ends = new Int32Array(count * 2);
    }
    let at = 0;
    for (let word = 0; word < count; word++) {
      this.#starts[word] = at;
      for (let from = starts[word]; from < ends[word]; from++) this.#joined[at++] = bytes[from];
      this.#ends[word] = at;
      this.#joined[at++] = SPACE;
    }
  }
}

function oneSpaceApart(bytes: Uint8Array, words: WordRanges): boolean {
  for (let word = 1; word < words.count; word++) {
    const end = words.ends[word - 1];
    if (words.starts[word] !== end + 1 || bytes[end] !== SPACE) return false;
  }
  return true;
}
