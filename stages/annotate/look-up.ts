/**
 * Looks rows up in a table by a key and takes columns over from it.
 *
 * A file stands for what a service may be: keys are the questions, lines the answers, which the run keeps in its journal. Invariant: equal keys get
 * equal answers, every digit of a number arrives. Price: a question a distinct key of a span, and a look
 * into the journal a row, 20 µs each.
 */
import { z } from "zod";
import type { Batch, Derivation } from "../../batch/batch.ts";
import { DataError } from "../../batch/errors.ts";
import { CELL_KINDS, type Cell, type CellKind } from "../../io/formats/cells.ts";
import { type Cells, ColumnPath } from "../cells.ts";
import { assetPath, defineStage, request } from "../define.ts";
import { columnBuilder } from "../read/column-builders.ts";
import { parseNumber } from "../read/numbers.ts";
import { requestOptions } from "../request-options.ts";
import { LookUpTable, type TableRow } from "./look-up-table.ts";

const options = z.strictObject({
  table: assetPath().describe("file of JSON lines, one object an entry"),
  key: z.string().min(1).default("id").describe("column of the rows, or path into a column of JSON, that is looked up"),
  table_key: z.string().min(1).default("key").describe("key of the table's lines that it is looked up in"),
  columns: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe("name in the table, and of the column"),
        kind: z.enum(CELL_KINDS).default("utf8").describe("kind of the column"),
      }),
    )
    .min(1)
    .describe("what is taken over from the table"),
  missing: z
    .enum(["null", "drop"])
    .default("null")
    .describe("rows that the table does not have: `null` in every column, or `drop` them"),
  ...requestOptions,
});

const BOOLS = new Map([
  ["true", true],
  ["false", false],
]);

/** An answer's text as a value of its column. */
function cellOf(text: string | null, { name, kind }: { name: string; kind: CellKind }, table: string): Cell {
  if (text === null || kind === "utf8") return text;
  const value = kind === "bool" ? BOOLS.get(text) : parseNumber(text, kind);
  if (value !== undefined) return value;
  throw new DataError({
    code: "data/look-up-value",
    what: `${table} has ${JSON.stringify(text.slice(0, 40))} for ${name}, which is no ${kind}`,
    why: "a column has one kind",
    fix: "change the table, or the kind that the stage gives the column",
  });
}

export default defineStage({
  name: "annotate/look-up",
  version: 1,
  kind: "request",
  summary: "Looks rows up in a table of JSON lines and takes columns over.",
  options,
  reads: ({ key }) => [key],
  writes: ({ columns }) => columns,
  reasons: ({ missing }) => (missing === "drop" ? { no_answer: "the table has no line for the row's key" } : {}),
  create: ({ table, key, table_key, columns, missing, concurrency, attempts, retry_ms }, { assets }) => {
    const name = assets.name(table);
    const path = new ColumnPath(key);
    const keysOf: Derivation<Cells> = { make: (batch) => path.of(batch) };
    let opened: LookUpTable | undefined;
    const open = () => {
      opened ??= new LookUpTable(
        assets.bytes(table),
        table_key,
        columns.map((column) => column.name),
        name,
      );
      return opened;
    };
    return request({
      concurrency,
      attempts,
      retry_ms,
      question: (batch, row) => keyOf(batch.derived(keysOf), row),
      ask: async (question) => [...(open().find(String(question)) ?? [])],
      apply: (batch, answer, drop) => {
        const filled = columns.map((column) => ({ column, builder: columnBuilder(column.kind, undefined) }));
        for (let row = 0; row < batch.rows; row++) {
          const found = batch.alive.has(row) ? rowOf(answer(row)) : undefined;
          if (found === undefined && missing === "drop") drop(row, "no_answer", undefined, detailOf(batch, row));
          for (const [i, { column, builder }] of filled.entries()) {
            builder.push(cellOf(found?.[i] ?? null, column, name));
          }
        }
        return new Map(filled.map(({ column, builder }) => [column.name, builder.finish()]));
      },
    });

    function detailOf(batch: Batch, row: number): string | undefined {
      return batch.alive.has(row) ? keyOf(batch.derived(keysOf), row) : undefined;
    }
  },
  examples: [
    {
      columns: { licence: "mit" },
      options: {
        table: "docs/examples/licences.jsonl",
        key: "licence",
        columns: [{ name: "permissive", kind: "bool" }],
      },
      writes: { permissive: true },
    },
    {
      columns: { licence: "none" },
      options: { table: "docs/examples/licences.jsonl", key: "licence", columns: [{ name: "family" }] },
      writes: { family: null },
    },
    {
      columns: { licence: "none" },
      options: {
        table: "docs/examples/licences.jsonl",
        key: "licence",
        columns: [{ name: "family" }],
        missing: "drop",
      },
      drops: "no_answer",
    },
  ],
});

/** The question of a row: its key as text. */
function keyOf(cells: Cells, row: number): string | undefined {
  switch (cells.read(row)) {
    case "text":
      return Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString("utf8");
    case "number":
      return String(cells.number);
    default:
      return undefined;
  }
}

/** The table's line in an answer; an empty one says that it has none. */
function rowOf(answer: unknown): TableRow | undefined {
  return Array.isArray(answer) && answer.length > 0 ? (answer as TableRow) : undefined;
}
