/** What a table reader hands over, one value of one row: the vocabulary between file formats and batch columns. */

/** Kinds a reader can give a column. */
export const CELL_KINDS = ["utf8", "int32", "int64", "float32", "float64", "bool"] as const;
export type CellKind = (typeof CELL_KINDS)[number];

/** A value on its way into a column: bytes are UTF-8 that nobody has checked yet, absent is null. */
export type Cell = Uint8Array | string | number | bigint | boolean | null;
