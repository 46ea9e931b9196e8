/**
 * Sources: their stages, their passes, their shards and what names the work done on them.
 *
 * Planned in two steps, because barriers may compare several sources: drafts first, and the finished plan once groups are known.
 * Price: one listing per pattern and one content hash per local file, cached.
 */
import { entryAt, entryOf, ownOf } from "../batch/entry.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { listShards } from "../io/list.ts";
import { portableShard } from "../io/open.ts";
import type { ShardRef } from "../io/source.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import type { ColumnDeclaration } from "../stages/define.ts";
import { columnsAfter, refuseRankColumns, refuseTakenColumns } from "./columns.ts";
import { fingerprint, STORE_VERSION, stageIdentity } from "./fingerprint.ts";
import { cutPasses, type DraftPass, passIdentity, passOf, spoolColumns } from "./passes.ts";
import type { BarrierPlan, MatchGroup, PassPlan, PlannedStage, SourcePlan } from "./plan.ts";
import type { StagePlanner } from "./stages.ts";
import type { Recipe, SourceSpec } from "./types.ts";

/** About a million keys of a 14-band sketch: fewer partitions would keep workers waiting, more open every key file more often. */
const INPUT_BYTES_PER_PARTITION = 256 * 1024 * 1024;
const MAX_PARTITIONS = 1024;

/** What a recipe asks of a source. */
export interface SourceUse {
  readonly spec: SourceSpec;
  /** A training stage reads its tokens. */
  readonly tokenized: boolean;
  /** An output takes its rows. */
  readonly spooled: boolean;
  /** An output takes the rows that its stages drop. */
  readonly keepDropped: boolean;
}

/** A source before it is known whom its barriers compare it with. */
export interface DraftSource {
  readonly use: SourceUse;
  readonly reader: PlannedStage;
  readonly stages: readonly PlannedStage[];
  readonly passes: readonly DraftPass[];
  /** Columns after each pass. */
  readonly columns: readonly (readonly ColumnDeclaration[])[];
  readonly shards: readonly ShardRef[];
  /** Names the raw shards, the reader and the recipe's seed. */
  readonly input: string;
  /** What its own size asks for. */
  readonly partitions: number;
  /** Positions of its barriers in `stages`, in pipeline order. */
  readonly barriers: readonly number[];
}

/** The sources that training stages or outputs read, in recipe order; a warning for each that none does. */
export function usedSources(recipe: Recipe, warnings: string[]): readonly SourceUse[] {
  const weighted = new Set([
    ...recipe.training_stages.flatMap((stage) => Object.keys(stage.weights).map(sourceOfShare)),
    ...(recipe.row_stages ?? []).flatMap((stage) => stage.fractions.map(({ source }) => source)),
  ]);
  const spooled = new Set(recipe.outputs.flatMap(({ sources }) => sources));
  const withDropped = new Set(recipe.outputs.filter((output) => output.keep_dropped).flatMap(({ sources }) => sources));
  const specs = Object.values(recipe.sources);
  for (const { name, from } of specs) {
    if (!weighted.has(name) && !spooled.has(name) && from.length > 0)
      warnings.push(`${name}: no training stage gives this source a weight and no output takes it; it is not read`);
  }
  return specs
    .map((spec) => ({
      spec,
      tokenized: weighted.has(spec.name),
      spooled: spooled.has(spec.name),
      keepDropped: withDropped.has(spec.name),
    }))
    .filter(({ tokenized, spooled }) => tokenized || spooled);
}

/**
 * Plans the stages of a source and lists its shards. `tokenize` is the stage that ends a tokenized source's pipeline. Throws RecipeError, and
 * what {@link listShards} throws.
 */
export async function draftSource(
  use: SourceUse,
  recipe: Recipe,
  environment: IoEnvironment,
  planner: StagePlanner,
  tokenize: PlannedStage | undefined,
): Promise<DraftSource> {
  const { spec } = use;
  const pipeline = spec.pipeline === undefined ? [] : entryOf(recipe.pipelines, spec.pipeline, "pipeline");
  const reader = await planner.plan(spec.read);
  const stages: PlannedStage[] = [];
  for (const stage of pipeline) stages.push(await planner.plan(stage));
  if (use.tokenized && tokenize !== undefined) stages.push(tokenize);
  const after = columnsAfter(spec, reader, stages, pipeline);
  const listed = await listShards(spec.from, environment);
  const shards = listed.map((shard) => portableShard(shard, environment.root));
  const bytes = shards.reduce((total, shard) => total + shard.size_bytes, 0);
  const passes = cutPasses(stages);
  return {
    use,
    reader,
    stages,
    passes,
    columns: passes.map(({ end }) => entryAt(after, end, "stage").filter(({ name }) => name !== "tokens")),
    shards,
    input: fingerprint({
      store_version: STORE_VERSION,
      reader: stageIdentity(reader),
      shards: shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity })),
      // Documents leave a pass in shuffle order.
      seed: recipe.seed,
    }),
    partitions: Math.min(
      MAX_PARTITIONS,
      2 ** Math.max(0, Math.ceil(Math.log2(bytes / INPUT_BYTES_PER_PARTITION || 1))),
    ),
    barriers: stages.flatMap(({ kind }, index) => (kind === "barrier" ? [index] : [])),
  };
}

