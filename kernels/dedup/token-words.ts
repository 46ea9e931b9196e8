/**
 * The words of a text from the ids of its tokens, without the text: what a token adds to the hash of a word is known beforehand.
 *
 * Invariant: the words of word-hashes.ts for the text that the ids decode to, however a tokenizer has cut it; a character that is cut into
 * several tokens is put together first. A text that holds a token which stands for unknown text has no words that anybody could
 * compare. Price: 21 bytes an id of the vocabulary, made in some milliseconds; 5 to 8 ns a token.
 */

import { isPythonSpace } from "../lines.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { FIRST_FACTOR, SECOND_FACTOR, WordHashes } from "./word-hashes.ts";

/** What is known of tokens: their bytes, and how they spell blanks. */
export interface TokenTexts {
  /** Token `id` is `bytes[offsets[id], offsets[id + 1])`. */
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  /** Whether U+2581 stands for a blank. */
  readonly signed: boolean;
  /** The token that stands for text without tokens; -1 where there is none. */
  readonly unknown: number;
}

// What a token does, as bits.
/** White space stands before its word. */
const ENDS_BEFORE = 1;
/** It has bytes of a word. */
const HAS_WORD = 2;
/** White space stands behind its word. */
const ENDS_BEHIND = 4;
/** It has more than one word, or parts of characters: its bytes are fed. */
const IS_FED = 8;
/** Nobody knows what it stands for. */
const IS_UNKNOWN = 16;

const BLANK_SIGN = 0x2581;

export class TokenWords {
  readonly #texts: TokenTexts;
  readonly #actions: Uint8Array;
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #firstFactor: Int32Array;
  readonly #secondFactor: Int32Array;
  /** Bytes of a character that the next token goes on with, and of that token. */
  #open = new Uint8Array(64);
  #length = 0;

  constructor(texts: TokenTexts) {
    const size = texts.offsets.length - 1;
    this.#texts = texts;
    this.#actions = new Uint8Array(size);
    this.#first = new Int32Array(size);
    this.#second = new Int32Array(size);
    this.#firstFactor = new Int32Array(size);
    this.#secondFactor = new Int32Array(size);
    const hashes = new WordHashes();
    for (let id = 0; id < size; id++) this.#learn(id, hashes);
  }

  /** Puts the words of `ids[start, end)` into `out`; false where a token of them stands for unknown text. */
  hash(ids: Uint16Array | Uint32Array, start: number, end: number, out: WordHashes): boolean {
    const actions = this.#actions;
    out.open();
    this.#length = 0;
    for (let at = start; at < end; at++) {
      const id = ids[at];
      const action = actions[id];
      if (action >= IS_FED) {
        if (action >= IS_UNKNOWN) return false;
        this.#feed(id, out);
        continue;
      }
      if (this.#length > 0) this.#flush(out);
      if ((action & ENDS_BEFORE) !== 0) out.endWord();
      if ((action & HAS_WORD) !== 0) {
        out.first = (Math.imul(out.first, this.#firstFactor[id]) + this.#first[id]) | 0;
        out.second = (Math.imul(out.second, this.#secondFactor[id]) + this.#second[id]) | 0;
        out.isOpen = true;
      }
      if ((action & ENDS_BEHIND) !== 0) out.endWord();
    }
    this.#flush(out);
    out.close();
    return true;
  }

  /** Finds out what token `id` does. */
  #learn(id: number, hashes: WordHashes): void {
    const { bytes, offsets, signed, unknown } = this.#texts;
    const end = offsets[id + 1];
    let wordStart = -1;
    let wordEnd = -1;
    let action = 0;
    for (let at = offsets[id]; at < end; ) {
      const decoded = decodeAt(bytes, at, end);
      const [codePoint, length] = [decoded & CODE_POINT_MASK, decoded >> LENGTH_SHIFT];
      const isCut = codePoint === 0xfffd && length === 1;
      if (isCut) action |= IS_FED;
      if (isPythonSpace(codePoint) || (signed && codePoint === BLANK_SIGN)) {
        if (wordStart < 0) action |= ENDS_BEFORE;
        else action |= ENDS_BEHIND;
      } else {
        if (wordStart < 0) wordStart = at;
        // A second word.
        else if (at > wordEnd) action |= IS_FED;
        wordEnd = at + length;
      }
      at += length;
    }
    if (wordStart >= 0) action |= HAS_WORD;
    if (id === unknown) action = IS_UNKNOWN;
    this.#actions[id] = action;
    if (action >= IS_FED || wordStart < 0) return;
    hashes.open();
    hashes.feed(bytes, wordStart, wordEnd);
    [this.#first[id], this.#second[id]] = [hashes.first, hashes.second];
    // The factors that the bytes of the word, in lower case, have together.
    const folded = foldedLength(hashes, bytes, wordStart, wordEnd);
    this.#firstFactor[id] = power(FIRST_FACTOR, folded);
    this.#secondFactor[id] = power(SECOND_FACTOR, folded);
  }

  #feed(id: number, out: WordHashes): void {
    const { bytes, offsets } = this.#texts;
    const [start, end] = [offsets[id], offsets[id + 1]];
    if (this.#length + end - start > this.#open.length) {
      const more = new Uint8Array(2 * (this.#length + end - start));
      more.set(this.#open.subarray(0, this.#length));
      this.#open = more;
    }
    for (let at = start; at < end; at++) this.#open[this.#length++] = bytes[at];
    const whole = wholeCharacters(this.#open, this.#length);
    this.#take(whole, out);
  }

  /** What is left of a character that nothing goes on with is malformed. */
  #flush(out: WordHashes): void {
    if (this.#length > 0) this.#take(this.#length, out);
  }

  /** Feeds the first `length` open bytes and keeps the others. */
  #take(length: number, out: WordHashes): void {
    const open = this.#open;
    if (this.#texts.signed) feedSigned(open, length, out);
    else out.feed(open, 0, length);
    open.copyWithin(0, length, this.#length);
    this.#length -= length;
  }
}

/** As `feed`, with blanks in the place of signs. */
function feedSigned(bytes: Uint8Array, length: number, out: WordHashes): void {
  let start = 0;
  for (let at = 0; at + 2 < length; at++) {
    if (bytes[at] !== 0xe2 || bytes[at + 1] !== 0x96 || bytes[at + 2] !== 0x81) continue;
    out.feed(bytes, start, at);
    out.endWord();
    start = at + 3;
  }
  out.feed(bytes, start, length);
}

/** How many of the first `length` bytes are whole characters, as far as lead bytes tell. */
function wholeCharacters(bytes: Uint8Array, length: number): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const needs = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1;
    return needs > back ? length - back : length;
  }
  return length;
}

/** Bytes of a word in lower case, by what a byte of nothing in front of it would be multiplied with. */
function foldedLength(hashes: WordHashes, bytes: Uint8Array, start: number, end: number): number {
  const alone = hashes.first;
  hashes.open();
  hashes.first = 1;
  hashes.feed(bytes, start, end);
  const factor = (hashes.first - alone) | 0;
  let found = 1;
  for (let length = 0; length <= 2 * (end - start) + 1; length++) {
    if (found === factor) return length;
    found = Math.imul(found, FIRST_FACTOR);
  }
  throw new Error("the lower case of a token has no length");
}

function power(factor: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product = Math.imul(product, factor);
  return product;
}
