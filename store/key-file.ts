/**
 * Key files: what a deduplication sketch leaves behind for the match phase, grouped so that one partition of the key
 * space is read alone.
 *
 * Layout, u32 little-endian: header (magic, version, key_bytes, partitions); runs of records (key words, most
 * significant first, then the document's number in its span), each run sorted by partition and stable; for every run
 * one count per partition; trailer (runs, magic).
 *
 * Behind it come the sums of its blocks (io/local/blocks.ts), so that one partition is checked without the others.
 *
 * Invariants: a key's partition is floor(first word * partitions / 2^32); inside a partition documents ascend.
 * Price: 12 bytes per 8-byte key; the writer holds at most 2 x {@link RUN_BYTES} whatever the span's size. Synchronous,
 * like all writing: it runs in worker threads, where thousands of small reads need no turn of an event loop.
 */
import fs from "node:fs";
import { RunError } from "../batch/errors.ts";
import { uint32At } from "../batch/numbers.ts";
import { Blocks } from "../io/local/blocks.ts";
import { pathOf, type Vouched } from "../io/local/vouched.ts";

const MAGIC = 0x594b4d53; // "SMKY"
const VERSION = 1;
const HEADER_BYTES = 16;
const TRAILER_BYTES = 8;
/** Records a writer keeps before it sorts and writes them as one run. */
const RUN_BYTES = 4 << 20;
const MAX_PARTITIONS = 65536;
const MAX_RECORD_WORDS = 5;

/** Where a key file is written: a pending file. */
export interface KeySink {
  write(bytes: Uint8Array): void;
}

export interface KeyFileShape {
  readonly key_bytes: 8 | 16;
  /** 1 to 65,536. All key files that are matched together have the same number. */
  readonly partitions: number;
}

/** The memory of a writer, for one writer after another. What is not filled takes none. */
export class RunBuffers {
  readonly records: Uint32Array;
  readonly sorted: Uint32Array;

  /** `bytes` of records, a whole record at least, are sorted and written as one run. */
  constructor(bytes = RUN_BYTES) {
    this.records = new Uint32Array(Math.max(bytes / 4, MAX_RECORD_WORDS));
    this.sorted = new Uint32Array(this.records.length);
  }
}

/** Writes the keys of one span. `add` documents in ascending order, then `finish`, then commit the sink. */
export class KeyFileWriter {
  readonly #sink: KeySink;
  readonly #keyWords: number;
  readonly #partitions: number;
  readonly #records: Uint32Array;
  readonly #sorted: Uint32Array;
  #length = 0;
  #counts: Uint32Array;
  readonly #index: Uint32Array[] = [];
  #lastDocument = 0;
  #total = 0;

  constructor(sink: KeySink, shape: KeyFileShape, buffers = new RunBuffers()) {
    if (shape.partitions < 1 || shape.partitions > MAX_PARTITIONS) {
      throw new Error(`key file with ${shape.partitions} partitions`);
    }
    this.#sink = sink;
    this.#keyWords = shape.key_bytes / 4;
    this.#partitions = shape.partitions;
    this.#records = buffers.records;
    this.#sorted = buffers.sorted;
    this.#counts = new Uint32Array(shape.partitions);
    sink.write(bytesOf(Uint32Array.of(MAGIC, VERSION, shape.key_bytes, shape.partitions)));
  }

  /** Keys written so far. */
  get records(): number {
    return this.#total;
  }

