/**
 * Whether a recipe's exports can say what its sources say of the loss: known before anything is read, so refused then.
 */
import { RecipeError } from "../batch/errors.ts";
import { writesLoss } from "../manifests/exports/define.ts";
import { EXPORTERS, TRAINERS } from "../manifests/exports/registry.ts";
import type { SourcePlan } from "./plan.ts";
import type { Recipe } from "./types.ts";

/** Throws RecipeError `recipe/export-loses-loss` where an export would train on tokens that a stage masked. */
export function checkExports(recipe: Recipe, sources: readonly SourcePlan[]): void {
  const masked = sources.filter(({ loss, tokenized }) => loss && tokenized).map(({ name }) => name);
  const losing = recipe.exports.filter((trainer) => !writesLoss(EXPORTERS[trainer], {}));
  if (masked.length === 0 || losing.length === 0) return;
  const able = TRAINERS.filter((trainer) => EXPORTERS[trainer].loss.written === "always").join(", ");
  throw new RecipeError({
    code: "recipe/export-loses-loss",
    what: `the export for ${losing.join(", ")} would train on masked tokens of ${masked.join(", ")}`,
    why: "a stage says which tokens are trained on, and these trainers' files have no place for it",
    fix: `export for one of ${able}; or leave it out of the recipe and say how when the run is done: shardmill export --help`,
  });
}
