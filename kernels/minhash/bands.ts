/**
 * Band keys: each group of `rows` slots of a signature as one 64-bit key.
 *
 * A key is xxh64 of the band's slots as little-endian u64 followed by the band's number as u32: bands never match each
 * other, and two different bands collide with probability 2^-64. A family other than datatrove's gives a seed of its own,
 * so that its keys meet no other family's. Price: one hash of `8 * rows + 4` bytes per band.
 */
import { xxh64 } from "../hash/xxh64.ts";

export class BandKeys {
  readonly #bands: number;
  readonly #rows: number;
  readonly #seed: { readonly high: number; readonly low: number };
  readonly #bytes: Uint8Array;
  readonly #words: DataView;
  readonly #key = new Uint32Array(2);

  constructor(bands: number, rows: number, seed = { high: 0, low: 0 }) {
    this.#bands = bands;
    this.#rows = rows;
    this.#seed = seed;
    this.#bytes = new Uint8Array(8 * rows + 4);
    this.#words = new DataView(this.#bytes.buffer);
  }

  /** Writes `bands` keys [high, low] to `out`; `signature` has `bands * rows` slots [high, low]. */
  write(signature: Uint32Array, out: Uint32Array): void {
    const rows = this.#rows;
    for (let band = 0; band < this.#bands; band++) {
      for (let row = 0; row < rows; row++) {
        const slot = 2 * (band * rows + row);
        this.#words.setUint32(8 * row, signature[slot + 1], true);
        this.#words.setUint32(8 * row + 4, signature[slot], true);
      }
      this.#words.setUint32(8 * rows, band, true);
      xxh64(this.#bytes, 0, this.#bytes.length, this.#seed.low, this.#seed.high, this.#key);
      out[2 * band] = this.#key[0];
      out[2 * band + 1] = this.#key[1];
    }
  }
}
