/**
 * A rank: one process that does tasks i to j of one phase of a run, from the run's folder alone.
 *
 * It decides nothing and owns nothing: it asks the frontier whether the tasks may be done, does those whose markers are not there, and leaves
 * markers. So a run that one machine began can be finished by others, in any order, twice at once or after any of them was killed.
 */
import { RecipeError, RunError, ShardmillError } from "../batch/errors.ts";
import { createIoEnvironment } from "../io/environment.ts";
import { endpointData } from "../io/remote/endpoints.ts";
import { openAssets } from "../plan/assets.ts";
import type { Plan } from "../plan/plan.ts";
import { damageOf, discardDamaged } from "../store/repair.ts";
import type { Work } from "../workers/engine.ts";
import type { RunEvent } from "../workers/events.ts";
import { type FoundPhase, type Frontier, frontier, type Phase } from "../workers/frontier/frontier.ts";
import { StoreMarkers } from "../workers/store-markers.ts";
import { type RunOptions, type TaskOptions, withLocalEngine } from "./run.ts";
import { openPending } from "./status.ts";

export interface RankOptions extends TaskOptions {
  /** Folder that holds `store/` and `runs/`, where the run is given by name. */
  readonly out: string;
  /** Folder that relative `from:` patterns start at on this host. */
  readonly dataRoot: string;
  /** The recipe's folder on this host, where plugins start; from the run's root as it was planned where absent. */
  readonly recipeRoot?: string | undefined;
  /** Keep whole files that are streamed from the Hub in the Hub's own cache. */
  readonly cacheDownloads?: boolean;
  /** `NAME=URL` of the endpoints that stages ask; the process environment may name others. */
  readonly endpoints?: readonly string[];
  /** As `advance` prints it: `ingest:web`. */
  readonly phase: string;
  /** First and last task, both included; all where absent. */
  readonly tasks?: readonly [number, number];
  readonly workers: number;
  readonly stop?: AbortSignal;
  readonly kill?: AbortSignal;
  readonly report?: (event: RunEvent) => void;
}

export interface RankResult {
  readonly phase: string;
  /** Tasks that were given. */
  readonly tasks: number;
  /** Of those, tasks that this process did. */
  readonly performed: number;
}

/**
 * Does tasks of a run. Throws RecipeError `flag/no-such-phase` and `flag/no-such-task`, RunError `run/not-ready` (exit 75) where an earlier phase
 * is not done.
 */
export async function runRank(name: string, options: RankOptions): Promise<RankResult> {
  const { plan, layout } = openPending(name, options.out, options.recipeRoot);
  const environment = createIoEnvironment({
    root: options.dataRoot,
    cacheDownloads: options.cacheDownloads ?? false,
    identityCacheFile: layout.identityCache,
    endpoints: endpointData(options.endpoints ?? [], process.env),
  });
  openAssets(plan, layout, environment.assets);
  const markers = new StoreMarkers(plan, layout);
  const look = (): Frontier => frontier(plan, markers, { layout, max_errors: options.max_errors ?? 0 });
  const left = look();
  const found = left.find(options.phase);
  if (found === undefined) throw noSuchPhase(plan, options.phase, left);
  const given = givenTasks(found, options);
  const undone = undoneTasks(found, given, left, markers);
  if (undone.length === 0) return { phase: options.phase, tasks: given.length, performed: 0 };
  const blockers = found.blockers(undone);
  if (blockers.length > 0) throw notReady(options.phase, blockers);
  const remaining = new Set(undone);
  let performed = 0;
  const work: Work = {
    frontier: () => restricted(found, [...remaining]),
    done: (_, index) => remaining.delete(index),
    report: (event) => {
      if (event.type === "task_done" && !event.reused) performed++;
      options.report?.(event);
    },
  };
  const run: Pick<RunOptions, "workers" | "environment"> & RankOptions = { ...options, environment };
  try {
    await withLocalEngine(plan, run, layout.root, (engine) => engine.run(work));
  } catch (error) {
    throw toBeMadeAgain(error, options.phase) ?? error;
  }
  return { phase: options.phase, tasks: given.length, performed };
}

function givenTasks({ spec }: FoundPhase, { tasks, phase }: RankOptions): readonly number[] {
  const count = spec.count();
  if (count === undefined) throw notReady(phase, blockersOfCount(spec));
  const [first, last] = tasks ?? [0, count - 1];
  if (last >= count && tasks !== undefined) {
    throw new RecipeError({
      code: "flag/no-such-task",
      what: `${phase} has the tasks 0 to ${count - 1}, and ${first}-${last} were asked for`,
      fix: "`advance` prints what is to be done",
    });
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function blockersOfCount(spec: FoundPhase["spec"]): readonly string[] {
  return spec.needs().map(({ phase }) => phase.id);
}

/**
 * Tasks without a marker; where all have one, those of which something was removed that is asked for again. Only the second question needs a
 * look at the whole plan.
 */
function undoneTasks(
  { spec }: FoundPhase,
  given: readonly number[],
  left: Frontier,
  markers: StoreMarkers,
): readonly number[] {
  const undone = given.filter((task) => {
    const { folder, name } = spec.place(task);
    return !markers.has(folder, name);
  });
  if (undone.length > 0) return undone;
  const asked = new Set(left.phases.find(({ id }) => id === spec.id)?.undone);
  return given.filter((task) => asked.has(task));
}

/** A frontier of some tasks of one phase. */
function restricted({ spec }: FoundPhase, undone: readonly number[]): Frontier {
  const { needs: _needs, count: _count, ...head } = spec;
  const isDone = undone.length === 0;
  const phase: Phase = {
    ...head,
    state: isDone ? "done" : "ready",
    tasks: undone.length,
    done: 0,
    undone,
    removed: 0,
  };
  return {
    phases: [phase],
    ready: isDone ? [] : [phase],
    complete: isDone,
    failure: undefined,
    mixture: () => undefined,
    packed: () => undefined,
    find: () => undefined,
  };
}

/**
 * What a task found damaged: its marker goes, as the owner of a run would have it, and the next `advance` asks for it. A rank that comes late may
 * remove a marker that is good again; then it is made once more, to the same bytes.
 */
function toBeMadeAgain(error: unknown, phase: string): RunError | undefined {
  const damage = damageOf(error);
  if (damage === undefined || !(error instanceof ShardmillError)) return undefined;
  discardDamaged(damage);
  return new RunError(
    {
      code: "run/not-ready",
      what: `${error.details.what}, and ${phase} reads it`,
      why: "what was made from it could not be trusted, and nothing was",
      fix: "try again when it is made again: `advance` names its phase",
    },
    { cause: error },
  );
}

function noSuchPhase(plan: Plan, phase: string, { phases }: Frontier): RecipeError {
  return new RecipeError({
    code: "flag/no-such-phase",
    what: `${plan.name} has no phase ${phase}`,
    fix: `its phases are ${phases.map(({ id }) => id).join(", ")}`,
  });
}

function notReady(phase: string, blockers: readonly string[]): RunError {
  return new RunError({
    code: "run/not-ready",
    what: `${phase} waits for ${blockers.join(", ")}`,
    why: "its tasks read what those leave",
    fix: "try again when they are done",
  });
}
