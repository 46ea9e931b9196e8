/** Runs that are there: opened by folder or name, and how far they are, told by markers alone. Looking changes nothing. */
import fs from "node:fs";
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import { Layout, runFiles } from "../store/layout.ts";
import { frontier } from "../workers/frontier/frontier.ts";
import { StoreMarkers } from "../workers/store-markers.ts";
import type { DedupReport } from "../workers/verdicts.ts";
import { dedupReports } from "./dedup-report.ts";
import { readPlan } from "./plan-file.ts";
import { isFinished } from "./run-folder.ts";
import { type SegmentStatus, segmentsOf } from "./segments.ts";

export interface OpenRun {
  readonly plan: Plan;
  readonly layout: Layout;
  /** Where it is written, if not to the folder of its name. */
  readonly folder?: string;
}

/** Whether `name` is a run folder or the name of one. */
export function isRun(name: string, out: string): boolean {
  return findRun(name, out) !== undefined;
}

function findRun(name: string, out: string): { layout: Layout; name: string } | undefined {
  const trimmed = name.replace(/\/+$/, "");
  if (fs.existsSync(join(trimmed, runFiles.plan))) {
    const parts = trimmed.split("/");
    const runName = parts.at(-1) ?? "";
    const root = parts.length > 2 ? parts.slice(0, -2).join("/") || "/" : ".";
    return { layout: new Layout(root), name: runName };
  }
  const layout = new Layout(out);
  return fs.existsSync(layout.planFile(trimmed)) ? { layout, name: trimmed } : undefined;
}

/**
 * Opens a run by its folder, or by name in the root `out`. `recipeRoot` is the recipe's folder on this host, where it does not lie to the run as it did when that was
 * planned. Throws RunError `run/no-such-run`, `run/corrupt-plan`.
 */
export function openRun(name: string, out = ".", recipeRoot?: string): OpenRun {
  const found = findRun(name, out);
  const plan = found && readPlan(found.layout.run(found.name), found.layout.root);
  if (found === undefined || plan === undefined) throw noSuchRun(name, out);
  return { plan: recipeIn(plan, recipeRoot), layout: found.layout };
}

function noSuchRun(name: string, out: string): RunError {
  const layout = new Layout(out);
  const folder = layout.run("");
  // A folder `runs` may hold much else: nobody promised it to us alone.
  const there = fs.existsSync(folder) ? fs.readdirSync(folder).filter((each) => isRun(each, out)) : [];
  return new RunError({
    code: "run/no-such-run",
    what: `${name} is neither a run folder nor the name of a run in ${folder}`,
    fix:
      there.length === 0
        ? "start one with `shardmill run RECIPE`, or say with --out where it lies"
        : didYouMean(name, there),
  });
}

/** Opens what is being made of a run: a changed recipe's plan where there is one, and where it is written. As {@link openRun}. */
export function openPending(name: string, out: string, recipeRoot?: string): Required<OpenRun> {
  const { plan, layout } = openRun(name, out, recipeRoot);
  const folder = layout.next(plan.name);
  const next = readPlan(folder, layout.root);
  if (next === undefined) return { plan, layout, folder: layout.run(plan.name) };
  return { plan: recipeIn(next, recipeRoot), layout, folder };
}

function recipeIn(plan: Plan, folder: string | undefined): Plan {
  return folder === undefined ? plan : { ...plan, recipe: { ...plan.recipe, folder } };
}

export interface RunStatus {
  readonly name: string;
  readonly done: boolean;
  readonly segments: readonly SegmentStatus[];
  /** What dedup has decided so far; absent where it has decided nothing. */
  readonly dedup?: readonly DedupReport[];
  /** What ended it, or will: too many bad rows, a mixture that cannot be. */
  readonly failure?: string;
  /** What a changed recipe makes of it, until it takes its place. */
  readonly next?: RunStatus;
}

export function runStatus(run: OpenRun): RunStatus {
  const folder = run.layout.run(run.plan.name);
  const next = readPlan(run.layout.next(run.plan.name), run.layout.root);
  return {
    ...planStatus(run.plan, run.layout, folder),
    ...(next && { next: planStatus(next, run.layout, run.layout.next(next.name)) }),
  };
}

/** How far a plan is, whose manifests, exports and outputs go to `folder`. */
export function planStatus(plan: Plan, layout: Layout, folder: string): RunStatus {
  const markers = new StoreMarkers(plan, layout);
  const left = frontier(plan, markers, { layout });
  const dedup = dedupReports(plan, layout, markers);
  const segments = segmentsOf(plan, left, isFinished(folder, plan));
  const { failure } = left;
  return {
    name: plan.name,
    done: segments.every((segment) => segment.state === "done"),
    segments,
    ...(dedup.length > 0 && { dedup }),
    ...(failure === undefined ? {} : { failure: failure instanceof Error ? failure.message : String(failure) }),
  };
}

/** The sources of a run, or the one that is named. Throws RunError where there is none of that name. */
export function chosenSources(run: OpenRun, name: string | undefined): readonly SourcePlan[] {
  if (name === undefined) return run.plan.sources;
  const chosen = run.plan.sources.filter((source) => source.name === name);
  if (chosen.length > 0) return chosen;
  throw new RunError({
    code: "run/no-such-source",
    what: `the run has no source ${name}`,
    fix: didYouMean(
      name,
      run.plan.sources.map((source) => source.name),
    ),
  });
}
