/**
 * A pipeline cut into passes.
 *
 * A barrier that only drops ends nothing: its rows go on, and the verdict is a bitmap that is applied later. A pass ends after a barrier that
 * edits text, because the cuts are known only when every row has been seen, and before a request, which has a pace and a journal of its own.
 * Most pipelines are one pass. Price of each further one: the rows once through the disk.
 */
import { RecipeError } from "../batch/errors.ts";
import { fingerprint, stageIdentity } from "./fingerprint.ts";
import type { PassPlan, PlannedStage } from "./plan.ts";

/** A pass before its columns and its name are known. */
export type DraftPass = Pick<PassPlan, "reads" | "first" | "end" | "edits">;

/** Cuts `stages` into passes. `edits` counts barriers, so a barrier is named by its position among them. */
export function cutPasses(stages: readonly PlannedStage[]): readonly DraftPass[] {
  const passes: DraftPass[] = [];
  let open: DraftPass = { reads: "shards", first: 0, end: 0 };
  let barriers = 0;
  stages.forEach((stage, index) => {
    if (stage.kind === "request") {
      passes.push({ ...open, end: index });
      open = { reads: "spool", first: index, end: index };
    }
    if (stage.kind !== "barrier") return;
    if (stage.exchange?.verdict === "edit") {
      passes.push({ ...open, end: index + 1 });
      open = { reads: "spool", first: index + 1, end: index + 1, edits: barriers };
    }
    barriers++;
  });
  return [...passes, { ...open, end: stages.length }];
}

/** The pass that runs stage `stage`. */
export function passOf(passes: readonly DraftPass[], stage: number): number {
  return passes.findIndex(({ first, end }) => stage >= first && stage < end);
}

/**
 * What names the rows that leave a pass, whatever products it has. `before` names the rows that it reads; `edits` is the fingerprint of the
 * group whose cuts it makes.
 */
export function passIdentity(
  before: string,
  pass: DraftPass,
  stages: readonly PlannedStage[],
  edits: string | undefined,
): string {
  return fingerprint({
    before,
    stages: stages.slice(pass.first, pass.end).map(stageIdentity),
    ...(edits === undefined ? {} : { edits }),
  });
}

/** Token and range lists do not go through the disk as columns: a stage that needs them stands in the same pass. */
export function spoolColumns<C extends { readonly name: string; readonly kind: string }>(
  columns: readonly C[],
  source: string,
): readonly C[] {
  const list = columns.find(({ kind }) => kind === "token_list" || kind === "range_list");
  if (list === undefined) return columns;
  throw new RecipeError({
    code: "recipe/unspoolable-column",
    what: `${source}: the column ${list.name} (${list.kind}) would have to go through the disk between two passes`,
    why: "a barrier that edits text, a request or an output ends the pass, and lists are not kept across passes",
    fix: "move the stage that writes it behind the barrier or the request",
  });
}
