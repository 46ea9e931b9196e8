/**
 * Key files: what a deduplication sketch leaves behind for the match phase, grouped so that one partition of the key
 * space is read alone.
 *
 * Layout, u32 little-endian: header (magic, version, key_bytes, partitions); runs of records (key words, most
 * significant first, then the document's number in its span), each run sorted by partition and stable; for every run
 * one count per partition; trailer (runs, magic).
 *
 * Invariants: a key's partition is floor(first word * partitions / 2^32); inside a partition documents ascend.
 * Price: 12 bytes per 8-byte key; the writer holds at most 2 x {@link RUN_BYTES} whatever the span's size. Synchronous,
 * like all writing: it runs in worker threads, where thousands of small reads need no turn of an event loop.
 */
import fs from "node:fs";
import { RunError } from "../batch/errors.ts";
import { type DocumentSet, EdgeList, KeyTable, keyTableBytes } from "../kernels/group-keys.ts";
import { checkDocumentCount } from "../kernels/union-find.ts";

const MAGIC = 0x594b4d53; // "SMKY"
const VERSION = 1;
const HEADER_BYTES = 16;
const TRAILER_BYTES = 8;
/** Records a writer keeps before it sorts and writes them as one run. */
const RUN_BYTES = 16 << 20;
const READ_BYTES = 1 << 20;
const MAX_PARTITIONS = 65536;

/** Where a key file is written: a pending file. */
export interface KeySink {
  write(bytes: Uint8Array): void;
}

export interface KeyFileShape {
  readonly key_bytes: 8 | 16;
  /** 1 to 65,536. All key files that are matched together have the same number. */
  readonly partitions: number;
}

/** Writes the keys of one span. `add` documents in ascending order, then `finish`, then commit the sink. */
export class KeyFileWriter {
  readonly #sink: KeySink;
  readonly #keyWords: number;
  readonly #partitions: number;
  readonly #runBytes: number;
  #records = new Uint32Array(1 << 14);
  #length = 0;
  #counts: Uint32Array;
  readonly #index: Uint32Array[] = [];
  #lastDocument = 0;
  #total = 0;

  constructor(sink: KeySink, shape: KeyFileShape, runBytes = RUN_BYTES) {
    if (shape.partitions < 1 || shape.partitions > MAX_PARTITIONS) {
      throw new Error(`key file with ${shape.partitions} partitions`);
    }
    this.#sink = sink;
    this.#keyWords = shape.key_bytes / 4;
    this.#partitions = shape.partitions;
    this.#runBytes = runBytes;
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
      if (this.#length + keyWords + 1 > this.#records.length) this.#makeRoom();
      for (let word = 0; word < keyWords; word++) this.#records[this.#length++] = words[at + word];
      this.#records[this.#length++] = document;
      this.#counts[partitionOf(words[at], this.#partitions)]++;
      this.#total++;
    }
  }

