/**
/**
 * The exports of a recipe, and whether they can say what its sources say of the loss, and where documents end: known before anything is read, so
 * refused then.
 */
import { RecipeError } from "../batch/errors.ts";
import { type ExportOptions, findsByEos, takes, writesLoss } from "../manifests/exports/define.ts";
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

/**
 * Throws RecipeError `recipe/export-loses-loss` where an export would train on tokens that a stage masked, `recipe/export-needs-eos` where a trainer
 * would look for EOS at the end of documents that have none, `recipe/export-kind` where one cannot hold a training stage.
 */
export function checkExports(recipe: Recipe, sources: readonly SourcePlan[]): void {
  for (const { trainer } of askedExports(recipe)) checkKind(recipe, trainer);
  checkEos(recipe);
  const masked = sources.filter(({ loss, tokenized }) => loss && tokenized).map(({ name }) => name);
  const losing = askedExports(recipe).flatMap(({ trainer, options }) => {
    return writesLoss(EXPORTERS[trainer], options) || options.ignore_loss === true ? [] : [trainer];
  });
  if (masked.length === 0 || losing.length === 0) return;
  const needed = recipe.row_stages === undefined ? "windows" : "rows";
  const able = TRAINERS.filter((trainer) => {
    return EXPORTERS[trainer].loss.written === "always" && takes(EXPORTERS[trainer])[needed];
  }).join(", ");
  throw new RecipeError({
    code: "recipe/export-loses-loss",
    what: `the export for ${losing.join(", ")} would train on masked tokens of ${masked.join(", ")}`,
    why: "a stage says which tokens are trained on, and these trainers' files have no place for it",
    fix: `export for one of ${able}; ${lossOptions(losing)}`,
  });
}

function checkEos(recipe: Recipe): void {
  const { tokenizer } = recipe;
  if (tokenizer?.append_eos !== "never") return;
  const lost = (trainer: Trainer): boolean => findsByEos(EXPORTERS[trainer], tokenizer.bos !== undefined);
  const losing = askedExports(recipe).flatMap(({ trainer }) => (lost(trainer) ? [trainer] : []));
  if (losing.length === 0) return;
  throw new RecipeError({
    code: "recipe/export-needs-eos",
    what: `${losing.join(", ")} would not find the documents of this recipe: its tokenizer says \`append_eos: never\``,
    why: "these trainers find documents by the EOS behind each, and would attend from one into the next",
    fix: `export for one of ${TRAINERS.filter((trainer) => !lost(trainer)).join(", ")}; or leave \`append_eos\` out`,
    ...(tokenizer.place && { place: tokenizer.place }),
  });
}

function checkKind({ training_stages, row_stages = [] }: Recipe, trainer: Trainer): void {
  const { rows, windows } = takes(EXPORTERS[trainer]);
  const [ofWindows] = windows ? [] : training_stages;
  const [ofRows] = rows ? [] : row_stages;
  const stage = ofWindows ?? ofRows;
  if (stage === undefined) return;
  const able = TRAINERS.filter((other) => {
    const otherTakes = takes(EXPORTERS[other]);
    return ofRows === undefined ? otherTakes.windows : otherTakes.rows;
  });
  throw new RecipeError({
    code: "recipe/export-kind",
    what: `the export for ${trainer} cannot hold training stage ${stage.name}`,
    why:
      ofRows === undefined
        ? "it is an index of packed rows, and this stage reads windows"
        : "it reads one source at a time, and a packed row of this stage holds several",
    fix: `export for one of ${able.join(", ")}; or give the stage a recipe of its own`,
    ...(stage.place === undefined ? {} : { place: stage.place }),
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
