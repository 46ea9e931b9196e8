/**
 * Columns of a batch: Arrow's memory layout on plain typed arrays.
 *
 * Invariant: a column is immutable once it is in a batch. Offsets have `rows + 1` entries, start at 0 and never decrease.
 * A validity bitmap is absent when every value is present; bit `i` (least significant first) is 1 for a present value.
 */

interface Nullable {
  readonly validity?: Uint8Array;
}

/** UTF-8 bytes, back to back. `offsets[i]..offsets[i + 1]` is row `i`. */
export interface Utf8Column extends Nullable {
  readonly kind: "utf8";
  readonly data: Uint8Array;
  readonly offsets: Int32Array;
}
export interface Int32Column extends Nullable {
  readonly kind: "int32";
  readonly values: Int32Array;
}
export interface Int64Column extends Nullable {
  readonly kind: "int64";
  readonly values: BigInt64Array;
}
export interface Float32Column extends Nullable {
  readonly kind: "float32";
  readonly values: Float32Array;
}
export interface Float64Column extends Nullable {
  readonly kind: "float64";
  readonly values: Float64Array;
}
/** One byte per row, 0 or 1. */
export interface BoolColumn extends Nullable {
  readonly kind: "bool";
  readonly values: Uint8Array;
}
/** Few distinct strings: `codes[i]` indexes into `values`. */
export interface DictionaryColumn extends Nullable {
  readonly kind: "dictionary";
  readonly codes: Int32Array;
  readonly values: readonly string[];
}
/** Token ids, back to back. `offsets[i]..offsets[i + 1]` is row `i`, in tokens. */
export interface TokenListColumn {
  readonly kind: "token_list";
  readonly values: Uint32Array;
  readonly offsets: Int32Array;
  /** One byte a token: 1 where the token, as a label, is trained on. Absent where all are. */
  readonly loss?: Uint8Array;
}
/** Ranges of bytes in the row's text, ascending and apart. `offsets[i]..offsets[i + 1]` are those of row `i`. */
export interface RangeListColumn {
  readonly kind: "range_list";
  readonly starts: Int32Array;
  /** Exclusive. */
  readonly ends: Int32Array;
  readonly offsets: Int32Array;
  /** A row without ranges has none; it is never null. */
  readonly validity?: never;
}

export type Column =
  | Utf8Column
  | Int32Column
  | Int64Column
  | Float32Column
  | Float64Column
  | BoolColumn
  | DictionaryColumn
  | TokenListColumn
  | RangeListColumn;

/** Columns that go from batch to batch and to files: one value or null a row. */
export type ScalarColumn = Exclude<Column, TokenListColumn | RangeListColumn>;

export type ColumnKind = Column["kind"];

/** Number of rows of a column. */
export function columnRows(column: Column): number {
  switch (column.kind) {
    case "utf8":
    case "token_list":
    case "range_list":
      return column.offsets.length - 1;
    case "dictionary":
      return column.codes.length;
    default:
      return column.values.length;
  }
}

/** Whether row `row` has a value. */
export function isValid(column: Nullable, row: number): boolean {
  return column.validity === undefined || ((column.validity[row >> 3] >> (row & 7)) & 1) === 1;
}

type Columns = ReadonlyMap<string, Column>;

/** The values of int32 column `name` of a table; none where it has no such column or no rows, which give a column no kind. */
export function int32Values(columns: Columns, name: string): Int32Array {
  const column = columns.get(name);
  if (column === undefined || columnRows(column) === 0) return new Int32Array(0);
  if (column.kind !== "int32") throw new Error(`column ${name} is ${column.kind}, not int32`);
  return column.values;
}

/** The values of float64 column `name`, as {@link int32Values}. */
export function float64Values(columns: Columns, name: string): Float64Array {
  const column = columns.get(name);
  if (column === undefined || columnRows(column) === 0) return new Float64Array(0);
  if (column.kind !== "float64") throw new Error(`column ${name} is ${column.kind}, not float64`);
  return column.values;
}

/** The arrays that hold a column's values: what may be given back when nobody looks at the column any more. */
export function columnArrays(column: Column): readonly ArrayBufferView[] {
  switch (column.kind) {
    case "utf8":
      return [column.data];
    case "dictionary":
      return [];
    case "range_list":
      return [column.starts, column.ends];
    case "token_list":
      return column.loss === undefined ? [column.values] : [column.values, column.loss];
    default:
      return [column.values];
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Row `row` of a UTF-8 column as bytes (a view, not a copy). */
export function utf8Bytes(column: Utf8Column, row: number): Uint8Array {
  return column.data.subarray(column.offsets[row], column.offsets[row + 1]);
}

/** Row `row` of a UTF-8 column as a JavaScript string. For messages and tests, not for hot paths. */
export function utf8String(column: Utf8Column, row: number): string {
  return decoder.decode(utf8Bytes(column, row));
}
