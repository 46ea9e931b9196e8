/** What rows that did not survive have besides their own columns: who took them away, and why. */
import type { Batch } from "../../batch/batch.ts";
import { entryAt } from "../../batch/entry.ts";
import { uint8At } from "../../batch/numbers.ts";
import { VERDICT_COLUMNS } from "../../plan/outputs.ts";
import { droppingBarriers, type SourcePlan } from "../../plan/plan.ts";
import type { SinkColumn } from "../../stages/define.ts";
import { FELL } from "./settle.ts";

/** The columns of an output's dropped rows. */
export function droppedColumns(columns: readonly SinkColumn[]): readonly SinkColumn[] {
  const verdicts = VERDICT_COLUMNS.map(({ name, kind }) => ({ name, type: kind === "utf8" ? "string" : kind }));
  return [...columns, ...verdicts];
}

/** The rows of `batch` that a dropping barrier of `source` took, each with the barrier and its reason. `fates` are those of the span. */
export function takenByBarriers(batch: Batch, fates: Uint8Array, source: SourcePlan): Batch {
  const barriers = droppingBarriers(source).map(({ stage }) => entryAt(source.stages, stage, "stage"));
  const codes = new Int32Array(batch.rows);
  for (let row = 0; row < batch.rows; row++) {
    const barrier = uint8At(fates, batch.document(row)) - FELL;
    if (barrier < 0) batch.alive.clear(row);
    else codes[row] = barrier;
  }
  batch.setColumn("dropped_by", { kind: "dictionary", codes, values: barriers.map(({ id }) => id) });
  batch.setColumn("reason", {
    kind: "dictionary",
    codes,
    values: barriers.map((stage) => stage.exchange?.reason ?? ""),
  });
  return batch;
}
