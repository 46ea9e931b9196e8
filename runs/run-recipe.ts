/**
 * A recipe run in one call, for programs: plan it, run it, tell how it ended.
 *
 * Invariant: what `shardmill run` does with the same recipe, flags and defaults. Price: that of the run; the calling
 * thread plans, reads markers and writes manifests, worker threads do the rest.
 */
import { availableParallelism } from "node:os";
import type { NamedText } from "../plan/recipe/load.ts";
import type { RecipeInput } from "../plan/recipe/schema.ts";
import type { RunResult } from "../workers/events.ts";
import { type PrepareOptions, prepare } from "./prepare.ts";
import { type RunOptions, run } from "./run.ts";

export interface RunRecipeOptions
  extends PrepareOptions,
    Partial<Omit<RunOptions, "root" | "environment" | "registry" | "order">> {}

/**
 * Runs the recipe at a path, a text, or one made in code; running again goes on where the last attempt stopped. Without options,
 * `store/` and `runs/` go to the working folder, relative patterns start there, and there is a worker for every core.
 *
 * Gates that do not hold are in `gates` of the result; they do not throw.
 *
 * @throws RecipeError for what is wrong with the recipe, DataError for what is wrong with its data, RunError for what
 * went wrong meanwhile
 */
export async function runRecipe(
  recipe: string | NamedText | RecipeInput,
  options: RunRecipeOptions = {},
): Promise<RunResult> {
  const { plan, layout, environment, registry } = await prepare(recipe, options);
  const { workers = availableParallelism() } = options;
  return run(plan, { ...options, workers, root: layout.root, environment, registry });
}
