/**
 * The training stages of a recipe: budgets fill windows, windows fit in shards; what they mix is in `mixture.ts`. Those that mix rows are in
 * `row-stages.ts`.
 */
import type { RowStageSpec, TrainingStageSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { check } from "./issues.ts";
import { type KnownSources, resolveMixture, stageShape } from "./mixture.ts";
import { isRecord } from "./overrides.ts";
import { resolvePacker } from "./packers.ts";
import { isRowStage, resolveRowStage } from "./row-stages.ts";
import { recipeShape } from "./schema.ts";
import { placed, type ResolveContext, reportDuplicates } from "./stage-use.ts";

/** Training stages by what they mix; those that are wrong are undefined. */
export interface ResolvedStages {
  readonly training_stages: readonly (TrainingStageSpec | undefined)[];
  readonly row_stages: readonly (RowStageSpec | undefined)[];
}

/** Every training stage that is right. `sources` are the names that exist, with the tokens they are said to hold. */
export function resolveTrainingStages(
  raw: unknown,
  sources: KnownSources,
  shardTokens: number | undefined,
  context: ResolveContext,
): ResolvedStages {
  if (!Array.isArray(raw) || raw.length === 0) {
    check(recipeShape.shape.training_stages, raw, ["training_stages"], { name: "`training_stages`" }, context.findings);
    return { training_stages: [], row_stages: [] };
  }
  reportDuplicates(
    raw.map((stage, i) => ({
      id: isRecord(stage) && typeof stage.name === "string" ? stage.name : undefined,
      path: ["training_stages", i, "name"],
    })),
    "two training stages are called",
    "rename one of them",
    context,
  );
  const training_stages: (TrainingStageSpec | undefined)[] = [];
  const row_stages: (RowStageSpec | undefined)[] = [];
  raw.forEach((stage, i) => {
    const path = ["training_stages", i];
    if (isRowStage(stage)) row_stages.push(resolveRowStage(stage, path, i, sources, context));
    else training_stages.push(resolveTrainingStage(stage, path, sources, shardTokens, context));
  });
  return { training_stages, row_stages };
}

function resolveTrainingStage(
  raw: unknown,
  path: Path,
  sources: KnownSources,
  shardTokens: number | undefined,
  context: ResolveContext,
): TrainingStageSpec | undefined {
  const { findings } = context;
  const spec = check(stageShape(raw, sources), raw, path, { name: "a training stage" }, findings);
  const mixture = resolveMixture(raw, spec, path, sources, context);
  if (spec === undefined || mixture === undefined) return undefined;
  const { name, sequence_length, pack } = spec;
  const { tokens } = mixture;
  if (tokens < sequence_length) {
    findings.push({
      code: "recipe/out-of-range",
      what: `a budget of ${tokens} tokens does not fill one window of ${sequence_length}`,
      fix: "raise `tokens` or lower `sequence_length`",
      path: [...path, "tokens"],
    });
  }
  if (shardTokens !== undefined && sequence_length >= shardTokens) {
    findings.push({
      code: "recipe/out-of-range",
      what: `windows of ${sequence_length} tokens do not fit in shards of ${shardTokens}`,
      why: "a window is cut from one shard",
      fix: "raise `shard_tokens` or lower `sequence_length`",
      path: [...path, "sequence_length"],
    });
  }
  const packer = resolvePacker(pack, "windows", path, context);
  return packer && { name, sequence_length, pack: packer, ...mixture, ...placed(path, context) };
}
