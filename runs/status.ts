/** What a plan comes to on disk: every segment with how much of it is done, told by markers alone. */
import fs from "node:fs";
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import { Layout, matchFiles, spanFiles, tokenFiles } from "../store/layout.ts";
import { markerFacts, readMarker } from "../store/marker.ts";
import type { Phase } from "../workers/events.ts";
import type { StoreMarker } from "../workers/protocol.ts";
import { STORE_MARKER } from "../workers/source-run.ts";
import { recordedSpans } from "../workers/spans.ts";

export interface SegmentStatus {
  readonly kind: Exclude<Phase, "scatter" | "gather"> | "shuffle" | "mix";
  readonly subject: string;
  /** Fused stages, in order. */
  readonly stages: readonly string[];
  readonly bytes?: number;
  readonly done: number;
  /** Absent while an earlier segment has to say how many there will be. */
  readonly tasks?: number;
  readonly state: "done" | "partial" | "todo";
  readonly why: string;
}

export interface OpenRun {
  readonly plan: Plan;
  readonly layout: Layout;
}

/** Whether `name` is a run folder or the name of one. */
export function isRun(name: string, out: string): boolean {
  return findRun(name, out) !== undefined;
}

function findRun(name: string, out: string): { layout: Layout; name: string } | undefined {
  const trimmed = name.replace(/\/+$/, "");
  if (fs.existsSync(join(trimmed, "plan.json"))) {
    const parts = trimmed.split("/");
    const runName = parts.at(-1) ?? "";
    const root = parts.length > 2 ? parts.slice(0, -2).join("/") || "/" : ".";
    return { layout: new Layout(root), name: runName };
  }
  const layout = new Layout(out);
  return fs.existsSync(layout.planFile(trimmed)) ? { layout, name: trimmed } : undefined;
}

/** Opens a run by folder or name. Throws RunError where there is none. */
export function openRun(name: string, out: string): OpenRun {
  const found = findRun(name, out);
  if (found === undefined) {
    const runs = new Layout(out).run("");
    const there = fs.existsSync(runs) ? fs.readdirSync(runs).join(", ") : "";
    throw new RunError({
      code: "run/no-such-run",
      what: `${name} is neither a run folder nor the name of a run`,
      fix: there === "" ? "start one with `shardmill run RECIPE`" : `there are: ${there}`,
    });
  }
  return { plan: JSON.parse(fs.readFileSync(found.layout.planFile(found.name), "utf8")) as Plan, layout: found.layout };
}

export function segmentsOf({ plan, layout }: OpenRun): readonly SegmentStatus[] {
  const segments: SegmentStatus[] = [];
  const stored = plan.sources.map((source) => readMarker(layout.tokens(source.tokens), STORE_MARKER).state === "done");
  plan.sources.forEach((source, index) => {
    const folder = layout.ingest(source.ingest);
    const spans = recordedSpans(folder)?.length;
    const done = spans === undefined ? 0 : countFiles(folder, spanFiles.marker(0).slice(5));
    segments.push({
      kind: "ingest",
      subject: source.name,
      stages: [source.reader.use, ...source.stages.map((stage) => stage.use)],
      bytes: source.shards.reduce((total, shard) => total + shard.size_bytes, 0),
      ...progress(stored[index], done, spans),
    });
  });
  for (const group of plan.groups) {
    const folder = layout.match(group.fingerprint);
    const members = group.members.map(({ source }) => source);
    const united = fs.existsSync(join(folder, matchFiles.united)) || members.every((source) => stored[source]);
    const done = countFiles(folder, matchFiles.marker(0).slice(5));
    const subject = members.map((source) => plan.sources[source].name).join(", ");
    segments.push({ kind: "match", subject, stages: [group.stage.use], ...progress(united, done, group.partitions) });
  }
  plan.sources.forEach((source, index) => {
    const done = countFiles(layout.tokens(source.tokens), tokenFiles.shardMarker(0).slice(5));
    segments.push({ kind: "shuffle", subject: source.name, stages: ["shuffle"], ...progress(stored[index], done) });
  });
  for (const entry of plan.windows) {
    const source = plan.sources[entry.source];
    const folder = layout.windows(entry.fingerprint);
    const store = markerFacts<StoreMarker>(layout.tokens(source.tokens), STORE_MARKER);
    const shards = store && (entry.held_out ? (store.validation?.shards ?? []) : store.shards).length;
    const done = countFiles(folder, tokenFiles.shardMarker(0).slice(5));
    segments.push({
      kind: "pack",
      subject: `${source.name} at ${entry.sequence_length}${entry.held_out ? ", held out" : ""}`,
      stages: [entry.pack.use],
      ...progress(shards !== undefined && done >= shards, done, shards),
    });
  }
  const manifests = plan.recipe.training_stages.filter((stage) =>
    fs.existsSync(layout.manifestFile(plan.name, stage.name)),
  );
  const complete = segments.every((segment) => segment.state === "done");
  segments.push({
    kind: "mix",
    subject: "training stages",
    stages: plan.recipe.training_stages.map((stage) => stage.name),
    ...progress(
      complete && manifests.length === plan.recipe.training_stages.length,
      manifests.length,
      plan.recipe.training_stages.length,
    ),
  });
  return segments;
}

export interface RunStatus {
  readonly name: string;
  readonly done: boolean;
  readonly segments: readonly SegmentStatus[];
}

export function runStatus(run: OpenRun): RunStatus {
  const segments = segmentsOf(run);
  return { name: run.plan.name, done: segments.every((segment) => segment.state === "done"), segments };
}

function progress(
  complete: boolean,
  done: number,
  tasks?: number,
): Pick<SegmentStatus, "done" | "tasks" | "state" | "why"> {
  const counts = { done, ...(tasks === undefined ? {} : { tasks }) };
  if (complete) return { ...counts, done: tasks ?? done, state: "done", why: "complete in the store" };
  if (done > 0) return { ...counts, state: "partial", why: "goes on where it stopped" };
  return { ...counts, state: "todo", why: "not in the store" };
}

/** Files named by five digits and `suffix`. */
function countFiles(folder: string, suffix: string): number {
  try {
    return fs.readdirSync(folder).filter((name) => /^\d{5}$/.test(name.slice(0, 5)) && name.slice(5) === suffix).length;
  } catch {
    return 0;
  }
}

/** The sources of a run, or the one that is named. Throws RunError where there is none of that name. */
export function chosenSources(run: OpenRun, name: string | undefined): readonly SourcePlan[] {
  if (name === undefined) return run.plan.sources;
  const chosen = run.plan.sources.filter((source) => source.name === name);
  if (chosen.length > 0) return chosen;
  throw new RunError({
    code: "run/no-such-source",
    what: `the run has no source ${name}`,
    fix: `its sources are ${run.plan.sources.map((source) => source.name).join(", ")}`,
  });
}
