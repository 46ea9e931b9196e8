/**
 * From a recipe to its plan.
 *
 * Invariant: equal recipes over equal content give equal plans, whatever the host, clock or worker count. Price: one listing per pattern
 * and one content hash per local file, cached; no text is read.
 */
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { counted } from "../batch/plural.ts";
import type { AssetLibrary } from "../io/assets.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { loadTokenizer } from "../io/tokenizer-files.ts";
import type { StageRegistry } from "../stages/registry.ts";
import { tokenBytes } from "../store/token-file.ts";
import { checkExports } from "./exports.ts";
import { planFingerprint } from "./fingerprint.ts";
import { planGroups } from "./groups.ts";
import { missingWarning, resolveMissing } from "./missing.ts";
import { planOutputs } from "./outputs.ts";
import type { Plan, PlannedStage, TokenizerPlan } from "./plan.ts";
import { planPlugins } from "./plugins.ts";
import { type DraftSource, draftSource, finishSource, usedSources } from "./sources.ts";
import { StagePlanner } from "./stages.ts";
import type { Recipe, StageUse, TokenizerSpec } from "./types.ts";
import { planWindows } from "./windows.ts";

export interface PlanContext {
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
}

/** Turns a recipe into a plan. Throws RecipeError for what can be known to be wrong before any shard is read. */
export async function makePlan(written: Recipe, context: PlanContext): Promise<Plan> {
  const { recipe, missing } = resolveMissing(written);
  const planner = new StagePlanner(context.registry, context.environment, recipe.seed);
  const { tokenizer: spec } = recipe;
  const tokenize = spec && (await planner.plan(tokenizerUse(spec, context.registry)));
  const tokenizer = spec && tokenize && (await planTokenizer(spec, tokenize, context.environment.assets));
  const warnings = missing.map(missingWarning);
  const used = usedSources(recipe, warnings);
  const drafts: DraftSource[] = [];
  for (const use of used) drafts.push(await draftSource(use, recipe, context.environment, planner, tokenize));
  const groups = planGroups(drafts);
  const sources = drafts.map((draft, index) => finishSource(draft, index, groups, recipe));
  checkExports(recipe, sources);
  const windows = await planWindows(recipe, sources, planner);
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
    fingerprint: planFingerprint({ recipe: planned, missing, windows, outputs }),
    recipe: planned,
    plugins: await planPlugins(recipe),
    missing,
    ...(tokenizer && { tokenizer }),
    sources,
    groups,
    windows,
    outputs,
    warnings,
  };
}

/** The tokenizer of a recipe, read: what is wrong with it, or with the EOS, is a RecipeError. */
export async function checkTokenizer(recipe: Recipe, planner: StagePlanner): Promise<TokenizerPlan | undefined> {
  const { tokenizer: spec } = recipe;
  const { registry, environment } = planner;
  if (spec === undefined) return undefined;
  return planTokenizer(spec, await planner.plan(tokenizerUse(spec, registry)), environment.assets);
}

/** The stage that every pipeline ends in. */
function tokenizerUse({ file, encoding, eos, place }: TokenizerSpec, registry: StageRegistry): StageUse {
  const use = "tokenize/bpe";
  const written = { ...(file === undefined ? { encoding } : { file: file.asset }), eos };
  const options = registry.findStage(use).options.parse(written) as StageUse["options"];
  return { id: "tokenize", use, options, ...(place && { place }) };
}

async function planTokenizer(spec: TokenizerSpec, stage: PlannedStage, assets: AssetLibrary): Promise<TokenizerPlan> {
  const { place } = spec;
  const vocabulary = entryAt(stage.assets, 0, "vocabulary");
  const { name, sha256 } = vocabulary;
  const tokenizer = loadTokenizer(name, await assets.fetch(vocabulary, stage.use));
  let eosId: number;
  try {
    eosId = tokenizer.resolveSpecial(spec.eos);
  } catch (error) {
    if (!(error instanceof RecipeError) || place === undefined) throw error;
    throw new RecipeError({ ...error.details, place }, { cause: error });
  }
  return {
    name: tokenizer.name,
    sha256,
    vocab_size: tokenizer.vocabSize,
    token_bytes: tokenBytes(tokenizer.vocabSize),
    eos: { token: spec.eos, id: eosId },
  };
}
