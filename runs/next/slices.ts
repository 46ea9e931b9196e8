/**
 * The next training stage for a trainer that begins every data set at its start: what its checkpoint counts, and slices that nothing was read of.
 *
 * Megatron, OLMo-core, MosaicML streaming and litData shuffle within what they are given, so a stage that was begun is set aside as a whole, and the
 * next one reads on behind it, with the recipe's weights or others. Invariant: no document of an epoch is in two stages, whatever the weights.
 * Price: none to look; writing costs what the export of one stage does.
 */
import { join } from "node:path";
import { entryAt, entryOf, ownOf } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import { blendAt } from "../../kernels/blend/blend-jump.ts";
import {
  type ExportContext,
  type Exported,
  type Exporter,
  type ExportOptions,
  parseExportOptions,
  rowTokens,
} from "../../manifests/exports/define.ts";
import { readSummary, writeExport } from "../../manifests/exports/folder.ts";
import { EXPORTERS } from "../../manifests/exports/registry.ts";
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import { type CompiledTrainingStage, compileMixture, type TrainingStageMixture } from "../../mixtures/compile.ts";
import { planRegistry } from "../../plan/plugins.ts";
import { runFiles } from "../../store/layout.ts";
import { ignoredLoss, refuseWithoutEos } from "../export.ts";
import { documentStages } from "../export-documents.ts";
import { type RepackOptions, repackedStages, windowStages } from "../export-rows.ts";
import { runManifests } from "../run-manifests.ts";
import { type OpenRun, openRun } from "../status.ts";
import { sweepFacts } from "../sweeps/stores.ts";
import { type CountingTrainer, readCounter, type TrainerCounter } from "./counters.ts";

export interface NextSlicesOptions {
  readonly out: string;
  readonly trainer: CountingTrainer;
  /** The trainer's checkpoint: its folder, or the file with the counter. */
  readonly checkpoint: string;
  /** Training stage the counter began with, or that it is of; the run's first where not given. */
  readonly trained?: string;
  /** Stage to start; the one after the last that was begun where not given. */
  readonly stage?: string;
  /** Instead of the recipe's. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly tokens?: number;
  /** Ranks that read data side by side: litData counts those of one. */
  readonly data_parallel?: number;
  /** Folder the slices are written to; nothing is written where not given. */
  readonly to?: string;
}

export interface TrainedStage {
  readonly stage: string;
  /** Samples that the counter says, of all there are. */
  readonly samples: number;
  readonly stage_samples: number;
}

export interface NextSlice {
  readonly name: string;
  /** What the trainer has read of it; from its share of the samples where it counts no more. */
  readonly consumed_tokens: number;
  /** Windows of the stages that were begun, read or not. */
  readonly set_aside_windows: number;
  readonly start_window: number;
  readonly end_window: number;
  readonly tokens: number;
  readonly weight_normalized: number;
  readonly epochs: number;
  readonly epochs_total: number;
}

export interface NextSlices {
  readonly trainer: CountingTrainer;
  readonly counter_file: string;
  readonly trained: readonly TrainedStage[];
  readonly stage: string;
  readonly sequence_length: number;
  readonly sources: readonly NextSlice[];
  readonly warnings: readonly string[];
  /** Configurations and the folder, where they were written. */
  readonly paths: readonly string[];
}

/** Throws RecipeError `flag/no-such-stage`, `flag/no-such-source`, DataError `data/bad-checkpoint`, RunError `run/source-exhausted`. */
export async function nextSlices(target: string, options: NextSlicesOptions): Promise<NextSlices> {
  const run = openRun(target, options.out);
  const manifests = await runManifests(run);
  const counter = readCounter(options.checkpoint, options.trainer);
  const { trained, warnings } = trainedStages(counter, manifests, options);
  const last = manifests.findIndex(({ stage }) => stage.name === trained.at(-1)?.stage);
  const begun = manifests.slice(0, last + 1);
  const template = nextTemplate(manifests, last, options);
  const compiled = compileNext(run, manifests, last, template, options);
  const next = nextManifest(template, compiled);
  const consumed = consumedTokens(counter, trained, manifests, options);
  const sources = Object.entries(compiled.sources).map(([name, share]): NextSlice => {
    const { start_window, end_window, tokens, weight_normalized, epochs, epochs_total } = share;
    const set_aside_windows = begun.reduce((sum, { sources: read }) => sum + (ownOf(read, name)?.windows ?? 0), 0);
    const consumed_tokens = consumed.get(name) ?? 0;
    return {
      name,
      consumed_tokens,
      set_aside_windows,
      start_window,
      end_window,
      tokens,
      weight_normalized,
      epochs,
      epochs_total,
    };
  });
  const written = options.to === undefined ? [] : await writeSlices(run, [...begun, next], options.trainer, options.to);
  return {
    trainer: options.trainer,
    counter_file: counter.file,
    trained,
    stage: next.stage.name,
    sequence_length: next.stage.sequence_length,
    sources,
    warnings,
    paths: written,
  };
}

