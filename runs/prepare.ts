/** From a recipe to a plan that can be run: what every verb does first. */
import { RecipeError } from "../batch/errors.ts";
import { createIoEnvironment, type IoEnvironment } from "../io/environment.ts";
import { endpointData } from "../io/remote/endpoints.ts";
import { makePlan } from "../plan/make.ts";
import type { Plan } from "../plan/plan.ts";
import { defineRecipe, loadRecipe, type NamedText } from "../plan/recipe/load.ts";
import { loadPlugins } from "../plan/recipe/plugins.ts";
import type { RecipeInput } from "../plan/recipe/schema.ts";
import type { Recipe } from "../plan/types.ts";
import { stageRegistry } from "../stages/registry.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { Layout } from "../store/layout.ts";

export interface PrepareOptions {
  /** `path=value` overrides of the recipe. */
  readonly set?: readonly string[];
  /** Folder that holds `store/` and `runs/`. */
  readonly out?: string;
  /** Folder relative `from:` patterns start at. */
  readonly dataRoot?: string;
  /** Keep whole files that are streamed from the Hub in the Hub's own cache. */
  readonly cacheDownloads?: boolean;
  /** `NAME=URL` of the endpoints that stages ask; the process environment may name others. */
  readonly endpoints?: readonly string[];
  /** Have every output keep the rows that stages drop, as if the recipe said `keep_dropped: true`. */
  readonly keepDropped?: boolean;
  /** Aborted: nothing more is listed or hashed; throws RunError `run/interrupted`. */
  readonly stop?: AbortSignal | undefined;
}

export interface Prepared {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
}

/**
 * Loads the recipe at a path, a recipe's text, or one made in code; checks and plans. Throws RecipeError; reads listings and content hashes, no text.
 */
export async function prepare(
  input: string | NamedText | RecipeInput,
  options: PrepareOptions = {},
): Promise<Prepared> {
  const set = options.set ?? [];
  const isObject = typeof input !== "string" && !("text" in input);
  const written = await (isObject ? defineRecipe(input, { set }) : loadRecipe(input, { set }));
  const recipe = options.keepDropped === true ? keepingDropped(written) : written;
  const layout = new Layout(options.out ?? ".");
  const environment = createIoEnvironment({
    root: options.dataRoot ?? ".",
    cacheDownloads: options.cacheDownloads ?? false,
    identityCacheFile: layout.identityCache,
    endpoints: endpointData(options.endpoints ?? [], process.env),
    stop: options.stop,
  });
  const registry = stageRegistry(await loadPlugins(recipe.plugins, recipe.folder));
  return { plan: await makePlan(recipe, { environment, registry }), layout, environment, registry };
}

/** Throws RecipeError `flag/no-outputs` where there is nothing to keep them beside. */
function keepingDropped(recipe: Recipe): Recipe {
  if (recipe.outputs.length === 0) {
    throw new RecipeError({
      code: "flag/no-outputs",
      what: "--keep-dropped writes dropped rows beside outputs, and the recipe has none",
      fix: "add `outputs: [{ name: rows }]`, or look at dropped rows with `shardmill peek RUN --dropped all`",
    });
  }
  return { ...recipe, outputs: recipe.outputs.map((output) => ({ ...output, keep_dropped: true })) };
}
