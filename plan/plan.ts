/**
 * A plan: everything a run will do, as a value that can be printed, compared, fingerprinted and handed to workers.
 *
 * Invariant: fingerprints depend on stage names, versions, resolved options, asset and input content alone; never on a path, a
 * host, a clock or a worker count. Price of planning: one listing per pattern and one content hash per local file, cached.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { RecipeError } from "../batch/errors.ts";
import { canonicalJson } from "../io/canonical.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { listShards } from "../io/list.ts";
import type { ShardRef } from "../io/source.ts";
import { tokenBytes } from "../io/token-file.ts";
import { loadTokenizer } from "../io/tokenizer-files.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import type { Assets, Operator, StageDefinition } from "../stages/define.ts";
import type { StageRegistry } from "../stages/registry.ts";
import { type MissingSource, missingWarning, resolveMissing } from "./missing.ts";
import { canonicalRecipe } from "./recipe/canonical.ts";
import type { HeldOutShare, Recipe, SourceSpec, StageUse, TrainingStageSpec } from "./types.ts";

/** Part of every fingerprint: bump when the layout of the store changes. */
const STORE_VERSION = 2;
/** About a million keys of a 14-band sketch: fewer partitions would keep workers waiting, more open every key file more often. */
const INPUT_BYTES_PER_PARTITION = 256 * 1024 * 1024;
const MAX_PARTITIONS = 1024;

export interface PlannedStage {
  readonly id: string;
  readonly use: string;
  readonly version: number;
  readonly kind: Operator["kind"];
  readonly options: Readonly<Record<string, unknown>>;
  readonly reasons: readonly string[];
  readonly assets: readonly { readonly name: string; readonly location: string; readonly sha256: string }[];
}

export interface SourcePlan {
  readonly name: string;
  readonly category?: string;
  readonly pipeline?: string;
  readonly reader: PlannedStage;
  /** The pipeline's stages, then `tokenize/bpe`. */
  readonly stages: readonly PlannedStage[];
  readonly shards: readonly ShardRef[];
  /** Read in one task because a row limit counts over all shards in order. */
  readonly single_span: boolean;
  /** The barriers of this source, in pipeline order. */
  readonly barriers: readonly { readonly stage: number; readonly group: number; readonly partitions: number }[];
  /** What is held out of it. */
  readonly validation?: HeldOutShare;
  readonly ingest: string;
  readonly tokens: string;
}

/** Rows compared with each other by one dedup barrier. */
export interface MatchGroup {
  readonly fingerprint: string;
  readonly stage: PlannedStage;
  readonly partitions: number;
  /** In recipe order: documents are numbered through the members in this order, and the lowest number survives. */
  readonly members: readonly { readonly source: number; readonly barrier: number }[];
}

/** One way a token store is cut into windows. */
export interface WindowsPlan {
  readonly source: number;
  readonly sequence_length: number;
  readonly pack: PlannedStage;
  readonly pack_id: string;
  /** Windows of the documents that are held out, for validation. */
  readonly held_out?: true;
  /** Documents of the store that are packed, where not all. */
  readonly selection?: DocumentSelection;
  readonly fingerprint: string;
}

export interface TokenizerPlan {
  readonly name: string;
  readonly sha256: string;
  readonly vocab_size: number;
  readonly token_bytes: 2 | 4;
  readonly eos: { readonly token: string; readonly id: number };
}

export interface Plan {
  readonly schema: 1;
  readonly name: string;
  readonly fingerprint: string;
  /** As written, but for the weights of sources that have no data: see `missing`. */
  readonly recipe: Recipe;
  readonly missing: readonly MissingSource[];
  readonly tokenizer: TokenizerPlan;
  readonly sources: readonly SourcePlan[];
  readonly groups: readonly MatchGroup[];
  readonly windows: readonly WindowsPlan[];
  readonly warnings: readonly string[];
}

export interface PlanContext {
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
}

/** Sixteen hex digits name a folder; the chance of a clash among a million folders is below 1e-7. */
function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}

/** Turns a recipe into a plan. Throws RecipeError for what can be known to be wrong before any shard is read. */
export async function makePlan(written: Recipe, context: PlanContext): Promise<Plan> {
  const { recipe, missing } = resolveMissing(written);
  const assets = new AssetReader();
  const tokenizerUse: StageUse = { id: "tokenize", use: "tokenize/bpe", options: tokenizerOptions(recipe) };
  const tokenizeStage = await planStage(tokenizerUse, context.registry, assets);
  const tokenizer = planTokenizer(recipe, tokenizeStage, assets);
  const warnings = missing.map(missingWarning);
  const used = usedSources(recipe, warnings);
  const drafts: DraftSource[] = [];
  for (const spec of used) drafts.push(await draftSource(spec, recipe, context, assets, tokenizeStage));
  const groups = planGroups(drafts);
  const sources = drafts.map((draft, index) => finishSource(draft, index, groups, recipe));
  const windows = await planWindows(recipe, sources, context.registry, assets);
  for (const source of sources) {
    const weak = source.shards.filter((shard) => shard.identity.startsWith("length:")).length;
    if (weak > 0)
      warnings.push(
        `${source.name}: ${weak} files are known by length only; a changed file of equal length goes unnoticed`,
      );
  }
  const identity = {
    store_version: STORE_VERSION,
    recipe: canonicalRecipe(recipe),
    missing,
    windows: windows.map((entry) => entry.fingerprint),
  };
  return {
    schema: 1,
    name: recipe.name,
    fingerprint: fingerprint(identity),
    recipe,
    missing,
    tokenizer,
    sources,
    groups,
    windows,
    warnings,
  };
}

