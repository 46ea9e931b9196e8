/**
 * XXH64 of the rows of a text column: what a row hasher is, and the plain-TypeScript one.
 *
 * Invariant: {@link xxh64} of each row's bytes under each seed; a null row hashes as the empty text it is stored as.
 * Twin: kernels/wasm/xxh64.ts. Price: that of {@link xxh64}, times the number of seeds.
 */
import type { Bitmap } from "../../batch/bitmap.ts";
import type { Utf8Column } from "../../batch/column.ts";
import { xxh64 } from "./xxh64.ts";

/** A 64-bit seed in 32-bit halves. */
export interface Xxh64Seed {
  readonly high: number;
  readonly low: number;
}

/** Hashes texts under fixed seeds: for each seed the words high, low, in the order of the seeds. */
export interface RowHasher {
  /** Words of a text's hash: two for each seed. */
  readonly words: number;
  /** Writes the hash of every row in `alive` at `words * row` of `out`; the words of other rows stay as they are. */
  hashRows(column: Utf8Column, alive: Bitmap, out: Uint32Array): void;
  /** Writes the hash of `bytes[start, end)` to the first words of `out`. */
  hash(bytes: Uint8Array, start: number, end: number, out: Uint32Array): void;
  /** Writes the hash of every block of `blockBytes` (the last one may be shorter) of `bytes[start, end)` to `out`, one after another. */
  hashBlocks(bytes: Uint8Array, start: number, end: number, blockBytes: number, out: Uint32Array): void;
}

export class PlainRowHasher implements RowHasher {
  readonly words: number;
  readonly #seeds: readonly Xxh64Seed[];
  readonly #hash = new Uint32Array(2);

  constructor(seeds: readonly Xxh64Seed[]) {
    this.words = 2 * seeds.length;
    this.#seeds = seeds;
  }

  hashRows({ data, offsets }: Utf8Column, alive: Bitmap, out: Uint32Array): void {
    alive.forEach((row) => {
      this.#hashTo(data, offsets[row], offsets[row + 1], out, this.words * row);
    });
  }

  hash(bytes: Uint8Array, start: number, end: number, out: Uint32Array): void {
    this.#hashTo(bytes, start, end, out, 0);
  }

  hashBlocks(bytes: Uint8Array, start: number, end: number, blockBytes: number, out: Uint32Array): void {
    for (let at = start, to = 0; at < end; at += blockBytes, to += this.words) {
      this.#hashTo(bytes, at, Math.min(end, at + blockBytes), out, to);
    }
  }

  #hashTo(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): void {
    let to = at;
    for (const { high, low } of this.#seeds) {
      xxh64(bytes, start, end, low, high, this.#hash);
      out[to++] = this.#hash[0];
      out[to++] = this.#hash[1];
    }
  }
}
