/** Builds batches by hand for tests: one source, one shard, rows in the order given, all alive, as an executor hands them to stages. */
import { Batch } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { type Column, isValid, utf8String } from "../batch/column.ts";
import type { ExampleRow } from "../stages/define.ts";

/** A batch with the columns `id` (the row number) and `text`. Strings become UTF-8; bytes are taken as they are, valid or not. */
export function batchOf(texts: readonly (string | Uint8Array)[]): Batch {
  const ids = new Utf8Builder();
  const builder = new Utf8Builder();
  for (const [row, text] of texts.entries()) {
    ids.appendString(String(row));
    if (typeof text === "string") builder.appendString(text);
    else builder.append(text);
  }
  return ready(texts.length, [
    ["id", ids.finish()],
    ["text", builder.finish()],
  ]);
}

/** A batch of rows given by column; all rows have the columns of the first, and `text` where it is not given is empty. */
export function batchOfRows(rows: readonly ExampleRow[]): Batch {
  const names = [...new Set(["text", ...rows.flatMap((row) => Object.keys(row))])];
  return ready(
    rows.length,
    names.map((name) => [name, columnOf(rows.map((row) => row[name] ?? (name === "text" ? "" : null)))]),
  );
}

/** Values as a column: of the kind that fits the first one that is not null. */
function columnOf(values: readonly ExampleRow[string][]): Column {
  const kind = typeof values.find((value) => value !== null);
  const validity = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, row) => {
    if (value !== null) validity[row >> 3] |= 1 << (row & 7);
  });
  switch (kind) {
    case "number":
      return { kind: "float64", values: Float64Array.from(values, (value) => Number(value ?? 0)), validity };
    case "bigint":
      return { kind: "int64", values: BigInt64Array.from(values, (value) => BigInt(String(value ?? 0))), validity };
    case "boolean":
      return { kind: "bool", values: Uint8Array.from(values, (value) => Number(value === true)), validity };
    default: {
      const builder = new Utf8Builder();
      for (const value of values) {
        if (value === null) builder.appendNull();
        else builder.appendString(String(value));
      }
      return builder.finish();
    }
  }
}

/** The value of one row of a column, as an example spells it. */
export function valueAt(column: Column, row: number): ExampleRow[string] {
  if (column.kind === "token_list") return [...column.values.subarray(column.offsets[row], column.offsets[row + 1])];
  if (column.kind === "range_list") {
    const [from, to] = [column.offsets[row], column.offsets[row + 1]];
    return [...column.starts.subarray(from, to)].flatMap((start, i) => [start, column.ends[from + i]]);
  }
  if (!isValid(column, row)) return null;
  if (column.kind === "utf8") return utf8String(column, row);
  if (column.kind === "dictionary") return column.values[column.codes[row]];
  if (column.kind === "bool") return column.values[row] === 1;
  return column.values[row];
}

function ready(rows: number, columns: readonly (readonly [string, Column])[]): Batch {
  const rowsInShard = Int32Array.from({ length: rows }, (_, row) => row);
  const batch = new Batch({ source: "test", shards: new Int32Array(rows), rowsInShard, columns });
  batch.numberFrom(0);
  batch.nameShards(["shard"]);
  return batch;
}
