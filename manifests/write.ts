/**
 * Manifests from collected facts: pure assembly, then one committed file per training stage.
 *
 * The facts are what task markers and the compiled mixture hold; nothing is measured here. Invariant: canonical JSON with sorted keys, so equal
 * facts give equal bytes; every manifest is checked against its schema before it is written.
 */
import { join } from "node:path";
import type { z } from "zod";
import { type CommittedFile, commitBytes } from "../io/local/commit.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import { addStatistics, type PackingStatistics } from "../kernels/pack/plan.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import type { ChatFigures } from "./chat.ts";
import { type GateLimits, gateResults } from "./gates.ts";
import type { RowManifest } from "./row-schema.ts";
import {
  type SourceCounts,
  type SourceManifest,
  type StoredFile,
  type TokenizerGuard,
  type TrainingStageManifest,
  trainingStageManifestSchema,
} from "./schema.ts";

type JsonRecord = TrainingStageManifest["recipe"];

/** One source, whatever it is packed to. */
export interface SourceFacts {
  readonly fingerprints: { readonly ingest: string; readonly tokens: string };
  readonly lineage: readonly { readonly key: string; readonly size_bytes: number; readonly identity: string }[];
  readonly counts: SourceCounts;
  readonly tokenizer_guard?: TokenizerGuard | undefined;
  readonly chat?: ChatFigures | undefined;
  /** Shards of the token store, in order; paths relative to the store's folder. */
  readonly shards: readonly StoreShardFacts[];
  /** What is held out of it, in a store of its own. */
  readonly validation?: { readonly share: number; readonly seed: number; readonly shards: readonly StoreShardFacts[] };
}

export interface StoreShardFacts {
  readonly documents: number;
  readonly tokens: number;
  readonly files: readonly StoredFile[];
}

/** One source packed one way. */
export interface PackedFacts {
  readonly fingerprint: string;
  /** In order; the token file is the one whose name ends in `.ds`. */
  readonly shards: readonly {
    readonly windows: number;
    readonly files: readonly StoredFile[];
    readonly statistics: PackingStatistics;
    readonly skipped?: { readonly documents: number; readonly tokens: number };
  }[];
  /** Windows of later epochs that are in an order of their own. */
  readonly epochs?: readonly {
    readonly epoch: number;
    readonly shard: number;
    readonly windows: number;
    readonly files: readonly StoredFile[];
  }[];
  /** Documents of the token store that are packed, where not all. */
  readonly selection?: DocumentSelection;
}

