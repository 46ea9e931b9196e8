/**
 * Batches for a pass that asks outside: few rows each.
 *
 * Invariant: the same rows in the same order, each with all it had. A request makes a few bytes of a row into as many as a model can write, so
 * the rows of a batch are bounded, not only its bytes. Price: one copy.
 */
import { Batch } from "../../../batch/batch.ts";
import { type Column, columnArrays, type ScalarColumn } from "../../../batch/column.ts";
import { release } from "../../../batch/memory.ts";
import { int32At, uint8At } from "../../../batch/numbers.ts";

/** With the longest answer that a client takes, a column stays below what offsets reach. */
export const REQUEST_ROWS = 128;

/** The rows of `batch`, which ends here, in batches of at most {@link REQUEST_ROWS}. */
export function* requestBatches(batch: Batch): Generator<Batch> {
  if (batch.rows <= REQUEST_ROWS) {
    yield batch;
    return;
  }
  for (let from = 0; from < batch.rows; from += REQUEST_ROWS) {
    yield rowsOf(batch, from, Math.min(batch.rows, from + REQUEST_ROWS));
  }
  for (const column of batch.columns.values()) for (const array of columnArrays(column)) release(array);
}

function rowsOf(batch: Batch, from: number, to: number): Batch {
  const { source, shards, rowsInShard, positions, documents } = batch;
  return new Batch({
    source,
    shards: shards.slice(from, to),
    rowsInShard: rowsInShard.slice(from, to),
    ...(positions instanceof Float64Array && { positions: positions.slice(from, to) }),
    ...(documents && { documents: documents.slice(from, to) }),
    columns: [...batch.columns].map(([name, column]) => [name, partOf(column, from, to)] as const),
  });
}

function partOf(column: Column, from: number, to: number): ScalarColumn {
  if (column.kind === "token_list" || column.kind === "range_list")
    throw new Error(`${column.kind} went through the disk between two passes`);
  const nulls = column.validity && { validity: bitsOf(column.validity, from, to) };
  switch (column.kind) {
    case "utf8": {
      const start = int32At(column.offsets, from);
      const data = column.data.slice(start, int32At(column.offsets, to));
      return { kind: "utf8", data, offsets: column.offsets.slice(from, to + 1).map((at) => at - start), ...nulls };
    }
    case "int32":
      return { kind: column.kind, values: column.values.slice(from, to), ...nulls };
    case "int64":
      return { kind: column.kind, values: column.values.slice(from, to), ...nulls };
    case "float32":
      return { kind: column.kind, values: column.values.slice(from, to), ...nulls };
    case "float64":
      return { kind: column.kind, values: column.values.slice(from, to), ...nulls };
    case "bool":
      return { kind: column.kind, values: column.values.slice(from, to), ...nulls };
    case "dictionary":
      return { kind: column.kind, codes: column.codes.slice(from, to), values: column.values, ...nulls };
  }
}

function bitsOf(validity: Uint8Array, from: number, to: number): Uint8Array {
  const bits = new Uint8Array((to - from + 7) >> 3);
  for (let row = from; row < to; row++) {
    if ((uint8At(validity, row >> 3) >> (row & 7)) & 1)
      bits[(row - from) >> 3] = uint8At(bits, (row - from) >> 3) | (1 << ((row - from) & 7));
  }
  return bits;
}
