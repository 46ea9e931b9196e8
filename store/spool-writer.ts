/**
 * Writes the rows of a pass to a spool file.
 *
 * Invariant: blocks are cut by rows and bytes alone, at {@link TARGET_BATCH_ROWS} and {@link TARGET_BATCH_BYTES}, so
 * few survivors of many batches make one block, and a longer row makes one alone. Memory: a block, and the same
 * compressed. Prices: a copy, then 200 MB/s of text and more.
 */
import { type Batch, MAX_ROW_BYTES, TARGET_BATCH_BYTES, TARGET_BATCH_ROWS } from "../batch/batch.ts";
import { type Column, isValid } from "../batch/column.ts";
import { entryAt } from "../batch/entry.ts";
import { DataError } from "../batch/errors.ts";
import { float64At, int32At } from "../batch/numbers.ts";
import {
  encodeSpoolEnd,
  encodeSpoolHeader,
  FIRST_BLOCK_OFFSET,
  MAX_SPOOL_ROW_BYTES,
  type SpoolBlock,
  type SpoolColumn,
  type SpoolTotals,
  spoolTotals,
} from "./spool.ts";
import { ChunkWriter, hashOf, type SpoolEngine, spoolEngine } from "./spool-block.ts";
import { bytesOfWords, type GatheredColumn, gatherColumn, spelledOut } from "./spool-rows.ts";

/** Where a spool is written: a pending file. */
export interface SpoolSink {
  write(bytes: Uint8Array): void;
}

/** Writes the spool of one span. `add` batches in the order of their documents, then `finish`, then commit the sink. */
export class SpoolWriter {
  readonly #sink: SpoolSink;
  readonly #engine: SpoolEngine;
  readonly #columns: readonly SpoolColumn[];
  readonly #gathered: readonly GatheredColumn[];
  readonly #out: ChunkWriter;
  readonly #documents = new Int32Array(TARGET_BATCH_ROWS);
  readonly #shards = new Int32Array(TARGET_BATCH_ROWS);
  readonly #rowsInShard = new Int32Array(TARGET_BATCH_ROWS);
  readonly #positions = new Float64Array(TARGET_BATCH_ROWS);
  readonly #differences = new Int32Array(TARGET_BATCH_ROWS);
  /** Of the block that is being gathered. */
  #rows = 0;
  #bytes = 0;
  #lastDocument = -1;
  #offset = FIRST_BLOCK_OFFSET;
  readonly #blocks: SpoolBlock[] = [];
  /** Of the blocks that are written, by column. */
  readonly #valueBytes: Float64Array;

  /**
   * Columns of a batch that are not among `columns` are not spooled; those that a batch does not have are null in its
   * rows.
   */
  constructor(sink: SpoolSink, columns: readonly SpoolColumn[], engine = spoolEngine()) {
    this.#sink = sink;
    this.#engine = engine;
    this.#columns = columns;
    this.#gathered = columns.map(({ kind }) => gatherColumn(kind));
    this.#valueBytes = new Float64Array(columns.length);
    this.#out = new ChunkWriter(engine.lz4);
    sink.write(encodeSpoolHeader());
  }

  /**
   * Adds the rows of `batch` that are alive; the batch may be released afterwards. `firstDocument` is the number of its
   * first row in the span, for batches that do not say themselves.
   */
  add(batch: Batch, firstDocument: number): void {
    const columns = this.#columnsOf(batch);
    const sizes = this.#rowSizes(batch, columns);
    const { alive, rows } = batch;
    for (let from = 0; from < rows; ) {
      if (!alive.has(from)) {
        from++;
        continue;
      }
      let to = from;
      let bytes = 0;
      for (; to < rows && alive.has(to); to++) {
        const size = float64At(sizes, to);
        if (!this.#fits(to - from, bytes + size)) break;
        bytes += size;
      }
      if (to === from) {
        this.#writeBlock();
        continue;
      }
      this.#take(batch, columns, from, to, firstDocument);
      this.#bytes += bytes;
      from = to;
    }
  }

  /** Bytes of values, by column, of what was added before `finish`; the same however rows were cut into spans. */
  valueBytes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#columns.map(({ name }, c) => [name, float64At(this.#valueBytes, c)]));
  }

