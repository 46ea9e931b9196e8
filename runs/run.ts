/**
 * A run: everything a plan asks for that is not there yet. Running again goes on where the last attempt stopped.
 *
 * Sources go through their phases side by side; a dedup group waits for its members, a training stage for its windows.
 * Output bytes depend on the plan alone: tasks are numbered by the plan, and results are put together by number.
 */
import { join } from "node:path";
import { zstdBackend } from "../io/codecs/codec.ts";
import { environmentData, type IoEnvironment } from "../io/environment.ts";
import { publishAssets } from "../plan/assets.ts";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import type { StageRegistry } from "../stages/registry.ts";
import { Layout, matchFiles } from "../store/layout.ts";
import { Pool } from "../workers/engines/local-pool.ts";
import type { RunEvent, RunResult } from "../workers/events.ts";
import { createProgress, readProgress } from "../workers/progress.ts";
import type { MatchTask, PackMarker, PackTask, RootsSlice, StoreMarker } from "../workers/protocol.ts";
import { RunState } from "../workers/run-state.ts";
import {
  type IngestedSource,
  ingestSource,
  keyInputs,
  removeIntermediates,
  storeMarker,
  storeSource,
} from "../workers/source-run.ts";
import { SPAN_BYTES } from "../workers/spans.ts";
import { finishRun, savePlan } from "./finish.ts";
import { buildEpochs } from "./mix-epochs.ts";
import { mixStages } from "./mix-stages.ts";

export interface RunOptions {
  /** Folder that holds `store/` and `runs/`. */
  readonly root: string;
  readonly workers: number;
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
  /** Bad rows the whole run may survive; empty and absent texts are counted but never held against it. */
  readonly max_errors?: number;
  /** Keys one match task may hold in memory; more passes beyond it, never another result. */
  readonly match_memory_bytes?: number;
  /** Bytes of input per unit of work, when a source is cut for the first time; never changes a result. */
  readonly span_bytes?: number;
  /** Keep span tokens and scattered parts after the stores are built. */
  readonly keep_intermediates?: boolean;
  /** Aborted: tasks in flight finish and commit, then the run ends as interrupted and can be resumed. */
  readonly stop?: AbortSignal;
  /** Aborted: worker threads are ended at once. */
  readonly kill?: AbortSignal;
  readonly report?: (event: RunEvent) => void;
  /** For tests: another order in which tasks of a phase are handed out. */
  readonly order?: <T>(tasks: readonly T[]) => readonly T[];
}

const PROGRESS_INTERVAL_MS = 250;
const DEFAULT_MATCH_MEMORY_BYTES = 64 * 1024 * 1024;

/** Runs `plan`. Rejects with the first failure once nothing is in flight any more; what was committed stays. */
export async function run(plan: Plan, options: RunOptions): Promise<RunResult> {
  const report = options.report ?? (() => {});
  const progress = createProgress(plan.sources.length);
  const layout = new Layout(options.root);
  await publishAssets(plan, layout, options.environment.assets);
  const pool = new Pool({
    workers: options.workers,
    setup: {
      plan,
      root: options.root,
      environment: environmentData(options.environment),
      max_errors: options.max_errors ?? 0,
      progress,
      match_memory_bytes: options.match_memory_bytes ?? DEFAULT_MATCH_MEMORY_BYTES,
    },
    stop: options.stop,
    order: options.order,
  });
  const zstd = zstdBackend();
  report({
    type: "run_started",
    plan,
    workers: options.workers,
    zstd: zstd.name,
    ...(zstd.hint ? { hint: zstd.hint } : {}),
  });
  for (const message of plan.warnings) report({ type: "warning", message });
  const ticker = setInterval(() => {
    report({
      type: "progress",
      sources: plan.sources.map(({ name }, source) => ({ name, counts: readProgress(progress, source) })),
    });
  }, PROGRESS_INTERVAL_MS);
  const onKill = (): void => void pool.destroy();
  options.kill?.addEventListener("abort", onKill);
  const { environment, registry } = options;
  const { max_errors = 0, span_bytes = SPAN_BYTES } = options;
  const state = new RunState({
    plan,
    layout,
    environment,
    registry,
    pool,
    options: { max_errors, span_bytes },
    report,
  });
  try {
    savePlan(state);
    const stores = await buildStores(state, options.keep_intermediates !== true);
    const packed = await buildWindows(state, stores);
    const mixed = mixStages(plan, packed);
    const epochs = await buildEpochs(state, mixed, packed);
    const result = finishRun(state, registry, { stores, packed, mixed, epochs });
    report({ type: "time_spent", parts: timeSpent(pool.time) });
    report({ type: "run_done", result });
    return result;
  } finally {
    clearInterval(ticker);
    options.kill?.removeEventListener("abort", onKill);
    await (options.kill?.aborted ? pool.destroy() : pool.close());
  }
}

function timeSpent(time: ReadonlyMap<string, number>): Extract<RunEvent, { type: "time_spent" }>["parts"] {
  const total = [...time.values()].reduce((sum, ms) => sum + ms, 0);
  return [...time].sort(([, a], [, b]) => b - a).map(([part, ms]) => ({ part, seconds: ms / 1000, share: ms / total }));
}

