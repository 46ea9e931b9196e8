/**
 * Which k-grams of a document stand for its fragments.
 *
 * A fragment is `length` symbols of one document, bytes or ids. It takes the k-gram in it whose hash is smallest, of equal hashes the last one: a choice that depends
 * on what the fragment holds and on nothing else. So *two equal fragments choose k-grams at the same place of theirs*, and are found together among those
 * that share a sample. Fragments that follow each other and choose the same k-gram are one run. Its key says two things: the hash of the k-gram, and that
 * of all symbols of its fragments with the k-gram's place among them. Invariant: runs of a document with equal keys and places do not overlap as far
 * as they are records.
 *
 * Twin: kernels/wasm/substring.ts. Price: 60 ns a symbol; 20 bytes a symbol of a fragment and the last records.
 */

import { xxh64 } from "../hash/xxh64.ts";
import type { Xxh64Seed } from "../hash/xxh64-rows.ts";
import { followerWord, recordWord, repeatWord } from "./sample-words.ts";

/** What is sampled, and how densely. */
export interface FragmentShape {
  /** Symbols of a fragment. */
  readonly length: number;
  /** Symbols of a k-gram, at most `length`. */
  readonly gram: number;
  readonly symbol_bytes: 1 | 4;
}

/** Takes what a sampler finds in a document, in any number of pieces: views that are valid during the call. */
export interface SampleSink {
  /** Keys of records, four words each, most significant word first: of the k-gram, then of the run. */
  keys(words: Uint32Array): void;
  /** See sample-words.ts. */
  words(words: Uint32Array): void;
}

export interface FragmentSampler {
  /** Samples the document `bytes[start, end)`. One that is shorter than a fragment has no samples. */
  sample(bytes: Uint8Array, start: number, end: number, sink: SampleSink): void;
}

/** Half a fragment: the densest samples that still tell most contexts apart, see docs/dedup-edits.md. */
export function gramOf(length: number): number {
  return Math.ceil(length / 2);
}

/** Seed of the hash of a k-gram. */
export const SAMPLE_SEED: Xxh64Seed = { high: 0, low: 0 };

const FACTOR = 0x2c1b3c6d;
const SLOTS = 4096;

/** A run that is a record. */
interface Kept {
  readonly record: number;
  readonly start: number;
  readonly count: number;
  readonly offset: number;
  readonly high: number;
  readonly low: number;
}

export class PlainFragmentSampler implements FragmentSampler {
  readonly #shape: FragmentShape;
  readonly #outFactor: number;
  // The k-grams that may still be a fragment's smallest, hashes ascending: a ring.
  readonly #hashes: Uint32Array;
  readonly #places: Uint32Array;
  readonly #key = new Uint32Array(4);
  readonly #word = new Uint32Array(2);
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;
  #slots = new Map<number, Kept>();
  #records: Kept[] = [];
  #last: { count: number; offset: number; repeats: boolean; of: Kept } | undefined;
  #open: { readonly repeats: boolean; readonly record: number; count: number } | undefined;

  constructor(shape: FragmentShape) {
    this.#shape = shape;
    let factor = 1;
    for (let i = 1; i < shape.gram; i++) factor = Math.imul(factor, FACTOR);
    this.#outFactor = factor;
    const width = shape.length - shape.gram + 1;
    this.#hashes = new Uint32Array(width + 1);
    this.#places = new Uint32Array(width + 1);
  }