/** What the counter comes to, stage by stage. */
function trainedStages(
  counter: TrainerCounter,
  manifests: readonly TrainingStageManifest[],
  { trained, data_parallel = 1 }: NextSlicesOptions,
): { readonly trained: readonly TrainedStage[]; readonly warnings: readonly string[] } {
  const first = trained === undefined ? 0 : manifests.findIndex(({ stage }) => stage.name === trained);
  if (first < 0) throw noSuchStage(trained ?? "", manifests);
  const { stage } = entryAt(manifests, first, "training stage");
  const counted = counter.by_dataset?.reduce((sum, count) => sum + count, 0);
  const samples =
    counter.tokens !== undefined
      ? Math.floor(counter.tokens / stage.sequence_length)
      : (counted ?? 0) * data_parallel + (counter.samples ?? 0) + (counter.epoch ?? 0) * stage.windows;
  const rest = manifests.slice(first);
  const other = rest.findIndex((manifest) => manifest.stage.sequence_length !== stage.sequence_length);
  const run = rest.slice(0, counter.scope === "stage" ? 1 : other < 0 ? rest.length : other);
  const stages: TrainedStage[] = [];
  let left = samples;
  for (const { stage: each } of run) {
    if (stages.length > 0 && left === 0) break;
    const read = Math.min(left, each.windows);
    stages.push({ stage: each.name, samples: read, stage_samples: each.windows });
    left -= read;
  }
  const names = stages.map(({ stage: name }) => name).join(", ");
  const warnings =
    left > 0
      ? [`the checkpoint counts ${left.toLocaleString("en-US")} samples more than ${names} hold: they were read again`]
      : [];
  const unread = stages.reduce((sum, each) => sum + each.stage_samples - each.samples, 0);
  if (unread > 0) {
    warnings.push(
      `${unread.toLocaleString("en-US")} samples of ${names} are not read: they lie among those that are, and are set aside`,
    );
  }
  return { trained: stages, warnings };
}

function nextTemplate(
  manifests: readonly TrainingStageManifest[],
  last: number,
  { stage, weights }: NextSlicesOptions,
): TrainingStageManifest {
  const named = stage === undefined ? undefined : manifests.find((manifest) => manifest.stage.name === stage);
  const chosen = stage === undefined ? manifests[last + 1] : named;
  if (chosen !== undefined) return chosen;
  const current = entryAt(manifests, last, "training stage");
  // With weights of its own a stage needs no place in the recipe.
  if (weights !== undefined)
    return { ...current, stage: { ...current.stage, name: stage ?? `${current.stage.name}-next` } };
  throw noSuchStage(stage ?? `after ${current.stage.name}`, manifests);
}

function noSuchStage(name: string, manifests: readonly TrainingStageManifest[]): RecipeError {
  return new RecipeError({
    code: "flag/no-such-stage",
    what: `there is no training stage ${name}`,
    fix: `name one of the run's: ${manifests.map(({ stage }) => stage.name).join(", ")}; or give the weights of a new one`,
  });
}

/** The next stage behind all that were begun, with the weights asked for. */
function compileNext(
  run: OpenRun,
  manifests: readonly TrainingStageManifest[],
  last: number,
  template: TrainingStageManifest,
  { weights, tokens }: NextSlicesOptions,
): CompiledTrainingStage {
  const facts = sweepFacts(run, manifests);
  const { name } = template.stage;
  // A stage that is not in the recipe reads the windows of the last one that is.
  const known = manifests.findIndex(({ stage }) => stage.name === name);
  const base = entryAt(facts.stages, known < 0 ? last : known, "training stage");
  for (const source of Object.keys(weights ?? {})) {
    if (Object.hasOwn(base.weights, source)) continue;
    throw new RecipeError({
      code: "flag/no-such-source",
      what: `--weights: ${base.name} has no windows of ${source}`,
      fix: `there are: ${Object.keys(base.weights).join(", ")}`,
    });
  }
  const next: TrainingStageMixture = { ...base, name, tokens: tokens ?? base.tokens, weights: weights ?? base.weights };
  const compiled = compileMixture({
    stages: [...facts.stages.slice(0, last + 1), next],
    available: (source, length, pack, stage) =>
      facts.available(source, length, pack, stage.name === name ? { ...stage, name: base.name } : stage),
    limits: facts.limits,
    categories: facts.categories,
  });
  return entryAt(compiled, last + 1, "training stage");
}

