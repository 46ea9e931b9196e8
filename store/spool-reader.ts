/**
 * Reads a spool back as the batches its rows came from: the same addresses, the same columns, dead rows missing.
 *
 * Invariant: a block's checksum is compared before anything in it is believed. Text columns take their memory where
 * readers of shards take it, so whoever ends a batch releases them alike. Memory: one block, compressed and not. Price:
 * 1 GB/s and more.
 */
import fs from "node:fs";
import { Batch, MAX_ROW_BYTES } from "../batch/batch.ts";
import type { ScalarColumn, Utf8Column } from "../batch/column.ts";
import { entryAt } from "../batch/entry.ts";
import { ARENA } from "../batch/memory.ts";
import { int32At } from "../batch/numbers.ts";
import { damagedSpool, decodeSpoolHead, fillFrom, openSpool, type SpoolColumn, type SpoolHead } from "./spool.ts";
import { ChunkReader, hashOf, type SpoolEngine, spoolEngine } from "./spool-block.ts";
import { bytesOfWords, type FixedKind, VALUE_BYTES } from "./spool-rows.ts";

/** An open spool. Close it after use. */
export class SpoolReader {
  readonly head: SpoolHead;
  readonly #path: string;
  readonly #source: string;
  readonly #engine: SpoolEngine;
  readonly #descriptor: number;
  #stored = new Uint8Array(0);

  /** `source` is what the batches say they are of. Throws RunError `store/damaged` for anything but a whole spool. */
  constructor(path: string, source: string, engine = spoolEngine()) {
    this.#path = path;
    this.#source = source;
    this.#engine = engine;
    this.#descriptor = openSpool(path);
    try {
      this.head = decodeSpoolHead(path, this.#descriptor, engine);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Batches of blocks `[from, to)`, in order. */
  *batches(from = 0, to = this.head.blocks.length): Generator<Batch> {
    for (let block = from; block < to; block++) yield this.read(block);
  }

  /** The rows of one block. Throws RunError `store/damaged`. */
  read(block: number): Batch {
    const { offset, stored_bytes, rows, hash } = entryAt(this.head.blocks, block, "block of the spool");
    const fail = (how: string): never => {
      throw damagedSpool(this.#path, `has a damaged block ${block}, at byte ${offset}: it ${how}`);
    };
    if (this.#stored.length < stored_bytes) this.#stored = new Uint8Array(stored_bytes);
    const stored = this.#stored.subarray(0, stored_bytes);
    fillFrom(this.#path, this.#descriptor, stored, offset);
    const [high, low] = hashOf(this.#engine, stored);
    if (high !== hash[0] || low !== hash[1]) fail("does not match its checksum");

    const input = new ChunkReader(this.#engine.lz4, stored, fail);
    const hasPositions = input.flag();
    const columns = this.head.columns.map((column) => ({ ...column, hasNulls: input.flag() }));
    const documents = summed(integers(input, rows));
    const rowsInShard = summed(integers(input, rows));
    const shards = integers(input, rows);
    const positions = hasPositions ? new Float64Array(rows) : undefined;
    if (positions !== undefined) input.buffer(bytesOfWords(positions, rows));
    const decoded = columns.map((column) => [column.name, columnOf(input, column, rows, fail)] as const);
    input.end();
    return new Batch({
      source: this.#source,
      shards,
      rowsInShard,
      documents,
      ...(positions && { positions }),
      columns: decoded,
    });
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** All batches of a spool, in order. Throws RunError `store/damaged`. */
export function* readSpool(path: string, source: string): Generator<Batch> {
  const reader = new SpoolReader(path, source);
  try {
    yield* reader.batches();
  } finally {
    reader.close();
  }
}

function columnOf(
  input: ChunkReader,
  { kind, hasNulls }: SpoolColumn & { readonly hasNulls: boolean },
  rows: number,
  fail: (how: string) => never,
): ScalarColumn {
  const validity = hasNulls ? new Uint8Array((rows + 7) >> 3) : undefined;
  if (validity !== undefined) input.buffer(validity);
  const nulls = validity && { validity };
  return kind === "utf8" ? { ...textOf(input, rows, fail), ...nulls } : { ...valuesOf(input, kind, rows), ...nulls };
}

function textOf(input: ChunkReader, rows: number, fail: (how: string) => never): Utf8Column {
  const lengths = integers(input, rows);
  const offsets = new Int32Array(rows + 1);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const length = int32At(lengths, row);
    if (length < 0 || length > MAX_ROW_BYTES - end) fail("has texts of impossible lengths");
    end += length;
    offsets[row + 1] = end;
  }
  const data = ARENA.allocate(end);
  input.buffer(data);
  return { kind: "utf8", data, offsets };
}

function valuesOf(input: ChunkReader, kind: FixedKind, rows: number): ScalarColumn {
  const bytes = new Uint8Array(rows * VALUE_BYTES[kind]);
  input.buffer(bytes);
  switch (kind) {
    case "int32":
      return { kind, values: new Int32Array(bytes.buffer) };
    case "int64":
      return { kind, values: new BigInt64Array(bytes.buffer) };
    case "float32":
      return { kind, values: new Float32Array(bytes.buffer) };
    case "float64":
      return { kind, values: new Float64Array(bytes.buffer) };
    case "bool":
      return { kind, values: bytes };
  }
}

function integers(input: ChunkReader, count: number): Int32Array {
  const values = new Int32Array(count);
  input.buffer(bytesOfWords(values, count));
  return values;
}

/** Numbers from their differences, in place. */
function summed(values: Int32Array): Int32Array {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum = (sum + int32At(values, i)) | 0;
    values[i] = sum;
  }
  return values;
}
