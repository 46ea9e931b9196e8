/**
 * What the bytes of a Parquet footer say: schema and row groups, as the format's own definition has them.
 *
 * Invariant: every name, number and list is of the type that the format gives it, and the schema is one tree; anything else is an Error that says
 * what is wrong. Whether chunks lie inside the file is not judged here. Price: one pass over the footer; statistics are passed over.
 */
import { CompressionCodecs, ConvertedTypes, FieldRepetitionTypes, ParquetTypes } from "hyparquet/src/constants.js";
import type {
  CompressionCodec,
  LogicalType,
  ParquetType,
  SchemaElement,
  SchemaTree,
  TimeUnit,
} from "hyparquet/src/types.js";
import { entryAt } from "../../batch/entry.ts";
import { readThrift, type ThriftRecord } from "../../kernels/parquet/thrift-read.ts";

const MAX_SCHEMA_DEPTH = 64;
/** Digits that no decimal has. */
const MAX_SCALE = 1000;

export interface FooterChunk {
  /** Set where it lies in a file of its own. */
  readonly filePath: string | undefined;
  readonly isEncrypted: boolean;
  /** Absent where it is encrypted. */
  readonly metadata?: {
    readonly type: ParquetType | undefined;
    readonly path: readonly string[];
    readonly codec: CompressionCodec | undefined;
    readonly values: number;
    readonly uncompressed_bytes: number;
    readonly compressed_bytes: number;
    readonly dataOffset: number;
    readonly dictionaryOffset: number;
  };
}

export interface Footer {
  readonly tree: SchemaTree;
  readonly rows: number;
  readonly writer: string;
  readonly groups: readonly { readonly rows: number; readonly columns: readonly FooterChunk[] }[];
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}

/** Reads the footer that `bytes` begin with. */
export function parseFooter(bytes: Uint8Array): Footer {
  const { record } = readThrift(bytes, 0);
  required(record.integer(1), "the version of the format");
  const groups = required(record.records(4), "the list of row groups");
  return {
    tree: schemaTree(required(record.records(2), "the schema").map(schemaElement)),
    rows: count(record.integer(3), "the number of rows"),
    writer: record.text(6) ?? "",
    groups: groups.map((group, i) => ({
      rows: count(group.integer(3), `row group ${i}: the number of rows`),
      columns: required(group.records(1), `row group ${i}: the list of columns`).map((column, j) =>
        footerChunk(column, `row group ${i}, column ${j}`),
      ),
    })),
  };
}

function footerChunk(column: ThriftRecord, where: string): FooterChunk {
  const metadata = column.record(3);
  required(column.integer(2), `${where}: its offset`);
  if (metadata?.has(2) === false) throw new Error(`${where}: the list of its encodings is missing`);
  for (const pages of metadata?.records(13) ?? []) {
    for (const field of [1, 2, 3]) required(pages.integer(field), `${where}: a count of its pages`);
  }
  return {
    filePath: column.text(1),
    isEncrypted: column.has(8) || column.has(9),
    ...(metadata !== undefined && {
      metadata: {
        type: ParquetTypes[required(metadata.integer(1), `${where}: its type`)],
        path: required(metadata.texts(3), `${where}: its path`),
        codec: CompressionCodecs[required(metadata.integer(4), `${where}: its compression`)],
        values: count(metadata.integer(5), `${where}: the number of values`),
        uncompressed_bytes: count(metadata.integer(6), `${where}: its uncompressed size`),
        compressed_bytes: count(metadata.integer(7), `${where}: its size`),
        dataOffset: count(metadata.integer(9), `${where}: the offset of its data`),
        dictionaryOffset: Math.max(0, metadata.integer(11) ?? 0),
      },
    }),
  };
}

function count(value: number | undefined, what: string): number {
  const found = required(value, what);
  if (found < 0) throw new Error(`${what} is ${found}`);
  return found;
}