/** A manifest of the stage as it was compiled, for exports. */
function nextManifest(template: TrainingStageManifest, compiled: CompiledTrainingStage): TrainingStageManifest {
  const { name, windows, tokens, tokens_requested, weights_sum, categories } = compiled;
  const sources = Object.entries(compiled.sources).map(([source, share]): [string, SourceManifest] => {
    const { first_document: _first, end_document: _end, ...stored } = entryOf(template.sources, source, "source");
    return [source, { ...stored, ...share }];
  });
  return {
    ...template,
    stage: { ...template.stage, name, windows, tokens, tokens_requested, weights_sum },
    sources: Object.fromEntries(sources),
    categories: { ...categories },
  };
}

function consumedTokens(
  counter: TrainerCounter,
  trained: readonly TrainedStage[],
  manifests: readonly TrainingStageManifest[],
  { data_parallel = 1 }: NextSlicesOptions,
): ReadonlyMap<string, number> {
  const consumed = new Map<string, number>();
  const add = (source: string, tokens: number): unknown => consumed.set(source, (consumed.get(source) ?? 0) + tokens);
  for (const { stage: name, samples, stage_samples } of trained) {
    const { stage, sources } = entryAt(
      manifests,
      manifests.findIndex((manifest) => manifest.stage.name === name),
      "stage",
    );
    const read = Object.entries(sources).filter(([, { windows }]) => windows > 0);
    const blend = blendAt(
      read.map(([, { weight_achieved }]) => weight_achieved),
      samples,
    );
    read.forEach(([source, { windows }], i) => {
      // Megatron and nanotron share one blend; who counts by data set is taken at its word; the others read by shares.
      const own = counter.by_dataset?.[i];
      const share =
        counter.scope === "run" ? entryAt(blend, i, "source") : Math.round((windows * samples) / stage_samples);
      add(source, (own === undefined ? share : own * data_parallel) * stage.sequence_length);
    });
  }
  return consumed;
}

/** Exports the last of `manifests`, behind the others. */
async function writeSlices(
  run: OpenRun,
  manifests: readonly TrainingStageManifest[],
  trainer: CountingTrainer,
  to: string,
): Promise<readonly string[]> {
  const exporter: Exporter = EXPORTERS[trainer];
  const next = entryAt(manifests, manifests.length - 1, "training stage");
  const standing = readSummary(join(run.layout.run(run.plan.name), runFiles.exports, trainer))?.options;
  const given = typeof standing === "object" && standing !== null ? standing : {};
  const options = parseExportOptions(exporter, { ...given });
  refuseWithoutEos(exporter, [next]);
  const ignored = ignoredLoss(exporter, [next], options);
  const { store } = run.layout;
  const { max_epochs, epoch_order } = run.plan.recipe.limits;
  const registry = await planRegistry(run.plan);
  const exported = writeExport(to, { trainer, plan_fingerprint: next.plan_fingerprint }, (folder) => {
    const context = { folder, tokenizer: next.tokenizer, seed: next.seed, options };
    const lengthOf = (length: number): number => rowTokens(exporter.geometry, length);
    const { record, configs, warnings } = writeLast(exporter, manifests, context, {
      store,
      registry,
      rowTokens: lengthOf,
      epochOrder: epoch_order,
      max_epochs,
    });
    return { configs, warnings: [...ignored, ...warnings], options: given, ...record };
  });
  return [...exported.configs.map((name) => join(to, name)), to];
}

/** Gives the exporter what it reads of the last stage. */
function writeLast(
  exporter: Exporter,
  manifests: readonly TrainingStageManifest[],
  context: ExportContext<ExportOptions>,
  options: RepackOptions & { readonly max_epochs: number },
): Exported {
  switch (exporter.reads) {
    case "documents":
      return exporter.write(documentStages(manifests, options.store, options.max_epochs).stages.slice(-1), context);
    case "windows":
      return exporter.write(windowStages(manifests.slice(-1), options.store), context);
    case "rows":
      return exporter.write(repackedStages(manifests, options).slice(-1), context);
    default:
      throw new Error(`slices for ${exporter.name} are neither documents nor rows`);
  }
}
