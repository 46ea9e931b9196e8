/**
 * The end of a Parquet file: page indexes and the footer.
 *
 * Invariant: every chunk has statistics and an offset index; it has a column index unless a page holds values and no
 * bounds (NaN alone, or strings without an upper bound), because the format has no way to leave one page out. Price:
 * some 200 bytes a chunk and 60 a page.
 */
import type { FlatKind } from "../output-schema.ts";
import type { EncodedBounds } from "./bounds.ts";
import { BoundaryOrder, CREATED_BY, Encoding, PageType } from "./format.ts";
import type { ColumnChunk, PageFacts } from "./leaf-writer.ts";
import type { Schema } from "./schema.ts";
import { ThriftStruct } from "./thrift.ts";

/** Where an index lies in the file. */
export interface Extent {
  readonly offset: number;
  readonly bytes: number;
}

/** What the footer says of a chunk; the pages themselves are written. */
export interface PlacedChunk {
  readonly chunk: Omit<ColumnChunk, "parts">;
  readonly offset: number;
  readonly compression: number;
}

export interface PlacedGroup {
  readonly rows: number;
  readonly chunks: readonly PlacedChunk[];
}

/** Bounds of each page; undefined where a page has values and no bounds. */
export function columnIndex({ chunk }: PlacedChunk): Uint8Array | undefined {
  const { pages, leaf } = chunk;
  const isNull = pages.map(({ count, nulls }) => count === nulls);
  if (pages.some(({ bounds }, i) => bounds === undefined && !isNull[i])) return undefined;
  const none = new Uint8Array(0);
  return new ThriftStruct()
    .bools(1, isNull)
    .binaries(
      2,
      pages.map(({ bounds }) => bounds?.min ?? none),
    )
    .binaries(
      3,
      pages.map(({ bounds }) => bounds?.max ?? none),
    )
    .i32(4, boundaryOrder(pages, leaf.kind))
    .i64s(
      5,
      pages.map(({ nulls }) => nulls),
    )
    .finish();
}

/** Where each page lies and which row it begins with. */
export function offsetIndex({ chunk, offset }: PlacedChunk): Uint8Array {
  let at = offset + chunk.dictionary_bytes;
  let row = 0;
  const locations = chunk.pages.map(({ stored_bytes, rows }) => {
    const location = new ThriftStruct().i64(1, at).i32(2, stored_bytes).i64(3, row);
    at += stored_bytes;
    row += rows;
    return location;
  });
  return new ThriftStruct().structs(1, locations).finish();
}

/** Indexes of one chunk, where they are. */
export interface PlacedIndexes {
  readonly column: Extent | undefined;
  readonly offset: Extent;
}

export interface FooterFacts {
  readonly schema: Schema;
  readonly groups: readonly PlacedGroup[];
  /** By group and chunk. */
  readonly indexes: readonly (readonly PlacedIndexes[])[];
  readonly metadata: ReadonlyMap<string, string>;
}

export function fileFooter({ schema, groups, indexes, metadata }: FooterFacts): Uint8Array {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const footer = new ThriftStruct()
    .i32(1, 2)
    .structs(2, schema.elements)
    .i64(3, rows)
    .structs(
      4,
      groups.map((group, i) => rowGroup(group, indexes[i])),
    );
  const pairs = [...metadata].map(([key, value]) => new ThriftStruct().text(1, key).text(2, value));
  if (pairs.length > 0) footer.structs(5, pairs);
  const typeOrder = new ThriftStruct().struct(1, new ThriftStruct());
  return footer
    .text(6, CREATED_BY)
    .structs(
      7,
      schema.leaves.map(() => typeOrder),
    )
    .finish();
}

function rowGroup({ rows, chunks }: PlacedGroup, indexes: readonly PlacedIndexes[]): ThriftStruct {
  const uncompressed = chunks.reduce((sum, { chunk }) => sum + chunk.uncompressed_bytes, 0);
  const stored = chunks.reduce((sum, { chunk }) => sum + chunk.stored_bytes, 0);
  return new ThriftStruct()
    .structs(
      1,
      chunks.map((chunk, i) => columnChunk(chunk, indexes[i])),
    )
    .i64(2, uncompressed)
    .i64(3, rows)
    .i64(5, chunks[0].offset)
    .i64(6, stored);
}

