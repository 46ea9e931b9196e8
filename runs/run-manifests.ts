/** The manifests of a run, for who looks at training stages. */
import { join } from "node:path";
import { RecipeError } from "../batch/errors.ts";
import { readManifests } from "../manifests/read.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import type { Recipe } from "../plan/types.ts";
import { runFiles } from "../store/layout.ts";
import type { OpenRun } from "./status.ts";

/** Manifests of training stages: those that read windows, and those that mix rows. */
export interface StageManifests {
  readonly windows: readonly TrainingStageManifest[];
  readonly rows: readonly RowManifest[];
}

/** All of them. Throws RecipeError `flag/no-training-stages`, RunError `run/not-a-run` where the run is not finished. */
export async function stageManifests({ plan, layout }: OpenRun): Promise<StageManifests> {
  if (!trains(plan.recipe)) throw noTrainingStages(plan.recipe);
  const { manifests, row_manifests } = await readManifests(join(layout.run(plan.name), runFiles.manifests));
  return { windows: manifests, rows: row_manifests };
}

/** Those that read windows, in order. Throws RecipeError `flag/no-training-stages`, RunError `run/not-a-run` where the run is not finished. */
export async function runManifests({ plan, layout }: OpenRun): Promise<readonly TrainingStageManifest[]> {
  checkTrains(plan.recipe);
  return (await readManifests(join(layout.run(plan.name), runFiles.manifests))).manifests;
}

/** Whether a recipe has training stages of any kind. */
export function trains({ training_stages, row_stages = [] }: Pick<Recipe, "training_stages" | "row_stages">): boolean {
  return training_stages.length + row_stages.length > 0;
}

/** Throws RecipeError `flag/no-training-stages` for a recipe without training stages that read windows. */
export function checkTrains(recipe: Pick<Recipe, "name" | "training_stages" | "row_stages">): void {
  if (recipe.training_stages.length === 0) throw noTrainingStages(recipe);
}

function noTrainingStages(recipe: Pick<Recipe, "name" | "training_stages" | "row_stages">): RecipeError {
  const mixesRows = trains(recipe);
  return new RecipeError({
    code: "flag/no-training-stages",
    what: mixesRows ? `all training stages of ${recipe.name} mix rows` : `${recipe.name} has no training stages`,
    why: mixesRows
      ? "a stage of rows has no windows of single sources, which a blend or this report would be about; its manifest has its figures"
      : "it asks for outputs, data sets of rows, which no trainer's blend or packing is about",
    fix: mixesRows
      ? "look at the stage's manifest, or export it"
      : "add `training_stages: …` and a tokenizer to the recipe; `shardmill peek` and `verify` look at outputs",
  });
}
