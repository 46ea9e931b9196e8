/**
 * The input rows of a text, in the order in which fastText adds them: words with their subwords, then word n-grams.
 *
 * Invariant: texts are bytes, valid UTF-8 or not, and every text ends with the end of a line, as `predict` of fastText's Python module has it. Words end at
 * space, tab, newline, carriage return, vertical tab, form feed and NUL, at nothing else. Price: some nanoseconds a byte and subword.
 */
import { findEntry, hashOfWord, type ModelTables, rowOfBucket } from "./tables.ts";

const LABEL = Buffer.from("__label__");
const END = Buffer.from("</s>");
const END_HASH = hashOfWord(END, 0, END.length);
const OPEN = 0x3c;
const CLOSE = 0x3e;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const NGRAM_FACTOR = 116049371;

const isSeparator = new Uint8Array(256);
for (const byte of [0x00, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]) isSeparator[byte] = 1;

export class LineRows {
  readonly #tables: ModelTables;
  readonly #end: number;
  /** The rows of the text that was read last, `count` of them. */
  rows = new Int32Array(1 << 12);
  count = 0;
  /** By word, the position behind its last row; `words` of them. The rows of no word follow. */
  wordEnds = new Int32Array(1 << 10);
  words = 0;
  #hashes = new Int32Array(1 << 10);
  #hashCount = 0;
  /** A word between `<` and `>`; bytes are signed, as the hash wants them. */
  #word = new Int8Array(256);

  constructor(tables: ModelTables) {
    this.#tables = tables;
    this.#end = findEntry(tables, END, 0, END.length, END_HASH);
  }

  /** Makes `rows` those of `bytes[start, end)`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.count = 0;
    this.words = 0;
    this.#hashCount = 0;
    this.#words(bytes, start, end);
    if (this.#tables.description.wordNgrams > 1) this.#wordNgrams();
  }

  #words(bytes: Uint8Array, start: number, end: number): void {
    const tables = this.#tables;
    for (let at = start; at < end; ) {
      if (isSeparator[bytes[at]] === 1) {
        at++;
        continue;
      }
      const from = at;
      let hash = FNV_OFFSET;
      do {
        hash = Math.imul(hash ^ ((bytes[at] << 24) >> 24), FNV_PRIME);
        at++;
      } while (at < end && isSeparator[bytes[at]] === 0);
      if (hash === END_HASH && isAt(END, bytes, from, at, END.length)) break;
      this.#add(bytes, from, at, hash, findEntry(tables, bytes, from, at, hash));
    }
    if (this.#end < tables.description.words && this.#end >= 0) this.#push(this.#end);
    if (this.#end < tables.description.words) this.#pushHash(END_HASH);
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, entry: number): void {
    const { words, maxn } = this.#tables.description;
    if (entry < 0 ? isAt(LABEL, bytes, start, end, 0) : entry >= words) return;
    if (entry >= 0) this.#push(entry);
    if (maxn > 0) this.#subwords(bytes, start, end);
    if (this.words === this.wordEnds.length) this.wordEnds = grown(this.wordEnds);
    this.wordEnds[this.words++] = this.count;
    this.#pushHash(hash);
  }

  /** Rows of the character n-grams of `<word>`: from each character on, of one character more each. */
  #subwords(bytes: Uint8Array, start: number, end: number): void {
    const tables = this.#tables;
    const { minn, maxn, buckets } = tables.description;
    const length = end - start + 2;
    if (this.#word.length < length) this.#word = new Int8Array(2 * length);
    const word = this.#word;
    word[0] = OPEN;
    for (let at = 1; at < length - 1; at++) word[at] = bytes[start + at - 1];
    word[length - 1] = CLOSE;
    for (let from = 0; from < length; from++) {
      // Bytes that continue a character begin none.
      if (word[from] < -64) continue;
      let hash = FNV_OFFSET;
      for (let at = from, n = 1; at < length && n <= maxn; n++) {
        hash = Math.imul(hash ^ word[at++], FNV_PRIME);
        while (at < length && word[at] < -64) hash = Math.imul(hash ^ word[at++], FNV_PRIME);
        if (n < minn || (n === 1 && (from === 0 || at === length))) continue;
        const row = rowOfBucket(tables, (hash >>> 0) % buckets);
        if (row >= 0) this.#push(row);
      }
    }
  }

  /** Rows of two words and more in a row: a hash of 64 bits, modulo the buckets. */
  #wordNgrams(): void {
    const tables = this.#tables;
    const { wordNgrams, buckets, pruned } = tables.description;
    if (pruned?.count === 0) return;
    const hashes = this.#hashes;
    const inverse = 1 / buckets;
    for (let i = 0; i < this.#hashCount; i++) {
      let low = hashes[i] >>> 0;
      let high = hashes[i] >> 31;
      const last = Math.min(this.#hashCount, i + wordNgrams);
      for (let j = i + 1; j < last; j++) {
        // (high, low) times the factor, plus the hash with its sign, modulo 2^64.
        const next = hashes[j];
        const below = Math.floor((low & 0xffff) * NGRAM_FACTOR * 2 ** -16);
        const carry = Math.floor(((low >>> 16) * NGRAM_FACTOR + below) * 2 ** -16);
        const sum = (Math.imul(low, NGRAM_FACTOR) >>> 0) + (next >>> 0);
        high = (Math.imul(high, NGRAM_FACTOR) + carry + (next >> 31) + (sum >= 2 ** 32 ? 1 : 0)) | 0;
        low = sum >>> 0;
        let rest = modulo(high >>> 0, buckets, inverse);
        rest = modulo(rest * 65536 + (low >>> 16), buckets, inverse);
        rest = modulo(rest * 65536 + (low & 0xffff), buckets, inverse);
        const row = rowOfBucket(tables, rest);
        if (row >= 0) this.#push(row);
      }
    }
  }

  #push(row: number): void {
    if (this.count === this.rows.length) this.rows = grown(this.rows);
    this.rows[this.count++] = row;
  }

  #pushHash(hash: number): void {
    if (this.#hashCount === this.#hashes.length) this.#hashes = grown(this.#hashes);
    this.#hashes[this.#hashCount++] = hash;
  }
}

/** Twice the size. */
function grown(values: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** Whether `bytes[start, end)` begins with `wanted` and has `length` bytes, or any number where that is 0. */
function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number, length: number): boolean {
  if (length > 0 ? end - start !== length : end - start < wanted.length) return false;
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false;
  return true;
}

/** `value` modulo `by`; both are integers, `value` below 2^48. A double's own remainder is many times as slow. */
function modulo(value: number, by: number, inverse: number): number {
  const rest = value - Math.floor(value * inverse) * by;
  return rest < 0 ? rest + by : rest >= by ? rest - by : rest;
}
