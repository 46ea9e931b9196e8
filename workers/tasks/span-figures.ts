/**
 * What stages counted of each row that left a pass of a span, and its sums over the rows that survive.
 *
 * A stage's state counts the rows that it met; a barrier may take some of them away when the pass is long over. Invariant: rows of the table are those of
 * the span's documents, in their order, whatever pass the stage was in. Price: 4 bytes a row and figure, of sources with such stages alone.
 */
import { int32Values } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { readVouched } from "../../io/local/vouched.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { spanFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import type { RowFigures } from "../protocol.ts";

export interface FigureColumn {
  /** Position of the stage in its pipeline, and its name there. */
  readonly stage: number;
  readonly id: string;
  readonly name: string;
  /** What the table calls it. */
  readonly column: string;
}

/** The figures of stages up to `end`, by position. */
export function figureColumns({ stages }: Pick<SourcePlan, "stages">, end = stages.length): readonly FigureColumn[] {
  return stages.slice(0, end).flatMap(({ id, figures = [] }, stage) => {
    return figures.map((name) => ({ stage, id, name, column: `${id}.${name}` }));
  });
}

/** Figures of the rows of a span: `document` is ascending. */
export interface FigureTable {
  readonly document: Int32Array;
  readonly values: readonly Int32Array[];
}

/** `columns` are those of the pass in `folder`. Throws RunError `store/damaged`. */
export function readFigures(folder: string, span: number, columns: readonly FigureColumn[]): FigureTable {
  const name = spanFiles.figures(span);
  const { columns: read } = decodeArrow(readVouched(vouchers(folder, spanFiles.marker(span))(name)), name);
  return {
    document: int32Values(read, "document"),
    values: columns.map(({ column }) => int32Values(read, column)),
  };
}

/** Adds up figures of rows, and of parts that were added up before. */
export class FigureSums {
  readonly #columns: readonly FigureColumn[];
  readonly #sums: number[];

  constructor(columns: readonly FigureColumn[]) {
    this.#columns = columns;
    this.#sums = columns.map(() => 0);
  }

  addRow({ values }: FigureTable, row: number): void {
    values.forEach((column, index) => {
      this.#sums[index] = (this.#sums[index] ?? 0) + int32At(column, row);
    });
  }

  addPart(part: RowFigures | undefined): void {
    this.#columns.forEach(({ id, name }, index) => {
      this.#sums[index] = (this.#sums[index] ?? 0) + (part?.[id]?.[name] ?? 0);
    });
  }

  /** What a marker says of them: nothing where no stage counts. */
  finish(): { readonly figures?: RowFigures } {
    if (this.#columns.length === 0) return {};
    const figures: Record<string, Record<string, number>> = {};
    this.#columns.forEach(({ id, name }, index) => {
      figures[id] = { ...figures[id], [name]: this.#sums[index] ?? 0 };
    });
    return { figures };
  }
}
