/**
 * From a recipe to its plan.
 *
 * Invariant: equal recipes over equal content give equal plans, whatever the host, clock or worker count. Price: one listing per pattern
 * and one content hash per local file, cached; no text is read.
 */
import { counted } from "../batch/plural.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { declarationOf } from "../stages/define.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { checkExports } from "./exports.ts";
import { planFingerprint } from "./fingerprint.ts";
import { planGroups } from "./groups.ts";
import { type LackingEndpoint, lackingEndpoints, missingWarning, resolveMissing } from "./missing.ts";
import { planOutputs } from "./outputs.ts";
import type { Plan } from "./plan.ts";
import { planPlugins } from "./plugins.ts";
import { planQuantiles } from "./quantiles.ts";
import { planRows } from "./rows.ts";
import { type DraftSource, draftSource, finishSource, usedSources } from "./sources.ts";
import { checkSpecialTokens, specialTokenWarnings } from "./special-tokens.ts";
import { StagePlanner } from "./stages.ts";
import { planTokenizer } from "./tokenizer.ts";
import type { Recipe } from "./types.ts";
import { planWindows } from "./windows.ts";

export interface PlanContext {
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
}

/** Which endpoint each source of a recipe needs and nobody gave. */
export function lackingEndpointsIn(recipe: Recipe, { environment, registry }: PlanContext): LackingEndpoint {
  return lackingEndpoints(
    recipe,
    ({ use, options }) => declarationOf(registry.findStage(use), options).endpoints,
    (endpoint) => environment.chat.has(endpoint),
  );
}

/** Turns a recipe into a plan. Throws RecipeError for what can be known to be wrong before any shard is read. */
export async function makePlan(written: Recipe, context: PlanContext): Promise<Plan> {
  const { recipe, missing } = resolveMissing(written, lackingEndpointsIn(written, context));
  const planner = new StagePlanner(context.registry, context.environment, recipe.seed);
  const tokenizing = await planTokenizer(recipe, planner);
  const warnings = [...missing.map(missingWarning), ...(tokenizing?.warnings ?? [])];
  const used = usedSources(recipe, warnings);
  const drafts: DraftSource[] = [];
  for (const use of used) drafts.push(await draftSource(use, recipe, context.environment, planner, tokenizing?.stage));
  const groups = planGroups(drafts);
  const sources = drafts.map((draft, index) => finishSource(draft, index, groups, recipe));
  checkExports(recipe, sources);
  checkSpecialTokens(recipe, sources, planner.registry, tokenizing?.resolve);
  warnings.push(...specialTokenWarnings(recipe, sources));
  const { windows, ...quantiles } = planQuantiles(await planWindows(recipe, sources, planner), sources);
  const rows = await planRows(recipe, sources, planner, tokenizing?.encode);
  const outputs = await planOutputs(recipe, sources, planner);
  for (const source of sources) {
    const weak = source.shards.filter((shard) => shard.identity.startsWith("length:")).length;
    if (weak > 0)
      warnings.push(
        `${source.name}: ${counted(weak, "file")} ${weak === 1 ? "is" : "are"} known by length only; a changed file of equal length goes unnoticed`,
      );
  }
  const planned = planner.assets.recipe(recipe);
  return {
    schema: 1,
    name: recipe.name,
    fingerprint: planFingerprint({ recipe: planned, missing, windows, ...rows, outputs }),
    recipe: planned,
    plugins: await planPlugins(recipe),
    missing,
    ...(tokenizing && { tokenizer: tokenizing.tokenizer }),
    sources,
    groups,
    windows,
    ...quantiles,
    ...rows,
    outputs,
    warnings,
  };
}
