/**
 * The owner of a run: the one process that writes its plan, manifests and exports, removes intermediates, and has damage made good.
 *
 * Invariant: nothing of what stood there before is touched until what replaces it is whole. Whatever engine does the tasks, the owner only asks
 * the frontier what is left.
 */
import type { Plan } from "../plan/plan.ts";
import type { StageRegistry } from "../stages/registry.ts";
import type { Layout } from "../store/layout.ts";
import type { Engine, Work } from "../workers/engine.ts";
import type { RunEvent, RunResult } from "../workers/events.ts";
import { type Frontier, frontier } from "../workers/frontier/frontier.ts";
import { StoreMarkers } from "../workers/store-markers.ts";
import { describeRun, isPublished, publishRun, runParts } from "./finish.ts";
import { finishAttempt, isFinished, openAttempt } from "./run-folder.ts";
import { tidy } from "./tidy.ts";

export interface OwnedRun {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly engine: Engine;
  readonly registry: StageRegistry;
  readonly max_errors: number;
  /** Remove intermediates as soon as nobody can ask for them. */
  readonly tidies: boolean;
  readonly report: (event: RunEvent) => void;
}

/** Has everything made that is not there, and finishes the run. */
export async function ownRun(run: OwnedRun): Promise<RunResult> {
  const { plan, layout, engine, report } = run;
  const { folder, change } = openAttempt(layout, plan);
  if (change !== undefined) report({ type: "run_changed", ...change });
  const markers = new StoreMarkers();
  const look = (): Frontier => frontier(plan, markers, { layout, max_errors: run.max_errors });
  const before = look();
  const isThere = before.complete && isFinished(folder, plan) && isPublished(plan, layout);
  if (isThere) return describeRun(plan, layout, runParts(plan, layout, before, markers), true);
  const work: Work = {
    frontier: look,
    done: (phase, index, marker) => markers.add(phase.place(index), marker),
    report,
    phaseDone: ({ kind }) => {
      if (run.tidies && (kind === "seal" || kind === "write")) removeIntermediates(run, look(), markers);
    },
  };
  const left = await engine.run(work);
  if (left.failure !== undefined) throw left.failure;
  if (!left.complete) throw nothingReady(left);
  return finish(run, folder, left, markers);
}

/** Writes what people and trainers read of a run whose tasks are all done. */
export function finish(
  run: Omit<OwnedRun, "engine">,
  folder: string,
  left: Frontier,
  markers: StoreMarkers,
): RunResult {
  const { plan, layout } = run;
  const parts = runParts(plan, layout, left, markers);
  if (run.tidies) removeIntermediates(run, left, markers);
  publishRun({ plan, layout, folder, registry: run.registry, report: run.report }, parts);
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
    others: [],
    isBuilt: (source) => {
      const takers = plan.outputs.filter(({ sources }) => sources.includes(source));
      return done.has(`seal:${plan.sources[source].name}`) && takers.every(({ name }) => done.has(`write:${name}`));
    },
  });
  for (const { folder, name } of removed) markers.remove(folder, name);
}

function nothingReady({ phases }: Frontier): Error {
  const waiting = phases.filter(({ state }) => state !== "done").map(({ id }) => id);
  return new Error(`nothing is ready, and these are not done: ${waiting.join(", ")}`);
}
