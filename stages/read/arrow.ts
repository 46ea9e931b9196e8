/**
 * Reads Arrow IPC files and streams, which is also what `datasets` keeps in its cache.
 *
 * Invariant: strings are taken as the bytes they are, whatever way their column stores them. Price: one record batch in
 * memory, whole; more than 1 GB/s of text on one core.
 */
import type { RecordBatch, Schema } from "apache-arrow";
import * as z from "zod";
import type { Batch } from "../../batch/batch.ts";
import { DataError, ShardmillError } from "../../batch/errors.ts";
import { arrowError, openArrow } from "../../io/formats/arrow-batches.ts";
import { cellKind, cellReader, isStringType } from "../../io/formats/arrow-cells.ts";
import type { Cell } from "../../io/formats/cells.ts";
import type { ShardRef } from "../../io/source.ts";
import { defineStage, type Extent, type ReadContext, type SourceOperator, source } from "../define.ts";
import {
  BATCH_TARGET,
  BatchAssembler,
  type BatchTarget,
  cellsProblem,
  columnOptions,
  isSequential,
  missingColumn,
  outputNames,
  RowWindow,
  shardPlace,
  sizeOfCells,
  sourceColumns,
  wholeShards,
  windowOptions,
} from "./reading.ts";
import type { ColumnSpec } from "./reading-columns.ts";

const options = z.strictObject({
  ...columnOptions,
  metadata: z
    .array(z.string().min(1))
    .default([])
    .describe("columns to carry along; lists, maps and structs become JSON text"),
  ...windowOptions,
});
type Options = z.output<typeof options>;

interface ArrowColumn extends ColumnSpec {
  /** Position in the schema. */
  readonly index: number;
}

function columnsOf(schema: Schema, given: Options, context: ReadContext, shard: ShardRef): ArrowColumn[] {
  const names = schema.fields.map((field) => field.name ?? "");
  const find = (option: "text" | "id" | "metadata", name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw missingColumn(context, shard, option, name, names);
    return index;
  };
  const text = find("text", given.text);
  if (!isStringType(schema.fields[text].type)) {
    throw new DataError({
      code: "data/text-not-string",
      what: `column ${given.text} does not hold strings but ${schema.fields[text].type}`,
      fix: "set text to a column of strings",
      place: shardPlace(context, shard),
    });
  }
  const columns: ArrowColumn[] = [{ name: "text", kind: "utf8", index: text }];
  if (given.id !== null && (given.id !== "id" || names.includes("id"))) {
    columns.push({ name: "id", kind: "utf8", index: find("id", given.id) });
  }
  for (const name of given.metadata) {
    const index = find("metadata", name);
    columns.push({ name, kind: cellKind(schema.fields[index].type), index });
  }
  return columns;
}

/** The operator behind `read/arrow`; tests give it small batches. */
export function arrowSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  outputNames(given.metadata);
  return source({
    extents: async (shards) => wholeShards(shards),
    async *read(extents, context) {
      const rows = new RowWindow(given);
      for (const extent of extents) {
        if (rows.done) return;
        yield* readShard(extent, given, context, rows, target);
      }
    },
  });
}

async function* readShard(
  extent: Extent,
  given: Options,
  context: ReadContext,
  rows: RowWindow,
  target: BatchTarget,
): AsyncGenerator<Batch> {
  const shard = context.shards[extent.shard];
  const place = shardPlace(context, shard);
  const bytes = await context.open(shard);
  try {
    const file = await openArrow(bytes, place);
    const columns = columnsOf(file.schema, given, context, shard);
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
    const rest = batches.take();
    if (rest) yield rest;
  } finally {
    await bytes.close();
  }
}

function* readRecords(
  record: RecordBatch,
  columns: readonly ArrowColumn[],
  batches: BatchAssembler,
  where: string,
  at: { readonly extent: Extent; readonly row: number; readonly context: ReadContext; readonly rows: RowWindow },
): Generator<Batch> {
  const { context, rows, extent } = at;
  const place = shardPlace(context, context.shards[extent.shard]);
  const cells: Cell[] = new Array(columns.length).fill(null);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof ShardmillError) throw error;
      throw arrowError(place, where, error);
    }
  };
  const readers = guarded(() =>
    columns.map(({ name, index }) => {
      const data = record.data.children[index];
      if (data.length !== record.numRows)
        throw new Error(`column ${name} has ${data.length} of ${record.numRows} rows`);
      return cellReader(data);
    }),
  );
  for (let i = 0; i < record.numRows; i++) {
    if (rows.done) return;
    if (!rows.take()) continue;
    guarded(() => {
      for (let c = 0; c < columns.length; c++) {
        const cell = readers[c](i);
        cells[c] = columns[c].kind === "utf8" && cell !== null && !(cell instanceof Uint8Array) ? String(cell) : cell;
      }
    });
    const problem = cellsProblem(columns, cells);
    if (problem) {
      context.problem({ ...problem, shard: extent.shard, row: at.row + i });
      continue;
    }
    if (batches.overflows(sizeOfCells(cells))) yield batches.take()!;
    const builders = batches.addRow(extent.shard, at.row + i);
    for (let c = 0; c < cells.length; c++) builders[c].push(cells[c]);
    if (batches.full) yield batches.take()!;
  }
}

export default defineStage({
  name: "read/arrow",
  version: 1,
  kind: "source",
  summary: "Reads Arrow IPC files and streams.",
  reference: "Apache Arrow columnar format 1.5; bodies uncompressed or zstd",
  options,
  reads: [],
  writes: ({ metadata }) => sourceColumns(metadata, "any"),
  sequential: isSequential,
  reasons: {},
  create: (given) => arrowSource(given),
  examples: [],
});
