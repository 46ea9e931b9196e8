/**
 * Which Parquet columns become which cells.
 *
 * Owns the way from a path to the column chunks it needs and from stored values to cells. Invariant: the kind follows from the schema and what
 * was asked for; only the leaves below the path are read. A column that is repeated nowhere is read page by page, others a row group at a
 * time.
 */
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import type { DecodedArray, ParquetParsers, SchemaTree } from "hyparquet/src/types.js";
import { type CellKind, type CellOrMisfit, type MetadataKind, NO_INSTANT } from "./cells.ts";
import { chunkKey, type ParquetFile, type ParquetGroup, parquetError } from "./parquet-file.ts";
import { leavesBelow, nestedType } from "./parquet-nested.ts";
import { columnPages, wholeColumn } from "./parquet-pages.ts";
import { leafType } from "./parquet-types.ts";
import { cellsOf, ownCells } from "./value-cells.ts";
import type { RawValue, ValueType } from "./value-types.ts";

/**
 * Cap on what a row group's nested column may take in memory: it is held whole, and as objects is several times its
 * size.
 */
const MAX_NESTED_BYTES = 512 * 1024 * 1024;

export interface ParquetColumn {
  readonly type: ValueType;
  /** True if its values are the bytes of strings, as written; a column of nulls has none that are not. */
  readonly isString: boolean;
  /** Paths of the column chunks it is read from. */
  readonly leaves: readonly (readonly string[])[];
  /** Rows in pieces; together exactly the rows of the group. */
  readonly pieces: (file: ParquetFile, group: ParquetGroup) => AsyncIterable<ArrayLike<unknown>>;
  /** Cells of the kind the file suggests, or of `kind`; undefined where its values are not of that kind. */
  readonly cells: (kind?: MetadataKind) => ParquetCells | undefined;
}

export interface ParquetCells {
  readonly kind: CellKind;
  /** From an entry of `pieces`. */
  readonly toCell: (value: unknown) => CellOrMisfit;
}

/** Leaves everything as the page holds it: strings as views of their bytes, instants of 96 bits as nanoseconds. */
const RAW: ParquetParsers = {
  ...DEFAULT_PARSERS,
  stringFromBytes: (bytes) => bytes,
  timestampFromNanoseconds: (value) => value,
};

/** The column that the keys of `path` lead to through structs. */
export function findColumn(tree: SchemaTree, path: readonly string[]): ParquetColumn | undefined {
  const nodes: SchemaTree[] = [];
  for (const key of path) {
    const node = (nodes.at(-1) ?? tree).children.find((child) => child.element.name === key);
    if (node === undefined) return undefined;
    nodes.push(node);
  }
  const above = nodes.slice(0, -1);
  const node = nodes.at(-1);
  // Inside a list there is no one value a row.
  if (node === undefined || above.some(({ element }) => element.repetition_type === "REPEATED")) return undefined;
  // What leaves hold comes wrapped in one array for every optional struct above them.
  const wraps = above.filter(({ element }) => element.repetition_type === "OPTIONAL").length;
  const isFlat = node.children.length === 0 && node.element.repetition_type !== "REPEATED";
  return isFlat ? flatColumn(node, wraps) : nestedColumn(node, wraps);
}

function flatColumn(leaf: SchemaTree, wraps: number): ParquetColumn {
  const { type, toRaw, fits } = leafType(leaf);
  return {
    type,
    isString: type.type === "string" || type.type === "json" || type.type === "binary" || type.type === "null",
    leaves: [leaf.path],
    pieces: (file, group) => columnPages(file, group, leaf.path, RAW),
    cells: (kind) => {
      const cells = kind === undefined ? ownCells(type) : cellsOf(type, kind);
      return (
        cells && {
          kind: cells.kind,
          toCell: (value) => {
            const stored = unwrapped(value, wraps);
            if (stored === null || stored === undefined) return null;
            return fits === undefined || fits(stored) ? cells.toCell(toRaw(stored)) : NO_INSTANT;
          },
        }
      );
    },
  };
}

function unwrapped(value: unknown, wraps: number): unknown {
  let inner = value;
  for (let i = 0; i < wraps; i++) inner = (inner as ArrayLike<unknown> | null)?.[0];
  return inner;
}

function nestedColumn(node: SchemaTree, wraps: number): ParquetColumn {
  const leaves = leavesBelow(node).map((leaf) => leaf.path);
  const { type, toRaw } = nestedType(node);
  return {
    type,
    isString: false,
    leaves,
    cells: (kind) => {
      const cells = kind === undefined ? ownCells(type) : cellsOf(type, kind);
      return (
        cells && {
          kind: cells.kind,
          toCell: (value) => (value === null ? null : cells.toCell(value as RawValue)),
        }
      );
    },
    async *pieces(file, group) {
      const where = `row group ${group.index}, column ${node.path.join(".")}`;
      let bytes = 0;
      for (const path of leaves) bytes += group.chunks.get(chunkKey(path))?.uncompressed_bytes ?? 0;
      if (bytes > MAX_NESTED_BYTES) {
        throw parquetError(file.place, where, `${bytes} bytes of nested values are too many to carry as metadata`);
      }
      const columns: DecodedArray[] = [];
      for (const path of leaves) columns.push(await wholeColumn(file, group, path, RAW));
      const rows: RawValue[] = [];
      try {
        for (let row = 0; row < group.rows; row++) {
          const items = columns.map((column) => unwrapped(column[row], wraps));
          // Undefined: a struct above it is absent.
          rows.push(items[0] === undefined && wraps > 0 ? null : toRaw(items));
        }
      } catch (error) {
        throw parquetError(file.place, where, error);
      }
      yield rows;
    },
  };
}
