/**
 * The end of a run: stores and windows become training stages, manifests and exports. No text and no token is read.
 *
 * Everything comes from task markers, so equal stores give equal manifests whoever built them.
 */
import { join } from "node:path";
import { type CommittedFile, commitBytes } from "../io/commit.ts";
import { exportFindings } from "../manifests/exports/verify.ts";
import type { StageManifest, StoredFile } from "../manifests/schema.ts";
import { type Finding, verifyRun as verifyManifests } from "../manifests/verify.ts";
import {
  buildManifests,
  type PackedFacts,
  type SourceFacts,
  type StageFacts,
  writeManifests,
} from "../manifests/write.ts";
import type { Plan } from "../plan/plan.ts";
import { canonicalRecipe } from "../plan/recipe/canonical.ts";
import type { StageRegistry } from "../stages/registry.ts";
import type { RunResult } from "./events.ts";
import { exportManifests } from "./export.ts";
import { mixStages, windowsIndex } from "./mix-stages.ts";
import type { PackMarker } from "./protocol.ts";
import type { RunState } from "./run-state.ts";
import type { SourceCounts, StoreMarker } from "./source-run.ts";
import type { OpenRun } from "./status.ts";

/** Compiles the mixture, writes manifests and exports, and says what came of it. */
export function finishRun(
  state: RunState,
  registry: StageRegistry,
  stores: readonly StoreMarker[],
  packed: readonly (readonly PackMarker[])[],
): RunResult {
  const { plan, layout } = state;
  const facts = collectFacts(plan, stores, packed);
  const manifests = buildManifests({
    run: plan.name,
    plan_fingerprint: plan.fingerprint,
    recipe: canonicalRecipe(plan.recipe),
    seed: plan.recipe.seed,
    tokenizer: plan.tokenizer,
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

interface CollectedFacts {
  readonly stages: readonly StageFacts[];
  readonly source: (name: string) => SourceFacts;
  readonly packed: (source: string, sequenceLength: number, packId: string, stage: string) => PackedFacts;
}

function collectFacts(
  plan: Plan,
  stores: readonly StoreMarker[],
  packed: readonly (readonly PackMarker[])[],
): CollectedFacts {
  const sourceIndex = new Map(plan.sources.map((source, index) => [source.name, index]));
  return {
    stages: mixStages(plan, packed).map(({ pack, ...stage }): StageFacts => {
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
        shards: store.shards.map((shard) => ({
          documents: shard.documents,
          tokens: shard.tokens,
          files: inFolder(`tokens-${planned.tokens}`, shard.files),
        })),
      };
    },
    packed: (name, _length, _pack, stage) => {
      const index = windowsIndex(plan, name, stage);
      const { fingerprint, selection } = plan.windows[index];
      return {
        fingerprint,
        shards: packed[index].map(({ windows, files, statistics, skipped }) => ({
          windows,
          files: inFolder(`windows-${fingerprint}`, files),
          statistics,
          ...(skipped === undefined ? {} : { skipped }),
        })),
        ...(selection === undefined ? {} : { selection }),
      };
    },
  };
}

function inFolder(folder: string, files: readonly CommittedFile[]): StoredFile[] {
  return files.map(({ name, size_bytes, sha256 }) => ({ path: `${folder}/${name}`, size_bytes, sha256 }));
}

function manifestCounts(counts: SourceCounts): SourceFacts["counts"] {
  return {
    rows_in: counts.rows_in,
    kept: counts.kept,
    dropped: Object.fromEntries(counts.stages.map((stage) => [stage.id, { ...stage.dropped }])),
    errors: { ...counts.errors },
  };
}

/** Re-reads every file of a run. Findings of severity `error` make it a bad run. */
export async function verifyRun(run: OpenRun, onFile?: (path: string) => void): Promise<readonly Finding[]> {
  const folder = run.layout.run(run.plan.name);
  const progress = onFile === undefined ? {} : { onFile };
  const findings = await verifyManifests({
    manifests: join(folder, "manifests"),
    store: run.layout.store,
    ...progress,
  });
  return [...findings, ...(await exportFindings(join(folder, "exports"), run.plan.fingerprint, onFile))];
}

function describe(
  { plan, layout }: RunState,
  manifests: readonly StageManifest[],
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
