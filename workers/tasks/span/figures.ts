/**
 * The figures of the rows that leave a pass, on their way to a table: those of its own stages, and those that passes before it left.
 *
 * Invariant: a row whose stage said nothing of it has zeros. Memory: the table.
 */
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { int32At } from "../../../batch/numbers.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";
import type { RowFigures } from "../../protocol.ts";
import { type FigureColumn, FigureSums, type FigureTable } from "../span-figures.ts";

export class SpanFigures {
  readonly #columns: readonly FigureColumn[];
  /** What the pass before left, of its columns, which are the first. */
  readonly #before: FigureTable | undefined;
  readonly #document = new Int32Builder();
  readonly #values: readonly Int32Builder[];
  #at = 0;

  constructor(columns: readonly FigureColumn[], before: FigureTable | undefined) {
    this.#columns = columns;
    this.#before = before;
    this.#values = columns.map(() => new Int32Builder());
  }

  /** Takes the rows of `batch` that are alive. */
  add(batch: Batch): void {
    const own = this.#columns.map(({ stage, name }) => batch.figures.get(stage)?.get(name));
    batch.alive.forEach((row) => {
      const document = batch.document(row);
      const before = this.#find(document);
      this.#document.append(document);
      this.#values.forEach((values, index) => {
        const carried = this.#before?.values[index];
        values.append(carried === undefined ? (own[index]?.[row] ?? 0) : int32At(carried, before));
      });
    });
  }

  encode(): Uint8Array {
    const { document, values } = this.#table();
    const columns = new Map<string, Column>([["document", { kind: "int32", values: document }]]);
    this.#columns.forEach(({ column }, index) => {
      columns.set(column, { kind: "int32", values: values[index] ?? new Int32Array() });
    });
    return encodeArrow(columns, document.length);
  }

  /** Sums over all rows so far. */
  sums(): RowFigures | undefined {
    const sums = new FigureSums(this.#columns);
    const table = this.#table();
    for (let row = 0; row < table.document.length; row++) sums.addRow(table, row);
    return sums.finish().figures;
  }

  #table(): FigureTable {
    return { document: this.#document.finish(), values: this.#values.map((values) => values.finish()) };
  }

  /** Where the pass before has a document. Both ascend. */
  #find(document: number): number {
    const known = this.#before?.document;
    if (known === undefined) return 0;
    while (this.#at < known.length && int32At(known, this.#at) < document) this.#at++;
    if (known[this.#at] !== document) throw new Error(`the pass before left no figures of document ${document}`);
    return this.#at;
  }
}
