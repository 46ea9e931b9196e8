/**
 * Reads Arrow IPC files and streams, which is also what `datasets` keeps in its cache.
 *
 * Invariant: strings are taken as the bytes they are, whatever way their column stores them. Price: one record batch in
 * memory, whole; more than 1 GB/s of text on one core.
 */
import type { RecordBatch } from "apache-arrow";
import * as z from "zod";
import type { Batch } from "../../batch/batch.ts";
import { entryAt } from "../../batch/entry.ts";
import { ShardmillError } from "../../batch/errors.ts";
import { arrowError, openArrow } from "../../io/formats/arrow-batches.ts";
import { type ArrowField, findField } from "../../io/formats/arrow-cells.ts";
import { isStringType } from "../../io/formats/arrow-strings.ts";
import type { CellKind, CellOrMisfit, MetadataKind } from "../../io/formats/cells.ts";
import { type CellType, cellsOf, ownCells, typeName } from "../../io/formats/value-cells.ts";
import type { ShardRef } from "../../io/source.ts";
import { defineStage, type Extent, type ReadContext, type SourceOperator, source } from "../define.ts";
import { AbsentColumns } from "./absent-columns.ts";
import { BATCH_TARGET, BatchAssembler, type BatchTarget, sizeOfCells } from "./batch-assembler.ts";
import {
  columnOptions,
  type MetadataColumn,
  metadataColumns,
  metadataOption,
  missingColumn,
  pathsOf,
  sourceColumns,
  strictColumns,
  textNotString,
  wrongKind,
} from "./columns.ts";
import { cellsProblem } from "./row-faults.ts";
import { isSequential, RowRange, rowRangeOptions } from "./row-range.ts";
import { shardPlace, wholeShards } from "./shard-extents.ts";

const options = z.strictObject({
  ...columnOptions,
  metadata: metadataOption.describe(
    "columns to carry along, of the kind the file has unless one is given; dots reach into structs; lists, maps and structs become JSON text",
  ),
  strict_columns: strictColumns,
  ...rowRangeOptions,
});
type Options = z.output<typeof options>;
/** Columns of nulls take no bytes, so nothing but this bounds how many a damaged count makes up. */
const MAX_BATCH_ROWS = 2 ** 27;
type Fields = Parameters<typeof findField>[0];

interface ArrowColumn {
  readonly name: string;
  readonly kind: CellKind;
  /** What the recipe asked for. */
  readonly wanted?: MetadataKind | undefined;
  /** Absent where the file lacks it: null in every row. */
  readonly stored?: { readonly field: ArrowField; readonly toCell: CellType["toCell"] };
}

/** The first way that is there. */
function locate(fields: Fields, paths: readonly (readonly string[])[]): ArrowField | undefined {
  for (const path of paths) {
    const field = findField(fields, path);
    if (field !== undefined) return field;
  }
  return undefined;
}

/** The metadata column as a file has it, undefined where it lacks it. Throws DataError `data/column-kind`. */
function metadataIn(
  fields: Fields,
  wanted: MetadataColumn,
  context: ReadContext,
  shard: ShardRef,
): ArrowColumn | undefined {
  const { name, kind, paths } = wanted;
  const field = locate(fields, paths);
  if (field === undefined) return undefined;
  const cells = kind === undefined ? ownCells(field.values) : cellsOf(field.values, kind);
  if (cells === undefined) throw wrongKind(context, shard, wanted, typeName(field.values));
  return { name, kind: cells.kind, wanted: kind, stored: { field, toCell: cells.toCell } };
}

/** Text first, then id where there is one, then metadata. */
async function columnsOf(
  fields: Fields,
  given: Options,
  metadata: readonly MetadataColumn[],
  absent: AbsentColumns,
  context: ReadContext,
  shard: ShardRef,
): Promise<readonly ArrowColumn[]> {
  const names = fields.map((field) => field.name ?? "");
  const stringsOf = (field: ArrowField): NonNullable<ArrowColumn["stored"]> => ({
    field,
    toCell: (cellsOf(field.values, "utf8") ?? ownCells(field.values)).toCell,
  });
  const columns: ArrowColumn[] = [];
  if (given.text !== null) {
    const text = locate(fields, pathsOf(given.text));
    if (text === undefined) throw missingColumn(context, shard, "text", given.text, names);
    // A column of nulls has no value that is not a string.
    if (!isStringType(text.type) && text.values.type !== "null")
      throw textNotString(context, shard, given.text, typeName(text.values));
    columns.push({ name: "text", kind: "utf8", stored: stringsOf(text) });
  }
  const id = given.id === null ? undefined : locate(fields, pathsOf(given.id));
  if (id !== undefined) columns.push({ name: "id", kind: "utf8", stored: stringsOf(id) });
  else if (given.id !== null && given.id !== "id") throw missingColumn(context, shard, "id", given.id, names);
  for (const wanted of metadata) {
    const there = metadataIn(fields, wanted, context, shard);
    const { name, kind } = wanted;
    columns.push(there ?? { name, kind: await absent.kind(wanted, context, shard, names), wanted: kind });
  }
  return columns;
}

