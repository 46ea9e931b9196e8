/**
 * How many bytes of its columns a row takes: what bounds a row group.
 *
 * Invariant: it follows from the values. A dictionary column counts as the utf8 column it stands for, a null as
 * nothing, whatever lies behind it.
 */
import { type Column, isValid } from "../../batch/column.ts";

/** A number, and a string's length field. */
const NUMBER_BYTES = 8;
const LENGTH_BYTES = 4;

/** By position in `rows`. */
export function rowSizes(columns: readonly Column[], rows: Int32Array): Float64Array {
  const sizes = new Float64Array(rows.length);
  for (const column of columns) {
    switch (column.kind) {
      case "utf8":
        for (let i = 0; i < rows.length; i++) {
          sizes[i] += LENGTH_BYTES;
          if (isValid(column, rows[i])) sizes[i] += column.offsets[rows[i] + 1] - column.offsets[rows[i]];
        }
        break;
      case "dictionary": {
        const lengths = column.values.map((value) => Buffer.byteLength(value));
        for (let i = 0; i < rows.length; i++) {
          sizes[i] += LENGTH_BYTES;
          if (isValid(column, rows[i])) sizes[i] += lengths[column.codes[rows[i]]];
        }
        break;
      }
      case "token_list":
        for (let i = 0; i < rows.length; i++) {
          sizes[i] += LENGTH_BYTES * (1 + column.offsets[rows[i] + 1] - column.offsets[rows[i]]);
        }
        break;
      default:
        for (let i = 0; i < rows.length; i++) sizes[i] += NUMBER_BYTES;
    }
  }
  return sizes;
}
