/**
 * The words of a text by a table of characters: folded, where each lies in the text, and a hash of each.
 *
 * Twin of the scan in assembly/decontamination/index.ts: same words, same hashes. Invariant: a word is a range of the text as it is, so what matches can be shown, and equal words
 * are equal bytes when folded. Words of scripts without spaces end where a hash of two neighbours says so, so that the same passage is cut alike wherever it stands. Price: 15 to 25 ns
 * a byte.
 */
import { TextBuffer } from "../normalize.ts";
import { CODE_POINT_MASK, decodeAt, encodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import {
  foldTable,
  IGNORED,
  rareEntry,
  SEPARATOR,
  SEVERAL,
  TABLE_END,
  UNSPACED_SHIFT,
  VALUE_MASK,
} from "./fold-table.ts";
import type { WordForm } from "./text-words.ts";

export const LOW_PRIME = 0x01000193;
export const HIGH_PRIME = 0x5bd1e995;
const LOW_START = 0x811c9dc5;
const HIGH_START = 0x9747b28c;
const CUT_FACTOR = 0x9e3779b1;
const SPACE = 0x20;
const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** Most bytes that one character becomes, with the space before it. */
const MAX_BYTES = 20;

/** Folded words with one or more spaces between them, and some behind `length`, where the last one ends at the latest. */
export interface FoldedText {
  readonly folded: Uint8Array;
  readonly length: number;
}

export class FoldedWords implements FoldedText {
  readonly #table: Int32Array;
  readonly #rare: number;
  readonly #folded = new TextBuffer();
  count = 0;
  /** Where words lie in the text. */
  starts = new Int32Array(1 << 10);
  ends = new Int32Array(1 << 10);
  /** Where words begin in {@link folded}; each ends one byte before the next. */
  places = new Int32Array(1 << 10);
  low = new Int32Array(1 << 10);
  high = new Int32Array(1 << 10);

  constructor(form: WordForm) {
    this.#table = foldTable(form);
    this.#rare = rareEntry(form);
  }

  /** The words as they are compared, a space behind each, and one more at the end. */
  get folded(): Uint8Array {
    return this.#folded.bytes;
  }

  /** Bytes of {@link folded}. */
  get length(): number {
    return this.#folded.length;
  }

  /** Reads `bytes[start, end)`; positions are those in `bytes`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    const table = this.#table;
    const folded = this.#folded;
    let to = folded.reserve(end - start + MAX_BYTES);
    this.count = 0;
    let length = 0;
    let wordAt = 0;
    let wordStart = start;
    /** The character before, where that is of a script without spaces. */
    let unspaced = 0;
    const endWord = (at: number): void => {
      if (length === wordAt) return;
      this.#push(wordStart, at, wordAt, length);
      to[length++] = SPACE;
      wordAt = length;
    };
    for (let at = start; at < end; ) {
      const decoded = decodeAt(bytes, at, end);
      const point = decoded & CODE_POINT_MASK;
      const entry = this.#entry(point);
      if (entry === SEPARATOR) {
        // A line that was broken within such a script goes on.
        const next = unspaced === 0 ? -1 : this.#behindBreak(bytes, at, end);
        if (next > at) {
          at = next;
          continue;
        }
        endWord(at);
        unspaced = 0;
      } else if (entry !== IGNORED) {
        const cut = entry >= SEVERAL ? 0 : entry >>> UNSPACED_SHIFT;
        if ((cut !== 0) !== (unspaced !== 0) || (cut !== 0 && isCut(unspaced, entry, cut))) endWord(at);
        unspaced = cut === 0 ? 0 : entry;
        if (length === wordAt) wordStart = at;
        if (point >= 0x80) {
          folded.length = length;
          to = folded.reserve(length + end - at + MAX_BYTES);
        }
        if (entry < SEVERAL) length = encodeAt(to, length, entry & VALUE_MASK);
        else {
          const list = TABLE_END + (entry & VALUE_MASK);
          for (let i = 1; i <= table[list]; i++) length = encodeAt(to, length, table[list + i]);
        }
      }
      at += decoded >> LENGTH_SHIFT;
    }
    endWord(end);
    to[length] = SPACE;
    folded.length = length;
  }

  #entry(point: number): number {
    if (point < TABLE_END) return this.#table[point];
    return this.#rare === IGNORED ? IGNORED : point | this.#rare;
  }

  /** Where the text goes on in a script without spaces behind white space with one newline at most; -1 where it does not. */
  #behindBreak(bytes: Uint8Array, from: number, end: number): number {
    let newlines = 0;
    let at = from;
    for (; at < end && (bytes[at] === SPACE || (bytes[at] >= TAB && bytes[at] <= RETURN)); at++) {
      if (bytes[at] === NEWLINE && ++newlines > 1) return -1;
    }
    if (at === from || at >= end || bytes[at] < 0x80) return -1;
    const entry = this.#entry(decodeAt(bytes, at, end) & CODE_POINT_MASK);
    return entry < SEVERAL && entry >>> UNSPACED_SHIFT !== 0 ? at : -1;
  }

  #push(start: number, end: number, from: number, to: number): void {
    const { count } = this;
    if (count === this.starts.length) this.#grow();
    const bytes = this.#folded.bytes;
    let a = LOW_START;
    let b = HIGH_START;
    // By pairs of four bytes, zeros behind the end.
    for (let at = from; at < to; at += 8) {
      for (let half = at; half < at + 8; half += 4) {
        let unit = 0;
        for (let i = Math.min(4, to - half) - 1; i >= 0; i--) unit = (unit << 8) | bytes[half + i];
        a = Math.imul(a ^ unit, LOW_PRIME);
        a ^= a >>> 15;
        b = Math.imul(b ^ unit, HIGH_PRIME);
        b ^= b >>> 15;
      }
    }
    this.starts[count] = start;
    this.ends[count] = end;
    this.places[count] = from;
    this.low[count] = mixed(a);
    this.high[count] = mixed(b);
    this.count++;
  }

  #grow(): void {
    const doubled = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(2 * array.length);
      larger.set(array);
      return larger;
    };
    this.starts = doubled(this.starts);
    this.ends = doubled(this.ends);
    this.places = doubled(this.places);
    this.low = doubled(this.low);
    this.high = doubled(this.high);
  }
}

/** Whether a word ends between two characters of scripts without spaces. */
function isCut(before: number, entry: number, cut: number): boolean {
  const x = Math.imul(Math.imul(before & VALUE_MASK, LOW_PRIME) ^ (entry & VALUE_MASK), CUT_FACTOR);
  return ((x >>> 16) & cut) === 0;
}

/** A hash whose every bit depends on all. */
function mixed(hash: number): number {
  const x = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return x ^ (x >>> 13);
}