/** Settles all, then throws the first real failure: nothing is left running behind a rejected promise. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  const failures = settled.filter((result) => result.status === "rejected").map((result) => result.reason as unknown);
  if (failures.length > 0) throw failures.find((reason) => !isInterruption(reason)) ?? failures[0];
  return settled.map((result) => (result as PromiseFulfilledResult<T>).value);
}

function isInterruption(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && reason.code === "run/interrupted";
}

/** Builds the stores that are not there. `tidy`: what only served to build a store goes as soon as nothing can ask for it again. */
async function buildStores(state: RunState, tidy: boolean): Promise<readonly StoreMarker[]> {
  const { sources, groups } = state.plan;
  const ready = sources.map((_, source) => storeMarker(state, source));
  // A group needs the keys of all its members, so a member is ingested when any source of its group lacks a store.
  const needed = withGroupMates(
    groups,
    sources.map((_, source) => source).filter((source) => ready[source] === undefined),
  );
  const unbuilt = new Set(sources.map((_, source) => source));
  const built = (source: number): void => {
    unbuilt.delete(source);
    if (!tidy) return;
    // Killed now, a run must not read the text of these again because a group mate lacks its store.
    // Sources of the same text and pipeline have one ingest folder, and the others may still have to read it.
    const { ingest } = sources[source];
    const sharing = sources.map((_, other) => other).filter((other) => sources[other].ingest === ingest);
    const mates = [...withGroupMates(groups, sharing)];
    if (mates.every((mate) => !unbuilt.has(mate))) for (const mate of mates) removeIntermediates(state, mate);
  };
  const ingested = sources.map((_, source) => (needed.has(source) ? ingestSource(state, source) : undefined));
  const united: Promise<void>[] = [];
  for (let group = 0; group < groups.length; group++) united.push(uniteGroup(state, group, ingested, united));
  const buildStore = async (source: number, planned: SourcePlan): Promise<StoreMarker> => {
    const input = await ingested[source];
    for (const { group } of planned.barriers) await united[group];
    return storeSource(state, source, input as IngestedSource);
  };
  const stores = sources.map(async (planned, source) => {
    const marker = ready[source] ?? (await buildStore(source, planned));
    built(source);
    return marker;
  });
  // Everything is awaited together, so that no rejection is left without a listener.
  await allOf<unknown>([...ingested.filter((promise) => promise !== undefined), ...united, ...stores]);
  return Promise.all(stores);
}

/** `sources` and all that share a dedup group with one of them, directly or through others. */
function withGroupMates(groups: Plan["groups"], sources: readonly number[]): Set<number> {
  const all = new Set(sources);
  for (let before = -1; all.size > before; ) {
    before = all.size;
    for (const { members } of groups) {
      if (members.some(({ source }) => all.has(source))) for (const { source } of members) all.add(source);
    }
  }
  return all;
}

/** Matches and unites one dedup group, after its members are ingested and every earlier barrier of theirs is united. */
async function uniteGroup(
  state: RunState,
  group: number,
  ingested: readonly (Promise<IngestedSource> | undefined)[],
  united: readonly Promise<void>[],
): Promise<void> {
  const { members, partitions, stage } = state.plan.groups[group];
  if (members.some(({ source }) => ingested[source] === undefined)) return;
  const inputs = await allOf(members.map(({ source }) => ingested[source] as Promise<IngestedSource>));
  const firsts = new Map<number, number>();
  let documents = 0;
  members.forEach(({ source }, index) => {
    firsts.set(source, documents);
    documents += inputs[index].firstDocuments.at(-1) ?? 0;
  });
  state.setGroupFirsts(group, firsts);
  const earlierGroups = members.map(({ source, barrier }) =>
    state.plan.sources[source].barriers.slice(0, barrier).map((entry) => entry.group),
  );
  for (const earlier of new Set(earlierGroups.flat())) await united[earlier];
  const keys = members.flatMap(({ source, barrier }, index) =>
    keyInputs(state, source, barrier, inputs[index], firsts.get(source) ?? 0),
  );
  const numbered = members.map(({ source }, index) => ({
    first: firsts.get(source) ?? 0,
    documents: inputs[index].firstDocuments.at(-1) ?? 0,
    earlier: earlierGroups[index].map(
      (earlier): RootsSlice => ({
        path: join(state.layout.match(state.plan.groups[earlier].fingerprint), matchFiles.roots),
        first: state.firstInGroup(earlier, source),
      }),
    ),
  }));
  const subject = `${stage.id} of ${members.map(({ source }) => state.plan.sources[source].name).join(", ")}`;
  const tasks = Array.from(
    { length: partitions },
    (_, partition): MatchTask => ({ kind: "match", group, partition, inputs: keys, members: numbered }),
  );
  await state.phase("match", subject, tasks);
  await state.phase("unite", subject, [{ kind: "unite", group, documents }]);
}

async function buildWindows(
  state: RunState,
  stores: readonly StoreMarker[],
): Promise<readonly (readonly PackMarker[])[]> {
  return allOf(
    state.plan.windows.map((entry, windows) => {
      const { name } = state.plan.sources[entry.source];
      const { shards, validation } = stores[entry.source];
      const stored = entry.held_out ? (validation?.shards ?? []) : shards;
      const tasks = stored.map((_, shard): PackTask => ({ kind: "pack", windows, shard, epoch: 0 }));
      return state.phase("pack", `${name} at ${entry.sequence_length}${entry.held_out ? ", held out" : ""}`, tasks);
    }),
  );
}
