/**
 * The n-grams of benchmark items, and which of them a text shares.
 *
 * Owns the layout, which threads share. A rolling hash of 64 bits leads to an entry; a bitmap in front of the table refuses most words at once. Invariant: a hit is an
 * equal n-gram, byte for byte of its normalized words. Memory: the normalized items, and 12 to 24 bytes and 2 to 4 bytes of bitmap a distinct
 * n-gram. Price of a search: some nanoseconds a word.
 */
import type { TextWords } from "./text-words.ts";

const LOW_FACTOR = 0x01000193;
const HIGH_FACTOR = 0x5bd1e995;
const ALIGNMENT = 64;
const SPACE = 0x20;

/** Normalized texts of items, end to end, each with a space behind it. */
export interface ItemTexts {
  readonly bytes: Uint8Array;
  /** Where item `i` begins, and the end. */
  readonly starts: Float64Array;
  /** At most so many n-grams are in them. */
  readonly ngrams: number;
}

interface Layout {
  readonly slots: number;
  readonly bits: number;
  readonly size_bytes: number;
  readonly at: readonly number[];
}

function layoutOf({ bytes, ngrams }: Pick<ItemTexts, "bytes" | "ngrams">): Layout {
  let slots = 64;
  while (slots < 1.5 * ngrams) slots *= 2;
  const bits = Math.max(1 << 12, 16 * slots);
  const at = [0];
  for (const size of [bits / 8, 4 * slots, 4 * slots, 4 * slots, bytes.length]) {
    at.push(Math.ceil(((at.at(-1) ?? 0) + size) / ALIGNMENT) * ALIGNMENT);
  }
  return { slots, bits, size_bytes: at.at(-1) ?? 0, at };
}

export class NgramIndex {
  readonly #n: number;
  readonly #bits: Uint32Array;
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  /** Where the n-gram begins among the texts, plus one; 0 where the slot is free. */
  readonly #places: Uint32Array;
  readonly #text: Uint8Array;
  /** Factors of the word that leaves the rolling hashes. */
  readonly #lowOut: number;
  readonly #highOut: number;
  #lows = new Int32Array(1 << 10);
  #highs = new Int32Array(1 << 10);

  static bytesFor(items: ItemTexts): number {
    return layoutOf(items).size_bytes;
  }

  /** The index of `items`, as it lies in `buffer` from `start` on, or will when {@link fill} was called. */
  constructor(n: number, items: ItemTexts, buffer: ArrayBufferLike, start = 0) {
    const { slots, bits, at } = layoutOf(items);
    this.#n = n;
    this.#bits = new Uint32Array(buffer, start + at[0], bits / 32);
    this.#low = new Int32Array(buffer, start + at[1], slots);
    this.#high = new Int32Array(buffer, start + at[2], slots);
    this.#places = new Uint32Array(buffer, start + at[3], slots);
    this.#text = new Uint8Array(buffer, start + at[4], items.bytes.length);
    let low = 1;
    let high = 1;
    for (let i = 1; i < n; i++) {
      low = Math.imul(low, LOW_FACTOR);
      high = Math.imul(high, HIGH_FACTOR);
    }
    this.#lowOut = low;
    this.#highOut = high;
  }

  /** Puts the n-grams of `items` in. */
  fill({ bytes, starts }: ItemTexts, words: TextWords): void {
    this.#bits.fill(0);
    this.#places.fill(0);
    this.#text.set(bytes);
    for (let item = 0; item + 1 < starts.length; item++) {
      const start = starts[item];
      words.readNormalized(bytes, start, starts[item + 1] - 1);
      const count = this.#hash(words);
      for (let word = 0; word < count; word++) {
        const from = words.starts[word];
        this.#add(this.#lows[word], this.#highs[word], start + from, words.starts[word + this.#n] - 1 - from);
      }
    }
  }

  /**
   * Calls `hit` for each n-gram of `words` that an item has, with its first word and where the n-gram begins among the items' texts; until it returns
   * false.
   */
  search(words: TextWords, hit: (word: number, place: number) => boolean): void {
    const bits = this.#bits;
    const mask = 32 * bits.length - 1;
    const count = this.#hash(words);
    const highs = this.#highs;
    for (let word = 0; word < count; word++) {
      const bit = highs[word] & mask;
      if (((bits[bit >>> 5] >>> (bit & 31)) & 1) === 0) continue;
      const place = this.#find(this.#lows[word], highs[word], words, word);
      if (place >= 0 && !hit(word, place)) return;
    }
  }

  /** Rolls over the words: hashes of each n-gram, by its first word. Returns how many there are. */
  #hash(words: TextWords): number {
    const n = this.#n;
    const { count, low, high } = words;
    if (count < n) return 0;
    if (this.#lows.length < count) {
      this.#lows = new Int32Array(2 * count);
      this.#highs = new Int32Array(2 * count);
    }
    const lows = this.#lows;
    const highs = this.#highs;
    const lowOut = this.#lowOut;
    const highOut = this.#highOut;
    let a = 0;
    let b = 0;
    for (let word = 0; word < n - 1; word++) {
      a = (Math.imul(a, LOW_FACTOR) + low[word]) | 0;
      b = (Math.imul(b, HIGH_FACTOR) + high[word]) | 0;
    }
    for (let first = 0, last = n - 1; last < count; first++, last++) {
      a = (Math.imul(a, LOW_FACTOR) + low[last]) | 0;
      b = (Math.imul(b, HIGH_FACTOR) + high[last]) | 0;
      lows[first] = a;
      highs[first] = spread(a, b);
      a = (a - Math.imul(low[first], lowOut)) | 0;
      b = (b - Math.imul(high[first], highOut)) | 0;
    }
    return count - n + 1;
  }

  #add(low: number, high: number, place: number, length: number): void {
    const slots = this.#places;
    const mask = slots.length - 1;
    let slot = low & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (
        this.#low[slot] === low &&
        this.#high[slot] === high &&
        this.#isAt(slots[slot] - 1, this.#text, place, length)
      ) {
        return;
      }
    }
    this.#low[slot] = low;
    this.#high[slot] = high;
    slots[slot] = place + 1;
    const bit = high & (32 * this.#bits.length - 1);
    this.#bits[bit >>> 5] |= 1 << (bit & 31);
  }

  /** Where the n-gram from `word` on begins among the items' texts; -1 where none has it. */
  #find(low: number, high: number, words: TextWords, word: number): number {
    const slots = this.#places;
    const mask = slots.length - 1;
    const start = words.starts[word];
    const length = words.starts[word + this.#n] - 1 - start;
    for (let slot = low & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#low[slot] !== low || this.#high[slot] !== high) continue;
      if (this.#isAt(slots[slot] - 1, words.bytes, start, length)) return slots[slot] - 1;
    }
    return -1;
  }

  /** Whether the words at `place` of the items' texts are `bytes[start, start + length)`. */
  #isAt(place: number, bytes: Uint8Array, start: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (this.#text[place + i] !== bytes[start + i]) return false;
    return this.#text[place + length] === SPACE;
  }
}

/** The second hash with all bits of both: the bitmap looks at its low ones. */
function spread(low: number, high: number): number {
  const x = Math.imul(high ^ (high >>> 15) ^ (low << 1), 0x2c1b3c6d);
  return x ^ (x >>> 12);
}
