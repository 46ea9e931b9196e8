/**
 * One look at a run by its owner, for engines that come and go: what may be done now, and when all is done, the end of it.
 *
 * Manifests, exports and outputs are written here where no process stays until the end of a run.
 */

import { planRegistry } from "../plan/plugins.ts";
import type { RunEvent, RunResult } from "../workers/events.ts";
import { type Frontier, frontier } from "../workers/frontier/frontier.ts";
import { StoreMarkers } from "../workers/store-markers.ts";
import { runFailed } from "./account.ts";
import { describeRun, isPublished, runParts } from "./finish.ts";
import { discardUnasked, finish, owning } from "./owner.ts";
import { finishAttempt, isFinished } from "./run-folder.ts";
import { openPending } from "./status.ts";

export interface AdvanceOptions {
  readonly out: string;
  /** The recipe's folder on this host, where plugins start; from the run's root as it was planned where absent. */
  readonly recipeRoot?: string | undefined;
  readonly max_errors?: number;
  readonly keep_intermediates?: boolean;
  readonly report?: (event: RunEvent) => void;
}

export interface ReadyPhase {
  readonly phase: string;
  readonly subject: string;
  /** All tasks of the phase, and those of them that are to be done. */
  readonly tasks: number;
  readonly left: number;
  /** The numbers of those: `0-15,17`. */
  readonly numbers: string;
}

export interface Advance {
  readonly name: string;
  readonly ready: readonly ReadyPhase[];
  /** Phases that wait for others. */
  readonly waiting: readonly string[];
  /** Once everything is done and written. */
  readonly result?: RunResult;
}

/**
 * Says what may be done now, and finishes the run where nothing is left. Throws what the run must end with, RunError `run/owned` where another
 * process is its owner.
 */
export async function advanceRun(name: string, options: AdvanceOptions): Promise<Advance> {
  const { plan, layout, folder } = openPending(name, options.out, options.recipeRoot);
  return owning(layout, plan, async (lock): Promise<Advance> => {
    const { max_errors = 0, report = () => {} } = options;
    const markers = new StoreMarkers(plan, layout);
    const left = frontier(plan, markers, { layout, max_errors });
    if (left.failure !== undefined) {
      report(runFailed(plan, layout, left.failure));
      throw left.failure;
    }
    if (!left.complete) return { name: plan.name, ...stateOf(left) };
    // A move over the run that was cut short ends here.
    if (isFinished(folder, plan)) finishAttempt(layout, plan, folder);
    if (isFinished(layout.run(plan.name), plan) && isPublished(plan, layout)) {
      const result = describeRun(plan, layout, runParts(plan, layout, left, markers), true);
      discardUnasked({ plan, layout, report }, markers);
      return { name: plan.name, ready: [], waiting: [], result };
    }
    const registry = await planRegistry(plan);
    const tidies = options.keep_intermediates !== true;
    lock.beatAlone();
    const result = await finish({ plan, layout, registry, max_errors, tidies, report }, folder, left, markers);
    return { name: plan.name, ready: [], waiting: [], result };
  });
}

function stateOf({ ready, phases }: Frontier): Pick<Advance, "ready" | "waiting"> {
  return {
    ready: ready.map(({ id, subject, tasks = 0, undone }) => {
      return { phase: id, subject, tasks, left: undone.length, numbers: ranges(undone) };
    }),
    waiting: phases.filter(({ state }) => state === "waiting").map(({ id }) => id),
  };
}

/** Ascending numbers as ranges: `0-15,17`. */
export function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers) {
    const open = parts.at(-1);
    if (open !== undefined && open[1] === number - 1) open[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
