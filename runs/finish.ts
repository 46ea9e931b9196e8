/**
 * The end of a run: stores and windows become training stages, manifests and exports. No text and no token is read.
 *
 * Everything comes from task markers, so equal stores give equal manifests whoever built them.
 */
import fs from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { entryAt, entryOf } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import { commitBytes } from "../io/local/commit.ts";
import { type DedupVerdict, dedupGateResults, requireDedupGates } from "../manifests/dedup-gates.ts";
import { OUTPUT_SUMMARY, readSummary } from "../manifests/exports/folder.ts";
import { requireTokenizerGates } from "../manifests/gates.ts";
import { requireLintGates } from "../manifests/lint-gates.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import {
  buildManifests,
  type ManifestFacts,
  type PackedFacts,
  type SourceFacts,
  type TrainingStageFacts,
  writeManifests,
} from "../manifests/write.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import { askedExports } from "../plan/exports.ts";
import { type Plan, sourceAt, tokenizerOf, windowsAt } from "../plan/plan.ts";
import { canonicalRecipe } from "../plan/recipe/canonical.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { type Layout, runFiles } from "../store/layout.ts";
import { interrupted } from "../workers/engines/threads.ts";
import type { RunEvent, RunResult } from "../workers/events.ts";
import type { Frontier } from "../workers/frontier/frontier.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import type { FactsOf, MarkerPlace, Markers, TaskKind } from "../workers/markers.ts";
import { heldOutIndex, type MixedTrainingStage, windowsIndex } from "../workers/mixture.ts";
import type { ArrangeMarker, PackMarker, ShardMarker, SourceCounts, StoreMarker } from "../workers/protocol.ts";
import type { DedupReport } from "../workers/verdicts.ts";
import { sealedRows } from "./account.ts";
import { chatFigures, chatGates, SHOWN_STATES } from "./chat-figures.ts";
import { dedupReports } from "./dedup-report.ts";
import { exportManifests, exportPaths } from "./export.ts";
import { type MadeOutput, outputFolder, publishOutputs } from "./outputs.ts";
import { rowManifests } from "./row-manifests.ts";
import { type StageManifests, trains } from "./run-manifests.ts";
import { publishStatistics } from "./statistics.ts";
import { inFolder } from "./store-paths.ts";

/** What a run has made: everything here is told by markers. */
export interface RunParts {
  readonly stores: readonly StoreMarker[];
  /** By entry of `plan.windows`, then by shard. */
  readonly packed: readonly (readonly PackMarker[])[];
  readonly mixed: readonly MixedTrainingStage[];
  /** Windows of later epochs, by entry of `plan.windows`. */
  readonly epochs: readonly (readonly EpochWindows[])[];
  /** By entry of `plan.rows`. */
  readonly arranged: readonly ArrangeMarker[];
  readonly outputs: readonly MadeOutput[];
  readonly dedup: readonly DedupReport[];
}

export interface EpochWindows {
  /** 1 is the second one. */
  readonly epoch: number;
  readonly shard: number;
  readonly marker: PackMarker;
}

/** Collects what a complete frontier has made. Throws RunError `run/epoch-windows`. */
export function runParts(
  plan: Plan,
  layout: Layout,
  { packed, mixture, phases }: Frontier,
  markers: Markers,
): RunParts {
  const places = new MarkerPlaces(plan, layout);
  const found = <Kind extends TaskKind>(place: MarkerPlace<Kind>): FactsOf<Kind> => {
    const marker = markers.facts(place);
    if (marker === undefined) throw new Error(`${place.folder}/${place.name} is not there at the end of its run`);
    return marker;
  };
  const [allPacked, mixed] = [packed(), mixture()];
  if (allPacked === undefined || mixed === undefined) throw new Error("a run ends before everything is packed");
  const epochs = plan.windows.map((): EpochWindows[] => []);
  for (const { kind, tasks = 0, task } of phases) {
    if (kind !== "pack") continue;
    for (let index = 0; index < tasks; index++) {
      const made = task(index);
      if (made.kind !== "pack" || made.epoch === 0) continue;
      const { windows, epoch, shard } = made;
      const marker = found(places.pack(windows, epoch, shard));
      // An epoch has as many windows in each shard as the first, so that window numbers mean the same in all of them.
      const first = entryAt(entryAt(allPacked, windows, "entry of windows"), shard, "shard");
      if (marker.windows !== first.windows) throw otherCount(plan, windows);
      entryAt(epochs, windows, "entry of windows").push({ epoch, shard, marker });
    }
  }
  const outputs = plan.outputs.map((output, index): MadeOutput => {
    const { tasks = 0 } = phases.find(({ id }) => id === `write:${output.name}`) ?? {};
    return { plan: output, markers: Array.from({ length: tasks }, (_, shard) => found(places.write(index, shard))) };
  });
  const stores = plan.sources.map((_, source) => found(places.seal(source)));
  const arranged = (plan.rows ?? []).map((_, rows) => found(places.arrange(rows)));
  const dedup = dedupReports(plan, layout, markers);
  return { stores, packed: allPacked, mixed, epochs, arranged, outputs, dedup };
}

