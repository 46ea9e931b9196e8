/** Runs filter and rewrite stages on texts. */

import assert from "node:assert/strict";
import type { Batch } from "../../../batch/batch.ts";
import { utf8String } from "../../../batch/column.ts";
import type { StageDefinition } from "../../../stages/define.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOf } from "../../batch-of.ts";

export interface Dropped {
  readonly reason: string;
  readonly value: number;
}

/** Applies a filter to a batch: what it dropped, by row. Clears the rows as the executor does. */
export function applyFilter(
  stage: StageDefinition,
  options: Readonly<Record<string, unknown>>,
  batch: Batch,
): Map<number, Dropped> {
  const operator = stage.create(stage.options.parse(options), NO_RESOURCES);
  assert.equal(operator.kind, "filter");
  const dropped = new Map<number, Dropped>();
  if (operator.kind !== "filter") return dropped;
  operator.apply(batch, (row, reason, value) => {
    assert.ok(batch.alive.has(row), `row ${row} was dropped twice`);
    assert.ok(reason in stage.reasons, `${reason} is declared`);
    batch.alive.clear(row);
    dropped.set(row, { reason, value: value ?? Number.NaN });
  });
  return dropped;
}

/** What a filter says about one text: the drop, or null. */
export function judge(
  stage: StageDefinition,
  text: string | Uint8Array,
  options: Readonly<Record<string, unknown>> = {},
): Dropped | null {
  return applyFilter(stage, options, batchOf([text])).get(0) ?? null;
}

/** Applies a rewrite to a batch: the text of every row. */
export function applyRewrite(
  stage: StageDefinition,
  options: Readonly<Record<string, unknown>>,
  batch: Batch,
): string[] {
  const operator = stage.create(stage.options.parse(options), NO_RESOURCES);
  assert.equal(operator.kind, "rewrite");
  if (operator.kind !== "rewrite") return [];
  const column = operator.apply(batch);
  return Array.from({ length: batch.rows }, (_, row) => utf8String(column, row));
}
