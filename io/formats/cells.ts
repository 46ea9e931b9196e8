/** What a table reader hands over, one value of one row: the vocabulary between file formats and batch columns. */

/** Kinds a reader can give a column. */
export const CELL_KINDS = ["utf8", "int32", "int64", "float32", "float64", "bool"] as const;
export type CellKind = (typeof CELL_KINDS)[number];

/** Kinds that a recipe can ask a reader for: `json` is a utf8 column whose every text is one JSON value. */
export const METADATA_KINDS = [...CELL_KINDS, "json"] as const;
export type MetadataKind = (typeof METADATA_KINDS)[number];

/** What the column of a kind is made of. */
export function cellKindOf(kind: MetadataKind): CellKind {
  return kind === "json" ? "utf8" : kind;
}

/** A value on its way into a column: bytes are UTF-8 that nobody has checked yet, absent is null. */
export type Cell = Uint8Array | string | number | bigint | boolean | null;

/** A value that its column cannot hold exactly. */
export const MISFIT = Symbol("misfit");
/** A stored instant outside the years 1 to 9999: what a writer makes of a count of days that overflowed. */
export const NO_INSTANT = Symbol("no instant");
/** A nested value that holds a string whose bytes are not UTF-8. */
export const NO_UTF8 = Symbol("no UTF-8");
export type CellOrMisfit = Cell | typeof MISFIT | typeof NO_INSTANT | typeof NO_UTF8;
