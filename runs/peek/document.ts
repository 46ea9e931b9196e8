/** A row as people look at it: its address, its text or another column, and what became of it. */
import type { Batch } from "../../batch/batch.ts";
import { type Column, isValid, utf8String } from "../../batch/column.ts";

export interface PeekedDocument {
  /** `source/shard#row`; of a pattern's files `shard#row`. */
  readonly address: string;
  readonly id?: string;
  /** The text as it was read, or the column that was asked for. */
  readonly text: string;
  /** Absent where no run judged it. */
  readonly fate?: Fate;
  /** Of a row that was dropped. */
  readonly verdict?: PeekedVerdict;
  /** Of a row that could not be used; it has no text. */
  readonly problem?: { readonly kind: string; readonly message: string };
  /** Stages that change the text of what is kept: what `text` says is what they were given. */
  readonly rewritten_by?: readonly string[];
}

/** `undecided`: alive after all that was done so far, with verdicts to come. `unusable`: it never became a document. */
export type Fate = "kept" | "held_out" | "dropped" | "undecided" | "unusable";

export interface PeekedVerdict {
  readonly stage: string;
  readonly reason: string;
  readonly value?: number;
  readonly detail?: string;
  /** The row that stayed in its stead. */
  readonly survivor?: { readonly address: string; readonly id?: string };
}

/** A row that could not be used. */
export interface PeekedProblem {
  /** `source/shard#row`, or `source/shard` and the byte in the file where rows are not counted. */
  readonly address: string;
  readonly byte?: number;
  readonly kind: string;
  readonly message: string;
}

/** The name of a row where it has one. */
export function idOf(batch: Batch, row: number): string | undefined {
  const id = batch.column("id");
  return id?.kind === "utf8" && isValid(id, row) ? utf8String(id, row) : undefined;
}

/** A value as text; of lists of tokens and ranges nothing is shown. */
export function cellText(column: Column | undefined, row: number): string {
  if (column === undefined || column.kind === "token_list" || column.kind === "range_list") return "";
  if (!isValid(column, row)) return "null";
  if (column.kind === "utf8") return utf8String(column, row);
  if (column.kind === "dictionary") return column.values[column.codes[row] ?? 0] ?? "";
  if (column.kind === "bool") return column.values[row] === 1 ? "true" : "false";
  return String(column.values[row]);
}
