/**
 * Reads CSV and its relatives, plain or compressed: quoted fields may hold delimiters and lines.
 *
 * Invariant: a record is one row, used or reported; a quote that never closes fails the file, because nothing after it
 * can be trusted. CSV knows no null: an empty id or number is absent, an empty string is a string. Price: about 40 MB/s
 * on one core (csv-parse); data worth reading often is better kept as Parquet.
 */
import * as z from "zod";
import type { Batch } from "../../batch/batch.ts";
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { type CellKind, type CellOrMisfit, cellKindOf, type MetadataKind, MISFIT } from "../../io/formats/cells.ts";
import { isJson } from "../../io/formats/value-types.ts";
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
  sourceColumns,
  strictColumns,
  wholeName,
} from "./columns.ts";
import { likelyDelimiter, openTable, type Parsed, type Table } from "./csv-table.ts";
import { parseNumber } from "./numbers.ts";
import { cellsProblem, type RowFault } from "./row-faults.ts";
import { isSequential, RowRange, rowRangeOptions } from "./row-range.ts";
import { shardPlace, wholeShards } from "./shard-extents.ts";

const options = z.strictObject({
  ...columnOptions,
  metadata: metadataOption.describe("columns to carry along; a bare name is a utf8 column"),
  delimiter: z
    .string()
    .min(1)
    .optional()
    .describe("what separates fields; by default a tab in files named `.tsv`, a comma in others"),
  quote: z
    .string()
    .length(1)
    .nullable()
    .optional()
    .describe(
      'what quotes fields, doubled inside them; null for none; by default none in files named `.tsv`, `"` in others',
    ),
  header: z
    .array(z.string())
    .min(1)
    .nullable()
    .default(null)
    .describe("names of the columns where the file has no header line; null takes them from its first line"),
  strict_columns: strictColumns,
  ...rowRangeOptions,
});
type Options = z.output<typeof options>;

interface CsvColumn {
  readonly name: string;
  readonly kind: CellKind;
  readonly wanted: MetadataKind;
  /** Position in a record; -1 where the file lacks it: null in every row. */
  readonly index: number;
}

/** Where the header names `column`: by its whole name, since a table is flat. */
function indexOf(header: readonly string[], column: MetadataColumn): number {
  return header.indexOf(wholeName(column));
}

async function columnsOf(
  header: readonly string[],
  given: Options,
  metadata: readonly MetadataColumn[],
  absent: AbsentColumns,
  context: ReadContext,
  shard: ShardRef,
): Promise<readonly CsvColumn[]> {
  const find = (option: "text" | "id", name: string): number => {
    const index = header.indexOf(name);
    if (index >= 0) return index;
    const delimiter = given.delimiter === undefined ? likelyDelimiter(header) : undefined;
    if (delimiter !== undefined) throw oneColumn(header, delimiter, context, shard);
    throw missingColumn(context, shard, option, name, header);
  };
  const columns: CsvColumn[] = [];
  if (given.text !== null) {
    columns.push({ name: "text", kind: "utf8", wanted: "utf8", index: find("text", given.text) });
  }
  if (given.id !== null && (given.id !== "id" || header.includes("id"))) {
    columns.push({ name: "id", kind: "utf8", wanted: "utf8", index: find("id", given.id) });
  }
  for (const column of metadata) {
    const { name, kind: wanted = "utf8" } = column;
    const index = indexOf(header, column);
    if (index < 0) await absent.kind(column, context, shard, header);
    columns.push({ name, kind: cellKindOf(wanted), wanted, index });
  }
  return columns;
}

/** A header of one column, in which another delimiter than the file's name says stands between names. */
function oneColumn(header: readonly string[], delimiter: string, context: ReadContext, shard: ShardRef): DataError {
  const [line = ""] = header;
  const columns = line.split(delimiter).map((name) => JSON.stringify(name));
  return new DataError({
    code: "data/missing-column",
    what: `the table has one column, ${JSON.stringify(line)}`,
    why: `fields seem to be separated by ${JSON.stringify(delimiter)}`,
    fix: `set delimiter: ${JSON.stringify(delimiter)}; the columns are then ${columns.join(", ")}`,
    place: shardPlace(context, shard),
  });
}

