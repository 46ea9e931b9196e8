/**
 * The footer of a Parquet file: schema, row groups, where each column chunk lies.
 *
 * Invariant: what {@link openParquet} returns is consistent: every chunk lies inside the file, groups list every
 * column, rows add up. Anything else is a DataError that says where. Price: the last 512 KiB of the file, plus the rest
 * of a larger footer.
 */
import type { CompressionCodec, SchemaTree } from "hyparquet/src/types.js";
import { entryAt } from "../../batch/entry.ts";
import { DataError, type Place, ShardmillError } from "../../batch/errors.ts";
import type { ByteSource } from "../source.ts";
import { adviceOn, reasonOf, Unsupported } from "./decoder-faults.ts";
import { type Footer, type FooterChunk, parseFooter } from "./parquet-footer.ts";

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
  /** Undefined for one that the format does not know. */
  readonly codec: CompressionCodec | undefined;
  /** Its pages are not to be had without a key. */
  readonly isEncrypted: boolean;
}

export interface ParquetGroup {
  readonly index: number;
  readonly rows: number;
  /** Rows of the file before this group. */
  readonly firstRow: number;
  /** By {@link chunkKey}; none where the group has no rows. */
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
  return new DataError(
    {
      code: "data/bad-parquet",
      what: `${where}: ${reasonOf(problem)}`,
      ...adviceOn(problem, "Parquet"),
      place,
    },
    { cause: problem },
  );
}

/** A file, or a column of it, that is whole but needs a key. */
export function encryptedError(place: Place, where: string): DataError {
  return new DataError({
    code: "data/encrypted-parquet",
    what: `${where} is encrypted`,
    why: "Parquet's own encryption needs a key, and no reader here takes one",
    fix: "write it again without encryption, where the key is",
    place,
  });
}

/** Reads and checks the footer of `source`. The caller closes the source. */
export async function openParquet(source: ByteSource, place: Place): Promise<ParquetFile> {
  const bytes = await readFooter(source, place);
  try {
    const footer = parseFooter(bytes);
    const groups = checkedGroups(footer, source.byteLength);
    return {
      source,
      place,
      tree: footer.tree,
      columns: footer.tree.children.map((child) => child.element.name),
      rows: groups.reduce((sum, group) => sum + group.rows, 0),
      groups,
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
  if (magic === "PARE") throw encryptedError(place, "the file");
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

/** Files of parquet-mr before 1.2.9 forget the header of the dictionary page when they say how long a chunk is. */
const FORGOTTEN_BYTES = 100;

function forgetsHeaders(writer: string): boolean {
  const found = /^parquet-mr(?: version (\d+)\.(\d+)\.(\d+))?/.exec(writer);
  if (found === null) return false;
  const [major = 0, minor = 0, patch = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return major < 1 || (major === 1 && (minor < 2 || (minor === 2 && patch < 9)));
}

function checkedGroups(footer: Footer, fileBytes: number): ParquetGroup[] {
  const leaves = leavesOf(footer.tree);
  const slack = forgetsHeaders(footer.writer) ? FORGOTTEN_BYTES : 0;
  let firstRow = 0;
  const groups = footer.groups.map(({ rows, columns }, index) => {
    if (columns.length !== leaves.length) {
      throw new Error(`row group ${index} has ${columns.length} columns, the schema ${leaves.length}`);
    }
    const chunks = new Map<string, ParquetChunk>();
    for (const [i, leaf] of leaves.entries()) {
      const where = `row group ${index}, column ${leaf.path.join(".")}`;
      const chunk = entryAt(columns, i, "column");
      if (rows > 0) chunks.set(chunkKey(leaf.path), checkedChunk(chunk, leaf, where, fileBytes, slack));
      // A group without rows has no pages, and writers say of their place what they like.
      else if ((chunk.metadata?.values ?? 0) > 0) throw new Error(`${where} has values, its row group no rows`);
    }
    const checked = { index, rows, firstRow, chunks };
    firstRow += rows;
    return checked;
  });
  // Some writers do not count the rows of the file.
  if (footer.rows !== firstRow && footer.rows !== 0) {
    throw new Error(`the file has ${footer.rows} rows, its row groups ${firstRow}`);
  }
  return groups;
}

function checkedChunk(
  { filePath, isEncrypted, metadata }: FooterChunk,
  leaf: SchemaTree,
  where: string,
  fileBytes: number,
  slack: number,
): ParquetChunk {
  if (filePath !== undefined) throw new Unsupported(`${where} lies in another file`);
  if (isEncrypted) return { start: 0, end: 0, values: 0, uncompressed_bytes: 0, codec: undefined, isEncrypted };
  if (metadata === undefined) throw new Error(`${where} has no metadata`);
  const path = metadata.path.join(".");
  if (path !== leaf.path.join(".")) throw new Error(`${where} says it is ${path}`);
  if (metadata.type !== leaf.element.type) {
    throw new Error(
      `${where} holds ${metadata.type ?? "values of no known type"}, the schema says ${leaf.element.type}`,
    );
  }
  const { dataOffset, dictionaryOffset, values, uncompressed_bytes, codec } = metadata;
  const start = dictionaryOffset > 0 && dictionaryOffset < dataOffset ? dictionaryOffset : dataOffset;
  const end = start + metadata.compressed_bytes;
  const limit = fileBytes - TRAILER_BYTES;
  if (start < MAGIC_BYTES || end > limit) {
    throw new Error(`${where} lies at bytes ${start} to ${end}, outside the file`);
  }
  return { start, end: Math.min(end + slack, limit), values, uncompressed_bytes, codec, isEncrypted };
}
