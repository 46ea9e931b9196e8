/**
 * The owner of a run: the one process that writes its plan, manifests and exports, removes intermediates, and has damage made good.
 *
 * Invariant: nothing of what stood there before is touched until what replaces it is whole. Whatever engine does the tasks, the owner only asks
 * the frontier what is left.
 */
import { join } from "node:path";
import { ShardmillError } from "../batch/errors.ts";
import { type Plan, sourceAt } from "../plan/plan.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import type { Layout } from "../store/layout.ts";
import { livingRuns, lockRun, type RunLock } from "../store/lock.ts";
import { damageOf, discardDamaged, discardUnreadable } from "../store/repair.ts";
import { sweepTemporaries } from "../store/sweep.ts";
import type { Engine, Work } from "../workers/engine.ts";
import type { RunEvent, RunResult } from "../workers/events.ts";
import { type Frontier, frontier, type Phase } from "../workers/frontier/frontier.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import { StoreMarkers } from "../workers/store-markers.ts";
import { dedupReport } from "./dedup-report.ts";
import { describeRun, isPublished, publishRun, runParts } from "./finish.ts";
import { finishAttempt, isFinished, openAttempt } from "./run-folder.ts";
import { planFolders, tidy } from "./tidy.ts";

export interface OwnedRun {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly engine: Engine;
  readonly registry: StageRegistry;
  readonly max_errors: number;
  /** Remove intermediates as soon as nobody can ask for them. */
  readonly tidies: boolean;
  readonly report: (event: RunEvent) => void;
  /** Aborted: what is being written is finished, and then the run ends as interrupted. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Has everything made that is not there, and finishes the run. One process at a time owns a run: throws RunError `run/owned` where another
 * has it.
 */
export async function ownRun(run: OwnedRun): Promise<RunResult> {
  return owning(run.layout, run.plan, (lock) => makeRun(run, lock));
}

/** Does `work` as the owner of the run. */
export async function owning<Result>(
  layout: Layout,
  plan: Plan,
  work: (lock: RunLock) => Promise<Result>,
): Promise<Result> {
  const lock = lockRun(layout, plan.name, plan.fingerprint);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

async function makeRun(run: OwnedRun, lock: RunLock): Promise<RunResult> {
  const { plan, layout, engine, report } = run;
  const { folder, change } = openAttempt(layout, plan);
  if (change !== undefined) report({ type: "run_changed", ...change });
  sweepLeftovers(layout, plan);
  const markers = new StoreMarkers(plan, layout);
  const look = (): Frontier => frontier(plan, markers, { layout, max_errors: run.max_errors });
  const lookAndTell = (): Frontier => {
    const left = look();
    report(howFar(left));
    return left;
  };
  const before = look();
  const isThere = before.complete && isFinished(folder, plan) && isPublished(plan, layout);
  if (isThere) {
    const parts = runParts(plan, layout, before, markers);
    discardUnasked(run, markers);
    return describeRun(plan, layout, parts, true);
  }
  const work: Work = {
    frontier: lookAndTell,
    done: (phase, index, marker) => markers.add(phase.place(index), marker),
    report,
    phaseDone: (phase) => {
      const { kind } = phase;
      if (kind === "unite" || kind === "decide") tellVerdict(run, phase, markers);
      if (run.tidies && (kind === "seal" || kind === "write")) removeIntermediates(run, look(), markers);
    },
  };
  if (engine.usesThisThread) lock.beatAlone();
  const left = await repaired(() => engine.run(work), markers, report);
  if (left.failure !== undefined) throw left.failure;
  if (!left.complete) throw nothingReady(left);
  lock.assertHeld();
  // Exports and outputs are written in this thread, which may take minutes.
  lock.beatAlone();
  return finish(run, folder, left, markers);
}

/** What dedup takes is told before it takes it. */
function tellVerdict({ plan, layout, report }: OwnedRun, phase: Phase, markers: StoreMarkers): void {
  const task = phase.task(0);
  if (task.kind !== "unite" && task.kind !== "decide") return;
  const place = new MarkerPlaces(plan, layout).verdict(task.group);
  const figures = place.kind === task.kind ? markers.facts(place) : undefined;
  const verdict = figures && dedupReport(plan, layout, task.group, figures);
  if (verdict !== undefined) report({ type: "dedup_decided", verdict });
}

/** How far all of the run is. */
function howFar({ phases }: Frontier): Extract<RunEvent, { type: "phases" }> {
  const read = phases.filter(({ taskBytes }) => taskBytes !== undefined);
  const bytesOf = ({ bytes = 0, taskBytes, undone, state, tasks }: Phase): number => {
    if (state === "done") return bytes;
    if (tasks === undefined) return 0;
    return Math.max(0, bytes - undone.reduce((sum, task) => sum + (taskBytes?.(task) ?? 0), 0));
  };
  return {
    type: "phases",
    done: phases.filter(({ state }) => state === "done").length,
    total: phases.length,
    bytes: read.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    done_bytes: read.reduce((sum, phase) => sum + bytesOf(phase), 0),
  };
}

/** Removes what killed attempts, of this run or of others over the same store, left half-written. */
function sweepLeftovers(layout: Layout, plan: Plan): void {
  const living = new Set(livingRuns(layout).map(({ owner }) => owner.process.machine));
  sweepTemporaries([layout.run(plan.name), layout.assets, ...planFolders(plan, layout)], { living });
}

/**
 * Removes damaged markers when all is made. Whoever asks for one has had it made again by now; of the others nothing is known that anybody needs.
 */
export function discardUnasked(
  { plan, layout, report }: Pick<OwnedRun, "plan" | "layout" | "report">,
  markers: StoreMarkers,
): void {
  for (const folder of planFolders(plan, layout)) {
    for (const marker of discardUnreadable(folder)) {
      const file = join(folder, marker);
      report({ type: "repair", file, what: `${file} is damaged, and nothing asks for it any more; it is removed` });
      markers.forget(folder);
    }
  }
}

/** What is damaged this often is damaged by something that goes on. */
const MAX_REPAIRS = 3;

/** Has what a task found damaged made again: without the marker that vouches for it, the frontier asks for it. */
async function repaired<Result>(
  work: () => Promise<Result>,
  markers: StoreMarkers,
  report: OwnedRun["report"],
): Promise<Result> {
  const repairs = new Map<string, number>();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const damage = damageOf(error);
      if (damage === undefined || !(error instanceof ShardmillError)) throw error;
      const file = join(damage.folder, damage.file ?? damage.marker);
      const times = (repairs.get(file) ?? 0) + 1;
      if (times > MAX_REPAIRS) throw error;
      repairs.set(file, times);
      report({ type: "repair", file, what: `${error.details.what}; it is made again` });
      discardDamaged(damage);
      markers.forget(damage.folder);
    }
  }
}

