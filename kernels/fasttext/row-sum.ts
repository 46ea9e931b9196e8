/**
 * The sum of a text's rows: what a text is to a model.
 *
 * Invariant: floats of 32 bits, added one after the other in fastText's order, whoever adds them. Price: of the plain one, see line-rows.ts, and a nanosecond a float.
 */
import { LineRows } from "./line-rows.ts";
import { addRow, type Rows } from "./matrix.ts";
import type { ModelTables } from "./tables.ts";

/** Sums rows of one text after another. */
export interface RowSum {
  /** Makes `sum` that of `bytes[start, end)`, one line; returns how many rows it has. */
  add(bytes: Uint8Array, start: number, end: number, sum: Float32Array): number;
}

export class PlainRowSum implements RowSum {
  readonly #line: LineRows;
  readonly #rows: Rows;

  constructor(tables: ModelTables, rows: Rows) {
    this.#line = new LineRows(tables);
    this.#rows = rows;
  }

  add(bytes: Uint8Array, start: number, end: number, sum: Float32Array): number {
    const line = this.#line;
    line.read(bytes, start, end);
    sum.fill(0);
    for (let i = 0; i < line.count; i++) addRow(this.#rows, line.rows[i], sum);
    return line.count;
  }
}

/** The input rows as the tables have them, or as the file has them where the tables do not. */
export function tableRows(tables: ModelTables, fileRows: Rows): Rows {
  const { rows, width, stride } = tables;
  return rows.length === 0 ? fileRows : { kind: "dense", columns: width, stride, floats: rows };
}
