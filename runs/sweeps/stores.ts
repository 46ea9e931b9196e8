/**
 * What a sweep knows of a finished run: windows and cuts of every packing, files of every store, held-out sets.
 *
 * Invariant: everything comes from the plan, its markers and manifests; no token is read but for TRL's rows.
 */
import { join } from "node:path";
import { entryAt, entryOf } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { rowTokens } from "../../manifests/exports/define.ts";
import { EXPORTERS } from "../../manifests/exports/registry.ts";
import type { SourceFiles } from "../../manifests/exports/views.ts";
import type { StoredFile, TrainingStageManifest } from "../../manifests/schema.ts";
import type { SweptStores } from "../../manifests/sweeps/views.ts";
import type { TrainingStageMixture } from "../../mixtures/compile.ts";
import type { SweepFacts } from "../../mixtures/experiments/sweep.ts";
import { sourceOfShare } from "../../mixtures/sub-sources.ts";
import { windowsAt } from "../../plan/plan.ts";
import { planRegistry } from "../../plan/plugins.ts";
import { frontier } from "../../workers/frontier/frontier.ts";
import { windowsIndex } from "../../workers/mixture.ts";
import { StoreMarkers } from "../../workers/store-markers.ts";
import { storeShards } from "../export-documents.ts";
import { fileStages } from "../export-files.ts";
import { wholeSources } from "../export-rows.ts";
import type { OpenRun } from "../status.ts";

/** What a mixture is compiled from, but for the digest of the stores. Throws RunError `run/not-packed` where windows of the run are gone. */
export function sweepFacts(
  { plan, layout }: OpenRun,
  manifests: readonly TrainingStageManifest[],
): Omit<SweepFacts, "stores"> {
  const packed = frontier(plan, new StoreMarkers(plan, layout), { layout }).packed();
  if (packed === undefined) {
    throw new RunError({
      code: "run/not-packed",
      what: `windows of ${plan.name} are missing from the store`,
      fix: "run the recipe again: what is there is used",
    });
  }
  const categories = Object.fromEntries(
    plan.sources.flatMap((source) => (source.category === undefined ? [] : [[source.name, source.category]])),
  );
  const stages = manifests.map(({ stage, sources }): TrainingStageMixture => {
    const names = Object.keys(sources);
    const entry = windowsAt(plan, windowsIndex(plan, entryAt(names, 0, "source"), stage.name));
    return {
      name: stage.name,
      tokens: stage.tokens_requested,
      sequence_length: stage.sequence_length,
      pack_id: entry.pack_id,
      weights: Object.fromEntries(names.map((name) => [name, entryOf(sources, name, "source").weight_requested])),
      selections: Object.fromEntries(names.map((name) => [name, entryOf(sources, name, "source").selection ?? {}])),
    };
  });
  return {
    stages,
    available: (source, _length, _pack, stage) =>
      entryAt(packed, windowsIndex(plan, source, stage.name), "entry of windows"),
    limits: plan.recipe.limits,
    categories: { ...categories, ...shareCategories(manifests, categories) },
  };
}

function shareCategories(
  manifests: readonly TrainingStageManifest[],
  categories: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = manifests.flatMap(({ sources }) => Object.keys(sources));
  return Object.fromEntries(
    names.flatMap((name) => {
      const category = Object.hasOwn(categories, sourceOfShare(name)) ? categories[sourceOfShare(name)] : undefined;
      return category === undefined ? [] : [[name, category]];
    }),
  );
}

/** What the trainers' writers read. */
export async function sweptStores(run: OpenRun, manifests: readonly TrainingStageManifest[]): Promise<SweptStores> {
  const { store } = run.layout;
  const registry = await planRegistry(run.plan);
  // A source that the recipe's own mixture reads nothing of may be read by a candidate.
  const all = manifests.map((manifest) => ({
    ...manifest,
    sources: Object.fromEntries(
      Object.entries(manifest.sources).map(([name, share]) => [
        name,
        { ...share, windows: Math.max(1, share.windows) },
      ]),
    ),
  }));
  const files = new Map<string, SourceFiles>(
    fileStages(all, store).flatMap(({ name, sources }) =>
      sources.map((each) => [key(name, each.source), each] as const),
    ),
  );
  const manifestOf = (stage: string): TrainingStageManifest => {
    return entryAt(
      manifests,
      manifests.findIndex((manifest) => manifest.stage.name === stage),
      "training stage",
    );
  };
  const options = {
    store,
    registry,
    rowTokens: (length: number) => rowTokens(EXPORTERS.trl.geometry, length),
    epochOrder: run.plan.recipe.limits.epoch_order,
  };
  return {
    windows: (stage, source) => {
      const found = files.get(key(stage, source));
      if (found === undefined) throw new Error(`no windows of ${source} in ${stage}`);
      return found;
    },
    documents: (source) => {
      const manifest = entryAt(
        manifests,
        manifests.findIndex(({ sources }) => Object.hasOwn(sources, source)),
        "manifest",
      );
      const share = entryOf(manifest.sources, source, "source");
      return storeShards(share, store, manifest.tokenizer.token_bytes).map(({ at, tokens, documents }) => {
        return { ...at, epoch: 0, first_document: 0, documents, tokens };
      });
    },
    rows: (stage, source) => {
      const rows = wholeSources(manifestOf(stage), options).find((each) => each.source === source);
      if (rows === undefined) throw new Error(`no rows of ${source} in ${stage}`);
      return rows;
    },
  };
}

const key = (stage: string, source: string): string => JSON.stringify([stage, source]);

/** Held-out windows by source and row length, and held-out stores by source. */
export function heldOutFiles(
  manifests: readonly TrainingStageManifest[],
  store: string,
): Readonly<Record<string, readonly StoredFile[]>> {
  const files: Record<string, readonly StoredFile[]> = {};
  const inStore = ({ path, size_bytes, sha256 }: StoredFile): StoredFile => ({
    path: join(store, path),
    size_bytes,
    sha256,
  });
  for (const { stage, sources } of manifests) {
    for (const [name, { validation }] of Object.entries(sources)) {
      if (validation === undefined) continue;
      files[`${name}_${stage.window_tokens}`] = validation.files.map(inStore);
      files[`${name}_documents`] = validation.token_store.files.map(inStore);
    }
  }
  return files;
}
