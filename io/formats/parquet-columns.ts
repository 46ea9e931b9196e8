/**
 * Which Parquet columns become which cells.
 *
 * Owns the mapping from physical and logical types to cell kinds. Invariant: the kind follows from the schema alone,
 * and no digit is lost: unsigned 64-bit integers and times become text. Lists, maps and structs become JSON text.
 */
import { assembleNested } from "hyparquet/src/assemble.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import type { DecodedArray, ParquetParsers, SchemaElement, SchemaTree } from "hyparquet/src/types.js";
import { isoDate, isoInstant } from "../../kernels/iso-time.ts";
import { jsonText } from "../../kernels/json/json-text.ts";
import type { Cell, CellKind } from "./cells.ts";
import { type ParquetFile, type ParquetGroup, parquetError } from "./parquet-file.ts";
import { columnPages, wholeColumn } from "./parquet-pages.ts";

/**
 * Cap on what a row group's nested column may take in memory: it is held whole, and as objects is several times its
 * size.
 */
const MAX_NESTED_BYTES = 512 * 1024 * 1024;

export interface ParquetColumn {
  readonly kind: CellKind;
  /** True if its values are the bytes of strings, as written. */
  readonly isString: boolean;
  /** Paths of the column chunks it is read from. */
  readonly leaves: readonly (readonly string[])[];
  /** Rows in pieces; together exactly the rows of the group. */
  readonly pieces: (file: ParquetFile, group: ParquetGroup) => AsyncIterable<ArrayLike<unknown>>;
  readonly toCell: (value: unknown) => Cell;
}

/** Leaves everything as the page holds it: strings as views of their bytes, times as integers. */
const RAW: ParquetParsers = {
  ...DEFAULT_PARSERS,
  stringFromBytes: (bytes) => bytes,
  jsonFromBytes: (bytes) => bytes,
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
  timestampFromMilliseconds: (value) => value,
  timestampFromMicroseconds: (value) => value,
  timestampFromNanoseconds: (value) => value,
  dateFromDays: (value) => value,
};

/** The column called `name`: a top-level one, else the one that its dotted parts lead to through structs. */
export function findColumn(tree: SchemaTree, name: string): ParquetColumn | undefined {
  const whole = tree.children.find((child) => child.element.name === name);
  let node: SchemaTree | undefined = whole ?? tree;
  const nodes: SchemaTree[] = [];
  if (whole) nodes.push(whole);
  else {
    for (const part of name.split(".")) {
      node = node?.children.find((child) => child.element.name === part);
      if (!node) return undefined;
      nodes.push(node);
    }
  }
  const isRepeated = nodes.some(({ element }) => element.repetition_type === "REPEATED");
  const leaf = nodes[nodes.length - 1];
  if (leaf.children.length === 0 && !isRepeated) return flatColumn(leaf, nodes);
  // A list inside a struct is not reached by a name of its own: the struct as a whole can be asked for.
  return nodes.length === 1 ? nestedColumn(leaf) : undefined;
}

function flatColumn(leaf: SchemaTree, nodes: readonly SchemaTree[]): ParquetColumn {
  const { kind, toCell } = cellType(leaf.element);
  // Decoded rows come wrapped in one array for every optional struct around the value.
  const wraps = nodes.slice(0, -1).filter(({ element }) => element.repetition_type === "OPTIONAL").length;
  return {
    kind,
    isString: leaf.element.type === "BYTE_ARRAY" && kind === "utf8",
    leaves: [leaf.path],
    pieces: (file, group) => columnPages(file, group, leaf.path, RAW),
    toCell: (value) => {
      let inner = value;
      for (let i = 0; i < wraps; i++) inner = (inner as unknown[] | null)?.[0];
      return inner === null || inner === undefined ? null : toCell(inner);
    },
  };
}

function leavesOf(node: SchemaTree): SchemaTree[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

function nestedColumn(node: SchemaTree): ParquetColumn {
  const leaves = leavesOf(node).map((leaf) => leaf.path);
  return {
    kind: "utf8",
    isString: false,
    leaves,
    toCell: (value) => (value === null || value === undefined ? null : jsonText(value)),
    async *pieces(file, group) {
      const where = `row group ${group.index}, column ${node.path.join(".")}`;
      const values = new Map<string, DecodedArray>();
      let bytes = 0;
      for (const path of leaves) bytes += group.chunks.get(path.join("."))!.uncompressed_bytes;
      if (bytes > MAX_NESTED_BYTES) {
        throw parquetError(file.place, where, `${bytes} bytes of nested values are too many to carry as metadata`);
      }
      for (const path of leaves) values.set(path.join("."), await wholeColumn(file, group, path, DEFAULT_PARSERS));
      let rows: DecodedArray | undefined;
      try {
        assembleNested(values, node, DEFAULT_PARSERS);
        rows = values.get(node.path.join("."));
      } catch (error) {
        throw parquetError(file.place, where, error);
      }
      if (rows?.length !== group.rows) {
        throw parquetError(file.place, where, `column has ${rows?.length} rows, its row group ${group.rows}`);
      }
      yield rows;
    },
  };
}

interface CellType {
  readonly kind: CellKind;
  readonly toCell: (value: unknown) => Cell;
}

const asIs = (kind: CellKind): CellType => ({ kind, toCell: (value) => value as Cell });
const asText = (toText: (value: never) => string): CellType => ({
  kind: "utf8",
  toCell: (value) => toText(value as never),
});

/** How a value of `element`, decoded with {@link RAW}, becomes a cell. */
function cellType(element: SchemaElement): CellType {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted === "DECIMAL" || logical?.type === "DECIMAL") return asIs("float64");
  if (converted === "DATE" || logical?.type === "DATE") return asText(isoDate);
  const unsigned = logical?.type === "INTEGER" && !logical.isSigned ? logical.bitWidth : 0;
  switch (type) {
    case "BOOLEAN":
      return asIs("bool");
    case "INT32":
      if (converted === "UINT_32" || unsigned === 32)
        return { kind: "int64", toCell: (value) => BigInt(value as number) };
      return asIs("int32");
    case "INT64":
      if (converted === "UINT_64" || unsigned === 64) return asText(String);
      if (logical?.type === "TIMESTAMP") {
        const digits = logical.unit === "NANOS" ? 9 : logical.unit === "MICROS" ? 6 : 3;
        return asText((value: bigint) => isoInstant(value, digits, logical.isAdjustedToUTC ? "Z" : ""));
      }
      if (converted === "TIMESTAMP_MILLIS") return asText((value: bigint) => isoInstant(value, 3, "Z"));
      if (converted === "TIMESTAMP_MICROS") return asText((value: bigint) => isoInstant(value, 6, "Z"));
      return asIs("int64");
    case "INT96":
      return asText((value: bigint) => isoInstant(value, 9, ""));
    case "FLOAT":
      return asIs("float32");
    case "DOUBLE":
      return asIs("float64");
    case "FIXED_LEN_BYTE_ARRAY":
      if (logical?.type === "FLOAT16") return asIs("float32");
      if (logical?.type === "UUID") return asIs("utf8");
      return asText((value: Uint8Array) => Buffer.from(value).toString("hex"));
    default:
      return asIs("utf8");
  }
}