/** The operator behind `read/csv`; tests give it small batches. */
export function csvSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  const metadata = metadataColumns(given.metadata);
  const absent = new AbsentColumns(given.strict_columns, async (context, shard, column) => {
    const bytes = await context.open(shard);
    try {
      const { header, parsed } = await openTable(bytes, given, context, shard);
      await parsed.return(undefined);
      return header === undefined || indexOf(header, column) < 0 ? undefined : cellKindOf(column.kind ?? "utf8");
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
        const shard = entryAt(context.shards, extent.shard, "shard");
        const bytes = await context.open(shard);
        try {
          const table = await openTable(bytes, given, context, shard);
          try {
            const { header } = table;
            if (header === undefined) continue;
            const columns = await columnsOf(header, given, metadata, absent, context, shard);
            yield* readShard(extent, { ...table, header }, columns, context, rows, target);
          } finally {
            await table.parsed.return(undefined);
          }
        } finally {
          await bytes.close();
        }
      }
    },
  });
}

async function* readShard(
  extent: Extent,
  { header, headerRows, parsed }: Table & { readonly header: readonly string[] },
  columns: readonly CsvColumn[],
  context: ReadContext,
  rows: RowRange,
  target: BatchTarget,
): AsyncGenerator<Batch> {
  const batches = new BatchAssembler(context.source, columns, target);
  for await (const record of parsed) {
    if (rows.done) break;
    if (!rows.take()) continue;
    const row = record.row - headerRows;
    const found = cellsOf(record, header.length, columns);
    const problem = "cells" in found ? cellsProblem(columns, found.cells) : found;
    if (problem !== undefined || !("cells" in found)) {
      if (problem !== undefined) context.problem({ ...problem, shard: extent.shard, row });
      continue;
    }
    if (batches.overflows(sizeOfCells(found.cells))) yield* batches.rest();
    batches.addRow(extent.shard, row, found.cells);
    if (batches.full) yield* batches.rest();
  }
  yield* batches.rest();
}

/** The cells of a record, or what is wrong with it. */
function cellsOf(
  record: Parsed,
  width: number,
  columns: readonly CsvColumn[],
): { readonly cells: CellOrMisfit[] } | RowFault {
  if ("fault" in record) return { kind: "bad_csv", message: record.fault };
  const { fields } = record;
  if (fields.length !== width) {
    return { kind: "bad_csv", message: `the row has ${count(fields.length)}, the header ${width}` };
  }
  return {
    cells: columns.map(({ name, wanted, index }) => {
      const field = index < 0 ? undefined : fields[index];
      if (field === undefined) return null;
      return name === "id" && field.length === 0 ? null : toCell(field, wanted);
    }),
  };
}

function count(fields: number): string {
  return fields === 1 ? "1 field" : `${fields} fields`;
}

function toCell(field: Uint8Array, wanted: MetadataKind): CellOrMisfit {
  if (wanted === "utf8") return field;
  const buffer = Buffer.from(field);
  if (wanted === "json") {
    const text = buffer.toString().trim();
    return text === "" || text === "null" ? null : isJson(text) ? text : MISFIT;
  }
  const text = buffer.toString("latin1").trim();
  if (text === "") return null;
  if (wanted !== "bool") return parseNumber(text, wanted) ?? MISFIT;
  const lower = text.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : MISFIT;
}

export default defineStage({
  name: "read/csv",
  version: 3,
  kind: "source",
  summary: "Reads CSV or TSV, plain or compressed; fields may span lines.",
  reference: "RFC 4180; text/tab-separated-values for `.tsv`",
  options,
  reads: [],
  writes: ({ metadata }) => sourceColumns(metadata, "utf8"),
  sequential: isSequential,
  reasons: {},
  create: (given) => csvSource(given),
  examples: [],
});