/** Writes what people and trainers read of a run whose tasks are all done. */
export async function finish(
  run: Omit<OwnedRun, "engine">,
  folder: string,
  left: Frontier,
  markers: StoreMarkers,
): Promise<RunResult> {
  const { plan, layout } = run;
  const parts = runParts(plan, layout, left, markers);
  if (run.tidies) removeIntermediates(run, left, markers);
  discardUnasked(run, markers);
  const { registry, report, stop } = run;
  await publishRun({ plan, layout, folder, registry, report, stop }, parts);
  finishAttempt(layout, plan, folder);
  return describeRun(plan, layout, parts, false);
}

function removeIntermediates(
  { plan, layout }: Pick<OwnedRun, "plan" | "layout">,
  left: Frontier,
  markers: StoreMarkers,
): void {
  const done = new Set(left.phases.filter(({ state }) => state === "done").map(({ id }) => id));
  const removed = tidy({
    plan,
    layout,
    isBuilt: (source) => {
      const takers = plan.outputs.filter(({ sources }) => sources.includes(source));
      return done.has(`seal:${sourceAt(plan, source).name}`) && takers.every(({ name }) => done.has(`write:${name}`));
    },
  });
  for (const { folder, name } of removed) markers.remove(folder, name);
}

function nothingReady({ phases }: Frontier): Error {
  const waiting = phases.filter(({ state }) => state !== "done").map(({ id }) => id);
  return new Error(`nothing is ready, and these are not done: ${waiting.join(", ")}`);
}
