/**
 * Plugins in a plan: by path from the recipe's folder, and by content.
 *
 * Invariant: a stage of a plugin runs from the file that was planned with; what that file imports is its own affair. A plugin's code is no part of
 * fingerprints: its stages have versions. Price: a hash of each file, by every thread that loads it.
 */
import { resolve } from "node:path";
import { RunError } from "../batch/errors.ts";
import { hashFile } from "../io/local/hash-file.ts";
import { loadStages, type StageRegistry } from "../stages/stage-registry.ts";
import { type Plan, type PluginPlan, stagesOf } from "./plan.ts";
import { loadPlugins } from "./recipe/plugins.ts";
import type { Recipe } from "./types.ts";

export async function planPlugins({ plugins, folder }: Pick<Recipe, "plugins" | "folder">): Promise<PluginPlan[]> {
  const planned: PluginPlan[] = [];
  for (const path of plugins) planned.push({ path, sha256: await hashFile(resolve(folder, path)) });
  return planned;
}

/**
 * The stages that a plan names, and no others' code; its plugins loaded from where the recipe lies. Throws RunError `run/missing-plugin`, `run/changed-plugin`, and
 * what {@link loadPlugins} throws.
 */
export async function planRegistry(plan: Plan): Promise<StageRegistry> {
  const { plugins, recipe } = plan;
  for (const { path, sha256 } of plugins) {
    const found = await hashOf(recipe.folder, path);
    if (found === sha256) continue;
    throw new RunError({
      code: "run/changed-plugin",
      what: `the plugin ${path} is not the file that was planned (sha256 ${found}, planned with ${sha256})`,
      why: "what its stages make would be stored as that of the other file",
      fix: "put the file back, or run the recipe again, so that it is planned with the file as it is now",
    });
  }
  const paths = plugins.map(({ path }) => path);
  return loadStages(
    stagesOf(plan).map(({ use }) => use),
    await loadPlugins(paths, recipe.folder),
  );
}

async function hashOf(folder: string, path: string): Promise<string> {
  try {
    return await hashFile(resolve(folder, path));
  } catch (error) {
    throw new RunError(
      {
        code: "run/missing-plugin",
        what: `the plugin ${path} cannot be read in ${resolve(folder)}`,
        why: "plugins are looked for from the recipe's folder, and that from the run's root, as they lay when the run was planned",
        fix: "say where the recipe's folder is on this host: --recipe-root DIR",
      },
      { cause: error },
    );
  }
}
