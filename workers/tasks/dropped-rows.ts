/** What rows that did not survive have besides their own columns: who took them away, and why. */
import type { Batch } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import type { SinkColumn } from "../../stages/define.ts";

const VERDICT_COLUMNS: readonly SinkColumn[] = [
  { name: "dropped_by", type: "string" },
  { name: "reason", type: "string" },
  { name: "value", type: "float64" },
  { name: "detail", type: "string" },
];

/** The columns of an output's dropped rows. */
export function droppedColumns(columns: readonly SinkColumn[]): readonly SinkColumn[] {
  const taken = new Set(VERDICT_COLUMNS.map(({ name }) => name));
  return [...columns.filter(({ name }) => !taken.has(name)), ...VERDICT_COLUMNS];
}

/** Rows that a dropping barrier took: which of several it was stands in the ledger of duplicates, by address. */
export function takenByBarriers(batch: Batch): Batch {
  const same = (value: string): Column => ({ kind: "dictionary", codes: new Int32Array(batch.rows), values: [value] });
  batch.setColumn("dropped_by", same("dedup"));
  batch.setColumn("reason", same("duplicate"));
  return batch;
}
