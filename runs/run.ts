/**
 * A run: everything a plan asks for that is not there yet. Running again goes on where the last attempt stopped.
 *
 * What there is to do is the frontier's, who does it is an engine's; this is the owner, who opens the run's folder, has what is damaged made
 * again, removes what nobody needs any more, and writes manifests, exports and outputs when all is there.
 * Output bytes depend on the plan alone: tasks are numbered by the plan, and results are put together by number.
 */
import { RunError } from "../batch/errors.ts";
import { environmentData, type IoEnvironment } from "../io/environment.ts";
import { publishAssets } from "../plan/assets.ts";
import type { Plan } from "../plan/plan.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { Layout } from "../store/layout.ts";
import type { Engine } from "../workers/engine.ts";
import { LocalEngine } from "../workers/engines/local.ts";
import type { RunEvent, RunResult } from "../workers/events.ts";
import { createProgress, readProgress } from "../workers/progress.ts";
import type { WorkerSetup } from "../workers/protocol.ts";
import { RequestBudget } from "../workers/request-budget.ts";
import { SPAN_BYTES } from "../workers/tasks/cut.ts";
import { runFailed } from "./account.ts";
import { ownRun } from "./owner.ts";
import { RunClock, saveTimes } from "./times.ts";

export interface TaskOptions {
  /** Bad rows the whole run may survive; empty and absent texts are counted but never held against it. */
  readonly max_errors?: number;
  /** Keys one match task may hold in memory; more passes beyond it, never another result. */
  readonly match_memory_bytes?: number;
  /** Questions that request stages may ask in this attempt; beyond it the run ends, and another attempt goes on. */
  readonly max_requests?: number | undefined;
  /** Tokens that answers may cost in this attempt, as endpoints count them; those of calls that are out come on top. */
  readonly max_tokens?: number | undefined;
  /** Bytes of input per unit of work, when a source is cut for the first time; never changes a result. */
  readonly span_bytes?: number;
}

export interface RunOptions extends TaskOptions {
  /** Folder that holds `store/` and `runs/`. */
  readonly root: string;
  /** Threads that do tasks; 0 does them in the thread that calls, one at a time. Never changes a result. */
  readonly workers: number;
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
  /** Keep span tokens, spools and scattered parts after what they are for is built. */
  readonly keep_intermediates?: boolean;
  /** Aborted: tasks in flight finish and commit, then the run ends as interrupted and can be resumed. */
  readonly stop?: AbortSignal | undefined;
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
  const { root, workers, report = () => {} } = options;
  await publishAssets(plan, new Layout(root), options.environment);
  report({ type: "run_started", plan, workers });
  for (const message of plan.warnings) report({ type: "warning", message });
  const layout = new Layout(root);
  try {
    return await withLocalEngine(plan, options, root, (engine, tell) => {
      const reporting = (event: RunEvent): void => {
        // Whoever draws a phase that is done wants its last figures.
        if (event.type === "phase_done") tell();
        report(event);
      };
      return make(plan, layout, engine, { ...options, report: reporting });
    });
  } catch (error) {
    // Another owner's run has not failed, and who kills does not wait for figures.
    if (!isOwned(error) && options.kill?.aborted !== true) report(runFailed(plan, layout, error));
    throw error;
  }
}

async function make(plan: Plan, layout: Layout, engine: Engine, options: RunOptions): Promise<RunResult> {
  const { registry, workers } = options;
  const clock = new RunClock();
  const report = (event: RunEvent): void => {
    clock.watch(event);
    options.report?.(event);
  };
  const result = await ownRun({
    plan,
    layout,
    engine,
    registry,
    max_errors: options.max_errors ?? 0,
    tidies: options.keep_intermediates !== true,
    report,
    stop: options.stop,
  });
  const parts = timeSpent(engine.time);
  if (parts.length > 0) saveTimes(layout.run(plan.name), clock.times(workers, parts));
  report({ type: "time_spent", parts });
  report({ type: "run_done", result });
  return result;
}

function isOwned(error: unknown): boolean {
  return error instanceof RunError && error.code === "run/owned";
}

/** Lends `use` an engine of this machine, and tells of progress as long as it has it; `tell` does so at once. */
export async function withLocalEngine<Result>(
  plan: Plan,
  options: TaskOptions & Pick<RunOptions, "workers" | "environment" | "stop" | "kill" | "report" | "order">,
  root: string,
  use: (engine: Engine, tell: () => void) => Promise<Result>,
): Promise<Result> {
  const progress = createProgress(plan.sources.length);
  const setup: WorkerSetup = {
    plan,
    root,
    environment: environmentData(options.environment),
    max_errors: options.max_errors ?? 0,
    progress,
    match_memory_bytes: options.match_memory_bytes ?? DEFAULT_MATCH_MEMORY_BYTES,
    span_bytes: options.span_bytes ?? SPAN_BYTES,
    request_budget: RequestBudget.memory(options),
  };
  const { workers, stop, kill, order } = options;
  // A span may have hours of questions left: their answers are in its journal, so it need not be waited for.
  const stopAsking = (): void => new RequestBudget(setup.request_budget).stop();
  if (stop?.aborted === true) stopAsking();
  stop?.addEventListener("abort", stopAsking, { once: true });
  const engine = new LocalEngine({ workers, setup, stop, kill, order });
  const tell = (): void => {
    const sources = plan.sources.map(({ name }, source) => ({ name, counts: readProgress(progress, source) }));
    options.report?.({ type: "progress", sources });
  };
  const ticker = setInterval(tell, PROGRESS_INTERVAL_MS);
  try {
    return await use(engine, tell);
  } finally {
    clearInterval(ticker);
    stop?.removeEventListener("abort", stopAsking);
    await engine.close();
  }
}

function timeSpent(time: ReadonlyMap<string, number>): Extract<RunEvent, { type: "time_spent" }>["parts"] {
  const total = [...time.values()].reduce((sum, ms) => sum + ms, 0);
  return [...time].sort(([, a], [, b]) => b - a).map(([part, ms]) => ({ part, seconds: ms / 1000, share: ms / total }));
}
