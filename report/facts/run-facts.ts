/**
 * Everything that a page says of a run, from its plan, manifests, markers and ledgers; of a run that is not done, what is there so far.
 *
 * Looking changes nothing. Price: the index files of token stores, eight bytes a document; the ledgers of duplicates; the spans that hold documents which are shown.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type DedupVerdict, dedupGateResults } from "../../manifests/dedup-gates.ts";
import { readManifests } from "../../manifests/read.ts";
import { askedExports } from "../../plan/exports.ts";
import { type Plan, sourceAt } from "../../plan/plan.ts";
import { planRegistry } from "../../plan/plugins.ts";
import { canonicalRecipe } from "../../plan/recipe/canonical.ts";
import { accountRows } from "../../runs/account.ts";
import { chatFigures, chatGates } from "../../runs/chat-figures.ts";
import { reportPacking } from "../../runs/packing-report.ts";
import { reviewRun } from "../../runs/review.ts";
import { type OpenRun, runStatus } from "../../runs/status.ts";
import { readTimes } from "../../runs/times.ts";
import { declarationOf } from "../../stages/define.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";
import { runFiles } from "../../store/layout.ts";
import { MarkerPlaces } from "../../workers/marker-places.ts";
import type { StoreMarker } from "../../workers/protocol.ts";
import { readMarkerOf } from "../../workers/store-markers.ts";
import { clustersOf } from "./clusters.ts";
import { idsUsed, lengthsOf } from "./lengths.ts";
import { reasonsOf } from "./reasons.ts";
import { Texts } from "./texts.ts";
import type { ClusterFacts, RunFacts, SourceFacts, StepFacts } from "./types.ts";
import { stripsOf } from "./windows.ts";

export interface FactOptions {
  /** Where relative patterns of the recipe start: documents that are shown are read again. */
  readonly dataRoot: string;
  /** Whether beginnings of documents are shown. */
  readonly texts: boolean;
}

/** Hits of benchmarks that are listed; all are counted. */
const SHOWN_HITS = 12;

export async function runFacts(run: OpenRun, options: FactOptions): Promise<RunFacts> {
  const { plan, layout } = run;
  const folder = layout.run(plan.name);
  const registry = await planRegistry(plan);
  const status = runStatus(run);
  const texts = new Texts(run, registry, { dataRoot: options.dataRoot, shows: options.texts });
  const places = new MarkerPlaces(plan, layout);
  const stores = plan.sources.map((_, source) => readMarkerOf(places.seal(source)));
  const { manifests, row_manifests } = await manifestsOf(join(folder, runFiles.manifests));
  const windows = [...new Set(manifests.map(({ stage }) => stage.sequence_length))].sort((a, b) => a - b);
  const clusters = clustersOf(run, texts);
  const sources = sourcesOf(run, { registry, stores, windows, texts });
  await texts.read();
  const found = clusters();
  const looksForBenchmarks = plan.sources.some(({ stages }) =>
    stages.some(({ use }) => use === "filter/decontaminate"),
  );
  const times = readTimes(folder);
  const finished = status.done ? modified(join(folder, runFiles.finished)) : undefined;
  return {
    name: plan.name,
    plan_fingerprint: plan.fingerprint,
    seed: plan.recipe.seed,
    done: status.done,
    segments: status.segments,
    ...(status.failure !== undefined && { failure: status.failure }),
    ...(finished !== undefined && { finished_ms: finished }),
    ...(plan.tokenizer && { tokenizer: plan.tokenizer }),
    exports: askedExports(plan.recipe).map(({ trainer }) => trainer),
    max_epochs: plan.recipe.limits.max_epochs,
    gates: gatesOf(plan, { manifests: [...manifests, ...row_manifests], stores, found }),
    sources: sources(),
    stages: manifests,
    row_stages: row_manifests,
    packing: reportPacking(manifests, layout.store),
    strips: stripsOf(manifests, layout.store),
    clusters: found,
    ...(looksForBenchmarks && { review: reviewRun(run, { count: SHOWN_HITS }) }),
    ...(times && { times }),
    recipe: canonicalRecipe(plan.recipe),
    ...(texts.missing !== undefined && { without_texts: texts.missing }),
  };
}