/** Writers leave out what is zero: a column without a repetition is required, as the format's own library has it. */
function schemaElement(record: ThriftRecord, index: number): SchemaElement {
  const name = required(record.text(4), `schema element ${index}: its name`);
  const where = `schema element ${index}, ${name}`;
  const named = <T>(names: readonly T[], value: number | undefined, what: string): T | undefined => {
    if (value === undefined) return undefined;
    if (names[value] === undefined) throw new Error(`${where}: ${what} ${value} is not known`);
    return names[value];
  };
  const children = record.integer(5) ?? 0;
  const type = children > 0 ? undefined : named(ParquetTypes, record.integer(1), "type");
  const length = record.integer(2);
  const converted = record.integer(6);
  const scale = record.integer(7);
  const logical = logicalType(record.record(10));
  const digits = logical?.type === "DECIMAL" ? logical.scale : (scale ?? 0);
  if (digits < 0 || digits > MAX_SCALE) throw new Error(`${where}: a decimal of scale ${digits}`);
  if (length !== undefined && !(length >= 0 && length <= 2 ** 31)) throw new Error(`${where}: length ${length}`);
  const element: SchemaElement = {
    name,
    repetition_type:
      index === 0 ? "REQUIRED" : (named(FieldRepetitionTypes, record.integer(3), "repetition") ?? "REQUIRED"),
  };
  if (type !== undefined) element.type = type;
  if (length !== undefined) element.type_length = length;
  if (children > 0) element.num_children = children;
  // A meaning that is not known leaves the values as they are stored.
  if (converted !== undefined && ConvertedTypes[converted] !== undefined)
    element.converted_type = ConvertedTypes[converted];
  if (scale !== undefined) element.scale = scale;
  if (logical !== undefined) element.logical_type = logical;
  return element;
}

/** Logical types that have a name only, by the field of the union that says so. */
const PLAIN_LOGICAL_TYPES: readonly (readonly [number, LogicalType["type"]])[] = [
  [1, "STRING"],
  [2, "MAP"],
  [3, "LIST"],
  [4, "ENUM"],
  [6, "DATE"],
  [11, "NULL"],
  [12, "JSON"],
  [13, "BSON"],
  [14, "UUID"],
  [15, "FLOAT16"],
];

function logicalType(union: ThriftRecord | undefined): LogicalType | undefined {
  if (union === undefined) return undefined;
  const plain = PLAIN_LOGICAL_TYPES.find(([field]) => union.has(field));
  if (plain !== undefined) return { type: plain[1] } as LogicalType;
  const decimal = union.record(5);
  if (decimal !== undefined) {
    return {
      type: "DECIMAL",
      scale: required(decimal.integer(1), "the scale of a decimal"),
      precision: required(decimal.integer(2), "the precision of a decimal"),
    };
  }
  const time = union.record(7);
  if (time !== undefined)
    return {
      type: "TIME",
      isAdjustedToUTC: required(time.bool(1), "the zone of a time"),
      unit: timeUnit(time.record(2)),
    };
  const instant = union.record(8);
  if (instant !== undefined) {
    return {
      type: "TIMESTAMP",
      isAdjustedToUTC: required(instant.bool(1), "the zone of an instant"),
      unit: timeUnit(instant.record(2)),
    };
  }
  const integer = union.record(10);
  if (integer !== undefined) {
    return {
      type: "INTEGER",
      bitWidth: required(integer.integer(1), "the width of an integer"),
      isSigned: required(integer.bool(2), "the sign of an integer"),
    };
  }
  return undefined;
}

function timeUnit(union: ThriftRecord | undefined): TimeUnit {
  if (union?.has(1)) return "MILLIS";
  if (union?.has(2)) return "MICROS";
  if (union?.has(3)) return "NANOS";
  throw new Error("a time has no unit that is known");
}

/** The tree that a list of elements in depth-first order stands for. */
function schemaTree(elements: readonly SchemaElement[]): SchemaTree {
  if (elements.length === 0) throw new Error("the schema is empty");
  let next = 0;
  const read = (path: string[], depth: number): SchemaTree => {
    if (next >= elements.length) throw new Error("the schema ends before its groups do");
    if (depth > MAX_SCHEMA_DEPTH) throw new Error(`the schema is more than ${MAX_SCHEMA_DEPTH} deep`);
    const first = next++;
    const element = entryAt(elements, first, "schema element");
    const own = depth === 0 ? path : [...path, element.name];
    const wanted = element.num_children ?? 0;
    if (wanted > elements.length) throw new Error(`schema element ${first} has ${wanted} children`);
    const children: SchemaTree[] = [];
    while (children.length < wanted) children.push(read(own, depth + 1));
    if (depth > 0 && wanted === 0 && element.type === undefined) {
      throw new Error(`column ${own.join(".")} has neither a type nor members`);
    }
    return { count: next - first, element, children, path: own };
  };
  const tree = read([], 0);
  if (next !== elements.length) throw new Error(`the schema has ${elements.length - next} elements too many`);
  return tree;
}
