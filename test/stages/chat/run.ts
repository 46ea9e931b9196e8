/** Runs stages of chats on rows, one behind the other as an executor does. */
import assert from "node:assert/strict";
import type { Batch } from "../../../batch/batch.ts";
import { NO_RESOURCES, type StageResources, type StageState } from "../../../stages/define.ts";
import { stageRegistry } from "../../../stages/registry.ts";
import { batchOfRows, valueAt } from "../../batch-of.ts";

type Use = Readonly<Record<string, unknown>> & { readonly use: string };
type Row = Parameters<typeof batchOfRows>[0][number];

export interface Outcome {
  readonly batch: Batch;
  /** `REASON` or `REASON: DETAIL` by row. */
  readonly dropped: ReadonlyMap<number, string>;
  /** Of each stage, where it keeps one. */
  readonly states: readonly (StageState | undefined)[];
  /** What each stage counted, over all rows. */
  readonly figures: readonly Readonly<Record<string, number>>[];
  /** The values of a row, of columns that hold texts. */
  readonly row: (row: number) => Record<string, unknown>;
}

export function runStages(
  uses: readonly Use[],
  rows: readonly Row[],
  resources: StageResources = NO_RESOURCES,
): Outcome {
  const batch = batchOfRows(rows);
  const dropped = new Map<number, string>();
  const figures: Record<string, number>[] = [];
  const states = uses.map(({ use, ...options }) => {
    const stage = stageRegistry().findStage(use);
    const operator = stage.create(stage.options.parse(options), resources);
    const drop = (row: number, reason: string, _value?: number, detail?: string): void => {
      assert.ok(batch.alive.has(row), `row ${row} falls twice`);
      batch.alive.clear(row);
      dropped.set(row, detail === undefined ? reason : `${reason}: ${detail}`);
    };
    assert.ok(operator.kind === "filter" || operator.kind === "transform" || operator.kind === "annotate");
    const counts: Record<string, number> = {};
    const figure = (_row: number, name: string, amount = 1): void => {
      counts[name] = (counts[name] ?? 0) + amount;
    };
    const made =
      operator.kind === "annotate" ? operator.apply(batch, figure) : operator.apply(batch, drop, undefined, figure);
    figures.push(counts);
    for (const column of made ?? []) batch.setColumn(...column);
    return operator.finish?.();
  });
  const row = (index: number): Record<string, unknown> =>
    Object.fromEntries([...batch.columns].map(([name, column]) => [name, valueAt(column, index)]));
  return { batch, dropped, states, figures, row };
}

/** What a row's messages say: `role: content` of each. */
export function turnsOf(outcome: Outcome, row: number): readonly string[] {
  const messages = JSON.parse(String(outcome.row(row).messages)) as readonly { role: string; content: string | null }[];
  return messages.map(({ role, content }) => `${role}: ${content}`);
}
