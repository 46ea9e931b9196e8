/** The training stages of a recipe: weights name sources, budgets fill windows, windows fit in shards. */
import { didYouMean } from "../../batch/suggest.ts";
import type { TrainingStageSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { check } from "./issues.ts";
import { isRecord } from "./overrides.ts";
import { fullName } from "./readers.ts";
import { recipeShape, trainingStageShape } from "./schema.ts";
import { placed, type ResolveContext, reportDuplicates, stageUse } from "./stage-use.ts";

/** Every training stage that is right. `sources` are the names that exist. */
export function resolveTrainingStages(
  raw: unknown,
  sources: readonly string[],
  shardTokens: number | undefined,
  context: ResolveContext,
): readonly (TrainingStageSpec | undefined)[] {
  if (!Array.isArray(raw) || raw.length === 0) {
    check(recipeShape.shape.training_stages, raw, ["training_stages"], { name: "`training_stages`" }, context.findings);
    return [];
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
  return raw.map((stage, i) => resolveTrainingStage(stage, ["training_stages", i], sources, shardTokens, context));
}

function resolveTrainingStage(
  raw: unknown,
  path: Path,
  sources: readonly string[],
  shardTokens: number | undefined,
  context: ResolveContext,
): TrainingStageSpec | undefined {
  const { findings } = context;
  const weightsPath = [...path, "weights"];
  if (isRecord(raw) && isRecord(raw.weights)) {
    const names = Object.keys(raw.weights);
    if (names.length === 0) {
      const fix = "give at least one source a share: `weights: { NAME: 1 }`";
      findings.push({ code: "recipe/no-weights", what: "a training stage has no weights", fix, path: weightsPath });
    }
    for (const source of names.filter((name) => !sources.includes(name))) {
      findings.push({
        code: "recipe/unknown-source",
        what: `there is no source \`${source}\``,
        why: "its share of the tokens could not be filled",
        fix: didYouMean(source, sources),
        path: [...weightsPath, source],
        part: "key",
      });
    }
  }
  const spec = check(trainingStageShape, raw, path, { name: "a training stage" }, findings);
  if (spec === undefined) return undefined;
  const { name, tokens, sequence_length, pack, weights } = spec;
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
  const { use, id, ...options } = typeof pack === "string" ? { use: pack } : pack;
  const packer = stageUse(
    fullName("pack", use),
    id,
    options,
    [...path, "pack"],
    typeof pack === "string" ? [...path, "pack"] : [...path, "pack", "use"],
    context,
    { kind: "pack", otherKeys: ["use", "id"] },
  );
  return packer && { name, tokens, sequence_length, pack: packer, weights, ...placed(path, context) };
}