function columnChunk(placed: PlacedChunk, { column, offset }: PlacedIndexes): ThriftStruct {
  const struct = new ThriftStruct()
    .i64(2, 0)
    .struct(3, chunkMetadata(placed))
    .i64(4, offset.offset)
    .i32(5, offset.bytes);
  return column === undefined ? struct : struct.i64(6, column.offset).i32(7, column.bytes);
}

function chunkMetadata({ chunk, offset, compression }: PlacedChunk): ThriftStruct {
  const { leaf, pages, dictionaryPages, dictionary_bytes: dictionaryBytes } = chunk;
  const plainPages = pages.length - dictionaryPages;
  const values = pages.reduce((sum, { count }) => sum + count, 0);
  // PLAIN is also what dictionary pages are in.
  const encodings: number[] = [Encoding.plain, Encoding.rle];
  if (dictionaryPages > 0) encodings.push(Encoding.rleDictionary);
  const metadata = new ThriftStruct()
    .i32(1, leaf.physical)
    .i32s(2, encodings)
    .texts(3, leaf.path)
    .i32(4, compression)
    .i64(5, values)
    .i64(6, chunk.uncompressed_bytes)
    .i64(7, chunk.stored_bytes)
    .i64(9, offset + dictionaryBytes);
  if (dictionaryBytes > 0) metadata.i64(11, offset);
  const counts: ThriftStruct[] = [];
  const count = (page: number, encoding: number, pageCount: number): void => {
    if (pageCount > 0) counts.push(new ThriftStruct().i32(1, page).i32(2, encoding).i32(3, pageCount));
  };
  count(PageType.dictionary, Encoding.plain, Number(dictionaryBytes > 0));
  count(PageType.data, Encoding.rleDictionary, dictionaryPages);
  count(PageType.data, Encoding.plain, plainPages);
  return metadata.struct(12, statistics(chunk.nulls, chunk.bounds)).structs(13, counts);
}

function statistics(nulls: number, bounds: EncodedBounds | undefined): ThriftStruct {
  const struct = new ThriftStruct().i64(3, nulls);
  if (bounds === undefined) return struct;
  return struct.binary(5, bounds.max).binary(6, bounds.min).bool(7, bounds.isMaxExact).bool(8, bounds.isMinExact);
}

function boundaryOrder(pages: readonly PageFacts[], kind: FlatKind): number {
  const bounds = pages.flatMap((page) => page.bounds ?? []);
  let isAscending = true;
  let isDescending = true;
  for (let i = 1; i < bounds.length; i++) {
    const min = compareEncoded(bounds[i - 1].min, bounds[i].min, kind);
    const max = compareEncoded(bounds[i - 1].max, bounds[i].max, kind);
    if (min > 0 || max > 0) isAscending = false;
    if (min < 0 || max < 0) isDescending = false;
  }
  if (isAscending) return BoundaryOrder.ascending;
  return isDescending ? BoundaryOrder.descending : BoundaryOrder.unordered;
}

function compareEncoded(a: Uint8Array, b: Uint8Array, kind: FlatKind): number {
  const left = new DataView(a.buffer, a.byteOffset, a.byteLength);
  const right = new DataView(b.buffer, b.byteOffset, b.byteLength);
  switch (kind) {
    case "int32":
      return left.getInt32(0, true) - right.getInt32(0, true);
    case "int64":
      return left.getInt32(4, true) - right.getInt32(4, true) || left.getUint32(0, true) - right.getUint32(0, true);
    case "float32":
      return compareNumbers(left.getFloat32(0, true), right.getFloat32(0, true));
    case "float64":
      return compareNumbers(left.getFloat64(0, true), right.getFloat64(0, true));
    default:
      return compareBytes(a, b);
  }
}

function compareNumbers(a: number, b: number): number {
  return Number(a > b) - Number(a < b);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
