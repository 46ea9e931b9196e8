/**
 * From a recipe to its plan.
 *
 * Invariant: equal recipes over equal content give equal plans, whatever the host, clock or worker count. Price: one listing per pattern
 * and one content hash per local file, cached; no text is read.
 */
import { RecipeError } from "../batch/errors.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { loadTokenizer } from "../io/tokenizer-files.ts";
import type { StageRegistry } from "../stages/registry.ts";
import { tokenBytes } from "../store/token-file.ts";
import { planFingerprint } from "./fingerprint.ts";
import { planGroups } from "./groups.ts";
import { missingWarning, resolveMissing } from "./missing.ts";
import type { Plan, PlannedStage, TokenizerPlan } from "./plan.ts";
import { type DraftSource, draftSource, finishSource, usedSources } from "./sources.ts";
import { StagePlanner } from "./stages.ts";
import type { Recipe, StageUse } from "./types.ts";
import { planWindows } from "./windows.ts";

export interface PlanContext {
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
}

/** Turns a recipe into a plan. Throws RecipeError for what can be known to be wrong before any shard is read. */
export async function makePlan(written: Recipe, context: PlanContext): Promise<Plan> {
  const { recipe, missing } = resolveMissing(written);
  const planner = new StagePlanner(context.registry);
  const tokenizerUse: StageUse = { id: "tokenize", use: "tokenize/bpe", options: tokenizerOptions(recipe) };
  const tokenizeStage = await planner.plan(tokenizerUse);
  const tokenizer = planTokenizer(recipe, tokenizeStage, planner);
  const warnings = missing.map(missingWarning);
  const used = usedSources(recipe, warnings);
  const drafts: DraftSource[] = [];
  for (const spec of used) drafts.push(await draftSource(spec, recipe, context.environment, planner, tokenizeStage));
  const groups = planGroups(drafts);
  const sources = drafts.map((draft, index) => finishSource(draft, index, groups, recipe));
  const windows = await planWindows(recipe, sources, planner);
  for (const source of sources) {
    const weak = source.shards.filter((shard) => shard.identity.startsWith("length:")).length;
    if (weak > 0)
      warnings.push(
        `${source.name}: ${weak} files are known by length only; a changed file of equal length goes unnoticed`,
      );
  }
  return {
    schema: 1,
    name: recipe.name,
    fingerprint: planFingerprint({ recipe, missing, windows }),
    recipe,
    missing,
    tokenizer,
    sources,
    groups,
    windows,
    warnings,
  };
}

function tokenizerOptions(recipe: Recipe): Record<string, unknown> {
  const { file, encoding, eos } = recipe.tokenizer;
  return { ...(file === undefined ? { encoding } : { file }), eos };
}

function planTokenizer(recipe: Recipe, stage: PlannedStage, planner: StagePlanner): TokenizerPlan {
  const place = recipe.tokenizer.place;
  const tokenizer = loadTokenizer(recipe.tokenizer, planner.assetsOf(stage).get("tokenizer") ?? new Uint8Array());
  let eosId: number;
  try {
    eosId = tokenizer.resolveSpecial(recipe.tokenizer.eos);
  } catch (error) {
    if (!(error instanceof RecipeError) || place === undefined) throw error;
    throw new RecipeError({ ...error.details, place }, { cause: error });
  }
  return {
    name: tokenizer.name,
    sha256: stage.assets[0].sha256,
    vocab_size: tokenizer.vocabSize,
    token_bytes: tokenBytes(tokenizer.vocabSize),
    eos: { token: recipe.tokenizer.eos, id: eosId },
  };
}
