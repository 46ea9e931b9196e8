/**
 * Rows on their way into batches of a fixed set of columns.
 *
 * Invariant: where batches are cut never shows in the rows; who reads no text gets an empty one. Memory: one batch, its columns sized by the batch before.
 */
import { Batch, MAX_BATCH_BYTES, TARGET_BATCH_BYTES, TARGET_BATCH_ROWS } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import type { CellOrMisfit } from "../../io/formats/cells.ts";
import { type ColumnBuilder, type ColumnSpec, columnBuilder } from "./column-builders.ts";

/** When a batch is full. A row that would pass the limit opens the next batch. */
export interface BatchTarget {
  readonly bytes: number;
  readonly rows: number;
}
const NO_TEXT = new Uint8Array(0);
export const BATCH_TARGET: BatchTarget = { bytes: TARGET_BATCH_BYTES, rows: TARGET_BATCH_ROWS };

/** Collects rows into batches of a fixed set of columns. */
export class BatchAssembler {
  readonly #source: string;
  readonly #specs: readonly ColumnSpec[];
  readonly #target: BatchTarget;
  #builders: readonly ColumnBuilder[] = [];
  /** Bytes a column of the next batch will take, going by the batch before. */
  #expected: readonly number[] = [];
  #shards: number[] = [];
  #rows: number[] = [];
  /** Only of rows that were added with one. */
  #positions: number[] = [];

  constructor(source: string, specs: readonly ColumnSpec[], target: BatchTarget) {
    this.#source = source;
    this.#specs = specs;
    this.#target = target;
  }

  get #bytes(): number {
    let bytes = 0;
    for (const builder of this.#builders) bytes += builder.byteLength;
    return bytes;
  }

  get full(): boolean {
    return this.#rows.length >= this.#target.rows || this.#bytes >= this.#target.bytes;
  }

  /** Whether a row of `bytes` must wait for the next batch: {@link rest} this one first. */
  overflows(bytes: number): boolean {
    return this.#rows.length > 0 && this.#bytes + bytes > MAX_BATCH_BYTES;
  }

  /**
   * Adds a row whose cells were judged, one a column in the order of the specs. `position` is where the row starts in its shard, for
   * readers whose `row` counts from the start of an extent.
   */
  addRow(shard: number, row: number, cells: readonly CellOrMisfit[], position?: number): void {
    if (this.#rows.length === 0) {
      this.#builders = this.#specs.map((spec, i) => columnBuilder(spec.kind, this.#expected[i]));
    }
    this.#shards.push(shard);
    this.#rows.push(row);
    if (position !== undefined) this.#positions.push(position);
    let c = 0;
    for (const builder of this.#builders) {
      const cell = cells[c];
      if (cell === undefined || typeof cell === "symbol") {
        throw new Error(`${this.#specs[c]?.name}: a row was added that does not fit`);
      }
      builder.push(cell);
      c++;
    }
  }

  /** The rows so far as a batch, nothing where there are none. */
  *rest(): Generator<Batch> {
    const batch = this.#take();
    if (batch !== undefined) yield batch;
  }

  #take(): Batch | undefined {
    if (this.#rows.length === 0) return undefined;
    this.#expected = this.#builders.map((builder) => Math.ceil(builder.byteLength * 1.1));
    const batch = new Batch({
      source: this.#source,
      shards: Int32Array.from(this.#shards),
      rowsInShard: Int32Array.from(this.#rows),
      ...(this.#positions.length > 0 && { positions: Float64Array.from(this.#positions) }),
      columns: [...this.#columns()],
    });
    this.#builders = [];
    this.#shards = [];
    this.#rows = [];
    this.#positions = [];
    return batch;
  }

  *#columns(): Generator<readonly [string, Column]> {
    let hasText = false;
    for (const [i, builder] of this.#builders.entries()) {
      const { name } = entryAt(this.#specs, i, "column");
      if (name === "text") hasText = true;
      yield [name, builder.finish()];
    }
    if (!hasText) yield ["text", { kind: "utf8", data: NO_TEXT, offsets: new Int32Array(this.#rows.length + 1) }];
  }
}

/** Bytes that the cells of a row add to a batch, about. */
export function sizeOfCells(cells: readonly CellOrMisfit[]): number {
  let size = 0;
  for (const cell of cells) if (cell instanceof Uint8Array || typeof cell === "string") size += cell.length;
  return size;
}
