/**
 * What can be known to be wrong with a recipe without a look at its data: its own text, its tokenizer and the files
 * on this machine that its stages need.
 *
 * Models that it asks must have an endpoint. Invariant: a recipe that passes is refused later only for what its data are. Price: the tokenizer is read, from
 * the Hub too; other files are opened, and read where options speak of what they hold, such as
 * the labels of a model.
 */
import { RecipeError } from "../batch/errors.ts";
import { createIoEnvironment } from "../io/environment.ts";
import { endpointData } from "../io/remote/endpoints.ts";
import { RecipeAssets } from "../plan/assets.ts";
import { lackingEndpointsIn } from "../plan/make.ts";
import { missingWarning, resolveMissing } from "../plan/missing.ts";
import type { TokenizerPlan } from "../plan/plan.ts";
import { RecipeErrors } from "../plan/recipe/diagnostics.ts";
import { loadRecipe } from "../plan/recipe/load.ts";
import { loadPlugins } from "../plan/recipe/plugins.ts";
import { StagePlanner } from "../plan/stages.ts";
import { planTokenizer } from "../plan/tokenizer.ts";
import type { Recipe, StageUse } from "../plan/types.ts";
import { stageRegistry } from "../stages/registry.ts";

export interface CheckedRecipe {
  readonly recipe: Recipe;
  /** Absent where the recipe has none. */
  readonly tokenizer?: TokenizerPlan;
  /** Where the tokenizer's own template and the recipe differ. */
  readonly warnings: readonly string[];
}

/** Throws RecipeErrors with everything that is wrong. */
export async function checkRecipe(
  path: string,
  options: { readonly set?: readonly string[]; readonly endpoints?: readonly string[] } = {},
): Promise<CheckedRecipe> {
  const recipe = await loadRecipe(path, { set: options.set ?? [] });
  const registry = stageRegistry(await loadPlugins(recipe.plugins, recipe.folder));
  const environment = createIoEnvironment({ endpoints: endpointData(options.endpoints ?? [], process.env) });
  const planner = new StagePlanner(registry, environment, recipe.seed);
  const problems: RecipeError[] = [];
  const attempt = async <Result>(work: () => Result | Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const tokenizing = await attempt(() => planTokenizer(recipe, planner));
  for (const use of stagesOf(recipe)) {
    await attempt(async () => {
      RecipeAssets.lookForLocal(use);
      await RecipeAssets.checkLocal(use, registry.findStage(use.use));
    });
  }
  const lacking = lackingEndpointsIn(recipe, { environment, registry });
  // Sources without data are the plan's to judge: whoever writes a recipe may get them later.
  const missing = (await attempt(() => resolveMissing(withFiles(recipe), lacking).missing)) ?? [];
  if (problems.length > 0) throw new RecipeErrors(recipe.name, problems);
  const { tokenizer, warnings = [] } = tokenizing ?? {};
  return { recipe, ...(tokenizer && { tokenizer }), warnings: [...warnings, ...missing.map(missingWarning)] };
}

function withFiles(recipe: Recipe): Recipe {
  const sources = Object.entries(recipe.sources).map(([name, source]) => [
    name,
    source.from.length > 0 ? source : { ...source, from: [name] },
  ]);
  return { ...recipe, sources: Object.fromEntries(sources) };
}

/** Every stage that a recipe names, wherever it stands. */
function stagesOf({ pipelines, sources, training_stages, row_stages = [], outputs }: Recipe): readonly StageUse[] {
  return [
    ...Object.values(sources).map(({ read }) => read),
    ...Object.values(pipelines).flat(),
    ...training_stages.map(({ pack }) => pack),
    ...row_stages.map(({ pack }) => pack),
    ...outputs.map(({ format }) => format),
  ];
}
