/**
 * Spool files: the rows of a span that are alive after a pass, for the next pass and for outputs.
 *
 * Layout, little-endian: header (u32 magic, version); blocks; footer (u32 blocks, u32 bytes of the schema, seven u32 a
 * block: stored bytes, rows, first document, text bytes, column bytes, XXH64 high and low; the schema as JSON); trailer
 * (u32 bytes of the footer, XXH64 of it high and low, magic). What is in a block: store/spool-block.ts.
 *
 * Invariants: documents ascend over the whole file; every block has all columns of the schema; a file that was cut or
 * changed in any byte is an error, never other rows. The bytes depend on the rows alone: not on where batches were cut,
 * not on the engine. Price: the footer, 28 bytes a block, tells rows and bytes without a look at the rows.
 */
import fs from "node:fs";
import { basename, dirname } from "node:path";
import { MAX_ROW_BYTES, TARGET_BATCH_ROWS } from "../batch/batch.ts";
import { RunError } from "../batch/errors.ts";
import { uint32At } from "../batch/numbers.ts";
import type { CellKind } from "../io/formats/cells.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import { spanFiles } from "./layout.ts";
import { hashOf, type SpoolEngine } from "./spool-block.ts";
import { bytesOf } from "./token-file.ts";

const MAGIC = 0x50534d53; // "SMSP"
const VERSION = 1;
const HEADER_BYTES = 8;
const TRAILER_BYTES = 16;
const ENTRY_WORDS = 7;

/** Most bytes of all texts of one row: what fits in a word of the footer. */
export const MAX_SPOOL_ROW_BYTES = 16 * MAX_ROW_BYTES;

/** A column that every block has. A dictionary is spooled as the strings it stands for. */
export interface SpoolColumn {
  readonly name: string;
  readonly kind: CellKind;
}

/** What the footer says of a block. */
export interface SpoolBlock {
  /** Where it starts in the file. */
  readonly offset: number;
  readonly stored_bytes: number;
  readonly rows: number;
  readonly first_document: number;
  /** Of the column `text`. */
  readonly text_bytes: number;
  /** Of all columns, not compressed. */
  readonly column_bytes: number;
  readonly hash: readonly [high: number, low: number];
}

export interface SpoolTotals {
  readonly rows: number;
  readonly text_bytes: number;
  readonly column_bytes: number;
}

/** What is known of a spool without reading rows. */
export interface SpoolHead extends SpoolTotals {
  readonly columns: readonly SpoolColumn[];
  readonly blocks: readonly SpoolBlock[];
}

export function encodeSpoolHeader(): Uint8Array {
  return bytesOf(Uint32Array.of(MAGIC, VERSION));
}

/** Where the first block starts. */
export const FIRST_BLOCK_OFFSET = HEADER_BYTES;

/** Footer and trailer. */
export function encodeSpoolEnd(
  columns: readonly SpoolColumn[],
  blocks: readonly SpoolBlock[],
  engine: SpoolEngine,
): Uint8Array {
  const schema = Buffer.from(canonicalJson(columns.map(({ name, kind }) => ({ name, kind }))));
  const words = Uint32Array.from([blocks.length, schema.length, ...blocks.flatMap(entryOf)]);
  const footer = Buffer.concat([bytesOf(words), schema]);
  return Buffer.concat([footer, bytesOf(Uint32Array.of(footer.length, ...hashOf(engine, footer), MAGIC))]);
}

function entryOf({ stored_bytes, rows, first_document, text_bytes, column_bytes, hash }: SpoolBlock): number[] {
  return [stored_bytes, rows, first_document, text_bytes, column_bytes, ...hash];
}

export function spoolTotals(blocks: readonly SpoolBlock[]): SpoolTotals {
  const sum = (key: keyof SpoolTotals): number => blocks.reduce((total, block) => total + block[key], 0);
  return { rows: sum("rows"), text_bytes: sum("text_bytes"), column_bytes: sum("column_bytes") };
}