function dedupVerdicts(dedup: readonly DedupReport[]): readonly DedupVerdict[] {
  return dedup.map(({ stage, sources, largest }) => ({ stage, sources, largest_cluster: largest[0]?.size ?? 0 }));
}

function otherCount(plan: Plan, windows: number): RunError {
  const { pack, source } = windowsAt(plan, windows);
  return new RunError({
    code: "run/epoch-windows",
    what: `${pack.use} makes another number of windows of ${sourceAt(plan, source).name} when it packs it again`,
    why: "window numbers go on from epoch to epoch, so every epoch must have as many",
    fix: "let the order repeat with limits.epoch_order: repeat, or use another packing",
  });
}

/** Where a run is written to, and by whom it is told. */
export interface Publication {
  readonly plan: Plan;
  readonly layout: Layout;
  /** The run's folder, or the one that will take its place. */
  readonly folder: string;
  readonly registry: StageRegistry;
  readonly report: (event: RunEvent) => void;
  readonly stop?: AbortSignal | undefined;
}

/**
 * Writes manifests, exports and outputs. All of it happens in this thread, which looks up between two of them: throws RunError `run/interrupted`
 * where it was told to stop.
 */
export async function publishRun(publication: Publication, parts: RunParts): Promise<void> {
  const { plan, layout, folder, registry, report, stop } = publication;
  const lookUp = async (): Promise<void> => {
    await nextTurn();
    if (stop?.aborted === true) throw interrupted();
  };
  requireGates(plan, parts);
  const manifests = manifestsOf(plan, parts);
  writeManifests(join(folder, runFiles.manifests), [...manifests.windows, ...manifests.rows]);
  for (const { trainer, options } of askedExports(plan.recipe)) {
    await lookUp();
    const { warnings } = exportManifests(
      { plan, layout, folder },
      [...manifests.windows, ...manifests.rows],
      registry,
      trainer,
      options,
    );
    for (const message of warnings) report({ type: "warning", message });
  }
  if (parts.dedup.length > 0)
    commitBytes(join(folder, runFiles.dedup), Buffer.from(`${JSON.stringify({ barriers: parts.dedup }, null, 2)}\n`));
  else fs.rmSync(join(folder, runFiles.dedup), { force: true });
  await lookUp();
  publishStatistics(plan, folder, parts.stores);
  publishOutputs({ plan, layout, folder }, parts.outputs, parts.stores);
}

function manifestsOf(plan: Plan, parts: RunParts): StageManifests {
  if (!trains(plan.recipe)) return { windows: [], rows: [] };
  const recipe = canonicalRecipe(plan.recipe);
  const head = {
    run: plan.name,
    plan_fingerprint: plan.fingerprint,
    seed: plan.recipe.seed,
    tokenizer: tokenizerOf(plan),
  };
  const facts = collectFacts(plan, parts);
  const windows = buildManifests({
    ...head,
    recipe,
    gates: { ...plan.recipe.gates, ...plan.recipe.tokenizer?.gates },
    missing: plan.missing,
    ...facts,
  });
  const rowHead = { ...head, recipe: recipe as RowManifest["recipe"] };
  const rows = rowManifests(plan, parts.arranged, rowHead, (source) => facts.source(sourceAt(plan, source).name));
  return { windows, rows };
}

type CollectedFacts = Pick<ManifestFacts, "stages" | "source" | "packed" | "packedValidation">;

