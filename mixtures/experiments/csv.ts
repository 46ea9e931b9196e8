/**
 * Small tables as text: the records of a CSV file with their lines, and records written so that pandas reads them back.
 *
 * Invariant: a field comes back as it was written, whatever is in it. Price: the whole file in memory; these tables have some hundred rows.
 */
import { CsvError, parse } from "csv-parse/sync";
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";

export interface CsvRecord {
  /** Line of the file that the record begins on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvText {
  /** Name of the file in messages. */
  readonly file: string;
  readonly header: readonly string[];
  readonly records: readonly CsvRecord[];
}

/** Reads a CSV file's text. Throws DataError `table/not-csv`, `table/empty`, `table/duplicate-column` or `table/ragged`. */
export function parseCsv(text: string, file: string): CsvText {
  const [head, ...records] = recordsOf(text, file);
  if (head === undefined || records.length === 0) {
    throw tableError(file, 1, {
      code: "table/empty",
      what: `${file} has no rows`,
      fix: "a header and a row for each run",
    });
  }
  const header = head.fields.map((field) => field.trim());
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  if (twice !== undefined) {
    throw tableError(file, 1, { code: "table/duplicate-column", what: `column ${twice} is there twice` });
  }
  for (const { line, fields } of records) {
    if (fields.length === header.length) continue;
    const what = `the row has ${fields.length} fields, and the header ${header.length}`;
    throw tableError(file, line, { code: "table/ragged", what });
  }
  return { file, header, records };
}

function recordsOf(text: string, file: string): readonly CsvRecord[] {
  try {
    const records: CsvRecord[] = [];
    parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: readonly string[], { lines }) => {
        // The parser tells the line that a record ends on.
        const breaks = fields.reduce((sum, field) => sum + field.split("\n").length - 1, 0);
        records.push({ line: Math.max(1, lines - breaks), fields });
        return null;
      },
    });
    return records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === "number" ? error.lines : 1;
    throw tableError(file, line, { code: "table/not-csv", what: `${file} is no CSV table: a quote is out of place` });
  }
}

/** An error that shows the line. */
export function tableError(
  file: string,
  line: number,
  details: { readonly code: string; readonly what: string; readonly why?: string; readonly fix?: string },
): DataError {
  return new DataError({ ...details, place: { file, line, column: 1 } });
}

/** Column `name` as numbers; an empty field, `nan` or `None` is NaN. Throws DataError `table/not-a-number`. */
export function numberAt({ file, header }: CsvText, { line, fields }: CsvRecord, column: number): number {
  const field = entryAt(fields, column, "field").trim();
  if (field === "" || /^(?:nan|none|null|na)$/i.test(field)) return Number.NaN;
  const value = Number(field);
  if (Number.isFinite(value)) return value;
  const what = `${entryAt(header, column, "column")}: ${field.slice(0, 40)} is not a number`;
  throw tableError(file, line, { code: "table/not-a-number", what });
}

/** Records as a CSV file. Numbers in their shortest exact form; NaN and undefined are empty fields. */
export function writeCsv(records: readonly (readonly (string | number | undefined)[])[]): string {
  return records.map((record) => `${record.map(csvField).join(",")}\n`).join("");
}

function csvField(value: string | number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  const text = String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
