/** Runs filter, rewrite and transform stages on texts. */

import assert from "node:assert/strict";
import type { Batch } from "../../../batch/batch.ts";
import { utf8String } from "../../../batch/column.ts";
import type { Drop, StageDefinition, StageResources } from "../../../stages/define.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOf } from "../../batch-of.ts";

export interface Dropped {
  readonly reason: string;
  readonly value: number;
  readonly detail?: string;
}

/** What a stage drops of `batch`, by row. Clears the rows as the executor does. */
function dropper(stage: StageDefinition, batch: Batch, dropped: Map<number, Dropped>): Drop {
  return (row, reason, value, detail) => {
    assert.ok(batch.alive.has(row), `row ${row} was dropped twice`);
    if (typeof stage.reasons !== "function") assert.ok(reason in stage.reasons, `${reason} is declared`);
    batch.alive.clear(row);
    dropped.set(row, { reason, value: value ?? Number.NaN, ...(detail === undefined ? {} : { detail }) });
  };
}

/** Applies a filter, a rewrite or a transform to a batch, and sets the columns it makes: what it dropped, by row, and every row's text. */
export function applyAll(
  stage: StageDefinition,
  options: Readonly<Record<string, unknown>>,
  batch: Batch,
  resources: StageResources = NO_RESOURCES,
): { readonly dropped: Map<number, Dropped>; readonly texts: readonly string[] } {
  const operator = stage.create(stage.options.parse(options), resources);
  const dropped = new Map<number, Dropped>();
  const drop = dropper(stage, batch, dropped);
  if (operator.kind === "filter") operator.apply(batch, drop);
  else if (operator.kind === "rewrite") batch.setColumn("text", operator.apply(batch));
  else if (operator.kind === "transform") {
    for (const column of operator.apply(batch, drop)) batch.setColumn(...column);
  } else assert.fail(`${operator.kind} judges and rewrites nothing`);
  return { dropped, texts: Array.from({ length: batch.rows }, (_, row) => utf8String(batch.text, row)) };
}

/** What a filter or a transform drops of a batch, by row. Sets no column. */
export function applyFilter(
  stage: StageDefinition,
  options: Readonly<Record<string, unknown>>,
  batch: Batch,
  resources: StageResources = NO_RESOURCES,
): Map<number, Dropped> {
  const operator = stage.create(stage.options.parse(options), resources);
  assert.ok(operator.kind === "filter" || operator.kind === "transform", `${operator.kind} is no filter`);
  const dropped = new Map<number, Dropped>();
  operator.apply(batch, dropper(stage, batch, dropped));
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
