/**
 * Which documents are held out for validation: a keyed hash of their content decides.
 *
 * Invariant: equal texts are on one side, in whatever source, order or run they are met, as long as key and share are the same; with a larger
 * share all that were held out still are. Price: one Threefry block a document.
 */
import { type Seed, seedFrom, threefry } from "./shuffle.ts";

export class HeldOut {
  readonly #seed: Seed;
  readonly #limit: number;
  readonly #words = new Uint32Array(2);

  /** `share` of all documents is held out, 0 to 1. */
  constructor(seed: number, share: number) {
    this.#seed = seedFrom("validation", seed);
    this.#limit = share * 0x1_0000_0000;
  }

  /** Takes the two words of a document's 64-bit content hash, in either sign. */
  has(low: number, high: number): boolean {
    threefry(this.#seed[0], this.#seed[1], low >>> 0, high >>> 0, this.#words);
    return this.#words[0] + this.#words[1] / 0x1_0000_0000 < this.#limit;
  }
}