interface DraftSource {
  readonly spec: SourceSpec;
  readonly reader: PlannedStage;
  readonly stages: readonly PlannedStage[];
  readonly shards: readonly ShardRef[];
  readonly ingest: string;
  readonly partitions: number;
  readonly scopes: ReadonlyMap<number, "source" | "pipeline">;
}

function usedSources(recipe: Recipe, warnings: string[]): readonly SourceSpec[] {
  const weighted = new Set(recipe.training_stages.flatMap((stage) => Object.keys(stage.weights)));
  const specs = Object.values(recipe.sources);
  for (const spec of specs) {
    if (!weighted.has(spec.name) && spec.from.length > 0)
      warnings.push(`${spec.name}: no training stage gives this source a weight; it is not read`);
  }
  return specs.filter((spec) => weighted.has(spec.name));
}

async function draftSource(
  spec: SourceSpec,
  recipe: Recipe,
  context: PlanContext,
  assets: AssetReader,
  tokenize: PlannedStage,
): Promise<DraftSource> {
  const pipeline = spec.pipeline === undefined ? [] : recipe.pipelines[spec.pipeline];
  const reader = await planStage(spec.read, context.registry, assets);
  const stages: PlannedStage[] = [];
  for (const use of pipeline) stages.push(await planStage(use, context.registry, assets));
  stages.push(tokenize);
  checkColumns(spec, pipeline, context.registry);
  const shards = await listShards(spec.from, context.environment);
  const scopes = new Map<number, "source" | "pipeline">();
  stages.forEach((stage, index) => {
    const operator =
      stage.kind === "barrier" ? createOperator(stage, context.registry, assets.assetsOf(stage)) : undefined;
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

/** Groups sources by the barrier that compares them; a group needs one partition count, the largest of its members. */
function planGroups(drafts: readonly DraftSource[]): readonly MatchGroup[] {
  const groups: MatchGroup[] = [];
  const groupsOf = drafts.map((): string[] => []);
  const depth = Math.max(0, ...drafts.map((draft) => draft.scopes.size));
  for (let barrier = 0; barrier < depth; barrier++) {
    const taken = new Set<number>();
    for (let first = 0; first < drafts.length; first++) {
      const stageIndex = [...drafts[first].scopes.keys()][barrier];
      if (stageIndex === undefined || taken.has(first)) continue;
      const shared = drafts[first].scopes.get(stageIndex) === "pipeline";
      const members = drafts
        .map((_, source) => source)
        .filter(
          (source) => source === first || (shared && drafts[source].spec.pipeline === drafts[first].spec.pipeline),
        );
      for (const source of members) taken.add(source);
      const stage = drafts[first].stages[stageIndex];
      const identity = {
        store_version: STORE_VERSION,
        stage: stageIdentity(stage),
        members: members.map((source) => drafts[source].ingest),
        earlier: members.map((source) => [...groupsOf[source]]),
      };
      const group: MatchGroup = {
        fingerprint: fingerprint(identity),
        stage,
        partitions: Math.max(...members.map((source) => drafts[source].partitions)),
        members: members.map((source) => ({ source, barrier })),
      };
      for (const source of members) groupsOf[source].push(group.fingerprint);
      groups.push(group);
    }
  }
  return groups;
}

function finishSource(draft: DraftSource, index: number, groups: readonly MatchGroup[], recipe: Recipe): SourcePlan {
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

async function planWindows(
  recipe: Recipe,
  sources: readonly SourcePlan[],
  registry: StageRegistry,
  assets: AssetReader,
): Promise<readonly WindowsPlan[]> {
  const trained = new Map<string, WindowsPlan>();
  const heldOut = new Map<string, WindowsPlan>();
  for (const stage of recipe.training_stages) {
    const { sequence_length } = stage;
    const pack = await planStage(stage.pack, registry, assets);
    const add = (
      windows: Map<string, WindowsPlan>,
      source: number,
      kind: Pick<WindowsPlan, "selection" | "held_out">,
    ): void => {
      const identity = {
        store_version: STORE_VERSION,
        tokens: sources[source].tokens,
        sequence_length,
        pack: stageIdentity(pack),
        ...kind,
      };
      const named = fingerprint(identity);
      windows.set(named, { source, sequence_length, pack, pack_id: packId(pack), ...kind, fingerprint: named });
    };
    for (const name of Object.keys(stage.weights)) {
      const source = sources.findIndex((candidate) => candidate.name === name);
      const selection = selectionOf(recipe, stage, name);
      add(trained, source, selection === undefined ? {} : { selection });
      if (sources[source].validation !== undefined) add(heldOut, source, { held_out: true });
    }
  }
  // Windows for training come first: who looks for a source's windows finds those.
  return [...trained.values(), ...heldOut.values()];
}

/** The documents of a source that a training stage reads: of the lengths it asks for, in the part a simulation has. */
export function selectionOf(recipe: Recipe, stage: TrainingStageSpec, source: string): DocumentSelection | undefined {
  const lengths = stage.lengths?.[source];
  if (lengths === undefined && recipe.simulate === undefined) return undefined;
  const budget = recipe.training_stages.reduce((sum, { tokens }) => sum + tokens, 0);
  return { ...lengths, ...(recipe.simulate && { part_ratio: budget / recipe.simulate.target_tokens }) };
}

/** Names a packing in mixtures: two training stages share windows when this and the sequence length are equal. */
export function packId(pack: Pick<PlannedStage, "use" | "version" | "options">): string {
  return `${pack.use}@${fingerprint({ version: pack.version, options: pack.options })}`;
}

/** What of a stage goes into a fingerprint: options that only say where an asset lies are replaced by its content. */
function stageIdentity(stage: PlannedStage): unknown {
  // An asset's location is the option's path, or lies in the folder the option names.
  const isPath = (value: unknown): boolean =>
    typeof value === "string" &&
    stage.assets.some(({ location }) => location === value || location.startsWith(`${value}/`));
  const options = Object.entries(stage.options).filter(([, value]) => !isPath(value));
  return {
    use: stage.use,
    version: stage.version,
    options: Object.fromEntries(options),
    assets: stage.assets.map(({ name, sha256 }) => ({ name, sha256 })),
  };
}

class AssetReader {
  readonly #bytes = new Map<string, Uint8Array>();

  async read(location: string, stage: string): Promise<Uint8Array> {
    const known = this.#bytes.get(location);
    if (known !== undefined) return known;
    try {
      const bytes = await readFile(location);
      this.#bytes.set(location, bytes);
      return bytes;
    } catch (error) {
      throw new RecipeError(
        {
          code: "recipe/missing-asset",
          what: `${stage} needs the file ${location}, which cannot be read: ${error instanceof Error ? error.message : error}`,
          fix: "check the path; relative paths start at the recipe's folder",
        },
        { cause: error },
      );
    }
  }

  assetsOf(stage: PlannedStage): Assets {
    return new Map(stage.assets.map(({ name, location }) => [name, this.#bytes.get(location) ?? new Uint8Array()]));
  }
}

async function planStage(use: StageUse, registry: StageRegistry, assets: AssetReader): Promise<PlannedStage> {
  const definition = registry.findStage(use.use);
  const refs = definition.assets?.(use.options) ?? [];
  const planned = [];
  for (const ref of refs) {
    const bytes = await assets.read(ref.location, use.use);
    planned.push({ ...ref, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  const stage = {
    id: use.id,
    use: use.use,
    version: definition.version,
    options: use.options,
    reasons: Object.keys(definition.reasons),
    assets: planned,
  };
  // A tokenizer takes a quarter of a second to build and is checked by planTokenizer; every other stage is cheap to create.
  const kind = definition.name.startsWith("tokenize/")
    ? "annotate"
    : definition.create(use.options, assets.assetsOf({ ...stage, kind: "annotate" })).kind;
  return { ...stage, kind };
}

/** Builds a stage's operator from a plan; `assets` holds the bytes of its assets by name. */
export function createOperator(stage: PlannedStage, registry: StageRegistry, assets: Assets): Operator {
  return registry.findStage(stage.use).create(stage.options, assets);
}

function checkColumns(spec: SourceSpec, pipeline: readonly StageUse[], registry: StageRegistry): void {
  const metadata = Array.isArray(spec.read.options.metadata) ? spec.read.options.metadata.map(String) : [];
  const reader: StageDefinition = registry.findStage(spec.read.use);
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

function tokenizerOptions(recipe: Recipe): Record<string, unknown> {
  const { file, encoding, eos } = recipe.tokenizer;
  return { ...(file === undefined ? { encoding } : { file }), eos };
}

function planTokenizer(recipe: Recipe, stage: PlannedStage, assets: AssetReader): TokenizerPlan {
  const place = recipe.tokenizer.place;
  const tokenizer = loadTokenizer(recipe.tokenizer, assets.assetsOf(stage).get("tokenizer") ?? new Uint8Array());
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
