/**
 * Dealt files: records on their way to one of many tasks, each of which reads its own alone.
 *
 * Layout, u32 little-endian but for pieces: header (magic, version, destinations); runs of records, sorted by destination and stable, the records of a
 * destination one piece of chunks as in a spool (spool-block.ts), so that text takes half of its bytes; for every run and destination the words of the piece and its
 * bytes; trailer (runs, magic). Behind it come the sums of its blocks (io/local/blocks.ts). What a record is, its reader knows: here it is a number
 * of words that are never torn apart.
 *
 * Invariant: the records of a destination come in the order in which they were added. Price: 8 bytes a destination and run; the writer holds a run twice.
 */
import fs from "node:fs";
import { uint32At } from "../batch/numbers.ts";
import { Blocks } from "../io/local/blocks.ts";
import { damagedFile, type Vouched } from "../io/local/vouched.ts";
import { ChunkReader, ChunkWriter, spoolEngine } from "./spool-block.ts";

const MAGIC = 0x4c444d53; // "SMDL"
const VERSION = 1;
const HEADER_WORDS = 3;
const TRAILER_WORDS = 2;
/** Words that a writer collects before it sorts and writes them as one run. */
const RUN_WORDS = 1 << 20;

/** Where a dealt file is written: a pending file. */
export interface DealtSink {
  write(bytes: Uint8Array): void;
}

/** Writes records for `destinations` readers. `finish`, then commit the sink. */
export class DealtWriter {
  readonly #sink: DealtSink;
  readonly destinations: number;
  readonly #runWords: number;
  #words: Uint32Array;
  #sorted: Uint32Array;
  #used = 0;
  /** Of the records of the open run: where they go, and where they end. */
  #to = new Uint32Array(1 << 10);
  #ends = new Uint32Array(1 << 10);
  #records = 0;
  readonly #chunks = new ChunkWriter(spoolEngine().lz4);
  readonly #index: Uint32Array[] = [];
  #total = 0;

  constructor(sink: DealtSink, destinations: number, runWords = RUN_WORDS) {
    this.#sink = sink;
    this.destinations = destinations;
    this.#runWords = runWords;
    this.#words = new Uint32Array(Math.min(runWords, 1 << 12));
    this.#sorted = new Uint32Array(0);
    sink.write(bytesOf(Uint32Array.of(MAGIC, VERSION, destinations)));
  }

  /** Records added so far. */
  get records(): number {
    return this.#total;
  }