function collectFacts(plan: Plan, { stores, packed, mixed, epochs }: RunParts): CollectedFacts {
  const sourceIndex = new Map(plan.sources.map((source, index) => [source.name, index]));
  return {
    stages: mixed.map(({ pack, ...stage }): TrainingStageFacts => {
      return { ...stage, pack: { use: pack.use, version: pack.version, options: pack.options } };
    }),
    source: (name) => {
      const index = sourceIndex.get(sourceOfShare(name)) as number;
      const planned = sourceAt(plan, index);
      const store = entryAt(stores, index, "store");
      return {
        fingerprints: { ingest: planned.ingest, tokens: planned.tokens },
        lineage: planned.shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity })),
        counts: manifestCounts(store.counts),
        tokenizer_guard: store.tokenizer_guard,
        chat: chatFigures(store.counts),
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
      const { fingerprint, selection: asked } = windowsAt(plan, index);
      const markers = entryAt(packed, index, "entry of windows");
      // Where quantiles lie is known to those who packed.
      const selection = markers[0]?.selection ?? asked;
      return {
        ...packedFacts(fingerprint, markers),
        epochs: entryAt(epochs, index, "entry of windows").map(({ epoch, shard, marker }) => ({
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
      if (index < 0) return undefined;
      return packedFacts(windowsAt(plan, index).fingerprint, entryAt(packed, index, "entry of windows"));
    },
  };
}

/** A store that an earlier run sealed is held to this recipe's gates, too. */
function requireGates({ recipe, sources }: Plan, { stores, dedup }: RunParts): void {
  for (const verdict of dedupVerdicts(dedup)) requireDedupGates(recipe.gates, verdict);
  stores.forEach(({ counts, tokenizer_guard }, index) => {
    const { name } = entryAt(sources, index, "source");
    requireLintGates(name, counts.stages, recipe.gates.lint ?? {});
    if (tokenizer_guard !== undefined) requireTokenizerGates(name, tokenizer_guard, recipe.tokenizer?.gates ?? {});
  });
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

export function manifestCounts(counts: SourceCounts): SourceFacts["counts"] {
  // A state is plain data of JSON.
  const found = counts.stages.flatMap(({ id, use, state, edits }) => {
    const told = edits ?? (SHOWN_STATES.has(use) ? state : undefined);
    return told === undefined ? [] : [[id, told as SourceFacts["counts"]["rows_in"]] as const];
  });
  return {
    rows_in: counts.rows_in,
    kept: counts.kept,
    ...(counts.held_out === undefined ? {} : { held_out: counts.held_out }),
    dropped: Object.fromEntries(counts.stages.map((stage) => [stage.id, { ...stage.dropped }])),
    errors: { ...counts.errors },
    ...(found.length > 0 && { found: Object.fromEntries(found) }),
  };
}

/** Whether what a finished run wrote is still there. */
export function isPublished(plan: Plan, layout: Layout): boolean {
  const folder = layout.run(plan.name);
  return (
    [...plan.recipe.training_stages, ...(plan.recipe.row_stages ?? [])].every(({ name }) =>
      fs.existsSync(layout.manifestFile(plan.name, name)),
    ) &&
    askedExports(plan.recipe).every(({ trainer }) => {
      return readSummary(join(folder, runFiles.exports, trainer))?.plan_fingerprint === plan.fingerprint;
    }) &&
    plan.outputs.every(({ name }) => {
      const summary = readSummary(outputFolder(folder, name), OUTPUT_SUMMARY);
      return summary?.plan_fingerprint === plan.fingerprint;
    })
  );
}

/** What came of a run. `already` says that all of it was there before. */
export function describeRun(plan: Plan, layout: Layout, parts: RunParts, already: boolean): RunResult {
  const { windows, rows } = manifestsOf(plan, parts);
  const all = [...windows, ...rows];
  const { stores } = parts;
  const folder = layout.run(plan.name);
  return {
    name: plan.name,
    already_done: already,
    run_folder: folder,
    manifests: all.map(({ stage }) => layout.manifestFile(plan.name, stage.name)),
    exports: askedExports(plan.recipe).flatMap(({ trainer }) => exportPaths(join(folder, runFiles.exports, trainer))),
    outputs: parts.outputs.map(({ plan: { name }, markers }) => ({
      name,
      path: outputFolder(folder, name),
      files: markers.length,
      rows: markers.reduce((sum, { rows }) => sum + rows, 0),
      dropped_rows: markers.reduce((sum, { dropped_rows }) => sum + dropped_rows, 0),
    })),
    gates: [
      ...all.flatMap(({ stage, gates }) =>
        gates.map(({ name, limit, value, passed }) => ({ stage: stage.name, name, ok: passed, bound: limit, value })),
      ),
      ...chatGates(plan, stores),
      ...dedupGateResults(plan.recipe.gates, dedupVerdicts(parts.dedup)).map(({ name, limit, value, passed }) => {
        return { stage: "dedup", name, ok: passed, bound: limit, value };
      }),
    ],
    ...(rows.length > 0 && { row_stages: rows.map(rowStageResult) }),
    ...(parts.dedup.length > 0 && { dedup: parts.dedup }),
    training_stages: windows.map(({ stage, sources }) => ({
      name: stage.name,
      windows: stage.windows,
      tokens: stage.tokens,
      sources: Object.entries(sources).map(([name, source]) => ({
        name,
        weight_requested: source.weight_normalized,
        weight_achieved: source.weight_achieved,
        tokens: source.tokens,
        epochs: source.epochs,
        epochs_total: source.epochs_total,
      })),
    })),
    sources: stores.map(({ counts, tokenizer_guard }, index) => ({
      ...sealedRows(sourceAt(plan, index), counts),
      ...(tokenizer_guard && { tokenizer_guard }),
    })),
  };
}

function rowStageResult({ stage, order, sources }: RowManifest): NonNullable<RunResult["row_stages"]>[number] {
  const { name, rule, rows, sequences, tokens, supervised_tokens, fill_ratio, tokens_lost } = stage;
  return {
    name,
    rule,
    rows,
    sequences,
    tokens,
    supervised_tokens,
    fill_ratio,
    tokens_lost,
    sources: order.map((source) => {
      const { fraction, available, taken, shares } = entryOf(sources, source, "source");
      return { name: source, fraction, rows_available: available.rows, rows: taken.rows, shares };
    }),
  };
}
