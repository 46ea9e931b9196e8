/**
 * What all readers share: their common options, batches cut to size, the skip/limit window, the errors about columns.
 *
 * Invariant: a row keeps the number it has in its extent whatever happens to the rows before it, and where batches are
 * cut never shows in the rows. `skip` and `limit` count rows of the source in address order, unusable ones included.
 */

import { isUtf8 } from "node:buffer";
import * as z from "zod";
import { Batch, MAX_BATCH_BYTES, MAX_ROW_BYTES, TARGET_BATCH_BYTES, TARGET_BATCH_ROWS } from "../../batch/batch.ts";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { suggest } from "../../batch/suggest.ts";
import { CELL_KINDS, type Cell, type CellKind } from "../../io/formats/cells.ts";
import type { ShardRef } from "../../io/source.ts";
import { utf16ByteOrder } from "../../kernels/utf16.ts";
import type { ColumnDeclaration, DeclaredKind, Extent, ReadContext } from "../define.ts";
import { type ColumnBuilder, type ColumnSpec, columnBuilder } from "./reading-columns.ts";

const count = z.int().min(0);

/** Options of every reader. */
export const windowOptions = {
  skip: count.default(0).describe("rows of the source to pass over, in address order"),
  limit: count.nullable().default(null).describe("rows of the source to read after `skip`; null reads all"),
};

/** Options of readers of tables: which columns become `text` and `id`. */
export const columnOptions = {
  text: z.string().min(1).default("text").describe("column or key that holds the document"),
  id: z
    .string()
    .min(1)
    .nullable()
    .default("id")
    .describe("column or key that names the document; `id` may be absent, any other name must exist; null for none"),
};

/** `metadata` of formats that do not say what kind a value is. */
export const typedMetadata = z
  .array(
    z.union([
      z.string().min(1),
      z.strictObject({
        name: z.string().min(1).describe("name as in the data"),
        kind: z
          .enum(CELL_KINDS)
          .describe("kind of the column; a value that is not of this kind makes its row unusable"),
      }),
    ]),
  )
  .default([]);

export function metadataColumns(metadata: z.output<typeof typedMetadata>): ColumnSpec[] {
  return metadata.map((entry) => (typeof entry === "string" ? { name: entry, kind: "utf8" } : entry));
}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER = /^-?\d{1,19}$/;

/** The number written as `digits` in a column of `kind`, undefined where it is none or does not fit. */
export function parseNumber(digits: string, kind: CellKind): number | bigint | undefined {
  if (kind === "int64") {
    if (!INTEGER.test(digits)) return undefined;
    const value = BigInt(digits);
    return BigInt.asIntN(64, value) === value ? value : undefined;
  }
  if (!NUMBER.test(digits)) return undefined;
  const value = Number(digits);
  return kind === "int32" && (value | 0) !== value ? undefined : value;
}

/** Columns every source can promise. `id` is null where the input has none. */
export const SOURCE_COLUMNS: readonly ColumnDeclaration[] = [
  { name: "text", kind: "utf8" },
  { name: "id", kind: "utf8" },
];

type MetadataEntry = string | { readonly name: string; readonly kind: DeclaredKind };

/** The columns of a reader of tables. `bare` is the kind of metadata that is named without one. */
export function sourceColumns(metadata: readonly MetadataEntry[], bare: DeclaredKind): readonly ColumnDeclaration[] {
  const named = metadata.map((entry) => (typeof entry === "string" ? { name: entry, kind: bare } : entry));
  return [...SOURCE_COLUMNS, ...named.map(({ name, kind }) => ({ name, kind }))];
}

/** Whether one task must read the source: a window of rows counts over all its shards in order. */
export function isSequential({ skip, limit }: RowWindowOptions): boolean {
  return skip > 0 || limit !== null;
}

/** When a batch is full. A row that would pass the limit opens the next batch. */
export interface BatchTarget {
  readonly bytes: number;
  readonly rows: number;
}
export const BATCH_TARGET: BatchTarget = { bytes: TARGET_BATCH_BYTES, rows: TARGET_BATCH_ROWS };

