/**
 * The exports of a recipe, and whether they can say what its sources say of the loss: known before anything is read, so refused then.
 */
import { RecipeError } from "../batch/errors.ts";
import { type ExportOptions, writesLoss } from "../manifests/exports/define.ts";
import { EXPORTERS, TRAINERS, type Trainer } from "../manifests/exports/registry.ts";
import type { SourcePlan } from "./plan.ts";
import type { Recipe } from "./types.ts";

export interface AskedExport {
  readonly trainer: Trainer;
  readonly options: ExportOptions;
}

export function askedExports({ exports }: Pick<Recipe, "exports">): readonly AskedExport[] {
  return exports.map((spec) => {
    return typeof spec === "string" ? { trainer: spec, options: {} } : { trainer: spec.to, options: spec.options };
  });
}

/** The options that a recipe gives the export for `trainer`; none where it says nothing of it. */
export function askedOptions(recipe: Pick<Recipe, "exports">, trainer: Trainer): ExportOptions {
  return askedExports(recipe).find((asked) => asked.trainer === trainer)?.options ?? {};
}

/** Throws RecipeError `recipe/export-loses-loss` where an export would train on tokens that a stage masked. */
export function checkExports(recipe: Recipe, sources: readonly SourcePlan[]): void {
  const masked = sources.filter(({ loss, tokenized }) => loss && tokenized).map(({ name }) => name);
  const losing = askedExports(recipe).flatMap(({ trainer, options }) => {
    return writesLoss(EXPORTERS[trainer], options) || options.ignore_loss === true ? [] : [trainer];
  });
  if (masked.length === 0 || losing.length === 0) return;
  const able = TRAINERS.filter((trainer) => EXPORTERS[trainer].loss.written === "always").join(", ");
  throw new RecipeError({
    code: "recipe/export-loses-loss",
    what: `the export for ${losing.join(", ")} would train on masked tokens of ${masked.join(", ")}`,
    why: "a stage says which tokens are trained on, and these trainers' files have no place for it",
    fix: `export for one of ${able}; ${lossOptions(losing)}`,
  });
}

/** What an export would have to be told. */
function lossOptions(losing: readonly Trainer[]): string {
  return losing
    .map((trainer) => {
      const { option } = EXPORTERS[trainer].loss;
      const writing = option === undefined ? "" : `\`{ to: ${trainer}, ${option}: true }\` writes the loss lane, and `;
      return `${writing}\`{ to: ${trainer}, ignore_loss: true }\` trains on every token`;
    })
    .join("; ");
}
