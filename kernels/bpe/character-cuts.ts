/**
 * Where a text may be cut before its characters are merged, without changing what merging gives.
 *
 * SentencePiece-style files hardly cut text: a whole document is one word. But a token that reaches over the border of two characters is made by
 * a merge whose left token ends there and whose right one begins there. Where no merge has these two bytes at its border, nothing crosses, and
 * the two sides merge as if they were alone. Invariant: a set of pairs of bytes, right for any text; what is cut too seldom costs speed only.
 */
import type { MergeTable } from "./merge-table.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Bytes of a set of pairs: bit `left << 8 | right` says that a word may end behind `left` where `right` begins a character. */
const PAIR_BYTES = 1 << 13;
const BLANK = 0x20;

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Whether `pairs` has the pair. */
export function mayCut(pairs: Uint8Array, left: number, right: number): boolean {
  return ((pairs[(left << 5) | (right >> 3)] >> (right & 7)) & 1) === 1;
}

function mark(pairs: Uint8Array, left: number, right: number): void {
  pairs[(left << 5) | (right >> 3)] |= 1 << (right & 7);
}

function clear(pairs: Uint8Array, left: number, right: number): void {
  pairs[(left << 5) | (right >> 3)] &= ~(1 << (right & 7));
}

/**
 * The pairs no merge crosses, none at all where a merge has a token that is not spelled by its bytes.
 *
 * @param spelled 1 for every id whose bytes are the text it stands for
 */
export function safeCuts(vocabulary: Vocabulary, merges: MergeTable, spelled: Uint8Array): Uint8Array {
  const pairs = new Uint8Array(PAIR_BYTES);
  const { bytes, offsets } = vocabulary;
  let exact = true;
  for (let left = 0; left < 256; left++) {
    for (let right = 0; right < 256; right++) if (!isContinuation(right)) mark(pairs, left, right);
  }
  merges.forEach((left, right) => {
    if (spelled[left] !== 1 || spelled[right] !== 1) exact = false;
    clear(pairs, bytes[offsets[left + 1] - 1], bytes[offsets[right]]);
  });
  return exact ? pairs : new Uint8Array(PAIR_BYTES);
}

/** `pairs` without those whose right byte is not in `known`: between two unknown characters, which become one token, nothing is cut. */
export function cutsBefore(pairs: Uint8Array, known: (byte: number) => boolean): Uint8Array {
  const kept = pairs.slice();
  for (let right = 0; right < 256; right++) {
    if (!known(right)) for (let left = 0; left < 256; left++) clear(kept, left, right);
  }
  return kept;
}

/** Every pair whose right byte is a blank: each blank begins a word. */
export function cutsBeforeBlanks(pairs: Uint8Array): Uint8Array {
  const more = pairs.slice();
  for (let left = 0; left < 256; left++) mark(more, left, BLANK);
  return more;
}

/** No pair. */
export function noCuts(): Uint8Array {
  return new Uint8Array(PAIR_BYTES);
}

/** Cuts text wherever its bytes are a pair of the set. */
export class PairCutter {
  readonly #pairs: Uint8Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;

  constructor(pairs: Uint8Array) {
    this.#pairs = pairs;
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Writes the exclusive ends of the next words; returns how many, 0 when the text is used up. */
  next(ends: Int32Array): number {
    const bytes = this.#bytes;
    const pairs = this.#pairs;
    const end = this.#end;
    let p = this.#position;
    let count = 0;
    while (p < end && count < ends.length) {
      let left = bytes[p++];
      while (p < end) {
        const right = bytes[p];
        if (((pairs[(left << 5) | (right >> 3)] >> (right & 7)) & 1) === 1) break;
        left = right;
        p++;
      }
      ends[count++] = p;
    }
    this.#position = p;
    return count;
  }
}

/** The last place in `(start, limit]` to cut at, -1 where there is none; needs `limit` inside the text. */
export function lastCut(pairs: Uint8Array, bytes: Uint8Array, start: number, limit: number): number {
  for (let at = limit; at > start; at--) if (mayCut(pairs, bytes[at - 1], bytes[at])) return at;
  return -1;
}

/** The first place in `(start, end)` to cut at, `end` where there is none. */
export function nextCut(pairs: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) if (mayCut(pairs, bytes[at - 1], bytes[at])) return at;
  return end;
}