  /** The place of a record of `words` words, to be filled before the next call. */
  add(destination: number, words: number): Uint32Array {
    if (this.#used > 0 && this.#used + words > this.#runWords) this.#writeRun();
    const from = this.#used;
    this.#used += words;
    if (this.#used > this.#words.length) {
      const larger = new Uint32Array(Math.max(this.#used, Math.min(this.#runWords, 2 * this.#words.length)));
      larger.set(this.#words.subarray(0, from));
      this.#words = larger;
    }
    if (this.#records === this.#to.length) {
      this.#to = grown(this.#to);
      this.#ends = grown(this.#ends);
    }
    this.#to[this.#records] = destination;
    this.#ends[this.#records] = this.#used;
    this.#records++;
    this.#total++;
    return this.#words.subarray(from, this.#used);
  }

  /** Writes what is left and the index; the writer must not be used afterwards. */
  finish(): void {
    this.#writeRun();
    for (const sizes of this.#index) this.#sink.write(bytesOf(sizes));
    this.#sink.write(bytesOf(Uint32Array.of(this.#index.length, MAGIC)));
  }

  #writeRun(): void {
    if (this.#records === 0) return;
    const counts = new Uint32Array(this.destinations);
    const words = this.#words;
    for (let record = 0, from = 0; record < this.#records; record++) {
      const end = uint32At(this.#ends, record);
      const to = uint32At(this.#to, record);
      counts[to] = uint32At(counts, to) + end - from;
      from = end;
    }
    const next = new Uint32Array(this.destinations);
    const sizes = new Uint32Array(2 * this.destinations);
    for (let i = 1; i < next.length; i++) next[i] = uint32At(next, i - 1) + uint32At(counts, i - 1);
    if (this.#sorted.length < this.#used) this.#sorted = new Uint32Array(words.length);
    for (let record = 0, from = 0; record < this.#records; record++) {
      const end = uint32At(this.#ends, record);
      const to = uint32At(this.#to, record);
      const at = uint32At(next, to);
      if (end - from > 8) this.#sorted.set(words.subarray(from, end), at);
      else for (let i = from; i < end; i++) this.#sorted[at + i - from] = uint32At(words, i);
      next[to] = at + end - from;
      from = end;
    }
    for (let destination = 0, from = 0; destination < this.destinations; destination++) {
      const count = uint32At(counts, destination);
      if (count === 0) continue;
      this.#chunks.clear();
      this.#chunks.buffer(bytesOf(this.#sorted.subarray(from, from + count)));
      this.#sink.write(this.#chunks.bytes);
      sizes[2 * destination] = count;
      sizes[2 * destination + 1] = this.#chunks.bytes.length;
      from += count;
    }
    this.#index.push(sizes);
    this.#used = 0;
    this.#records = 0;
  }
}

/** An open dealt file. Close it after use. */
export class DealtFile {
  readonly #blocks: Blocks;
  readonly #descriptor: number;
  readonly #destinations: number;
  /** One row a run: of each destination words and bytes. */
  readonly #index: Uint32Array;

  /** Throws RunError `store/damaged`, then and when it is read. */
  constructor(file: Vouched, destinations: number) {
    this.#blocks = new Blocks(file);
    this.#destinations = destinations;
    this.#descriptor = this.#blocks.open();
    try {
      const trailer = this.#blocks.content_bytes - 4 * TRAILER_WORDS;
      const [magic, version, found] = this.#read(0, HEADER_WORDS);
      const [runs = 0, end] = this.#read(trailer, TRAILER_WORDS);
      if (magic !== MAGIC || end !== MAGIC || version !== VERSION || found !== destinations) {
        throw damagedFile(file, `is no file of version ${VERSION} for ${destinations} readers`);
      }
      this.#index = this.#read(trailer - 8 * runs * destinations, 2 * runs * destinations);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Words of all records of a destination. */
  words(destination: number): number {
    let words = 0;
    for (let at = 2 * destination; at < this.#index.length; at += 2 * this.#destinations)
      words += uint32At(this.#index, at);
    return words;
  }

  /** The records of a destination, whole ones, a piece a run. */
  *read(destination: number): Generator<Uint32Array> {
    const row = 2 * this.#destinations;
    let run = 4 * HEADER_WORDS;
    for (let first = 0; first < this.#index.length; first += row) {
      const sizes = this.#index.subarray(first, first + row);
      let before = 0;
      let all = 0;
      for (let i = 1; i < row; i += 2) {
        if (i === 2 * destination + 1) before = all;
        all += uint32At(sizes, i);
      }
      const words = uint32At(sizes, 2 * destination);
      if (words > 0) yield this.#piece(run + before, uint32At(sizes, 2 * destination + 1), words);
      run += all;
    }
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  #piece(at: number, size_bytes: number, words: number): Uint32Array {
    const stored = new Uint8Array(size_bytes);
    this.#blocks.fill(this.#descriptor, stored, at);
    const out = new Uint32Array(words);
    const chunks = new ChunkReader(spoolEngine().lz4, stored, (how) => {
      throw damagedFile(this.#blocks.vouched, how);
    });
    chunks.buffer(bytesOf(out));
    chunks.end();
    return out;
  }

  #read(at: number, words: number): Uint32Array {
    const out = new Uint32Array(words);
    this.#blocks.fill(this.#descriptor, bytesOf(out), at);
    return out;
  }
}

/** The records of a destination in `file`, a piece a run; the file is open while they are read. Throws RunError `store/damaged`. */
export function* readDealt(file: Vouched, destinations: number, destination: number): Generator<Uint32Array> {
  const dealt = new DealtFile(file, destinations);
  try {
    yield* dealt.read(destination);
  } finally {
    dealt.close();
  }
}

/** Words that a destination has in `file`. Throws RunError `store/damaged`. */
export function dealtWords(file: Vouched, destinations: number, destination: number): number {
  const dealt = new DealtFile(file, destinations);
  try {
    return dealt.words(destination);
  } finally {
    dealt.close();
  }
}

function grown(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