export interface RowWindowOptions {
  readonly skip: number;
  readonly limit: number | null;
}

/** The rows `[skip, skip + limit)` of a source, counted down while reading. */
export class RowWindow {
  #skip: number;
  #left: number;

  constructor(options: RowWindowOptions) {
    this.#skip = options.skip;
    this.#left = options.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Nothing more is wanted. */
  get done(): boolean {
    return this.#left === 0;
  }

  /** Counts the next row; true if it is wanted. */
  take(): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** Counts the next `rows` rows if all of them are passed over; false, and nothing counted, if one may be wanted. */
  skipAll(rows: number): boolean {
    if (this.#skip < rows) return false;
    this.#skip -= rows;
    return true;
  }
}

/** Collects rows into batches of a fixed set of columns. */
export class BatchAssembler {
  readonly #source: string;
  readonly #specs: readonly ColumnSpec[];
  readonly #target: BatchTarget;
  #builders: readonly ColumnBuilder[] = [];
  /** Bytes a column of the next batch will take, going by the batch before. */
  #expected: readonly number[] = [];
  #shards: number[] = [];
  #rows: number[] = [];
  /** Only of rows that were added with one. */
  #positions: number[] = [];

  constructor(source: string, specs: readonly ColumnSpec[], target: BatchTarget) {
    this.#source = source;
    this.#specs = specs;
    this.#target = target;
  }

  get #bytes(): number {
    let bytes = 0;
    for (const builder of this.#builders) bytes += builder.byteLength;
    return bytes;
  }

  get full(): boolean {
    return this.#rows.length >= this.#target.rows || this.#bytes >= this.#target.bytes;
  }

  /** Whether a row of `bytes` must wait for the next batch: {@link take} this one first. */
  overflows(bytes: number): boolean {
    return this.#rows.length > 0 && this.#bytes + bytes > MAX_BATCH_BYTES;
  }

  /**
   * Opens a row; the caller then pushes one cell to every column, in the order of the specs. `position` is where the row starts
   * in its shard, for readers whose `row` counts from the start of an extent.
   */
  addRow(shard: number, row: number, position?: number): readonly ColumnBuilder[] {
    if (this.#rows.length === 0) {
      this.#builders = this.#specs.map((spec, i) => columnBuilder(spec.kind, this.#expected[i]));
    }
    this.#shards.push(shard);
    this.#rows.push(row);
    if (position !== undefined) this.#positions.push(position);
    return this.#builders;
  }

  /** The rows so far as a batch, none if there are no rows. */
  take(): Batch | undefined {
    if (this.#rows.length === 0) return undefined;
    this.#expected = this.#builders.map((builder) => Math.ceil(builder.byteLength * 1.1));
    const batch = new Batch({
      source: this.#source,
      shards: Int32Array.from(this.#shards),
      rowsInShard: Int32Array.from(this.#rows),
      ...(this.#positions.length > 0 && { positions: Float64Array.from(this.#positions) }),
      columns: this.#specs.map((spec, i) => [spec.name, this.#builders[i].finish()] as const),
    });
    this.#builders = [];
    this.#shards = [];
    this.#rows = [];
    this.#positions = [];
    return batch;
  }
}

export interface RowFault {
  readonly kind: RowProblem;
  readonly message: string;
}

/** Judges the cells of a row, text first, as every reader must; undefined where the row can be used. */
export function cellsProblem(
  columns: readonly { readonly name: string }[],
  cells: readonly Cell[],
): RowFault | undefined {
  const [text] = cells;
  if (text === null) return { kind: "missing_text", message: "row has no text" };
  if (text instanceof Uint8Array && text.length === 0) return { kind: "empty_text", message: "text is empty" };
  for (let c = 0; c < cells.length; c++) {
    const cell = cells[c];
    if (!(cell instanceof Uint8Array)) continue;
    if (cell.length > MAX_ROW_BYTES) return { kind: "row_too_large", message: ROW_TOO_LARGE };
    if (!isUtf8(cell)) return { kind: "invalid_utf8", message: `${columns[c].name} is not valid UTF-8` };
  }
  return undefined;
}

/** Bytes that the cells of a row add to a batch, about. */
export function sizeOfCells(cells: readonly Cell[]): number {
  let size = 0;
  for (const cell of cells) if (cell instanceof Uint8Array || typeof cell === "string") size += cell.length;
  return size;
}

/** Rows that cannot be used: why, by kind. Readers add the detail. */
export type RowProblem =
  | "missing_text"
  | "text_not_string"
  | "empty_text"
  | "invalid_utf8"
  | "row_too_large"
  | "bad_json"
  | "bad_csv"
  | "bad_metadata";

export const ROW_TOO_LARGE = `row is larger than ${MAX_ROW_BYTES / 2 ** 20} MiB`;

/** One extent a shard, for formats that can only be read from their start. */
export function wholeShards(shards: readonly ShardRef[]): Extent[] {
  return shards.map((shard, i) => ({
    shard: i,
    unit: "all",
    start: 0,
    end: shard.size_bytes,
    size_bytes: shard.size_bytes,
  }));
}

/** Cuts `size` bytes into equal parts of about `partBytes`; a part begins where the one before it ends. */
export function byteExtents(shard: number, size: number, partBytes: number): Extent[] {
  const parts = Math.max(1, Math.round(size / Math.max(1, partBytes)));
  return Array.from({ length: parts }, (_, part) => {
    const start = Math.floor((size * part) / parts);
    const end = Math.floor((size * (part + 1)) / parts);
    return { shard, unit: "bytes" as const, start, end, size_bytes: end - start };
  });
}

/** The place of a shard in an error message. */
export function shardPlace(context: ReadContext, shard: ShardRef): { source: string; shard: string } {
  return { source: context.source, shard: shard.key };
}

/** Column names of a batch, checked once when the stage is made: `text`, `id`, then metadata as written. */
export function outputNames(metadata: readonly string[]): void {
  const seen = new Set(["text", "id"]);
  for (const name of metadata) {
    if (seen.has(name)) {
      throw new RecipeError({
        code: "recipe/duplicate-column",
        what: `metadata names the column ${name} twice or takes the place of text or id`,
        fix: "list every metadata column once; the document and its name are already there as text and id",
      });
    }
    seen.add(name);
  }
}

/** Columns whose presence under another name explains why there is no text. */
const BLOB_COLUMNS = ["blob_id", "content_id"];

/** Refuses UTF-16 by the first bytes of a file. */
export function refuseUtf16(head: Uint8Array, context: ReadContext, shard: ShardRef): void {
  const order = utf16ByteOrder(head);
  if (!order) return;
  throw new DataError({
    code: "data/not-utf8",
    what: `the file is UTF-16 (${order}), it must be UTF-8`,
    fix: `convert it: iconv -f UTF-16${order === "little-endian" ? "LE" : "BE"} -t UTF-8 FILE > NEW_FILE`,
    place: shardPlace(context, shard),
  });
}

export function missingColumn(
  context: ReadContext,
  shard: ShardRef,
  option: "text" | "id" | "metadata",
  name: string,
  there: readonly string[],
): DataError {
  const near = suggest(name, there);
  const ids = option === "text" ? there.find((column) => BLOB_COLUMNS.includes(column)) : undefined;
  const fix = near
    ? `did you mean ${near}? set ${option}: ${near}`
    : ids
      ? `these rows only name their contents (${ids}): download the files first, then read those`
      : `set ${option} to one of the columns there are`;
  return new DataError({
    code: "data/missing-column",
    what: `there is no column ${name}; there are ${there.length === 0 ? "none" : there.join(", ")}`,
    why: option === "text" ? "a document without text cannot be read" : `${option} asks for it`,
    fix,
    place: shardPlace(context, shard),
  });
}