/** The spool a pass leaves: for the next pass, or for outputs. */
function spoolOf(draft: DraftSource, pass: number): readonly ColumnDeclaration[] | undefined {
  const { use, passes } = draft;
  const columns = entryAt(draft.columns, pass, "pass");
  if (pass < passes.length - 1) return spoolColumns(columns, use.spec.name);
  return use.spooled ? columns.filter(({ kind }) => kind !== "range_list") : undefined;
}

/** What names the rows that leave a pass; `groups` are the fingerprints of the source's dedup groups, as far as the pass needs them. */
export function identityOfPass(draft: DraftSource, pass: number, groups: readonly string[]): string {
  let before = draft.input;
  for (const earlier of draft.passes.slice(0, pass + 1)) {
    const { edits } = earlier;
    before = passIdentity(
      before,
      earlier,
      draft.stages,
      edits === undefined ? undefined : entryAt(groups, edits, "group"),
    );
  }
  return before;
}

/** The pass that sketches a barrier of the source. */
export function passOfBarrier(draft: DraftSource, barrier: number): number {
  return passOf(draft.passes, entryAt(draft.barriers, barrier, "barrier"));
}

/** The source with its groups; `index` is its position in the recipe's used sources. */
export function finishSource(
  draft: DraftSource,
  index: number,
  groups: readonly MatchGroup[],
  recipe: Recipe,
): SourcePlan {
  const { use, reader, stages, shards } = draft;
  const { spec, tokenized } = use;
  const barriers = draft.barriers.map((stage, barrier): BarrierPlan => {
    const group = groups.findIndex(({ members }) =>
      members.some((member) => member.source === index && member.barrier === barrier),
    );
    const { partitions, verdict } = entryAt(groups, group, "dedup group");
    return { stage, pass: passOfBarrier(draft, barrier), verdict, group, partitions };
  });
  const ownGroups = barriers.map(({ group }) => entryAt(groups, group, "dedup group"));
  const groupNames = ownGroups.map((group) => group.fingerprint);
  const passes = draft.passes.map((pass, at): PassPlan => {
    const partitions = barriers.filter((barrier) => barrier.pass === at).map((barrier) => barrier.partitions);
    const spool = spoolOf(draft, at);
    return {
      ...pass,
      ...(spool === undefined ? {} : { spool }),
      ...(use.keepDropped ? { keep_dropped: true } : {}),
      fingerprint: fingerprint({
        pass: identityOfPass(draft, at, groupNames),
        partitions,
        ...(spool === undefined ? {} : { spool: spool.map(({ name }) => name) }),
        ...(use.keepDropped ? { keep_dropped: true } : {}),
      }),
    };
  });
  const last = identityOfPass(draft, passes.length - 1, groupNames);
  // Two sources of the same rows have verdicts of their own in a group: the first one survives.
  const members = ownGroups.map((group) => group.members.findIndex(({ source }) => source === index));
  const verdicts = fingerprint({ store_version: STORE_VERSION, rows: last, groups: groupNames, members });
  const validation = ownOf(recipe.validation?.sources, spec.name);
  // Ranges of a text become the loss lane; they are no value that a table carries.
  const columns = entryAt(draft.columns, passes.length - 1, "pass").filter(
    ({ name, kind }) => name !== "text" && kind !== "range_list",
  );
  if (tokenized) refuseTakenColumns(columns, spec.name);
  refuseRankColumns(columns, stages, spec.name);
  return {
    name: spec.name,
    ...(spec.category === undefined ? {} : { category: spec.category }),
    ...(spec.pipeline === undefined ? {} : { pipeline: spec.pipeline }),
    reader,
    stages,
    passes,
    columns,
    tokenized,
    loss: stages.some(({ writes }) => writes.some(({ name }) => name === "loss_ranges")),
    shards,
    single_span: reader.sequential,
    barriers,
    ...(validation === undefined || !tokenized ? {} : { validation }),
    ingest: entryAt(passes, passes.length - 1, "pass").fingerprint,
    verdicts,
    tokens: fingerprint({
      verdicts,
      source: spec.name,
      seed: recipe.seed,
      shard_tokens: recipe.shard_tokens,
      ...(validation === undefined ? {} : { validation, validation_seed: recipe.validation?.seed }),
    }),
  };
}
