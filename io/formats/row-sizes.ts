/**
 * How many bytes of its columns a row takes: what bounds a row group.
 *
 * Invariant: it follows from the values. A dictionary column counts as the utf8 column it stands for, a null as
 * nothing, whatever lies behind it.
 */
import { type Column, isValid } from "../../batch/column.ts";
import { float64At, int32At } from "../../batch/numbers.ts";

/** A number, and a string's length field. */
const NUMBER_BYTES = 8;
const LENGTH_BYTES = 4;

/** By position in `rows`. */
export function rowSizes(columns: readonly Column[], rows: Int32Array): Float64Array {
  const sizes = new Float64Array(rows.length);
  for (const column of columns) {
    const sizeOf = sizeIn(column);
    for (let i = 0; i < rows.length; i++) sizes[i] = float64At(sizes, i) + sizeOf(int32At(rows, i));
  }
  return sizes;
}

/** The bytes of one row of a column. */
function sizeIn(column: Column): (row: number) => number {
  switch (column.kind) {
    case "utf8": {
      const { offsets } = column;
      return (row) => LENGTH_BYTES + (isValid(column, row) ? int32At(offsets, row + 1) - int32At(offsets, row) : 0);
    }
    case "dictionary": {
      const lengths = Int32Array.from(column.values, (value) => Buffer.byteLength(value));
      return (row) => LENGTH_BYTES + (isValid(column, row) ? int32At(lengths, int32At(column.codes, row)) : 0);
    }
    case "token_list": {
      const { offsets } = column;
      return (row) => LENGTH_BYTES * (1 + int32At(offsets, row + 1) - int32At(offsets, row));
    }
    default:
      return () => NUMBER_BYTES;
  }
}
