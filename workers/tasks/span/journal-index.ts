/**
 * Where in a journal the answer to a question stands, by the question's key.
 *
 * Open addressing on typed arrays, so that a million answers cost 40 MB and no object. Two keys with equal first words are told apart by whoever
 * reads the line: `find` gives every place that may be meant.
 */
import { float64At, uint32At } from "../../../batch/numbers.ts";

const SMALLEST = 1024;
/** Parts of the table that may be full. */
const MAX_LOAD = 0.7;

export interface JournalPlace {
  readonly at: number;
  readonly length: number;
}

export class JournalIndex {
  #high = new Uint32Array(SMALLEST);
  #low = new Uint32Array(SMALLEST);
  /** 0 is an empty place: offsets are kept one higher. */
  #at = new Float64Array(SMALLEST);
  #length = new Uint32Array(SMALLEST);
  #entries = 0;

  /** `key` is hexadecimal. */
  add(key: string, at: number, length: number): void {
    if (this.#entries >= MAX_LOAD * this.#at.length) this.#grow();
    this.#put(wordOf(key, 0), wordOf(key, 8), at + 1, length);
    this.#entries++;
  }

  /** Places of the key, and rarely of another one, first the one that was added first. */
  *find(key: string): Generator<JournalPlace> {
    const [high, low] = [wordOf(key, 0), wordOf(key, 8)];
    const mask = this.#at.length - 1;
    for (let slot = low & mask; float64At(this.#at, slot) !== 0; slot = (slot + 1) & mask) {
      if (uint32At(this.#high, slot) !== high || uint32At(this.#low, slot) !== low) continue;
      yield { at: float64At(this.#at, slot) - 1, length: uint32At(this.#length, slot) };
    }
  }

  #put(high: number, low: number, at: number, length: number): void {
    const mask = this.#at.length - 1;
    let slot = low & mask;
    while (float64At(this.#at, slot) !== 0) slot = (slot + 1) & mask;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#at[slot] = at;
    this.#length[slot] = length;
  }

  #grow(): void {
    const [high, low, at, length] = [this.#high, this.#low, this.#at, this.#length];
    const size = 2 * at.length;
    this.#high = new Uint32Array(size);
    this.#low = new Uint32Array(size);
    this.#at = new Float64Array(size);
    this.#length = new Uint32Array(size);
    at.forEach((entry, slot) => {
      if (entry !== 0) this.#put(uint32At(high, slot), uint32At(low, slot), entry, uint32At(length, slot));
    });
  }
}

function wordOf(key: string, from: number): number {
  return Number.parseInt(key.slice(from, from + 8), 16);
}
