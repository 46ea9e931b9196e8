/**
 * The folder of a run: its plan, what was made of it, and what may take its place.
 *
 * Invariant: a finished run stays whole until another plan of the same name is finished too. That one is made in `next/` and moved over by
 * renames; `finished.json` goes first and comes last, so that a mixture of two runs never says that it is finished, and a move that was
 * cut short is ended by the next owner. Only the owner of a run may call what writes here.
 */
import fs from "node:fs";
import { join } from "node:path";
import { commitBytes } from "../io/local/commit.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import type { Plan } from "../plan/plan.ts";
import { type Layout, runFiles } from "../store/layout.ts";
import { planChanges } from "./changes.ts";
import { readPlan, savePlan } from "./plan-file.ts";

/** Where an attempt at a plan writes what it makes. */
export interface Attempt {
  readonly folder: string;
  /** What stood there before, where it was another plan. */
  readonly change?: { readonly reasons: readonly string[]; readonly finished: boolean };
}

/** Opens the folder of a run for a plan and writes the plan into it. */
export function openAttempt(layout: Layout, plan: Plan): Attempt {
  const folder = layout.run(plan.name);
  const next = layout.next(plan.name);
  if (finishedPlan(next) !== undefined) promote(layout, plan.name);
  const before = readPlan(folder, layout.root);
  if (before === undefined || before.fingerprint === plan.fingerprint) {
    fs.rmSync(next, { recursive: true, force: true });
    savePlan(folder, plan, layout.root);
    return { folder };
  }
  const finished = isFinished(folder, before);
  const change = { reasons: planChanges(before, plan), finished };
  if (!finished) {
    fs.rmSync(next, { recursive: true, force: true });
    fs.rmSync(join(folder, runFiles.finished), { force: true });
    savePlan(folder, plan, layout.root);
    return { folder, change };
  }
  if (readPlan(next, layout.root)?.fingerprint !== plan.fingerprint) fs.rmSync(next, { recursive: true, force: true });
  savePlan(next, plan, layout.root);
  return { folder: next, change };
}

/** Says that all of `plan` is in `folder`, and where that is `next/`, puts it in the place of what was there. */
export function finishAttempt(layout: Layout, plan: Plan, folder: string): void {
  const finished = { schema: 1, plan_fingerprint: plan.fingerprint };
  commitBytes(join(folder, runFiles.finished), Buffer.from(`${canonicalJson(finished)}\n`));
  if (folder === layout.next(plan.name)) promote(layout, plan.name);
}

/** Whether all of `plan` has been made in `folder`. */
export function isFinished(folder: string, plan: Plan): boolean {
  return finishedPlan(folder) === plan.fingerprint;
}

function finishedPlan(folder: string): string | undefined {
  try {
    const { plan_fingerprint } = JSON.parse(fs.readFileSync(join(folder, runFiles.finished), "utf8")) as {
      readonly plan_fingerprint?: string;
    };
    return plan_fingerprint;
  } catch {
    return undefined;
  }
}

/** Moves a finished `next/` over the run. May be called again after it was cut short. */
function promote(layout: Layout, name: string): void {
  const folder = layout.run(name);
  const next = layout.next(name);
  const move = (...path: readonly string[]): void => {
    const from = join(next, ...path);
    if (!fs.existsSync(from)) return;
    const to = join(folder, ...path);
    fs.rmSync(to, { recursive: true, force: true });
    fs.renameSync(from, to);
  };
  fs.rmSync(join(folder, runFiles.finished), { force: true });
  move(runFiles.plan);
  move(runFiles.manifests);
  fs.rmSync(join(folder, runFiles.statistics), { recursive: true, force: true });
  move(runFiles.statistics);
  // Exports and outputs that the new plan does not make stay: who made them may still use them, and `verify` says that they are older.
  for (const kind of [runFiles.exports, runFiles.outputs]) {
    if (!fs.existsSync(join(next, kind))) continue;
    fs.mkdirSync(join(folder, kind), { recursive: true });
    for (const entry of fs.readdirSync(join(next, kind))) move(kind, entry);
  }
  move(runFiles.finished);
  fs.rmSync(next, { recursive: true, force: true });
}
