/**
 * Signatures of the fast family. Twin of assembly/minhash/fast.ts.
 *
 * A shingle is the polynomial sum of its words' hashes mod 2^64, mixed once. One permutation: its high half chooses one of
 * the slots, a product of all of it is its value there, and the slot keeps the minimum. Every slot no shingle fell into
 * takes, over all shingles, the minimum of a hash of its own, marked so that it is above every value of the first kind.
 * Per slot that is the minimum of one random function over the set of shingles, so two signatures agree in a slot with
 * probability equal to the Jaccard similarity, however short the documents are. Copying a neighbour's value into an empty
 * slot ("rotation") has no such property: it makes slots of a band agree together, and unrelated short documents meet.
 *
 * Invariant: order and repetition of shingles do not show. Price: one update a shingle whatever the number of slots, plus,
 * for documents of few shingles, at most slots^2 / e updates.
 */
import { Mt19937 } from "../random/mt19937.ts";
import { FastWords, productHigh } from "./fast-words.ts";

/** Mixed into every band key of the family, so that its keys and another family's, or version's, never meet. */
export const FAST_KEY_SEED = { high: 1, low: 0x66617374 } as const;

/** Random numbers of a seed: the key of the shingle hash, and per slot an odd multiplier and an increment. */
export interface FastParameters {
  readonly slots: number;
  readonly key_high: number;
  readonly key_low: number;
  readonly multipliers: Uint32Array;
  readonly increments: Uint32Array;
}

export function drawFastParameters(slots: number, seed: number): FastParameters {
  const random = new Mt19937(seed);
  const key_high = random.nextU32();
  const key_low = random.nextU32();
  const multipliers = Uint32Array.from({ length: slots }, () => random.nextU32() | 1);
  const increments = Uint32Array.from({ length: slots }, () => random.nextU32());
  return { slots, key_high, key_low, multipliers, increments };
}

const FACTOR = { high: 0xc2b2ae3d | 0, low: 0x27d4eb4f } as const;
const MIX_FACTOR = { high: 0xd6e8feb8 | 0, low: 0x6659fd93 } as const;
const VALUE_FACTOR = { high: 0x9e3779b9 | 0, low: 0x7f4a7c15 } as const;
const EMPTY = 0xffffffff;
/** High half of a filled slot: above the 56 bits of the others. */
const FILLED = 1 << 24;

export class FastMinHash {
  /** After `sketch`: slot `i` is the pair (high, low) at `2i`. Overwritten by the next one. */
  readonly signature: Uint32Array;

  readonly #ngram: number;
  readonly #parameters: FastParameters;
  readonly #words = new FastWords();
  /** FACTOR to the power of `ngram`. */
  readonly #leaving: { readonly high: number; readonly low: number };
  /** The last `ngram` words, in turn. */
  readonly #windowHigh: Int32Array;
  readonly #windowLow: Int32Array;
  #wordCount = 0;
  #sumHigh = 0;
  #sumLow = 0;
  /** The low halves of all shingles, for the slots that stay empty. */
  #lows = new Int32Array(1024);
  #count = 0;

  constructor(parameters: FastParameters, ngram: number) {
    this.#parameters = parameters;
    this.#ngram = ngram;
    this.signature = new Uint32Array(2 * parameters.slots);
    this.#windowHigh = new Int32Array(ngram);
    this.#windowLow = new Int32Array(ngram);
    let power = { high: 0, low: 1 };
    for (let i = 0; i < ngram; i++) {
      power = { high: productHigh(power.high, power.low, FACTOR), low: Math.imul(power.low, FACTOR.low) };
    }
    this.#leaving = power;
  }

  /** The signature of `bytes[start, end)`; false where it has fewer than `ngram` words and so no signature. */
  sketch(bytes: Uint8Array, start: number, end: number): boolean {
    this.signature.fill(EMPTY);
    this.#windowHigh.fill(0);
    this.#windowLow.fill(0);
    this.#wordCount = 0;
    this.#sumHigh = 0;
    this.#sumLow = 0;
    this.#count = 0;
    this.#words.scan(bytes, start, end, (high, low) => this.#push(high, low));
    if (this.#count === 0) return false;
    for (let slot = 0; slot < this.#parameters.slots; slot++) {
      if (this.signature[2 * slot] === EMPTY) this.#fill(slot);
    }
    return true;
  }

  /** sum = sum * FACTOR + word - word that leaves * FACTOR^ngram. */
  #push(high: number, low: number): void {
    const place = this.#wordCount++ % this.#ngram;
    const leavingHigh = productHigh(this.#windowHigh[place], this.#windowLow[place], this.#leaving);
    const leavingLow = Math.imul(this.#windowLow[place], this.#leaving.low);
    this.#windowHigh[place] = high;
    this.#windowLow[place] = low;
    const grownHigh = productHigh(this.#sumHigh, this.#sumLow, FACTOR);
    const grownLow = Math.imul(this.#sumLow, FACTOR.low) >>> 0;
    const sumLow = grownLow + (low >>> 0) - (leavingLow >>> 0);
    this.#sumLow = sumLow | 0;
    this.#sumHigh = (grownHigh + high - leavingHigh + Math.floor(sumLow / 4294967296)) | 0;
    if (this.#wordCount >= this.#ngram) this.#place();
  }

  #place(): void {
    const { slots, key_high, key_low } = this.#parameters;
    let high = this.#sumHigh ^ key_high;
    let low = this.#sumLow ^ key_low ^ high;
    high = productHigh(high, low, MIX_FACTOR);
    low = Math.imul(low, MIX_FACTOR.low);
    low ^= (low >>> 29) | (high << 3);
    high ^= high >>> 29;
    if (this.#count === this.#lows.length) {
      const grown = new Int32Array(2 * this.#count);
      grown.set(this.#lows);
      this.#lows = grown;
    }
    this.#lows[this.#count++] = low;

    const slot = 2 * Math.floor(((high >>> 0) * slots) / 4294967296);
    const productLow = Math.imul(low, VALUE_FACTOR.low);
    const product = productHigh(high, low, VALUE_FACTOR);
    const valueHigh = product >>> 8;
    const valueLow = ((productLow >>> 8) | (product << 24)) >>> 0;
    const oldHigh = this.signature[slot];
    if (valueHigh < oldHigh || (valueHigh === oldHigh && valueLow < this.signature[slot + 1])) {
      this.signature[slot] = valueHigh;
      this.signature[slot + 1] = valueLow;
    }
  }

  #fill(slot: number): void {
    const multiplier = this.#parameters.multipliers[slot];
    const increment = this.#parameters.increments[slot];
    let minimum = EMPTY;
    for (let i = 0; i < this.#count; i++) {
      minimum = Math.min(minimum, (Math.imul(this.#lows[i], multiplier) + increment) >>> 0);
    }
    this.signature[2 * slot] = FILLED;
    this.signature[2 * slot + 1] = minimum;
  }
}