/** Rows and bytes of an open spool, in all and by block, from its footer. Throws RunError `store/damaged`. */
export function decodeSpoolHead(path: string, descriptor: number, engine: SpoolEngine): SpoolHead {
  const damaged = (how: string): RunError => damagedSpool(path, how);
  const size = fs.fstatSync(descriptor).size;
  if (size < HEADER_BYTES + TRAILER_BYTES) throw damaged(`has only ${size} bytes`);
  const wordsAt = (at: number, words: number): Uint32Array => {
    const bytes = new Uint8Array(4 * words);
    fillFrom(path, descriptor, bytes, at);
    return new Uint32Array(bytes.buffer);
  };
  const [magic, version] = wordsAt(0, 2);
  const [footerBytes = 0, high, low, endMagic] = wordsAt(size - TRAILER_BYTES, 4);
  if (magic !== MAGIC || endMagic !== MAGIC) throw damaged("does not begin and end as a spool does");
  if (version !== VERSION) throw damaged(`has version ${version}, this program reads version ${VERSION}`);
  if (footerBytes < 8 || footerBytes > size - HEADER_BYTES - TRAILER_BYTES) throw damaged("has no footer");
  const footer = new Uint8Array(footerBytes);
  fillFrom(path, descriptor, footer, size - TRAILER_BYTES - footerBytes);
  const [isHigh, isLow] = hashOf(engine, footer);
  if (isHigh !== high || isLow !== low) throw damaged("has a footer whose checksum does not match");

  const [count = 0, schemaBytes = 0] = new Uint32Array(footer.buffer, 0, 2);
  if (footerBytes !== 8 + 4 * ENTRY_WORDS * count + schemaBytes) throw damaged(`has no room for its ${count} blocks`);
  const entries = new Uint32Array(footer.buffer, 8, ENTRY_WORDS * count);
  const blocks: SpoolBlock[] = [];
  let offset = HEADER_BYTES;
  for (let at = 0; at < entries.length; at += ENTRY_WORDS) {
    const word = (index: number): number => uint32At(entries, at + index);
    const [stored_bytes, rows] = [word(0), word(1)];
    if (rows === 0 || rows > TARGET_BATCH_ROWS) throw damaged(`claims a block of ${rows} rows`);
    const sizes = { first_document: word(2), text_bytes: word(3), column_bytes: word(4) };
    blocks.push({ offset, stored_bytes, rows, ...sizes, hash: [word(5), word(6)] });
    offset += stored_bytes;
  }
  if (offset !== size - TRAILER_BYTES - footerBytes) throw damaged("is not as long as its blocks");
  const schema = Buffer.from(footer.buffer, footerBytes - schemaBytes, schemaBytes).toString();
  return { columns: JSON.parse(schema) as SpoolColumn[], blocks, ...spoolTotals(blocks) };
}

export function openSpool(path: string): number {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    throw damagedSpool(path, `cannot be opened (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

/** Fills `bytes` from byte `at` of the file on. */
export function fillFrom(path: string, descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSome(path, descriptor, bytes.subarray(done), at + done);
    if (read === 0) throw damagedSpool(path, `ends before byte ${at + bytes.length}`);
    done += read;
  }
}

function readSome(path: string, descriptor: number, bytes: Uint8Array, at: number): number {
  try {
    return fs.readSync(descriptor, bytes, 0, bytes.length, at);
  } catch (error) {
    throw damagedSpool(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

/** What is wrong with a spool, as the user is told. */
export function damagedSpool(path: string, how: string, cause?: unknown): RunError {
  return new RunError(
    {
      code: "store/damaged",
      what: `spool ${path} ${how}`,
      why: "its rows are read by later work, and rows that may not be the ones that were written cannot be signed for",
      fix: "run the same command again: the span is read anew",
      damaged: { folder: dirname(path), marker: spanFiles.markerOf(basename(path)), file: basename(path) },
    },
    { cause },
  );
}
