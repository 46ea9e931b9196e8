/**
 * The runs of a root: when they were made, how far they are, what they take on disk, and whether a changed recipe waits.
 *
 * Invariant: looking changes nothing. Price: the plans, the markers of runs that are not finished, one look at every file of the store.
 */
import fs from "node:fs";
import { basename, join } from "node:path";
import { ShardmillError } from "../../batch/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import { Layout, runFiles } from "../../store/layout.ts";
import { livingRuns } from "../../store/lock.ts";
import { planChanges } from "../changes.ts";
import { readPlan } from "../plan-file.ts";
import { isFinished } from "../run-folder.ts";
import { planStatus } from "../status.ts";
import { planFolders } from "../tidy.ts";
import { plansOf, runNames } from "./asked.ts";
import { folderSize } from "./folder-size.ts";

/** `stopped`: nobody works on it, and running the recipe again goes on. `broken`: its plan cannot be read. */
export type RunState = "done" | "running" | "stopped" | "failed" | "broken";

export interface ListedRun {
  readonly name: string;
  readonly state: RunState;
  /** What ended it, or keeps it from being read. */
  readonly problem?: string;
  /** ISO 8601: when its plan was written, and when it was finished. */
  readonly planned?: string;
  readonly finished?: string;
  readonly plan_fingerprint?: string;
  readonly sources: readonly string[];
  readonly training_stages: readonly string[];
  readonly outputs: readonly string[];
  /** Of its own folder; what it has of the store, and what no other run has of that. */
  readonly size_bytes: number;
  readonly store_bytes: number;
  readonly store_bytes_own: number;
  /** What a changed recipe, whose run is not finished, does otherwise. */
  readonly recipe_changes?: readonly string[];
}

/** In order of their names. */
export function listRuns(out = "."): readonly ListedRun[] {
  const layout = new Layout(out);
  const living = new Set(livingRuns(layout).map(({ name }) => name));
  const sizes = new StoreSizes();
  const asked = new Map(runNames(layout).map((name) => [name, foldersOf(layout, name)] as const));
  const askers = new Map<string, number>();
  for (const folder of [...asked.values()].flatMap((folders) => [...folders])) {
    askers.set(folder, (askers.get(folder) ?? 0) + 1);
  }
  return [...asked].flatMap(([name, folders]): ListedRun[] => {
    const own = [...folders].filter((folder) => askers.get(folder) === 1);
    const size = {
      size_bytes: folderSize(layout.run(name)).size_bytes,
      store_bytes: sizes.sum([...folders]),
      store_bytes_own: sizes.sum(own),
    };
    const found = listed(layout, name, living.has(name));
    return found === undefined ? [] : [{ ...found, ...size }];
  });
}

function foldersOf(layout: Layout, name: string): ReadonlySet<string> {
  try {
    return new Set(plansOf(layout, name).flatMap((plan) => planFolders(plan, layout)));
  } catch (error) {
    if (error instanceof ShardmillError) return new Set();
    throw error;
  }
}

type Described = Omit<ListedRun, "size_bytes" | "store_bytes" | "store_bytes_own">;

/** Undefined for a folder that is no run. */
function listed(layout: Layout, name: string, isAlive: boolean): Described | undefined {
  const folder = layout.run(name);
  const none = { sources: [], training_stages: [], outputs: [] };
  try {
    const plan = readPlan(folder, layout.root);
    if (plan === undefined) return isAlive ? { name, state: "running", ...none } : undefined;
    const next = readPlan(layout.next(name), layout.root);
    const { recipe, fingerprint: plan_fingerprint, sources, outputs } = plan;
    const [planned, finished] = [timeOf(join(folder, runFiles.plan)), timeOf(join(folder, runFiles.finished))];
    return {
      name,
      ...stateOf(plan, layout, folder, isAlive),
      ...(planned === undefined ? {} : { planned }),
      ...(finished === undefined ? {} : { finished }),
      plan_fingerprint,
      sources: sources.map((source) => source.name),
      training_stages: [...recipe.training_stages, ...(recipe.row_stages ?? [])].map((stage) => stage.name),
      outputs: outputs.map((output) => output.name),
      ...(next === undefined || next.fingerprint === plan_fingerprint
        ? {}
        : { recipe_changes: planChanges(plan, next) }),
    };
  } catch (error) {
    if (!(error instanceof ShardmillError)) throw error;
    return { name, state: "broken", problem: error.details.what, ...none };
  }
}

function stateOf(plan: Plan, layout: Layout, folder: string, isAlive: boolean): Pick<ListedRun, "state" | "problem"> {
  if (isAlive) return { state: "running" };
  if (isFinished(folder, plan)) return { state: "done" };
  const { failure } = planStatus(plan, layout, folder);
  return failure === undefined ? { state: "stopped" } : { state: "failed", problem: failure.split("\n")[0] ?? failure };
}

function timeOf(path: string): string | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
}

/** Sizes of folders, each looked at once. */
class StoreSizes {
  readonly #known = new Map<string, number>();

  sum(folders: readonly string[]): number {
    return folders.reduce((total, folder) => total + this.#of(folder), 0);
  }

  #of(folder: string): number {
    const known = this.#known.get(basename(folder)) ?? folderSize(folder).size_bytes;
    this.#known.set(basename(folder), known);
    return known;
  }
}