  /** Writes what is left and the footer; the writer must not be used afterwards. */
  finish(): SpoolTotals {
    this.#writeBlock();
    this.#sink.write(encodeSpoolEnd(this.#columns, this.#blocks, this.#engine));
    return spoolTotals(this.#blocks);
  }

  /** Whether the block has room for one more row after `rows` others, `bytes` in all. The first row always fits. */
  #fits(rows: number, bytes: number): boolean {
    if (this.#rows + rows === 0) return true;
    return this.#rows + rows < TARGET_BATCH_ROWS && this.#bytes + bytes <= TARGET_BATCH_BYTES;
  }

  #take(batch: Batch, columns: readonly (Column | undefined)[], from: number, to: number, firstDocument: number): void {
    let at = this.#rows;
    for (let row = from; row < to; row++, at++) {
      const document = batch.documents === undefined ? firstDocument + row : int32At(batch.documents, row);
      if (document <= this.#lastDocument) throw new Error(`spool: document ${document} after ${this.#lastDocument}`);
      this.#lastDocument = document;
      this.#documents[at] = document;
      this.#shards[at] = int32At(batch.shards, row);
      this.#rowsInShard[at] = int32At(batch.rowsInShard, row);
      this.#positions[at] = batch.position(row);
    }
    this.#rows = at;
    this.#gathered.forEach((gathered, c) => {
      gathered.take(columns[c], from, to);
    });
  }

  #writeBlock(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    const out = this.#out;
    out.clear();
    const hasPositions = this.#positions.subarray(0, rows).some((position, row) => position !== this.#rowsInShard[row]);
    out.flag(hasPositions);
    for (const column of this.#gathered) out.flag(column.hasNulls);
    out.buffer(this.#differencesOf(this.#documents, rows));
    out.buffer(this.#differencesOf(this.#rowsInShard, rows));
    out.buffer(bytesOfWords(this.#shards, rows));
    if (hasPositions) out.buffer(bytesOfWords(this.#positions, rows));
    let text_bytes = 0;
    let column_bytes = 0;
    this.#gathered.forEach((column, c) => {
      column.put(out);
      if (this.#columns[c]?.name === "text") text_bytes = column.bytes;
      column_bytes += column.bytes;
      this.#valueBytes[c] = float64At(this.#valueBytes, c) + column.valueBytes;
      column.clear();
    });
    const { bytes } = out;
    this.#sink.write(bytes);
    const first_document = int32At(this.#documents, 0);
    const block = { offset: this.#offset, stored_bytes: bytes.length, rows, first_document };
    this.#blocks.push({ ...block, text_bytes, column_bytes, hash: hashOf(this.#engine, bytes) });
    this.#offset += bytes.length;
    this.#rows = 0;
    this.#bytes = 0;
  }

  /** Neighbours differ by little, mostly by one: that compresses, the numbers themselves do not. */
  #differencesOf(values: Int32Array, rows: number): Uint8Array {
    let last = 0;
    for (let row = 0; row < rows; row++) {
      const value = int32At(values, row);
      this.#differences[row] = value - last;
      last = value;
    }
    return bytesOfWords(this.#differences, rows);
  }

  /** The columns of the schema, dictionaries spelled out. */
  #columnsOf(batch: Batch): readonly (Column | undefined)[] {
    return this.#columns.map(({ name, kind }) => {
      const column = batch.column(name);
      const spelled = column?.kind === "dictionary" ? spelledOut(column) : column;
      if (spelled === undefined || spelled.kind === kind) return spelled;
      throw new DataError({
        code: "data/column-type-changed",
        what: `the column ${name} is ${spelled.kind} in ${rowName(batch, 0)}, and ${kind} was expected`,
        why: "a column has one type in all rows that are kept for later work",
        fix: `leave ${name} out of the source's metadata, or give the shards of each type a source of their own`,
      });
    });
  }

  /** Bytes of the texts of every row. */
  #rowSizes(batch: Batch, columns: readonly (Column | undefined)[]): Float64Array {
    const sizes = new Float64Array(batch.rows);
    columns.forEach((column, c) => {
      if (column?.kind !== "utf8") return;
      for (let row = 0; row < batch.rows; row++) {
        if (!isValid(column, row)) continue;
        const bytes = int32At(column.offsets, row + 1) - int32At(column.offsets, row);
        const size = float64At(sizes, row) + bytes;
        sizes[row] = size;
        if (bytes <= MAX_ROW_BYTES && size <= MAX_SPOOL_ROW_BYTES) continue;
        if (batch.alive.has(row)) throw tooLarge(batch, row, entryAt(this.#columns, c, "column").name, bytes);
      }
    });
    return sizes;
  }
}

function tooLarge(batch: Batch, row: number, column: string, bytes: number): DataError {
  return new DataError({
    code: "data/row-too-large",
    what: `${rowName(batch, row)} has ${bytes} bytes in the column ${column}`,
    why: `a text holds at most ${MAX_ROW_BYTES} bytes, and all texts of a row ${MAX_SPOOL_ROW_BYTES}`,
    fix: "drop or cut such rows in an earlier stage",
  });
}

/** A batch knows its shard's place in the listing, not its key. */
function rowName({ source, shards, rowsInShard }: Batch, row: number): string {
  return `row ${int32At(rowsInShard, row)} of shard ${int32At(shards, row)} of ${source}`;
}
