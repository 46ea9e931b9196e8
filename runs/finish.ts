/**
 * The end of a run: stores and windows become training stages, manifests and exports. No text and no token is read.
 *
 * Everything comes from task markers, so equal stores give equal manifests whoever built them.
 */
import { join } from "node:path";
import { type CommittedFile, commitBytes } from "../io/local/commit.ts";
import type { StoredFile, TrainingStageManifest } from "../manifests/schema.ts";
import {
  buildManifests,
  type ManifestFacts,
  type PackedFacts,
  type SourceFacts,
  type TrainingStageFacts,
  writeManifests,
} from "../manifests/write.ts";
import { type Plan, tokenizerOf } from "../plan/plan.ts";
import { canonicalRecipe } from "../plan/recipe/canonical.ts";
import type { StageRegistry } from "../stages/registry.ts";
import type { RunResult } from "../workers/events.ts";
import type { PackMarker, ShardMarker, SourceCounts, StoreMarker } from "../workers/protocol.ts";
import type { RunState } from "../workers/run-state.ts";
import { exportManifests } from "./export.ts";
import type { EpochWindows } from "./mix-epochs.ts";
import { heldOutIndex, type MixedStage, windowsIndex } from "./mix-stages.ts";

/** What a run has made: everything here is told by markers. */
export interface RunParts {
  readonly stores: readonly StoreMarker[];
  /** By entry of `plan.windows`, then by shard. */
  readonly packed: readonly (readonly PackMarker[])[];
  readonly mixed: readonly MixedStage[];
  /** Windows of later epochs, by entry of `plan.windows`. */
  readonly epochs: readonly (readonly EpochWindows[])[];
}

/** Writes manifests and exports, and says what came of it. */
export function finishRun(state: RunState, registry: StageRegistry, made: RunParts): RunResult {
  const { plan, layout } = state;
  const { stores } = made;
  const facts = collectFacts(plan, made);
  const manifests = buildManifests({
    run: plan.name,
    plan_fingerprint: plan.fingerprint,
    recipe: canonicalRecipe(plan.recipe),
    seed: plan.recipe.seed,
    tokenizer: tokenizerOf(plan),
    gates: plan.recipe.gates,
    missing: plan.missing,
    ...facts,
  });
  const folder = join(layout.run(plan.name), "manifests");
  writeManifests(folder, manifests);
  const exports: string[] = [];
  for (const trainer of plan.recipe.exports) {
    const done = exportManifests({ plan, layout }, manifests, registry, trainer);
    for (const message of done.warnings) state.report({ type: "warning", message });
    exports.push(...done.paths);
  }
  return describe(state, manifests, stores, exports);
}

/** Writes the plan into the run's folder: what makes it a run that can be looked at, from its first minute. */
export function savePlan({ plan, layout }: Pick<RunState, "plan" | "layout">): void {
  commitBytes(layout.planFile(plan.name), Buffer.from(`${JSON.stringify(plan, null, 2)}\n`));
}

type CollectedFacts = Pick<ManifestFacts, "stages" | "source" | "packed" | "packedValidation">;

function collectFacts(plan: Plan, { stores, packed, mixed, epochs }: RunParts): CollectedFacts {
  const sourceIndex = new Map(plan.sources.map((source, index) => [source.name, index]));
  return {
    stages: mixed.map(({ pack, ...stage }): TrainingStageFacts => {
      return { ...stage, pack: { use: pack.use, version: pack.version, options: pack.options } };
    }),
    source: (name) => {
      const index = sourceIndex.get(name) as number;
      const planned = plan.sources[index];
      const store = stores[index];
      return {
        fingerprints: { ingest: planned.ingest, tokens: planned.tokens },
        lineage: planned.shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity })),
        counts: manifestCounts(store.counts),
        shards: storeShards(`tokens-${planned.tokens}`, store.shards),
        ...(store.validation && {
          validation: {
            share: store.validation.share,
            seed: plan.recipe.validation?.seed ?? 0,
            shards: storeShards(`validation-${planned.tokens}`, store.validation.shards),
          },
        }),
      };
    },
    packed: (name, _length, _pack, stage) => {
      const index = windowsIndex(plan, name, stage);
      const { fingerprint, selection } = plan.windows[index];
      return {
        ...packedFacts(fingerprint, packed[index]),
        epochs: epochs[index].map(({ epoch, shard, marker }) => ({
          epoch,
          shard,
          windows: marker.windows,
          files: inFolder(`windows-${fingerprint}`, marker.files),
        })),
        ...(selection === undefined ? {} : { selection }),
      };
    },
    packedValidation: (name, stage) => {
      const index = heldOutIndex(plan, name, stage);
      return index < 0 ? undefined : packedFacts(plan.windows[index].fingerprint, packed[index]);
    },
  };
}

function storeShards(folder: string, shards: readonly ShardMarker[]): SourceFacts["shards"] {
  return shards.map(({ documents, tokens, files }) => ({ documents, tokens, files: inFolder(folder, files) }));
}

function packedFacts(fingerprint: string, markers: readonly PackMarker[]): PackedFacts {
  return {
    fingerprint,
    shards: markers.map(({ windows, files, statistics, skipped }) => ({
      windows,
      files: inFolder(`windows-${fingerprint}`, files),
      statistics,
      ...(skipped === undefined ? {} : { skipped }),
    })),
  };
}

function inFolder(folder: string, files: readonly CommittedFile[]): StoredFile[] {
  return files.map(({ name, size_bytes, sha256 }) => ({ path: `${folder}/${name}`, size_bytes, sha256 }));
}

function manifestCounts(counts: SourceCounts): SourceFacts["counts"] {
  return {
    rows_in: counts.rows_in,
    kept: counts.kept,
    ...(counts.held_out === undefined ? {} : { held_out: counts.held_out }),
    dropped: Object.fromEntries(counts.stages.map((stage) => [stage.id, { ...stage.dropped }])),
    errors: { ...counts.errors },
  };
}

function describe(
  { plan, layout }: RunState,
  manifests: readonly TrainingStageManifest[],
  stores: readonly StoreMarker[],
  exports: readonly string[],
): RunResult {
  return {
    name: plan.name,
    run_folder: layout.run(plan.name),
    manifests: manifests.map((manifest) => layout.manifestFile(plan.name, manifest.stage.name)),
    exports,
    gates: manifests.flatMap(({ stage, gates }) =>
      gates.map(({ name, limit, value, passed }) => ({ stage: stage.name, name, ok: passed, bound: limit, value })),
    ),
    training_stages: manifests.map(({ stage, sources }) => ({
      name: stage.name,
      windows: stage.windows,
      tokens: stage.tokens,
      sources: Object.entries(sources).map(([name, source]) => ({
        name,
        weight_requested: source.weight_normalized,
        weight_achieved: source.weight_achieved,
        tokens: source.tokens,
        epochs: source.epochs,
      })),
    })),
    sources: stores.map(({ counts }, index) => ({
      name: plan.sources[index].name,
      rows_in: counts.rows_in,
      kept: counts.kept,
      ...(counts.held_out === undefined ? {} : { held_out: counts.held_out }),
      dropped: Object.fromEntries(
        counts.stages.flatMap((stage) =>
          Object.entries(stage.dropped).map(([reason, count]) => [`${stage.id}:${reason}`, count]),
        ),
      ),
      errors: counts.errors,
      tokens: counts.tokens,
      text_bytes: counts.text_bytes,
    })),
  };
}
