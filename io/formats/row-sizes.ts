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
  for (const column of columns) addSizes(column, rows, sizes);
  return sizes;
}

/** One loop for each kind: a call for each row would cost more than what it adds up. */
function addSizes(column: Column, rows: Int32Array, sizes: Float64Array): void {
  const add = (i: number, bytes: number): void => {
    sizes[i] = float64At(sizes, i) + bytes;
  };
  switch (column.kind) {
    case "utf8":
      for (let i = 0; i < rows.length; i++) {
        const row = int32At(rows, i);
        add(i, LENGTH_BYTES + (isValid(column, row) ? lengthAt(column.offsets, row) : 0));
      }
      break;
    case "dictionary": {
      const lengths = Int32Array.from(column.values, (value) => Buffer.byteLength(value));
      for (let i = 0; i < rows.length; i++) {
        const row = int32At(rows, i);
        add(i, LENGTH_BYTES + (isValid(column, row) ? int32At(lengths, int32At(column.codes, row)) : 0));
      }
      break;
    }
    case "token_list":
      for (let i = 0; i < rows.length; i++) add(i, LENGTH_BYTES * (1 + lengthAt(column.offsets, int32At(rows, i))));
      break;
    default:
      for (let i = 0; i < rows.length; i++) add(i, NUMBER_BYTES);
  }
}

function lengthAt(offsets: Int32Array, row: number): number {
  return int32At(offsets, row + 1) - int32At(offsets, row);
}
