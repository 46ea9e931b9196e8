/**
 * Gopher's word and symbol counts of one document.
 *
 * Owns {@link WordMeasures}, {@link SymbolMeasures} and {@link StopWords}. Lengths are code points, lines are Python's
 * `splitlines`. Price: one pass over the bytes of the words, one over the text; no table.
 */
import { skipSpace, splitLines, trimSpace } from "../lines.ts";
import { isLetter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";
import { SYMBOL_MARKS } from "./marks.ts";
import type { WordList } from "./word-list.ts";

/** ASCII letters: a word that begins with one is alphabetic and no symbol. */
const LETTERS = new Uint8Array(256);
for (let letter = 0; letter < 26; letter++) {
  LETTERS[0x41 + letter] = 1;
  LETTERS[0x61 + letter] = 1;
}

export class WordMeasures {
  words = 0;
  /** Words with at least one character outside {@link SYMBOL_MARKS}. */
  nonSymbolWords = 0;
  /** Code points in those. */
  nonSymbolChars = 0;
  /** Words with at least one letter. */
  alphabeticWords = 0;

  measure(bytes: Uint8Array, words: WordList): void {
    let nonSymbolWords = 0;
    let nonSymbolChars = 0;
    let alphabeticWords = 0;
    for (let word = 0; word < words.count; word++) {
      const start = words.starts[word];
      const end = words.ends[word];
      if (LETTERS[bytes[start]] === 1) {
        alphabeticWords++;
      } else {
        const kind = wordKind(bytes, start, end);
        if ((kind & ALPHABETIC) !== 0) alphabeticWords++;
        if ((kind & NON_SYMBOL) === 0) continue;
      }
      nonSymbolWords++;
      let continuations = 0;
      for (let at = start; at < end; at++) continuations += (bytes[at] >> 7) & ~(bytes[at] >> 6) & 1;
      nonSymbolChars += end - start - continuations;
    }
    this.words = words.count;
    this.nonSymbolWords = nonSymbolWords;
    this.nonSymbolChars = nonSymbolChars;
    this.alphabeticWords = alphabeticWords;
  }
}

const ALPHABETIC = 1;
const NON_SYMBOL = 2;

function wordKind(bytes: Uint8Array, start: number, end: number): number {
  let kind = 0;
  for (let at = start; at < end && kind !== (ALPHABETIC | NON_SYMBOL); ) {
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    if (!SYMBOL_MARKS.has(codePoint)) kind |= isLetter(codePoint) ? ALPHABETIC | NON_SYMBOL : NON_SYMBOL;
    at += decoded >> LENGTH_SHIFT;
  }
  return kind;
}

export class SymbolMeasures {
  hashes = 0;
  /** Occurrences of `...`, not overlapping, and of U+2026. */
  ellipses = 0;
  lines = 0;
  /** Lines whose first character after white space is U+2022 or a hyphen. */
  bulletLines = 0;
  /** Lines that end, white space aside, in `...` or U+2026. */
  ellipsisLines = 0;
  readonly #lines = new WordRanges();

  measure(bytes: Uint8Array, start: number, end: number): void {
    this.#countMarks(bytes, start, end);
    splitLines(bytes, start, end, this.#lines);
    this.lines = this.#lines.count;
    this.bulletLines = 0;
    this.ellipsisLines = 0;
    for (let line = 0; line < this.lines; line++) {
      const lineEnd = this.#lines.ends[line];
      const first = skipSpace(bytes, this.#lines.starts[line], lineEnd);
      if (first === lineEnd) continue;
      if (bytes[first] === HYPHEN || isBulletAt(bytes, first, lineEnd)) this.bulletLines++;
      if (endsInEllipsis(bytes, first, trimSpace(bytes, first, lineEnd))) this.ellipsisLines++;
    }
  }

  #countMarks(bytes: Uint8Array, start: number, end: number): void {
    let hashes = 0;
    let ellipses = 0;
    let dots = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (byte === DOT) {
        if (++dots === 3) {
          ellipses++;
          dots = 0;
        }
        continue;
      }
      dots = 0;
      if (byte === HASH) hashes++;
      else if (byte === 0xe2 && at + 2 < end && bytes[at + 1] === 0x80 && bytes[at + 2] === 0xa6) ellipses++;
    }
    this.hashes = hashes;
    this.ellipses = ellipses;
  }
}

const HASH = 0x23;
const HYPHEN = 0x2d;
const DOT = 0x2e;

function isBulletAt(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 2 < end && bytes[at] === 0xe2 && bytes[at + 1] === 0x80 && bytes[at + 2] === 0xa2;
}

function endsInEllipsis(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3) return false;
  const a = bytes[end - 3];
  const b = bytes[end - 2];
  const c = bytes[end - 1];
  return (a === DOT && b === DOT && c === DOT) || (a === 0xe2 && b === 0x80 && c === 0xa6);
}

/** Gopher's, of which a text of English has two. */
export const STOP_WORDS: readonly string[] = ["the", "be", "to", "of", "and", "that", "have", "with"];

/** A small set of words, compared as they are written: case counts. */
export class StopWords {
  readonly #words: readonly Uint8Array[];
  /** By first byte: bit `n` is set where a stop word of `n` bytes (31 stands for more) begins with it. */
  readonly #lengths = new Int32Array(256);
  /** Positions of the stop words by first byte. */
  readonly #byFirst: readonly number[][] = Array.from({ length: 256 }, () => []);
  readonly #found: Uint8Array;

  constructor(words: readonly string[]) {
    const encoder = new TextEncoder();
    this.#words = [...new Set(words)].map((word) => encoder.encode(word));
    for (const [index, word] of this.#words.entries()) {
      this.#lengths[word[0]] |= 1 << Math.min(word.length, 31);
      this.#byFirst[word[0]].push(index);
    }
    this.#found = new Uint8Array(this.#words.length);
  }

  /** How many of `words` are stop words. */
  countAll(bytes: Uint8Array, { starts, ends, count }: WordList): number {
    let all = 0;
    for (let word = 0; word < count; word++) {
      const start = starts[word];
      const length = ends[word] - start;
      if (((this.#lengths[bytes[start]] >>> Math.min(length, 31)) & 1) === 0) continue;
      if (this.#byFirst[bytes[start]].some((index) => equals(bytes, start, length, this.#words[index]))) all++;
    }
    return all;
  }

  /** How many distinct stop words are among `words`; stops counting at `enough`. */
  countDistinct(bytes: Uint8Array, words: WordList, enough: number): number {
    const { starts, ends, count } = words;
    const found = this.#found.fill(0);
    let distinct = 0;
    for (let word = 0; word < count && distinct < enough; word++) {
      const start = starts[word];
      const first = bytes[start];
      const length = ends[word] - start;
      if (((this.#lengths[first] >>> Math.min(length, 31)) & 1) === 0) continue;
      for (const index of this.#byFirst[first]) {
        if (found[index] === 0 && equals(bytes, start, length, this.#words[index])) {
          found[index] = 1;
          distinct++;
        }
      }
    }
    return distinct;
  }
}

function equals(bytes: Uint8Array, start: number, length: number, word: Uint8Array): boolean {
  if (length !== word.length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== word[i]) return false;
  }
  return true;
}