  sample(bytes: Uint8Array, start: number, end: number, sink: SampleSink): void {
    const { length, gram, symbol_bytes } = this.#shape;
    const symbols = Math.floor((end - start) / symbol_bytes);
    if (symbols < length) return;
    this.#bytes = bytes;
    this.#base = start;
    this.#slots = new Map();
    this.#records = [];
    this.#last = undefined;
    this.#open = undefined;
    const width = length - gram + 1;
    const ring = width + 1;
    const grams = symbols - gram + 1;
    let head = 0;
    let size = 0;
    let hash = 0;
    let chosen = -1;
    let first = 0;
    for (let i = 0; i < gram - 1; i++) hash = (Math.imul(hash, FACTOR) + this.#symbol(i)) | 0;
    for (let i = 0; i < grams; i++) {
      hash = (Math.imul(hash, FACTOR) + this.#symbol(i + gram - 1)) | 0;
      const value = mixed(hash);
      hash = (hash - Math.imul(this.#symbol(i), this.#outFactor)) | 0;
      while (size > 0 && this.#hashes[(head + size - 1) % ring] >= value) size--;
      this.#hashes[(head + size) % ring] = value;
      this.#places[(head + size) % ring] = i;
      size++;
      if (this.#places[head] <= i - width) {
        head = (head + 1) % ring;
        size--;
      }
      const fragment = i - width + 1;
      if (fragment < 0 || this.#places[head] === chosen) continue;
      if (chosen >= 0) this.#take(first, fragment - first, chosen, sink);
      first = fragment;
      chosen = this.#places[head];
    }
    this.#take(first, grams - width + 1 - first, chosen, sink);
    this.#flush(sink);
  }

  #symbol(index: number): number {
    const at = this.#base + index * this.#shape.symbol_bytes;
    const bytes = this.#bytes;
    if (this.#shape.symbol_bytes === 1) return bytes[at] + 1;
    return Math.imul(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24), 0x9e3779b1) + 1;
  }

  /** The fragments `[start, start + count)`, whose sample is the k-gram at `position`. */
  #take(start: number, count: number, position: number, sink: SampleSink): void {
    const { length, gram, symbol_bytes } = this.#shape;
    const offset = position - start;
    const last = this.#last;
    const symbols = count + length - 1;
    if (last !== undefined && last.count === count && last.offset === offset) {
      const known = last.repeats ? symbols - count : 0;
      if (this.#same(start + known, start + known - count, symbols - known)) {
        this.#last = { ...last, repeats: true };
        this.#follow(last.of, start, count, sink);
        return;
      }
    }
    const key = this.#key;
    const byteOf = (symbol: number): number => this.#base + symbol * symbol_bytes;
    xxh64(this.#bytes, byteOf(position), byteOf(position + gram), SAMPLE_SEED.low, SAMPLE_SEED.high, key);
    const [sampleHigh, sampleLow] = key;
    xxh64(this.#bytes, byteOf(start), byteOf(start + symbols), offset, 0, key);
    const [high, low] = key;
    const slot = (sampleLow ^ low) & (SLOTS - 1);
    const own: Kept = { record: this.#records.length, start, count, offset, high, low };
    const earlier = this.#earlier(slot, own);
    if (earlier !== undefined) {
      this.#last = { count, offset, repeats: false, of: earlier };
      this.#follow(earlier, start, count, sink);
      return;
    }
    this.#flush(sink);
    this.#slots.set(slot, own);
    this.#records.push(own);
    this.#last = { count, offset, repeats: false, of: own };
    sink.keys(Uint32Array.of(sampleHigh, sampleLow, high, low));
    this.#word[0] = recordWord(count, offset);
    sink.words(this.#word.subarray(0, 1));
  }

  /** A record that `own` is a copy of: the one in its slot of the cache, or one that it overlaps. */
  #earlier(slot: number, own: Kept): Kept | undefined {
    const cached = this.#slots.get(slot);
    if (cached !== undefined && this.#matches(cached, own)) return cached;
    for (let at = this.#records.length - 1; at >= 0; at--) {
      const near = this.#records[at];
      if (near.start + this.#shape.length <= own.start) return undefined;
      if (this.#matches(near, own)) return near;
    }
    return undefined;
  }

  #matches(a: Kept, b: Kept): boolean {
    if (a.high !== b.high || a.low !== b.low || a.count !== b.count || a.offset !== b.offset) return false;
    return this.#same(a.start, b.start, a.count + this.#shape.length - 1);
  }

  #same(a: number, b: number, symbols: number): boolean {
    const { symbol_bytes } = this.#shape;
    const from = this.#base + a * symbol_bytes;
    const other = this.#base + b * symbol_bytes;
    for (let i = 0; i < symbols * symbol_bytes; i++) if (this.#bytes[from + i] !== this.#bytes[other + i]) return false;
    return true;
  }

  /** Fragments that are those of `record`: repeats of them, unless they overlap them. */
  #follow({ record, start: recordStart }: Kept, start: number, count: number, sink: SampleSink): void {
    const repeats = recordStart + this.#shape.length <= start;
    const open = this.#open;
    if (open === undefined || open.repeats !== repeats || (!repeats && open.record !== record)) {
      this.#flush(sink);
      this.#open = { repeats, record, count: repeats ? count : 1 };
    } else open.count += repeats ? count : 1;
  }

  #flush(sink: SampleSink): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#word[0] = open.repeats ? repeatWord(open.count) : followerWord(open.record);
    this.#word[1] = open.count;
    sink.words(this.#word.subarray(0, open.repeats ? 1 : 2));
  }
}

/** An unsigned hash whose order has nothing to do with that of what it is made of. */
function mixed(hash: number): number {
  let x = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return (x ^ (x >>> 15)) >>> 0;
}
