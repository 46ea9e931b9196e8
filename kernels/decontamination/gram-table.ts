/**
 * The distinct n-grams of benchmark items by hash, and which of a text's words begin one of them.
 *
 * Owns the layout, which threads and WebAssembly share: the table of characters, a bitmap that refuses most words at once, slots. Invariant: an n-gram is found by 64 bits of hash;
 * who needs equal words compares them. Memory: 0.8 MiB, 1 to 2 bytes of bitmap and 24 to 48 bytes of slots an n-gram. Price: some nanoseconds a word.
 */
import { FOLD_BYTES, foldTable, rareEntry } from "./fold-table.ts";
import { type FoldedText, FoldedWords, HIGH_PRIME, LOW_PRIME } from "./folded-words.ts";
import type { WordForm } from "./text-words.ts";

const ALIGNMENT = 64;
/** Words of 32 bits of a slot: both hashes, the number of the n-gram plus one (0: free), and {@link COMMON} where it is that. */
const SLOT = 4;
const GRAM = 2;
const FLAGS = 3;
/** An n-gram that says nothing: it is not found. */
const COMMON = 1;

/** The n-grams of a text that are in the table: by their first words, ascending. */
export interface GramHits extends FoldedText {
  readonly count: number;
  readonly words: Int32Array;
  readonly grams: Int32Array;
  /** Where their first words begin in the folded text. */
  readonly places: Int32Array;
}

/** Finds the n-grams of texts: in WebAssembly, or its twin here. */
export interface GramScan {
  /** At most `most` of them. What is given is good until the next call. */
  scan(bytes: Uint8Array, start: number, end: number, most: number): GramHits;
}

interface Layout {
  readonly bitmapWords: number;
  readonly slots: number;
  readonly at: readonly number[];
  readonly size_bytes: number;
}

function layoutOf(grams: number): Layout {
  let slots = 64;
  while (slots < 1.5 * grams) slots *= 2;
  let bitmapWords = 64;
  while (bitmapWords * 32 < 8 * grams) bitmapWords *= 2;
  const at = [0];
  for (const size of [FOLD_BYTES, 4 * bitmapWords, 4 * SLOT * slots]) {
    at.push(Math.ceil(((at.at(-1) ?? 0) + size) / ALIGNMENT) * ALIGNMENT);
  }
  return { bitmapWords, slots, at, size_bytes: at.at(-1) ?? 0 };
}