  /** Writes what is left and the index; the writer must not be used afterwards. */
  finish(): void {
    this.#writeRun();
    for (const counts of this.#index) this.#sink.write(bytesOf(counts));
    this.#sink.write(bytesOf(Uint32Array.of(this.#index.length, MAGIC)));
  }

  #makeRoom(): void {
    if (this.#records.length * 4 >= this.#runBytes) {
      this.#writeRun();
    } else {
      const grown = new Uint32Array(this.#records.length * 2);
      grown.set(this.#records);
      this.#records = grown;
    }
  }

  #writeRun(): void {
    if (this.#length === 0) return;
    const stride = this.#keyWords + 1;
    const sorted = new Uint32Array(this.#length);
    const next = new Uint32Array(this.#partitions);
    for (let p = 1; p < this.#partitions; p++) next[p] = next[p - 1] + this.#counts[p - 1] * stride;
    for (let from = 0; from < this.#length; from += stride) {
      const partition = partitionOf(this.#records[from], this.#partitions);
      const to = next[partition];
      for (let word = 0; word < stride; word++) sorted[to + word] = this.#records[from + word];
      next[partition] = to + stride;
    }
    this.#sink.write(bytesOf(sorted));
    this.#index.push(this.#counts);
    this.#counts = new Uint32Array(this.#partitions);
    this.#length = 0;
  }
}

/** An open key file. */
export class KeyFile {
  readonly key_bytes: 8 | 16;
  readonly partitions: number;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #strideBytes: number;
  /** One row of `partitions` counts per run. */
  readonly #index: Uint32Array;

  /** Throws RunError `run/broken-key-file` for anything but a whole key file. */
  constructor(path: string) {
    this.#path = path;
    this.#descriptor = open(path);
    try {
      const size = fs.fstatSync(this.#descriptor).size;
      if (size < HEADER_BYTES + TRAILER_BYTES) throw this.#broken(`has only ${size} bytes`);
      const [magic, version, keyBytes, partitions] = this.#readWords(0, 4);
      const [runs, endMagic] = this.#readWords(size - TRAILER_BYTES, 2);
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
      const records = this.#index.reduce((sum, count) => sum + count, 0);
      if (records * this.#strideBytes !== recordBytes) throw this.#broken(`lacks some of its ${records} records`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Records of a partition. */
  records(partition: number): number {
    let total = 0;
    for (let at = partition; at < this.#index.length; at += this.partitions) total += this.#index[at];
    return total;
  }

  /** The records of a partition, documents ascending, piece by piece: a view of `buffer`, valid until the next one. */
  *read(partition: number, buffer: Uint32Array): Generator<Uint32Array> {
    const pieceRecords = Math.floor((buffer.length * 4) / this.#strideBytes);
    let runStart = HEADER_BYTES;
    for (let run = 0; run < this.#index.length; run += this.partitions) {
      let before = 0;
      let total = 0;
      for (let p = 0; p < this.partitions; p++) {
        if (p < partition) before += this.#index[run + p];
        total += this.#index[run + p];
      }
      const count = this.#index[run + partition];
      for (let done = 0; done < count; ) {
        const records = Math.min(pieceRecords, count - done);
        const words = (records * this.#strideBytes) / 4;
        this.#fill(bytesOf(buffer.subarray(0, words)), runStart + (before + done) * this.#strideBytes);
        yield buffer.subarray(0, words);
        done += records;
      }
      runStart += total * this.#strideBytes;
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
    for (let done = 0; done < bytes.length; ) {
      const read = fs.readSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
      if (read === 0) throw this.#broken(`ends before byte ${at + bytes.length}`);
      done += read;
    }
  }

  #broken(how: string): RunError {
    return brokenKeyFile(this.#path, how);
  }
}

/** All records of one partition of one file: `key_bytes / 4` key words and the document's number in its span, each. */
export function readPartition(path: string, partition: number): Uint32Array {
  const file = new KeyFile(path);
  try {
    const records = new Uint32Array(file.records(partition) * (file.key_bytes / 4 + 1));
    let filled = 0;
    for (const piece of file.read(partition, new Uint32Array(READ_BYTES / 4))) {
      records.set(piece, filled);
      filled += piece.length;
    }
    return records;
  } finally {
    file.close();
  }
}

export interface KeyInput {
  readonly path: string;
  /** Global number of the span's first document. Spans do not overlap. */
  readonly firstDocument: number;
}

export interface MatchOptions {
  readonly key_bytes: 8 | 16;
  /** Bound of the table of keys. The pairs come on top: 8 bytes per record with a predecessor, up to 3 x that as they grow. */
  readonly memory_bytes: number;
  /** Global documents that do not take part, because they are already dropped. */
  readonly skip?: DocumentSet;
}

/**
 * The pairs (smallest document, document) of all documents that share a key of `partition`, ascending by document,
 * without repeats. The same for any order of `inputs` and any `memory_bytes`; where the keys do not fit, the files are
 * read several times. Throws RunError `run/broken-key-file`.
 */
export function matchPartition(inputs: readonly KeyInput[], partition: number, options: MatchOptions): Uint32Array {
  const keyWords = options.key_bytes === 8 ? 2 : 4;
  const ordered = inputs.toSorted((a, b) => a.firstDocument - b.firstDocument);
  checkDocumentCount((ordered.at(-1)?.firstDocument ?? 0) + 1);
  let records = 0;
  let partitions = 0;
  for (const { path } of ordered) {
    const file = new KeyFile(path);
    try {
      if (file.key_bytes !== options.key_bytes) throw brokenKeyFile(path, `has keys of ${file.key_bytes} bytes`);
      partitions ||= file.partitions;
      if (file.partitions !== partitions || partition >= partitions) {
        throw brokenKeyFile(path, `has ${file.partitions} partitions, another number than expected`);
      }
      records += file.records(partition);
    } finally {
      file.close();
    }
  }
  const edges = new EdgeList();
  const passes = Math.max(1, Math.ceil(keyTableBytes(keyWords, records) / options.memory_bytes));
  const buffer = new Uint32Array(READ_BYTES / 4);
  for (let pass = 0; pass < passes; pass++) {
    const table = new KeyTable(keyWords, Math.ceil(records / passes), pass, passes);
    for (const { path, firstDocument } of ordered) {
      const file = new KeyFile(path);
      try {
        for (const piece of file.read(partition, buffer)) table.match(piece, firstDocument, edges, options.skip);
      } finally {
        file.close();
      }
    }
  }
  return edges.finish();
}

function partitionOf(firstWord: number, partitions: number): number {
  return Math.floor((firstWord * partitions) / 4294967296);
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function open(path: string): number {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    throw brokenKeyFile(path, `cannot be opened (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

function brokenKeyFile(path: string, how: string, cause?: unknown): RunError {
  return new RunError(
    {
      code: "run/broken-key-file",
      what: `key file ${path} ${how}`,
      why: "without it duplicates would go unnoticed",
      fix: "remove the scratch folder of the run and start it again: the span is sketched anew",
    },
    { cause },
  );
}