/** The operator behind `read/arrow`; tests give it small batches. */
export function arrowSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  const metadata = metadataColumns(given.metadata);
  const absent = new AbsentColumns(given.strict_columns, async (context, shard, column) => {
    const bytes = await context.open(shard);
    try {
      const { schema } = await openArrow(bytes, shardPlace(context, shard));
      return metadataIn(schema.fields, column, context, shard)?.kind;
    } finally {
      await bytes.close();
    }
  });
  return source({
    extents: async (shards) => wholeShards(shards),
    async *read(extents, context) {
      const rows = new RowRange(given);
      for (const extent of extents) {
        if (rows.done) return;
        const columns = (fields: Fields): Promise<readonly ArrowColumn[]> =>
          columnsOf(fields, given, metadata, absent, context, entryAt(context.shards, extent.shard, "shard"));
        yield* readShard(extent, columns, context, rows, target);
      }
    },
  });
}

async function* readShard(
  extent: Extent,
  columnsIn: (fields: Fields) => Promise<readonly ArrowColumn[]>,
  context: ReadContext,
  rows: RowRange,
  target: BatchTarget,
): AsyncGenerator<Batch> {
  const shard = entryAt(context.shards, extent.shard, "shard");
  const place = shardPlace(context, shard);
  const bytes = await context.open(shard);
  try {
    const file = await openArrow(bytes, place);
    const columns = await columnsIn(file.schema.fields).catch((error: unknown) => {
      throw error instanceof ShardmillError ? error : arrowError(place, "schema", error);
    });
    const batches = new BatchAssembler(context.source, columns, target);
    let row = 0;
    let batch = 0;
    for await (const record of file.batches) {
      if (rows.done) break;
      if (!rows.skipAll(record.numRows)) {
        const where = `record batch ${batch}`;
        yield* readRecords(record, columns, batches, where, { extent, row, context, rows });
      }
      row += record.numRows;
      batch++;
    }
    yield* batches.rest();
  } finally {
    await bytes.close();
  }
}

function* readRecords(
  record: RecordBatch,
  columns: readonly ArrowColumn[],
  batches: BatchAssembler,
  where: string,
  at: { readonly extent: Extent; readonly row: number; readonly context: ReadContext; readonly rows: RowRange },
): Generator<Batch> {
  const { context, rows, extent } = at;
  const place = shardPlace(context, entryAt(context.shards, extent.shard, "shard"));
  const cells: CellOrMisfit[] = new Array(columns.length).fill(null);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof ShardmillError) throw error;
      throw arrowError(place, where, error);
    }
  };
  const readers = guarded(() => {
    for (const { length } of record.data.children) {
      if (length !== record.numRows) throw new Error(`a column has ${length} of ${record.numRows} rows`);
    }
    if (record.numRows > MAX_BATCH_ROWS) throw new Error(`${record.numRows} rows in one record batch`);
    return columns.flatMap(({ stored }, cell) => {
      if (stored === undefined) return [];
      return [{ cell, read: stored.field.reader(record.data.children), toCell: stored.toCell }];
    });
  });
  for (let i = 0; i < record.numRows; i++) {
    if (rows.done) return;
    if (!rows.take()) continue;
    guarded(() => {
      for (const { cell, read, toCell } of readers) {
        const value = read(i);
        cells[cell] = value === null ? null : toCell(value);
      }
    });
    const problem = cellsProblem(columns, cells);
    if (problem) {
      context.problem({ ...problem, shard: extent.shard, row: at.row + i });
      continue;
    }
    if (batches.overflows(sizeOfCells(cells))) yield* batches.rest();
    batches.addRow(extent.shard, at.row + i, cells);
    if (batches.full) yield* batches.rest();
  }
}

export default defineStage({
  name: "read/arrow",
  version: 3,
  kind: "source",
  summary: "Reads Arrow IPC files and streams.",
  reference: "Apache Arrow columnar format 1.5; bodies uncompressed, LZ4 or zstd",
  options,
  reads: [],
  writes: ({ metadata }) => sourceColumns(metadata, "any"),
  sequential: isSequential,
  reasons: {},
  create: (given) => arrowSource(given),
  examples: [],
});
