/**
 * A run that is begun and nothing of it done: for ranks, which need a plan, its assets and nothing else.
 *
 * Invariant: what is there afterwards is what `run` leaves before its first task. Price: a copy of every asset that is not in the store yet.
 */
import type { IoEnvironment } from "../io/environment.ts";
import { publishAssets } from "../plan/assets.ts";
import type { Plan } from "../plan/plan.ts";
import { Layout } from "../store/layout.ts";
import type { RunEvent } from "../workers/events.ts";
import { owning } from "./owner.ts";
import { openAttempt } from "./run-folder.ts";

export interface WritePlanOptions {
  /** Folder that holds `store/` and `runs/`. */
  readonly root: string;
  readonly environment: IoEnvironment;
  readonly report?: (event: RunEvent) => void;
}

/** Writes the plan as the owner of its run and gives the run up. Returns the folder it is in. Throws RunError `run/owned`. */
export async function writePlan(plan: Plan, options: WritePlanOptions): Promise<string> {
  const layout = new Layout(options.root);
  await publishAssets(plan, layout, options.environment);
  return owning(layout, plan, async () => {
    const { folder, change } = openAttempt(layout, plan);
    if (change !== undefined) options.report?.({ type: "run_changed", ...change });
    return folder;
  });
}
