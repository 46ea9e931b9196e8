/**
 * Sources that training stages or outputs name and nobody can get, because they have no data or because their pipeline asks a model that is not
 * there: what the recipe's `missing` makes of them.
 *
 * Invariant: what comes out names only sources that can be read, and what was changed is recorded by source and stage, so that plan and manifest
 * together still say what was asked for. Nothing is renormalised here: the mixture divides by the sum of what is left. An output of which no source
 * is left is left out with them.
 */
import { RecipeError } from "../batch/errors.ts";
import { variableSuffix } from "../io/remote/endpoints.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import type { MissingPolicy, Recipe, RowStageSpec, SourceSpec, StageUse, TrainingStageSpec } from "./types.ts";

/** A source without data and what became of its weights. */
export interface MissingSource {
  readonly source: string;
  readonly policy: "drop" | "substitute";
  /** The source that got its weights. */
  readonly substitute?: string;
  /** The endpoint that nobody gave; absent where it has no data. */
  readonly endpoint?: string;
  /** The weights it was given, as written, by training stage. */
  readonly weights: Readonly<Record<string, number>>;
  /** Outputs that are written without it, or not at all; absent where none names it. */
  readonly outputs?: readonly string[];
}

export interface ResolvedMissing {
  /** The recipe with sources that can be read alone. */
  readonly recipe: Recipe;
  /** In recipe order. */
  readonly missing: readonly MissingSource[];
}

/** Which endpoint a source needs that nobody gave. */
export type LackingEndpoint = (source: SourceSpec) => string | undefined;

/**
 * Applies the policies. Throws RecipeError `recipe/not-released` and `recipe/no-endpoint` where one of them is `error`, `recipe/no-weights` where a
 * training stage has nothing left to read.
 */
