/**
 * Sources that training stages name and nobody can get: what the recipe's `missing` makes of their weights.
 *
 * Invariant: what comes out names only sources with files, and what was changed is recorded by source and stage, so that plan and manifest
 * together still say what was asked for. Nothing is renormalised here: the mixture divides by the sum of what is left.
 */
import { RecipeError } from "../batch/errors.ts";
import type { MissingPolicy, Recipe, RowStageSpec, SourceSpec } from "./types.ts";

/** A source without data and what became of its weights. */
export interface MissingSource {
  readonly source: string;
  readonly policy: "drop" | "substitute";
  /** The source that got its weights. */
  readonly substitute?: string;
  /** The weights it was given, as written, by training stage. */
  readonly weights: Readonly<Record<string, number>>;
}

export interface ResolvedMissing {
  /** The recipe with weights of sources that have files alone. */
  readonly recipe: Recipe;
  /** In recipe order. */
  readonly missing: readonly MissingSource[];
}

/**
 * Applies the policies. Throws RecipeError `recipe/not-released` where one of them is `error`, `recipe/no-weights` where a
 * training stage has nothing left to read.
 */
export function resolveMissing(recipe: Recipe): ResolvedMissing {
  const absent = Object.values(recipe.sources).filter((source) => source.from.length === 0);
  const { training_stages: stages, row_stages: rowStages = [] } = recipe;
  const weighted = absent.filter(
    ({ name }) =>
      stages.some((stage) => Object.hasOwn(stage.weights, name)) ||
      rowStages.some((stage) => stage.fractions.some(({ source }) => source === name)),
  );
  if (weighted.length === 0) return { recipe, missing: [] };
  const policyOf = (source: SourceSpec): MissingPolicy => source.missing ?? recipe.missing;
  const refused = weighted.filter((source) => policyOf(source) === "error");
  if (refused.length > 0) throw notReleased(refused);

  const heirs = new Map<string, string | undefined>();
  const missing = weighted.map((spec): MissingSource => {
    const policy = policyOf(spec);
    const substitute = typeof policy === "string" ? undefined : policy.substitute;
    heirs.set(spec.name, substitute);
    const weights = [
      ...stages.flatMap((stage) =>
        Object.entries(stage.weights).flatMap(([name, weight]) =>
          name === spec.name ? [[stage.name, weight] as const] : [],
        ),
      ),
      ...rowStages.flatMap((stage) =>
        stage.fractions.flatMap(({ source, fraction }) =>
          source === spec.name ? [[stage.name, fraction] as const] : [],
        ),
      ),
    ];
    return {
      source: spec.name,
      ...(substitute === undefined ? { policy: "drop" } : { policy: "substitute", substitute }),
      weights: Object.fromEntries(weights),
    };
  });
  const training_stages = recipe.training_stages.map((stage) => {
    const weights = new Map<string, number>();
    for (const [name, weight] of Object.entries(stage.weights)) {
      const reader = heirs.has(name) ? heirs.get(name) : name;
      if (reader !== undefined) weights.set(reader, (weights.get(reader) ?? 0) + weight);
    }
    if (weights.size === 0) throw noneLeft(stage);
    return { ...stage, weights: Object.fromEntries(weights) };
  });
  const row_stages = recipe.row_stages?.map((stage): RowStageSpec => {
    const fractions = stage.fractions.filter(({ source }) => !heirs.has(source));
    for (const { source } of stage.fractions) if (heirs.get(source) !== undefined) throw noSubstitute(stage, source);
    if (fractions.length === 0) throw noneLeft(stage);
    return { ...stage, fractions };
  });
  return { recipe: { ...recipe, training_stages, ...(row_stages && { row_stages }) }, missing };
}

function noneLeft({ name, place }: Pick<RowStageSpec, "name" | "place">): RecipeError {
  return new RecipeError({
    code: "recipe/no-weights",
    what: `training stage ${name} has no source left: none of those it names has data`,
    fix: "give one of them a `from`, or `missing: { substitute: NAME }`",
    ...(place === undefined ? {} : { place }),
  });
}

function noSubstitute({ name, place }: RowStageSpec, source: string): RecipeError {
  return new RecipeError({
    code: "recipe/no-substitute",
    what: `training stage ${name} mixes rows, and ${source} has no data and a substitute`,
    why: "each row is taken once, so another source has no rows to give in its place",
    fix: `set \`missing: drop\` for ${source}`,
    ...(place === undefined ? {} : { place }),
  });
}

/** One line a source, for people. */
export function missingWarning({ source, substitute, weights }: MissingSource): string {
  const fate = substitute === undefined ? "the other sources share its weight" : `${substitute} gets its weight`;
  const stages = Object.entries(weights).map(([stage, weight]) => `${stage} ${weight}`);
  return `${source}: has no data, and ${fate} (${stages.join(", ")})`;
}

function notReleased(sources: readonly SourceSpec[]): RecipeError {
  const names = sources.map(({ name }) => name);
  const place = sources[0]?.place;
  return new RecipeError({
    code: "recipe/not-released",
    what: `${names.join(", ")}: ${names.length === 1 ? "this source has" : "these sources have"} no data, and training stages read them`,
    why: "their share of the tokens cannot be filled",
    fix: "set `missing: drop` to share their weights among the others, or `missing: { substitute: NAME }`; or give them a `from`",
    ...(place === undefined ? {} : { place }),
  });
}
