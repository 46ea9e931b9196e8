/**
 * XXH64 of the rows of a text column in WebAssembly: the host of assembly/hash/xxh64-rows.ts.
 *
 * Invariant: the hashes of the plain-TypeScript twin, bit for bit. Rows go in by slices of whole rows, dead ones between
 * live ones with them, so a slice costs one copy and one call a seed. Memory: some 400 KB, up to {@link MAX_TEXT_BYTES}
 * more once there was a row that long; a longer one goes to the twin. Prices: assembly/hash/xxh64-rows.ts, and the copy.
 */
import type { Bitmap } from "../../batch/bitmap.ts";
import type { Utf8Column } from "../../batch/column.ts";
import { PlainRowHasher, type RowHasher, type Xxh64Seed } from "../hash/xxh64-rows.ts";

/** Bytes of a slice of more than one row: the copy is still in the cache when it is hashed. */
const SLICE_BYTES = 256 * 1024;
/** Longest row an instance takes in. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  maxRanges(): number;
  startsAddress(): number;
  endsAddress(): number;
  hashesAddress(): number;
  reserve(bytes: number): number;
  hashRanges(count: number, seedHigh: number, seedLow: number): void;
}

/** The twin of {@link PlainRowHasher}. */
export class WasmRowHasher implements RowHasher {
  readonly words: number;
  readonly #seeds: readonly Xxh64Seed[];
  readonly #twin: PlainRowHasher;
  readonly #exports: Exports;
  readonly #maxRanges: number;
  /** Row of each range of the slice. */
  readonly #rows: Int32Array;
  #bytes = new Uint8Array(0);
  #starts = new Uint32Array(0);
  #ends = new Uint32Array(0);
  #hashes = new Uint32Array(0);

  constructor(module: WebAssembly.Module, seeds: readonly Xxh64Seed[]) {
    this.words = 2 * seeds.length;
    this.#seeds = seeds;
    this.#twin = new PlainRowHasher(seeds);
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._start();
    this.#maxRanges = this.#exports.maxRanges();
    this.#rows = new Int32Array(this.#maxRanges);
    this.#reserve(SLICE_BYTES);
  }

  hashRows(column: Utf8Column, alive: Bitmap, out: Uint32Array): void {
    for (let row = 0; row < alive.length; ) row = this.#hashSlice(column, alive, row, out);
  }

  hash(bytes: Uint8Array, start: number, end: number, out: Uint32Array): void {
    if (end - start > MAX_TEXT_BYTES) {
      this.#twin.hash(bytes, start, end, out);
      return;
    }
    this.#rows[0] = 0;
    this.#starts[0] = 0;
    this.#ends[0] = end - start;
    this.#hashRanges(bytes, start, end, 1, out);
  }

  hashBlocks(bytes: Uint8Array, start: number, end: number, blockBytes: number, out: Uint32Array): void {
    const blocks = Math.min(this.#maxRanges, Math.max(1, Math.floor(SLICE_BYTES / blockBytes)));
    for (let at = start, done = 0; at < end; ) {
      const to = Math.min(end, at + blocks * blockBytes);
      let count = 0;
      for (let from = at; from < to; from += blockBytes, count++) {
        this.#rows[count] = done + count;
        this.#starts[count] = from - at;
        this.#ends[count] = Math.min(to, from + blockBytes) - at;
      }
      this.#hashRanges(bytes, at, to, count, out);
      done += count;
      at = to;
    }
  }

  /** Hashes live rows from `first` on, as many as make a slice; returns the row to go on with. */
  #hashSlice({ data, offsets }: Utf8Column, alive: Bitmap, first: number, out: Uint32Array): number {
    let count = 0;
    let start = 0;
    let end = 0;
    let row = first;
    for (; row < alive.length && count < this.#maxRanges; row++) {
      if (!alive.has(row)) continue;
      if (count === 0) start = offsets[row];
      else if (offsets[row + 1] - start > SLICE_BYTES) break;
      end = offsets[row + 1];
      this.#rows[count] = row;
      this.#starts[count] = offsets[row] - start;
      this.#ends[count] = end - start;
      count++;
    }
    if (end - start <= MAX_TEXT_BYTES) {
      this.#hashRanges(data, start, end, count, out);
    } else {
      // Only a single row makes a slice this long.
      const at = this.words * this.#rows[0];
      this.#twin.hash(data, start, end, out.subarray(at, at + this.words));
    }
    return row;
  }

  /** Hashes the first `count` ranges of `bytes[start, end)` to the places of their rows. */
  #hashRanges(bytes: Uint8Array, start: number, end: number, count: number, out: Uint32Array): void {
    const address = this.#reserve(end - start);
    this.#bytes.set(bytes.subarray(start, end), address);
    for (let seed = 0; seed < this.#seeds.length; seed++) {
      const { high, low } = this.#seeds[seed];
      this.#exports.hashRanges(count, high, low);
      for (let range = 0; range < count; range++) {
        const to = this.words * this.#rows[range] + 2 * seed;
        out[to] = this.#hashes[2 * range];
        out[to + 1] = this.#hashes[2 * range + 1];
      }
    }
  }

  /** Address for `length` bytes of text. Growth makes the views anew; what is in memory stays. */
  #reserve(length: number): number {
    const address = this.#exports.reserve(length);
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#starts = new Uint32Array(buffer, this.#exports.startsAddress(), this.#maxRanges);
      this.#ends = new Uint32Array(buffer, this.#exports.endsAddress(), this.#maxRanges);
      this.#hashes = new Uint32Array(buffer, this.#exports.hashesAddress(), 2 * this.#maxRanges);
    }
    return address;
  }
}
