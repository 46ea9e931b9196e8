/** The manifests of a run, for who looks at training stages. */
import { join } from "node:path";
import { RecipeError } from "../batch/errors.ts";
import { readManifests } from "../manifests/read.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import type { Recipe } from "../plan/types.ts";
import { runFiles } from "../store/layout.ts";
import type { OpenRun } from "./status.ts";

/** In order. Throws RecipeError `flag/no-training-stages`, RunError `run/not-a-run` where the run is not finished. */
export async function runManifests({ plan, layout }: OpenRun): Promise<readonly TrainingStageManifest[]> {
  checkTrains(plan.recipe);
  return (await readManifests(join(layout.run(plan.name), runFiles.manifests))).manifests;
}

/** Throws RecipeError `flag/no-training-stages` for a recipe that asks for rows alone. */
export function checkTrains({ name, training_stages }: Pick<Recipe, "name" | "training_stages">): void {
  if (training_stages.length > 0) return;
  throw new RecipeError({
    code: "flag/no-training-stages",
    what: `${name} has no training stages`,
    why: "it asks for outputs, data sets of rows, which no trainer's blend or packing is about",
    fix: "add `training_stages: …` and a tokenizer to the recipe; `shardmill peek` and `verify` look at outputs",
  });
}
