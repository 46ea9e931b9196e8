/**
 * Scores of the documents of a store shard, from its documents table, and the documents that a selection keeps by them.
 *
 * Invariant: a score is a finite number; what is null, not a number or infinite is none (NaN). Price: the documents table of the shard, and only where
 * a selection asks for a score.
 */
import { columnRows, isValid, type ScalarColumn, utf8String } from "../batch/column.ts";
import { DataError } from "../batch/errors.ts";
import { float32At, float64At, int32At, int64At } from "../batch/numbers.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { readPart } from "../io/local/read-part.ts";
import { type DocumentSelection, type SelectedDocuments, selectDocuments } from "../kernels/pack/select.ts";

/** The documents table beside the token file `path` of a store shard. */
export function documentsBeside(path: string): string {
  return path.replace(/\.ds$/, ".documents.arrow");
}

/** {@link selectDocuments} of shard `shard` of a store, whose token file is `path`. */
export function selectInShard(
  documentEnds: Float64Array,
  selection: DocumentSelection,
  { shard, path }: { readonly shard: number; readonly path: string },
): SelectedDocuments {
  if (selection.score === undefined) return selectDocuments(documentEnds, selection);
  const table = documentsBeside(path);
  const scores = tableScores(readPart(table), table, selection.score.column);
  return selectDocuments(documentEnds, selection, { shard, scores });
}

/** Scores by document. Throws DataError `data/column-kind` where the column of `table` is not there or holds something else than numbers. */
export function tableScores(table: Uint8Array, name: string, column: string): Float64Array {
  const { rows, columns } = decodeArrow(table, name);
  if (rows === 0) return new Float64Array(0);
  return columnScores(columns.get(column), rows, name, column);
}

/** Scores and tokens of a documents table. */
export function tableScoresAndTokens(
  table: Uint8Array,
  name: string,
  column: string,
): { readonly scores: Float64Array; readonly tokens: Int32Array } {
  const { rows, columns } = decodeArrow(table, name);
  const tokens = columns.get("tokens");
  if (rows === 0 || tokens?.kind !== "int32") return { scores: new Float64Array(0), tokens: new Int32Array(0) };
  return { scores: columnScores(columns.get(column), rows, name, column), tokens: tokens.values };
}

function columnScores(found: ScalarColumn | undefined, rows: number, name: string, column: string): Float64Array {
  if (found === undefined || columnRows(found) !== rows) throw noNumbers(name, column, "has no such column");
  const valueAt = reader(found, name, column);
  const scores = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const score = isValid(found, row) ? valueAt(row) : Number.NaN;
    scores[row] = Number.isFinite(score) ? score : Number.NaN;
  }
  return scores;
}

function reader(column: ScalarColumn, name: string, called: string): (row: number) => number {
  switch (column.kind) {
    case "float64":
      return (row) => float64At(column.values, row);
    case "float32":
      return (row) => float32At(column.values, row);
    case "int32":
      return (row) => int32At(column.values, row);
    case "int64":
      return (row) => Number(int64At(column.values, row));
    case "utf8":
      // A value of JSON.
      return (row) => jsonNumber(utf8String(column, row), name, called);
    default:
      throw noNumbers(name, called, `holds ${column.kind}, not numbers`);
  }
}

const JSON_NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function jsonNumber(text: string, name: string, column: string): number {
  if (text === "null") return Number.NaN;
  if (!JSON_NUMBER.test(text)) throw noNumbers(name, column, `holds ${JSON.stringify(text.slice(0, 40))}`);
  return Number(text);
}

function noNumbers(name: string, column: string, what: string): DataError {
  return new DataError({
    code: "data/column-kind",
    what: `the column ${column} of ${name} ${what}`,
    why: "documents are ordered by a score, which is a number",
    fix: `carry ${column} as a number: metadata: [{ name: ${column}, kind: float64 }]`,
  });
}
