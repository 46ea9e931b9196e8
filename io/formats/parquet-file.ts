/**
 * The footer of a Parquet file: schema, row groups, where each column chunk lies.
 *
 * Invariant: what {@link openParquet} returns is consistent: every chunk lies inside the file, groups list every
 * column, rows add up. Anything else is a DataError that says where. Price: the last 512 KiB of the file, plus the rest
 * of a larger footer.
 */
import { parquetMetadata, parquetSchema } from "hyparquet";
import type { ColumnMetaData, FileMetaData, SchemaTree } from "hyparquet/src/types.js";
import { entryAt } from "../../batch/entry.ts";
import { DataError, type Place, ShardmillError } from "../../batch/errors.ts";
import type { ByteSource } from "../source.ts";

const TAIL_BYTES = 512 * 1024;
const MAX_FOOTER_BYTES = 256 * 1024 * 1024;
/** `PAR1` at both ends and the length of the footer. */
const MAGIC_BYTES = 4;
const TRAILER_BYTES = 8;

export interface ParquetChunk {
  /** Bytes of the file. */
  readonly start: number;
  readonly end: number;
  readonly values: number;
  readonly uncompressed_bytes: number;
  readonly metadata: ColumnMetaData;
}

export interface ParquetGroup {
  readonly index: number;
  readonly rows: number;
  /** Rows of the file before this group. */
  readonly firstRow: number;
  /** By {@link chunkKey}. */
  readonly chunks: ReadonlyMap<string, ParquetChunk>;
}

/** Names a leaf. Dots would not do: a field may have one in its name. */
export function chunkKey(path: readonly string[]): string {
  return path.join("\0");
}

export interface ParquetFile {
  readonly source: ByteSource;
  readonly place: Place;
  readonly tree: SchemaTree;
  /** Names of the top-level columns. */
  readonly columns: readonly string[];
  readonly rows: number;
  readonly groups: readonly ParquetGroup[];
}

/** Where in a file something is wrong, outermost first: `row group 3, column text, page 2`. */
export function parquetError(place: Place, where: string, problem: unknown): DataError {
  const message = problem instanceof Error ? problem.message : String(problem);
  return new DataError({
    code: "data/bad-parquet",
    what: `${where}: ${message}`,
    why: "the file is damaged, cut off or not Parquet",
    fix: "compare its size and checksum with the original and fetch it again",
    place,
  });
}

/** Reads and checks the footer of `source`. The caller closes the source. */
export async function openParquet(source: ByteSource, place: Place): Promise<ParquetFile> {
  const footer = await readFooter(source, place);
  try {
    const metadata = parquetMetadata(footer, { geoparquet: false });
    const tree = parquetSchema(metadata);
    return {
      source,
      place,
      tree,
      columns: tree.children.map((child) => child.element.name),
      rows: Number(metadata.num_rows),
      groups: checkedGroups(metadata, tree, source.byteLength),
    };
  } catch (error) {
    if (error instanceof ShardmillError) throw error;
    throw parquetError(place, "footer", error);
  }
}

async function readFooter(source: ByteSource, place: Place): Promise<Uint8Array> {
  const size = source.byteLength;
  if (size < MAGIC_BYTES + TRAILER_BYTES) throw parquetError(place, "file", `${size} bytes are too few for Parquet`);
  const tail = await source.read(Math.max(0, size - TAIL_BYTES), size);
  const trailer = Buffer.from(tail.buffer, tail.byteOffset + tail.length - TRAILER_BYTES, TRAILER_BYTES);
  const magic = trailer.toString("latin1", 4);
  if (magic === "PARE") throw parquetError(place, "file", "the footer is encrypted");
  if (magic !== "PAR1") throw parquetError(place, "file", "it does not end in PAR1");
  const needed = trailer.readUInt32LE(0) + TRAILER_BYTES;
  if (needed > size - MAGIC_BYTES || needed > MAX_FOOTER_BYTES) {
    throw parquetError(place, "footer", `length ${needed} does not fit a file of ${size} bytes`);
  }
  if (needed <= tail.length) return tail.subarray(tail.length - needed);
  const rest = await source.read(size - needed, size - tail.length);
  const footer = new Uint8Array(needed);
  footer.set(rest);
  footer.set(tail, rest.length);
  return footer;
}

function leavesOf(tree: SchemaTree): SchemaTree[] {
  return tree.children.flatMap((child) => (child.element.num_children ? leavesOf(child) : [child]));
}

function checkedGroups(metadata: FileMetaData, tree: SchemaTree, fileBytes: number): ParquetGroup[] {
  const leaves = leavesOf(tree);
  for (const leaf of leaves) {
    if (!leaf.element.type) throw new Error(`column ${leaf.path.join(".")} has no type`);
    if (!leaf.element.repetition_type) throw new Error(`column ${leaf.path.join(".")} has no repetition type`);
  }
  let firstRow = 0;
  const groups = metadata.row_groups.map((group, index) => {
    const rows = count(group.num_rows, `row group ${index}: rows`);
    if (group.columns.length !== leaves.length) {
      throw new Error(`row group ${index} has ${group.columns.length} columns, the schema ${leaves.length}`);
    }
    const chunks = new Map<string, ParquetChunk>();
    for (const [i, leaf] of leaves.entries()) {
      const column = entryAt(group.columns, i, "column");
      const path = leaf.path.join(".");
      const where = `row group ${index}, column ${path}`;
      if (column.file_path) throw new Error(`${where} lies in another file`);
      if (!column.meta_data) throw new Error(`${where} has no metadata; it may be encrypted`);
      chunks.set(chunkKey(leaf.path), checkedChunk(column.meta_data, path, where, fileBytes));
    }
    const checked = { index, rows, firstRow, chunks };
    firstRow += rows;
    return checked;
  });
  const total = count(metadata.num_rows, "rows");
  if (total !== firstRow) throw new Error(`the file has ${total} rows, its row groups ${firstRow}`);
  return groups;
}

function checkedChunk(metadata: ColumnMetaData, path: string, where: string, fileBytes: number): ParquetChunk {
  if (metadata.path_in_schema.join(".") !== path)
    throw new Error(`${where} says it is ${metadata.path_in_schema.join(".")}`);
  const data = count(metadata.data_page_offset, `${where}: data page offset`);
  const dictionary = Number(metadata.dictionary_page_offset ?? 0);
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  const size = count(metadata.total_compressed_size, `${where}: size`);
  const end = start + size;
  if (start < MAGIC_BYTES || end > fileBytes - TRAILER_BYTES) {
    throw new Error(`${where} lies at bytes ${start} to ${end}, outside the file`);
  }
  return {
    start,
    end,
    values: count(metadata.num_values, `${where}: values`),
    uncompressed_bytes: count(metadata.total_uncompressed_size, `${where}: uncompressed size`),
    metadata,
  };
}

function count(value: bigint | undefined, what: string): number {
  if (value === undefined || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new Error(`${what}: ${value}`);
  return Number(value);
}