  /** All keys of one document, back to back, as a barrier's `sketch` writes them. */
  add(document: number, words: Uint32Array): void {
    if (document < this.#lastDocument) throw new Error(`key file: document ${document} after ${this.#lastDocument}`);
    this.#lastDocument = document;
    const keyWords = this.#keyWords;
    for (let at = 0; at < words.length; at += keyWords) {
      if (this.#length + keyWords + 1 > this.#records.length) this.#writeRun();
      const records = this.#records;
      const into = this.#length;
      for (let word = 0; word < keyWords; word++) records[into + word] = uint32At(words, at + word);
      records[into + keyWords] = document;
      this.#length = into + keyWords + 1;
      const partition = partitionOf(uint32At(words, at), this.#partitions);
      this.#counts[partition] = uint32At(this.#counts, partition) + 1;
    }
    this.#total += words.length / keyWords;
  }

  /** Writes what is left and the index; the writer must not be used afterwards. */
  finish(): void {
    this.#writeRun();
    for (const counts of this.#index) this.#sink.write(bytesOf(counts));
    this.#sink.write(bytesOf(Uint32Array.of(this.#index.length, MAGIC)));
  }

  #writeRun(): void {
    if (this.#length === 0) return;
    const stride = this.#keyWords + 1;
    const partitions = this.#partitions;
    const records = this.#records;
    const sorted = this.#sorted;
    const next = new Uint32Array(partitions);
    for (let p = 1; p < partitions; p++) next[p] = uint32At(next, p - 1) + uint32At(this.#counts, p - 1) * stride;
    for (let from = 0; from < this.#length; from += stride) {
      const partition = partitionOf(uint32At(records, from), partitions);
      const to = uint32At(next, partition);
      for (let word = 0; word < stride; word++) sorted[to + word] = uint32At(records, from + word);
      next[partition] = to + stride;
    }
    this.#sink.write(bytesOf(sorted.subarray(0, this.#length)));
    this.#index.push(this.#counts);
    this.#counts = new Uint32Array(partitions);
    this.#length = 0;
  }
}

/** An open key file. */
export class KeyFile {
  readonly key_bytes: 8 | 16;
  readonly partitions: number;
  readonly #blocks: Blocks;
  readonly #descriptor: number;
  readonly #strideBytes: number;
  /** One row of `partitions` counts per run. */
  readonly #index: Uint32Array;

  /** Throws RunError `store/damaged`, and `run/broken-key-file` for a whole file that is no key file. Reading throws the former. */
  constructor(file: Vouched) {
    this.#blocks = new Blocks(file);
    this.#descriptor = this.#blocks.open();
    try {
      const size = this.#blocks.content_bytes;
      if (size < HEADER_BYTES + TRAILER_BYTES) throw this.#broken(`has only ${size} bytes`);
      const [magic, version, keyBytes, partitions = 0] = this.#readWords(0, 4);
      const [runs = 0, endMagic] = this.#readWords(size - TRAILER_BYTES, 2);
      if (magic !== MAGIC || endMagic !== MAGIC) throw this.#broken("does not begin and end as a key file does");
      if (version !== VERSION) throw this.#broken(`has version ${version}, this program reads version ${VERSION}`);
      if ((keyBytes !== 8 && keyBytes !== 16) || partitions < 1 || partitions > MAX_PARTITIONS) {
        throw this.#broken(`claims ${keyBytes} bytes per key and ${partitions} partitions`);
      }
      this.key_bytes = keyBytes;
      this.partitions = partitions;
      this.#strideBytes = keyBytes + 4;
      const indexBytes = runs * partitions * 4;
      const recordBytes = size - HEADER_BYTES - TRAILER_BYTES - indexBytes;
      if (recordBytes < 0) throw this.#broken(`is too short for its ${runs} runs`);
      this.#index = this.#readWords(HEADER_BYTES + recordBytes, runs * partitions);
      const records = sum(this.#index);
      if (records * this.#strideBytes !== recordBytes) throw this.#broken(`lacks some of its ${records} records`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Records of a partition. */
  records(partition: number): number {
    let total = 0;
    for (let at = partition; at < this.#index.length; at += this.partitions) total += uint32At(this.#index, at);
    return total;
  }

  /** The records of a partition, documents ascending, piece by piece: a view of `buffer`, valid until the next one. */
  *read(partition: number, buffer: Uint32Array): Generator<Uint32Array> {
    const pieceRecords = Math.floor((buffer.length * 4) / this.#strideBytes);
    let runStart = HEADER_BYTES;
    for (let run = 0; run < this.#index.length; run += this.partitions) {
      const counts = this.#index.subarray(run, run + this.partitions);
      const before = sum(counts.subarray(0, partition));
      const count = uint32At(counts, partition);
      for (let done = 0; done < count; ) {
        const records = Math.min(pieceRecords, count - done);
        const words = (records * this.#strideBytes) / 4;
        this.#fill(bytesOf(buffer.subarray(0, words)), runStart + (before + done) * this.#strideBytes);
        yield buffer.subarray(0, words);
        done += records;
      }
      runStart += sum(counts) * this.#strideBytes;
    }
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  #readWords(at: number, words: number): Uint32Array {
    const result = new Uint32Array(words);
    this.#fill(bytesOf(result), at);
    return result;
  }

  #fill(bytes: Uint8Array, at: number): void {
    this.#blocks.fill(this.#descriptor, bytes, at);
  }

  #broken(how: string): RunError {
    return brokenKeyFile(pathOf(this.#blocks.vouched), how);
  }
}

/** The partition of a key by its first word. */
export function partitionOf(firstWord: number, partitions: number): number {
  // Exact: the product is below 2^48, and dividing by a power of two loses nothing.
  return (firstWord * partitions * (1 / 4294967296)) >>> 0;
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** What is wrong with a key file, as the user is told. */
export function brokenKeyFile(path: string, how: string): RunError {
  return new RunError({
    code: "run/broken-key-file",
    what: `key file ${path} ${how}`,
    why: "without it duplicates would go unnoticed",
    fix: "remove the folder it is in and run again: the span is sketched anew",
  });
}