export class GramTable implements GramScan {
  readonly n: number;
  /** Of the words of the text that was read last. */
  readonly words: FoldedWords;
  /** What a code point beyond the table is. */
  readonly rare: number;
  readonly fold: Int32Array;
  readonly bitmap: Int32Array;
  readonly slots: Int32Array;
  /** Factors of the word that leaves the rolling hashes. */
  readonly lowOut: number;
  readonly highOut: number;
  readonly #form: WordForm;
  readonly #found = {
    count: 0,
    words: new Int32Array(1 << 10),
    grams: new Int32Array(1 << 10),
    places: new Int32Array(1 << 10),
    folded: new Uint8Array() as Uint8Array,
    length: 0,
  };
  #count = 0;

  /** For at most `grams` n-grams. */
  static bytesFor(grams: number): number {
    return layoutOf(grams).size_bytes;
  }

  /** The table as it lies in `buffer` from `start` on, or will when it was filled. */
  constructor(form: WordForm, n: number, grams: number, buffer: ArrayBufferLike, start: number) {
    const { bitmapWords, slots, at } = layoutOf(grams);
    this.#form = form;
    this.n = n;
    this.fold = new Int32Array(buffer, start + at[0], FOLD_BYTES / 4);
    this.bitmap = new Int32Array(buffer, start + at[1], bitmapWords);
    this.slots = new Int32Array(buffer, start + at[2], SLOT * slots);
    this.rare = rareEntry(form);
    this.words = new FoldedWords(form);
    this.lowOut = power(LOW_PRIME, n - 1);
    this.highOut = power(HIGH_PRIME, n - 1);
  }

  /** Empties it, and lays the table of characters down. */
  clear(): void {
    this.fold.set(foldTable(this.#form));
    this.bitmap.fill(0);
    this.slots.fill(0);
    this.#count = 0;
  }

  /** How many n-grams are in it, by who filled it. */
  get grams(): number {
    return this.#count;
  }

  /** Adds the first `most` n-grams of a text, calling `each` with the first word and the number of each. */
  add(
    bytes: Uint8Array,
    start: number,
    end: number,
    most = Number.POSITIVE_INFINITY,
    each?: (word: number, gram: number) => void,
  ): void {
    this.words.read(bytes, start, end);
    this.#roll((word, low, high) => {
      if (word >= most) return false;
      const slot = this.#slot(low, high);
      if (this.slots[slot + GRAM] === 0) {
        this.slots[slot] = low;
        this.slots[slot + 1] = high;
        this.slots[slot + GRAM] = ++this.#count;
        this.bitmap[this.#bitmapWord(high)] |= bitsOf(low, high);
      }
      each?.(word, this.slots[slot + GRAM] - 1);
      return true;
    });
  }

  /** Calls `take` for the first `most` n-grams of a text that are in the table, common or not. */
  find(bytes: Uint8Array, start: number, end: number, most: number, take: (gram: number) => void): void {
    this.words.read(bytes, start, end);
    this.#roll((word, low, high) => {
      if (word >= most) return false;
      const gram = this.slots[this.#slot(low, high) + GRAM];
      if (gram !== 0) take(gram - 1);
      return true;
    });
  }

  /** Takes n-grams for common: those for which `isCommon` says so. */
  markCommon(isCommon: (gram: number) => boolean): void {
    for (let slot = 0; slot < this.slots.length; slot += SLOT) {
      const gram = this.slots[slot + GRAM];
      if (gram !== 0 && isCommon(gram - 1)) this.slots[slot + FLAGS] = COMMON;
    }
  }

  scan(bytes: Uint8Array, start: number, end: number, most = Number.POSITIVE_INFINITY): GramHits {
    const found = this.#found;
    found.count = 0;
    this.words.read(bytes, start, end);
    found.folded = this.words.folded;
    found.length = this.words.length;
    const { bitmap, slots } = this;
    this.#roll((word, low, high) => {
      const bits = bitsOf(low, high);
      if ((bitmap[this.#bitmapWord(high)] & bits) !== bits) return true;
      const slot = this.#slot(low, high);
      if (slots[slot + GRAM] === 0 || slots[slot + FLAGS] === COMMON) return true;
      if (found.count === found.words.length) {
        found.words = grown(found.words);
        found.grams = grown(found.grams);
        found.places = grown(found.places);
      }
      found.words[found.count] = word;
      found.places[found.count] = this.words.places[word];
      found.grams[found.count] = slots[slot + GRAM] - 1;
      return ++found.count < most;
    });
    return found;
  }

  /** Rolls over the words that were read, until `take` returns false. */
  #roll(take: (word: number, low: number, high: number) => boolean): void {
    const { n, lowOut, highOut } = this;
    const { count, low, high } = this.words;
    let a = 0;
    let b = 0;
    for (let word = 0; word < count; word++) {
      a = (Math.imul(a, LOW_PRIME) + low[word]) | 0;
      b = (Math.imul(b, HIGH_PRIME) + high[word]) | 0;
      const first = word - n + 1;
      if (first < 0) continue;
      if (!take(first, a, spread(a, b))) return;
      a = (a - Math.imul(low[first], lowOut)) | 0;
      b = (b - Math.imul(high[first], highOut)) | 0;
    }
  }

  /** Where the n-gram of these hashes is, or would be. */
  #slot(low: number, high: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = (SLOT * low) & mask;
    while (slots[slot + GRAM] !== 0 && (slots[slot] !== low || slots[slot + 1] !== high)) slot = (slot + SLOT) & mask;
    return slot;
  }

  #bitmapWord(high: number): number {
    return (high >>> 10) & (this.bitmap.length - 1);
  }
}

/** Three bits of a word of the bitmap. */
function bitsOf(low: number, high: number): number {
  return (1 << (high & 31)) | (1 << ((high >>> 5) & 31)) | (1 << (low >>> 27));
}

/** The second hash with all bits of both. */
function spread(low: number, high: number): number {
  const x = Math.imul(high ^ (high >>> 15) ^ (low << 1), 0x2c1b3c6d);
  return x ^ (x >>> 12);
}

function power(factor: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product = Math.imul(product, factor);
  return product;
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
