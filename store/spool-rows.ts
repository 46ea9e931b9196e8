/**
 * The rows of a spool's next block, gathered column by column from the batches of a pass.
 *
 * Invariants: everything is copied, so a batch may be released at once; a null leaves zeros or nothing behind, so that
 * equal rows are equal bytes. Memory: what a block holds, kept from block to block. Price: one copy of every byte, in
 * runs of rows that lived.
 */
import { TARGET_BATCH_ROWS } from "../batch/batch.ts";
import { Bitmap } from "../batch/bitmap.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { type Column, type DictionaryColumn, isValid, type Utf8Column } from "../batch/column.ts";
import { entryAt } from "../batch/entry.ts";
import { int32At } from "../batch/numbers.ts";
import type { CellKind } from "../io/formats/cells.ts";
import type { ChunkWriter } from "./spool-block.ts";

/** Bytes of a value. */
export const VALUE_BYTES = { int32: 4, int64: 8, float32: 4, float64: 8, bool: 1 } as const;
export type FixedKind = keyof typeof VALUE_BYTES;

const SMALLEST_TEXT_BYTES = 1 << 16;

/** One column of the block. Columns are taken run by run; undefined is a run of nulls. */
export interface GatheredColumn {
  /** Bytes gathered: texts, or values. */
  readonly bytes: number;
  /** The same without what a null leaves behind. */
  readonly valueBytes: number;
  readonly hasNulls: boolean;
  take(column: Column | undefined, from: number, to: number): void;
  put(out: ChunkWriter): void;
  clear(): void;
}

export function gatherColumn(kind: CellKind): GatheredColumn {
  return kind === "utf8" ? new GatheredText() : new GatheredValues(VALUE_BYTES[kind]);
}

/** Which rows have a value. */
class Presence {
  readonly #bitmap = new Bitmap(TARGET_BATCH_ROWS);
  rows = 0;
  nulls = 0;

  /** Notes the next row. */
  add(present: boolean): void {
    if (present) this.#bitmap.set(this.rows);
    else this.nulls++;
    this.rows++;
  }

  put(out: ChunkWriter): void {
    if (this.nulls > 0) out.buffer(this.#bitmap.bytes.subarray(0, (this.rows + 7) >> 3));
  }

  clear(): void {
    this.#bitmap.bytes.fill(0);
    this.rows = 0;
    this.nulls = 0;
  }
}

class GatheredText implements GatheredColumn {
  readonly #presence = new Presence();
  readonly #lengths = new Int32Array(TARGET_BATCH_ROWS);
  #data = new Uint8Array(SMALLEST_TEXT_BYTES);
  bytes = 0;

  get valueBytes(): number {
    return this.bytes;
  }

  get hasNulls(): boolean {
    return this.#presence.nulls > 0;
  }

  take(column: Column | undefined, from: number, to: number): void {
    if (column === undefined) {
      for (let row = from; row < to; row++) this.#addRow(0, false);
      return;
    }
    if (column.kind !== "utf8") throw new Error(`${column.kind} gathered as text`);
    const { offsets, validity } = column;
    if (validity === undefined) {
      this.#copy(column, from, to);
      for (let row = from; row < to; row++) this.#addRow(int32At(offsets, row + 1) - int32At(offsets, row), true);
      return;
    }
    for (let row = from; row < to; row++) {
      const present = isValid(column, row);
      if (present) this.#copy(column, row, row + 1);
      this.#addRow(present ? int32At(offsets, row + 1) - int32At(offsets, row) : 0, present);
    }
  }

  put(out: ChunkWriter): void {
    const { rows } = this.#presence;
    this.#presence.put(out);
    out.buffer(bytesOfWords(this.#lengths, rows));
    out.buffer(this.#data.subarray(0, this.bytes));
  }

  clear(): void {
    this.#presence.clear();
    this.bytes = 0;
  }

  #addRow(length: number, present: boolean): void {
    this.#lengths[this.#presence.rows] = length;
    this.#presence.add(present);
  }

  #copy({ data, offsets }: Utf8Column, from: number, to: number): void {
    const needed = this.bytes + int32At(offsets, to) - int32At(offsets, from);
    if (needed > this.#data.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#data.length));
      grown.set(this.#data.subarray(0, this.bytes));
      this.#data = grown;
    }
    this.#data.set(data.subarray(int32At(offsets, from), int32At(offsets, to)), this.bytes);
    this.bytes = needed;
  }
}

/** Values of one size, as the bytes they are. */
class GatheredValues implements GatheredColumn {
  readonly #presence = new Presence();
  readonly #width: number;
  readonly #data: Uint8Array;

  constructor(width: number) {
    this.#width = width;
    this.#data = new Uint8Array(width * TARGET_BATCH_ROWS);
  }

  get bytes(): number {
    return this.#width * this.#presence.rows;
  }

  get valueBytes(): number {
    return this.#width * (this.#presence.rows - this.#presence.nulls);
  }

  get hasNulls(): boolean {
    return this.#presence.nulls > 0;
  }

  take(column: Column | undefined, from: number, to: number): void {
    const width = this.#width;
    if (column !== undefined && !hasValues(column)) throw new Error(`${column.kind} gathered as values`);
    if (column !== undefined) {
      const { buffer, byteOffset } = column.values;
      this.#data.set(new Uint8Array(buffer, byteOffset + width * from, width * (to - from)), this.bytes);
    }
    for (let row = from; row < to; row++) {
      const present = column !== undefined && isValid(column, row);
      if (!present) this.#data.fill(0, this.bytes, this.bytes + width);
      this.#presence.add(present);
    }
  }

  put(out: ChunkWriter): void {
    this.#presence.put(out);
    out.buffer(this.#data.subarray(0, this.bytes));
  }

  clear(): void {
    this.#presence.clear();
  }
}

type ValuesColumn = Extract<Column, { kind: FixedKind }>;

function hasValues(column: Column): column is ValuesColumn {
  return Object.hasOwn(VALUE_BYTES, column.kind);
}

/** The strings a dictionary stands for. */
export function spelledOut(column: DictionaryColumn): Utf8Column {
  const { codes, values } = column;
  const encoder = new TextEncoder();
  const encoded = values.map((value) => encoder.encode(value));
  const builder = new Utf8Builder(SMALLEST_TEXT_BYTES, codes.length);
  for (let row = 0; row < codes.length; row++) {
    if (isValid(column, row)) builder.append(entryAt(encoded, int32At(codes, row), "dictionary value"));
    else builder.appendNull();
  }
  return builder.finish();
}

/** Bytes of the first `count` of `words`. */
export function bytesOfWords(words: Int32Array | Float64Array, count: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, count * words.BYTES_PER_ELEMENT);
}
