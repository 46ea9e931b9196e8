/**
 * Sources: their stages, their shards and what names the work done on them.
 *
 * Planned in two steps, because barriers may compare several sources: drafts first, and the finished plan once groups are known.
 * Price: one listing per pattern and one content hash per local file, cached.
 */
import { RecipeError } from "../batch/errors.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { listShards } from "../io/list.ts";
import type { ShardRef } from "../io/source.ts";
import type { StageRegistry } from "../stages/registry.ts";
import { fingerprint, STORE_VERSION, stageIdentity } from "./fingerprint.ts";
import type { MatchGroup, PlannedStage, SourcePlan } from "./plan.ts";
import type { StagePlanner } from "./stages.ts";
import type { Recipe, SourceSpec, StageUse } from "./types.ts";

/** About a million keys of a 14-band sketch: fewer partitions would keep workers waiting, more open every key file more often. */
const INPUT_BYTES_PER_PARTITION = 256 * 1024 * 1024;
const MAX_PARTITIONS = 1024;

/** A source before it is known whom its barriers compare it with. */
export interface DraftSource {
  readonly spec: SourceSpec;
  readonly reader: PlannedStage;
  readonly stages: readonly PlannedStage[];
  readonly shards: readonly ShardRef[];
  readonly ingest: string;
  /** What its own size asks for. */
  readonly partitions: number;
  /** Its barriers, by position in `stages`, in pipeline order. */
  readonly scopes: ReadonlyMap<number, "source" | "pipeline">;
}

/** The sources that training stages read, in recipe order; a warning for each that none does. */
export function usedSources(recipe: Recipe, warnings: string[]): readonly SourceSpec[] {
  const weighted = new Set(recipe.training_stages.flatMap((stage) => Object.keys(stage.weights)));
  const specs = Object.values(recipe.sources);
  for (const spec of specs) {
    if (!weighted.has(spec.name) && spec.from.length > 0)
      warnings.push(`${spec.name}: no training stage gives this source a weight; it is not read`);
  }
  return specs.filter((spec) => weighted.has(spec.name));
}

/** Plans the stages of a source and lists its shards. Throws RecipeError, and what {@link listShards} throws. */
export async function draftSource(
  spec: SourceSpec,
  recipe: Recipe,
  environment: IoEnvironment,
  planner: StagePlanner,
  tokenize: PlannedStage,
): Promise<DraftSource> {
  const pipeline = spec.pipeline === undefined ? [] : recipe.pipelines[spec.pipeline];
  const reader = await planner.plan(spec.read);
  const stages: PlannedStage[] = [];
  for (const use of pipeline) stages.push(await planner.plan(use));
  stages.push(tokenize);
  checkColumns(spec, pipeline, planner.registry);
  const shards = await listShards(spec.from, environment);
  const scopes = new Map<number, "source" | "pipeline">();
  stages.forEach((stage, index) => {
    const operator = stage.kind === "barrier" ? planner.operator(stage) : undefined;
    if (operator?.kind === "barrier") scopes.set(index, operator.scope);
  });
  const bytes = shards.reduce((total, shard) => total + shard.size_bytes, 0);
  const partitions = Math.min(
    MAX_PARTITIONS,
    2 ** Math.max(0, Math.ceil(Math.log2(bytes / INPUT_BYTES_PER_PARTITION || 1))),
  );
  const ingest = fingerprint({
    store_version: STORE_VERSION,
    reader: stageIdentity(reader),
    shards: shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity })),
    stages: stages.map(stageIdentity),
    // Documents leave ingest in shuffle order.
    seed: recipe.seed,
  });
  return { spec, reader, stages, shards, ingest, partitions, scopes };
}

/** The source with its groups; `index` is its position in the recipe's used sources. */
export function finishSource(
  draft: DraftSource,
  index: number,
  groups: readonly MatchGroup[],
  recipe: Recipe,
): SourcePlan {
  const { spec } = draft;
  const barriers = [...draft.scopes.keys()].map((stage, barrier) => {
    const group = groups.findIndex((candidate) =>
      candidate.members.some((member) => member.source === index && member.barrier === barrier),
    );
    return { stage, group, partitions: groups[group].partitions };
  });
  const options = draft.reader.options;
  const validation = recipe.validation?.sources[spec.name];
  const ingest = fingerprint({ ingest: draft.ingest, partitions: barriers.map((barrier) => barrier.partitions) });
  const tokens = fingerprint({
    store_version: STORE_VERSION,
    ingest: draft.ingest,
    groups: barriers.map((barrier) => groups[barrier.group].fingerprint),
    source: spec.name,
    seed: recipe.seed,
    shard_tokens: recipe.shard_tokens,
    ...(validation === undefined ? {} : { validation, validation_seed: recipe.validation?.seed }),
  });
  return {
    name: spec.name,
    ...(spec.category === undefined ? {} : { category: spec.category }),
    ...(spec.pipeline === undefined ? {} : { pipeline: spec.pipeline }),
    reader: draft.reader,
    stages: draft.stages,
    shards: draft.shards,
    single_span: (options.limit ?? undefined) !== undefined || (typeof options.skip === "number" && options.skip > 0),
    barriers,
    ...(validation === undefined ? {} : { validation }),
    ingest,
    tokens,
  };
}

/** Throws where a stage reads a column that nothing before it wrote. */
function checkColumns(spec: SourceSpec, pipeline: readonly StageUse[], registry: StageRegistry): void {
  const metadata = Array.isArray(spec.read.options.metadata) ? spec.read.options.metadata.map(String) : [];
  const reader = registry.findStage(spec.read.use);
  const available = new Set(["id", "text", ...reader.writes.map((column) => column.name), ...metadata]);
  for (const use of pipeline) {
    const definition = registry.findStage(use.use);
    const missing = definition.reads.filter((name) => !available.has(name));
    if (missing.length > 0) {
      throw new RecipeError({
        code: "recipe/missing-column",
        what: `${use.use} reads the column ${missing.join(", ")}, which source ${spec.name} does not carry at that point`,
        why: "a stage can only judge what the reader or an earlier stage wrote",
        fix: `add it to the source: metadata: [${missing.join(", ")}]`,
        ...(use.place === undefined ? {} : { place: use.place }),
      });
    }
    for (const column of definition.writes) available.add(column.name);
  }
}