/** What a compiled mixture says of one stage. */
export interface TrainingStageFacts {
  readonly name: string;
  readonly sequence_length: number;
  readonly pack_id: string;
  readonly pack: {
    readonly use: string;
    readonly version: number;
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly tokens_requested: number;
  readonly tokens: number;
  readonly windows: number;
  readonly weights_sum: number;
  /** The request the weights were made from, where it is more than they are. */
  readonly mixture?: unknown;
  readonly sources: Readonly<Record<string, ShareFacts>>;
  readonly categories: Readonly<Record<string, TrainingStageManifest["categories"][string]>>;
}

type ShareFacts = Readonly<
  Pick<
    SourceManifest,
    | "weight_requested"
    | "weight_normalized"
    | "weight_achieved"
    | "windows"
    | "tokens"
    | "start_window"
    | "end_window"
    | "first_document"
    | "end_document"
    | "epoch_windows"
    | "epochs"
    | "epochs_total"
  >
> & { readonly category?: string; readonly windows_short?: number };

type MissingManifest = NonNullable<TrainingStageManifest["missing"]>[number];

export type MissingFacts = Readonly<Pick<MissingManifest, "source" | "policy">> & {
  readonly substitute?: string;
  readonly endpoint?: string;
  readonly weights: Readonly<Record<string, number>>;
};

/** Those that training stage `stage` names. */
export function missingOf(missing: readonly MissingFacts[], stage: string): MissingManifest[] {
  return missing.flatMap(({ source, policy, substitute, endpoint, weights }) => {
    const weight = Object.hasOwn(weights, stage) ? weights[stage] : undefined;
    if (weight === undefined) return [];
    return [{ source, policy, ...(substitute && { substitute }), ...(endpoint && { endpoint }), weight }];
  });
}

export interface ManifestFacts {
  readonly run: string;
  readonly plan_fingerprint: string;
  /** The resolved recipe as plain JSON, without places and paths. */
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly tokenizer: TrainingStageManifest["tokenizer"];
  readonly gates: GateLimits;
  readonly stages: readonly TrainingStageFacts[];
  /** Sources without data, with their weights by training stage. */
  readonly missing?: readonly MissingFacts[];
  readonly source: (name: string) => SourceFacts;
  readonly packed: (source: string, sequenceLength: number, packId: string, stage: string) => PackedFacts;
  /** What is held out of a source, packed as a stage packs it; undefined where nothing is. */
  readonly packedValidation?: (source: string, stage: string) => PackedFacts | undefined;
}

/** One manifest per training stage, in training order. Throws a ZodError for facts no manifest may hold: a bug of the caller. */
export function buildManifests(facts: ManifestFacts): TrainingStageManifest[] {
  return facts.stages.map((stage, index) => {
    const sources: Record<string, SourceManifest> = {};
    for (const [name, share] of Object.entries(stage.sources)) {
      sources[name] = sourceManifest(
        share,
        facts.source(name),
        facts.packed(name, stage.sequence_length, stage.pack_id, stage.name),
        facts.packedValidation?.(name, stage.name),
      );
    }
    const missing = missingOf(facts.missing ?? [], stage.name);
    const manifest: z.input<typeof trainingStageManifestSchema> = {
      schema: 1,
      run: facts.run,
      plan_fingerprint: facts.plan_fingerprint,
      recipe: facts.recipe as JsonRecord,
      seed: facts.seed,
      tokenizer: facts.tokenizer,
      stage: {
        index,
        name: stage.name,
        tokens_requested: stage.tokens_requested,
        tokens: stage.tokens,
        windows: stage.windows,
        sequence_length: stage.sequence_length,
        window_tokens: stage.sequence_length + 1,
        pack: { ...stage.pack, options: stage.pack.options as JsonRecord },
        weights_sum: stage.weights_sum,
        ...(stage.mixture === undefined ? {} : { mixture: stage.mixture as JsonRecord }),
      },
      sources,
      ...(missing.length === 0 ? {} : { missing }),
      categories: stage.categories,
      gates: gateResults(facts.gates, sources),
    };
    return trainingStageManifestSchema.parse(manifest);
  });
}

function sourceManifest(
  share: ShareFacts,
  source: SourceFacts,
  packed: PackedFacts,
  heldOut: PackedFacts | undefined,
): SourceManifest {
  return {
    ...share,
    fingerprints: { ...source.fingerprints, windows: packed.fingerprint },
    ...packedManifest(packed),
    ...selectionManifest(packed),
    ...validationManifest(source, heldOut),
    token_store: storeManifest(source.shards),
    counts: source.counts,
    ...(source.tokenizer_guard && { tokenizer_guard: source.tokenizer_guard }),
    ...(source.chat && { chat: source.chat }),
    lineage: { files: [...source.lineage] },
  };
}

function packedManifest(packed: PackedFacts): Pick<SourceManifest, "shard_windows" | "files" | "packing"> {
  const first = packed.shards.map(({ windows, files }, shard) => ({ shard, windows, files }));
  const files = [...first, ...(packed.epochs ?? [])].flatMap(({ windows, files: stored, ...place }) =>
    stored.map((file) => ({ ...file, ...place, ...(file.path.endsWith(".ds") ? { windows } : {}) })),
  );
  return {
    shard_windows: packed.shards.map((shard) => shard.windows),
    files,
    packing: addStatistics(packed.shards.map((shard) => shard.statistics)),
  };
}

export function storeManifest(shards: readonly StoreShardFacts[]): SourceManifest["token_store"] {
  return {
    documents: shards.reduce((sum, shard) => sum + shard.documents, 0),
    tokens: shards.reduce((sum, shard) => sum + shard.tokens, 0),
    files: shards.flatMap(({ files }, shard) => files.map((file) => ({ ...file, shard }))),
  };
}

function validationManifest(
  { validation }: SourceFacts,
  packed: PackedFacts | undefined,
): Pick<SourceManifest, "validation"> {
  if (validation === undefined || packed === undefined) return {};
  const { share, seed, shards } = validation;
  const { fingerprint } = packed;
  return { validation: { share, seed, fingerprint, ...packedManifest(packed), token_store: storeManifest(shards) } };
}

function selectionManifest({ selection, shards }: PackedFacts): Pick<SourceManifest, "selection"> {
  if (selection === undefined) return {};
  const { min_tokens, max_tokens, part_ratio, score } = selection;
  return {
    selection: {
      ...(min_tokens === undefined ? {} : { min_tokens }),
      ...(max_tokens === undefined ? {} : { max_tokens }),
      ...(part_ratio === undefined ? {} : { part_ratio }),
      ...(score === undefined ? {} : { score: { ...score } }),
      documents_skipped: shards.reduce((sum, { skipped }) => sum + (skipped?.documents ?? 0), 0),
      tokens_skipped: shards.reduce((sum, { skipped }) => sum + (skipped?.tokens ?? 0), 0),
    },
  };
}

/** The bytes of a manifest: sorted keys, two spaces, a newline at the end. */
export function manifestText(manifest: TrainingStageManifest | RowManifest): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(manifest)), null, 2)}\n`;
}

/** Writes `STAGE.json` for every manifest into `folder`. */
export function writeManifests(
  folder: string,
  manifests: readonly (TrainingStageManifest | RowManifest)[],
): CommittedFile[] {
  return manifests.map((manifest) =>
    commitBytes(join(folder, `${manifest.stage.name}.json`), Buffer.from(manifestText(manifest))),
  );
}
