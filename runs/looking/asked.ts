/**
 * What the runs of a root ask of its store: folders by name, and assets by content.
 *
 * Every plan that lies in a run's folder asks, also that of a changed recipe in `next/`, whatever became of it: a run that stopped goes on from
 * what is there. Invariant: a living run whose plan is not known yet may ask for anything, and then nobody can say. Price: the plans.
 */
import fs from "node:fs";
import { basename, join } from "node:path";
import { RunError } from "../../batch/errors.ts";
import { type Plan, stagesOf } from "../../plan/plan.ts";
import { type Layout, runFiles } from "../../store/layout.ts";
import { livingRuns } from "../../store/lock.ts";
import { readPlan } from "../plan-file.ts";
import { planFolders } from "../tidy.ts";

/** The run by whose lock `gc` says that it is at work; no recipe can be called so. */
export const GC_RUN = ".gc";

export interface Asked {
  /** Names of folders of the store. */
  readonly folders: ReadonlySet<string>;
  /** Names of files in `assets/`. */
  readonly assets: ReadonlySet<string>;
  /** Runs that ask for a folder, by its name. */
  readonly by: ReadonlyMap<string, readonly string[]>;
}

/** Names of the runs of a root, in order. */
export function runNames(layout: Layout): readonly string[] {
  const folder = layout.run("");
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== GC_RUN)
    .map(({ name }) => name)
    .sort();
}

/** Throws RunError `run/corrupt-plan`, and `run/owned` (exit 75) where a living run has not written its plan yet. */
export function askedOf(layout: Layout): Asked {
  const folders = new Set<string>();
  const assets = new Set<string>();
  const by = new Map<string, string[]>();
  const fingerprints = new Map<string, Set<string>>();
  for (const name of runNames(layout)) {
    for (const plan of plansOf(layout, name)) {
      fingerprints.set(name, (fingerprints.get(name) ?? new Set()).add(plan.fingerprint));
      for (const path of planFolders(plan, layout)) {
        const folder = basename(path);
        folders.add(folder);
        const runs = by.get(folder) ?? [];
        by.set(folder, runs.includes(name) ? runs : [...runs, name]);
      }
      for (const { assets: files } of stagesOf(plan)) for (const { sha256 } of files) assets.add(sha256);
    }
  }
  for (const { name, owner } of livingRuns(layout)) {
    if (name === GC_RUN || fingerprints.get(name)?.has(owner.plan) === true) continue;
    throw new RunError({
      code: "run/owned",
      what: `the run ${name} is starting and has not written its plan yet`,
      why: "what it will ask of the store is not known, so nothing can be called unasked",
      fix: "try again in a moment",
    });
  }
  return { folders, assets, by };
}

/** Plans of a run: its own, and that of a changed recipe. */
export function plansOf(layout: Layout, name: string): readonly Plan[] {
  const folders = [layout.run(name), layout.next(name)];
  return folders.map((folder) => readPlan(folder, layout.root)).filter((plan) => plan !== undefined);
}

/** Changes whenever a run of the root begins, ends, or has another plan. */
export function runsStamp(layout: Layout): string {
  const files = runNames(layout).flatMap((name) => [
    layout.planFile(name),
    join(layout.next(name), runFiles.plan),
    layout.lockFile(name),
  ]);
  // A lock is touched by its heart all the time: that it is there is what counts.
  return files
    .map((file) => {
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? "" : `${file} ${stat.ino} ${file.endsWith(runFiles.plan) ? stat.mtimeMs : ""}`;
    })
    .join("\n");
}