export function resolveMissing(recipe: Recipe, lacking: LackingEndpoint = () => undefined): ResolvedMissing {
  const { training_stages: stages, row_stages: rowStages = [] } = recipe;
  const absent = Object.values(recipe.sources).flatMap((spec): AbsentSource[] => {
    const endpoint = lacking(spec);
    if (spec.from.length > 0 && endpoint === undefined) return [];
    const weights = [
      ...stages.flatMap((stage) =>
        Object.keys(stage.weights).some((share) => sourceOfShare(share) === spec.name)
          ? [[stage.name, weightOf(stage, spec.name)] as const]
          : [],
      ),
      ...rowStages.flatMap((stage) =>
        stage.fractions.flatMap(({ source, fraction }) =>
          source === spec.name ? [[stage.name, fraction] as const] : [],
        ),
      ),
    ];
    const outputs = recipe.outputs.filter(({ sources }) => sources.includes(spec.name)).map(({ name }) => name);
    if (weights.length + outputs.length === 0) return [];
    return [
      { spec, endpoint: spec.from.length > 0 ? endpoint : undefined, weights: Object.fromEntries(weights), outputs },
    ];
  });
  if (absent.length === 0) return { recipe, missing: [] };
  const policyOf = (source: SourceSpec): MissingPolicy => source.missing ?? recipe.missing;
  const refused = absent.filter(({ spec }) => policyOf(spec) === "error");
  if (refused.length > 0) throw refusal(refused);

  const heirs = new Map<string, string | undefined>();
  const missing = absent.map(({ spec, endpoint, weights, outputs }): MissingSource => {
    const policy = policyOf(spec);
    const substitute = typeof policy === "string" ? undefined : policy.substitute;
    heirs.set(spec.name, substitute);
    return {
      source: spec.name,
      ...(substitute === undefined ? { policy: "drop" } : { policy: "substitute", substitute }),
      ...(endpoint === undefined ? {} : { endpoint }),
      weights,
      ...(outputs.length === 0 ? {} : { outputs }),
    };
  });
  const training_stages = recipe.training_stages.map((stage) => {
    const weights = new Map<string, number>();
    for (const [name, weight] of Object.entries(stage.weights)) {
      const source = sourceOfShare(name);
      const reader = heirs.has(source) ? heirs.get(source) : name;
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
  const outputs = recipe.outputs
    .map((output) => ({ ...output, sources: output.sources.filter((name) => !heirs.has(name)) }))
    .filter(({ sources }) => sources.length > 0);
  if (outputs.length + training_stages.length + (row_stages?.length ?? 0) === 0) throw nothingLeft(absent);
  return { recipe: { ...recipe, training_stages, outputs, ...(row_stages && { row_stages }) }, missing };
}

/** The sources of `recipe` whose pipelines ask endpoints that are not `given`. */
export function lackingEndpoints(
  recipe: Recipe,
  endpointsOf: (use: StageUse) => readonly string[],
  given: (endpoint: string) => boolean,
): LackingEndpoint {
  const byPipeline = new Map(
    Object.entries(recipe.pipelines).map(([name, uses]) => [
      name,
      uses.flatMap(endpointsOf).find((endpoint) => !given(endpoint)),
    ]),
  );
  return ({ pipeline }) => (pipeline === undefined ? undefined : byPipeline.get(pipeline));
}

/** The weight of a source in a stage, over all its shares. */
function weightOf({ weights }: Pick<TrainingStageSpec, "weights">, source: string): number {
  const shares = Object.entries(weights).filter(([share]) => sourceOfShare(share) === source);
  return shares.reduce((sum, [, weight]) => sum + weight, 0);
}

interface AbsentSource {
  readonly spec: SourceSpec;
  readonly endpoint: string | undefined;
  readonly weights: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
}

function noneLeft({ name, place }: Pick<RowStageSpec, "name" | "place">): RecipeError {
  return new RecipeError({
    code: "recipe/no-weights",
    what: `training stage ${name} has no source left: none of those it names has data, or a model to ask`,
    fix: "give one of them a `from` or its endpoint, or `missing: { substitute: NAME }`",
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
export function missingWarning({ source, substitute, endpoint, weights, outputs = [] }: MissingSource): string {
  const why = endpoint === undefined ? "has no data" : `needs the endpoint ${endpoint}, which nobody gave`;
  const fate = substitute === undefined ? "the other sources share its weight" : `${substitute} gets its weight`;
  const stages = Object.entries(weights).map(([stage, weight]) => `${stage} ${weight}`);
  return [
    `${source}: ${why}`,
    ...(stages.length > 0 ? [`${fate} (${stages.join(", ")})`] : []),
    ...(outputs.length > 0 ? [`it is left out of ${outputs.join(", ")}`] : []),
  ].join(", and ");
}

function refusal(refused: readonly AbsentSource[]): RecipeError {
  const asking = refused.filter(({ endpoint }) => endpoint !== undefined);
  return asking.length > 0 ? noEndpoint(asking) : notReleased(refused.map(({ spec }) => spec));
}

function noEndpoint(sources: readonly AbsentSource[]): RecipeError {
  const place = sources[0]?.spec.place;
  const endpoints = [...new Set(sources.flatMap(({ endpoint }) => endpoint ?? []))];
  return new RecipeError({
    code: "recipe/no-endpoint",
    what: `${sources.map(({ spec }) => spec.name).join(", ")}: a model is asked at ${endpoints.join(", ")}, and nobody said where that is`,
    why: "without answers there are no rows",
    fix: `give ${endpoints.map((name) => `--endpoint ${name}=URL`).join(" ")}, or set SHARDMILL_ENDPOINT_${variableSuffix(endpoints[0] ?? "NAME")}; \`missing: drop\` leaves such sources out`,
    ...(place === undefined ? {} : { place }),
  });
}

function nothingLeft(sources: readonly AbsentSource[]): RecipeError {
  const endpoints = [...new Set(sources.flatMap(({ endpoint }) => endpoint ?? []))];
  return new RecipeError({
    code: "recipe/no-endpoint",
    what: "every output of the recipe asks a model, and nobody said where one is",
    why: "`missing: drop` leaves sources without a model out, and nothing else is left",
    fix: `give ${endpoints.map((name) => `--endpoint ${name}=URL`).join(" ")}`,
  });
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
