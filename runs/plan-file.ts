/**
 * `plan.json`: the plan of a run, as any host can read it.
 *
 * Invariant: what is on this host and not in the run is named from the run's root: the recipe's folder, where plugins start, and the recipe in
 * messages. So ranks of another host, or over a root that was moved with its recipe, find both. Only the owner of a run may write.
 */
import fs from "node:fs";
import { join, relative, sep } from "node:path";
import { commitBytes } from "../io/local/commit.ts";
import type { Plan } from "../plan/plan.ts";
import { mapPlaces } from "../plan/recipe/canonical.ts";
import { readJsonFile } from "../store/json-file.ts";
import { runFiles } from "../store/layout.ts";

/** The plan in `folder`, a run's or its `next/`; undefined where there is none. Throws RunError `run/corrupt-plan`. */
export function readPlan(folder: string, root: string): Plan | undefined {
  const fix = "delete the file and run the recipe again: what is in the store stays";
  const plan = readJsonFile(join(folder, runFiles.plan), { code: "run/corrupt-plan", fix }) as Plan | undefined;
  return plan && withPaths(plan, (path) => join(root, path));
}

/** Writes the plan where it is not there yet. */
export function savePlan(folder: string, plan: Plan, root: string): void {
  const portable = withPaths(plan, (path) => relative(root, path).split(sep).join("/"));
  const text = `${JSON.stringify(portable, null, 2)}\n`;
  const path = join(folder, runFiles.plan);
  if (fs.existsSync(path) && fs.readFileSync(path, "utf8") === text) return;
  commitBytes(path, Buffer.from(text));
}

function withPaths(plan: Plan, change: (path: string) => string): Plan {
  const recipe = mapPlaces(plan.recipe, (place) => {
    return "file" in place ? { ...place, file: change(place.file) } : place;
  });
  return { ...plan, recipe: { ...recipe, folder: change(recipe.folder) } };
}