/** Manifests of a run that is done; none of one that is not. */
async function manifestsOf(
  folder: string,
): Promise<Pick<Awaited<ReturnType<typeof readManifests>>, "manifests" | "row_manifests">> {
  const isThere = fs.existsSync(folder) && fs.readdirSync(folder).length > 0;
  return isThere ? readManifests(folder) : { manifests: [], row_manifests: [] };
}

function modified(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

interface Judged {
  readonly manifests: readonly {
    readonly stage: { readonly name: string };
    readonly gates: readonly {
      readonly name: string;
      readonly limit: number;
      readonly value: number;
      readonly passed: boolean;
    }[];
  }[];
  readonly stores: readonly (StoreMarker | undefined)[];
  readonly found: readonly ClusterFacts[];
}

function gatesOf(plan: Plan, { manifests, stores, found }: Judged): RunFacts["gates"] {
  const verdicts = found.map(({ stage, sources, largest }): DedupVerdict => {
    return { stage, sources, largest_cluster: largest[0]?.size ?? 0 };
  });
  const told = (stage: string, results: Judged["manifests"][number]["gates"]) =>
    results.map(({ name, limit, value, passed }) => ({ stage, name, ok: passed, bound: limit, value }));
  const whole = stores.filter((store) => store !== undefined);
  return [
    ...manifests.flatMap(({ stage, gates }) => told(stage.name, gates)),
    ...(whole.length === stores.length ? chatGates(plan, whole) : []),
    ...told("dedup", dedupGateResults(plan.recipe.gates, verdicts)),
  ];
}

interface Surroundings {
  readonly registry: StageRegistry;
  readonly stores: readonly (StoreMarker | undefined)[];
  /** Lengths of windows. */
  readonly windows: readonly number[];
  readonly texts: Texts;
}

/** The sources; to be called again when texts were read. */
function sourcesOf({ plan, layout }: OpenRun, around: Surroundings): () => readonly SourceFacts[] {
  const { registry, stores, windows, texts } = around;
  const made = accountRows(plan, layout).map((account, index) => {
    const planned = sourceAt(plan, index);
    const store = stores[index];
    const token = store?.shards.map(({ files }) => files.find(({ name }) => name.endsWith(".ds"))?.name) ?? [];
    const paths = token.flatMap((name) => (name === undefined ? [] : [join(layout.tokens(planned.tokens), name)]));
    const lengths = lengthsOf(paths, windows);
    const chat = store && chatFigures(store.counts);
    const steps = planned.stages.map((stage, position) => {
      const counted = store?.counts.stages[position];
      const waits = planned.barriers.some((barrier) => barrier.stage === position && barrier.verdict !== "edit");
      const { reasons } = declarationOf(registry.findStage(stage.use), stage.options);
      const dropped = (reason: string): number => account.dropped[`${stage.id}:${reason}`] ?? 0;
      const found = reasonsOf(planned, reasons, { dropped, measured: counted?.measured, texts });
      return (): StepFacts => ({
        id: stage.id,
        use: stage.use,
        dropped: Object.keys(reasons).reduce((sum, reason) => sum + dropped(reason), 0),
        judges: Object.keys(reasons).length > 0,
        waits,
        ...(counted?.bytes_in !== undefined && { bytes_in: counted.bytes_in }),
        reasons: found(),
      });
    });
    return (): SourceFacts => ({
      name: account.name,
      ...(planned.category !== undefined && { category: planned.category }),
      complete: account.complete,
      files: planned.shards.length,
      file_bytes: planned.shards.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
      rows_in: account.rows_in,
      kept: account.kept,
      ...(account.held_out !== undefined && { held_out: account.held_out }),
      errors: account.errors,
      tokens: account.tokens,
      text_bytes: account.text_bytes,
      steps: steps.map((step) => step()),
      ...(lengths && { lengths, ids_used: idsUsed(paths) }),
      ...(store?.tokenizer_guard && { guard: store.tokenizer_guard }),
      ...(chat && { chat }),
      fingerprints: { ingest: planned.ingest, ...(planned.tokenized && { tokens: planned.tokens }) },
      inputs: planned.shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity })),
    });
  });
  return () => made.map((source) => source());
}
