/**
 * From what a trainer reads back to the rows it was made of: the sequences of training steps, and single windows.
 *
 * Invariant: sequences are those that the trainer's loader hands out, in its order; every piece names source, file and row.
 * Price: the tables of the shards that steps read from; memory for one step.
 */
import { entryAt } from "../../batch/entry.ts";
import { RecipeError, RunError } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { sourceOfShare } from "../../mixtures/sub-sources.ts";
import { runManifests } from "../run-manifests.ts";
import type { OpenRun } from "../status.ts";
import { NanotronReader } from "./nanotron-reader.ts";
import type { ReadSequence } from "./stage-reader.ts";
import { addressOfRow, StoreRows } from "./store-rows.ts";
import { type RankPlace, TrainedRun, type TrainedSample, type TrainedStage, type TrainerOptions } from "./trainer.ts";

/** Tokens of one document in a sequence. */
export interface TracedPiece {
  /** `source/path#row`. */
  readonly address: string;
  readonly path: string;
  readonly row: number;
  /** From 0: how often its source has been read before. */
  readonly epoch: number;
  /** Where it lies in the token store. */
  readonly shard: number;
  readonly document: number;
  /** First token in the sequence, and in the document. */
  readonly at: number;
  readonly start: number;
  readonly tokens: number;
}

/** Where a packed window lies. */
export interface TracedPlace {
  /** Numbered through the epochs of the share. */
  readonly number: number;
  readonly epoch: number;
  readonly shard: number;
  /** In the shard. */
  readonly window: number;
  readonly file: string;
}

/** What a trainer reads as one sequence. */
export interface TracedSequence {
  readonly training_stage: string;
  /** Of the stage, from 1. */
  readonly step: number;
  /** Of the stage, from 0. */
  readonly sample: number;
  /** In the step, from 0. */
  readonly position: number;
  readonly data_parallel?: RankPlace;
  /** A source, or a part of one, `web@q1`. */
  readonly source: string;
  readonly window?: TracedPlace;
  readonly padding_tokens: number;
  readonly pieces: readonly TracedPiece[];
}

export interface TraceStepsOptions extends TrainerOptions {
  /** From 1, from the start of `stage`, or of the trainer's run where none is named. */
  readonly step: number;
  /** Steps, from that one on; 1 where absent. */
  readonly count?: number;
  readonly stage?: string;
}

/**
 * The sequences of training steps, in the trainer's order. Throws as {@link TrainedRun.open} does, RecipeError `flag/step-out-of-range`,
 * `flag/no-such-stage`, RunError `run/source-exhausted`.
 */
export async function* traceSteps(run: OpenRun, options: TraceStepsOptions): AsyncGenerator<TracedSequence> {
  const trained = await TrainedRun.open(run, options);
  const rows = new RowsOf(run);
  for (let step = options.step; step < options.step + (options.count ?? 1); step++) {
    const place = trained.place(step, options.stage);
    for (const sample of place.stage.samples(place.step)) {
      yield traced(place.stage, sample, rows, trained.rankOf(place.stage, sample.sample));
    }
  }
}

/** The documents tables of a run, by source. */
export class RowsOf {
  readonly #run: OpenRun;
  readonly #rows = new Map<string, StoreRows>();

  constructor(run: OpenRun) {
    this.#run = run;
  }

  of(share: string): StoreRows {
    const name = sourceOfShare(share);
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    const source = this.#run.plan.sources.find((candidate) => candidate.name === name);
    if (source === undefined) throw new Error(`the plan has no source ${name}`);
    const rows = new StoreRows(this.#run.layout, source);
    this.#rows.set(name, rows);
    return rows;
  }
}

function traced(
  stage: TrainedStage,
  { sample, share, turn }: TrainedSample,
  rows: RowsOf,
  rank: RankPlace | undefined,
): TracedSequence {
  const { reader } = stage;
  const source = entryAt(reader.shares, share, "share");
  return {
    training_stage: reader.training_stage,
    step: stage.stepOf(sample),
    sample,
    position: sample % stage.global_batch_size,
    ...(rank && { data_parallel: rank }),
    source,
    ...placedPieces(reader.sequence(share, turn), rows.of(source)),
  };
}

function placedPieces(
  { window, pieces, padding_tokens }: ReadSequence,
  rows: StoreRows,
): Pick<TracedSequence, "window" | "pieces" | "padding_tokens"> {
  let at = 0;
  const placed = pieces.map(({ shard, document, epoch, start, tokens }): TracedPiece => {
    const row = rows.rowOf({ shard, document });
    const piece = { address: addressOfRow(rows.source.name, row), ...row, epoch, shard, document, at, start, tokens };
    at += tokens;
    return piece;
  });
  return { ...(window && { window }), padding_tokens, pieces: placed };
}

export interface TraceWindowOptions extends Pick<TrainerOptions, "global_batch_size"> {
  /** Numbered through the epochs of the source, as manifests number windows. */
  readonly window: number;
  /** May be left out where the stage reads one. */
  readonly source?: string;
  /** The first one that reads the source where absent: its windows are meant. */
  readonly stage?: string;
}

/** A packed window and who reads it. */
export interface TracedWindow extends Pick<TracedSequence, "source" | "window" | "padding_tokens" | "pieces"> {
  readonly sequence_length: number;
  /** Training stages that read it, as nanotron does, in order; those that end before it not. */
  readonly read_by: readonly { readonly training_stage: string; readonly step: number; readonly sample: number }[];
}

/** Throws RunError `run/no-such-window`, RecipeError `flag/no-such-stage`, `flag/source-needed`, and what {@link TrainedRun.open} throws. */
export async function traceWindow(run: OpenRun, options: TraceWindowOptions): Promise<TracedWindow> {
  const manifests = await runManifests(run);
  const { manifest, source } = chosenShare(manifests, options);
  const share = manifest.sources[source];
  if (share === undefined) throw new Error(`${manifest.stage.name} does not read ${source}`);
  const readers = manifests.flatMap((other) => {
    const read = other.sources[source];
    return read !== undefined && read.fingerprints.windows === share.fingerprints.windows ? [{ other, read }] : [];
  });
  const windows = Math.max(share.epoch_windows, ...readers.map(({ read }) => read.end_window));
  if (options.window >= windows) {
    throw new RunError({
      code: "run/no-such-window",
      what: `there is no window ${options.window} of ${source}`,
      fix: `there are ${windows}, 0 to ${windows - 1}`,
    });
  }
  const trained = TrainedRun.of(run, manifests, options);
  const read_by = readers.flatMap(({ other, read: { start_window, end_window } }) => {
    const stage = trained.stages.find(({ reader }) => reader.training_stage === other.stage.name);
    if (stage === undefined || options.window < start_window || options.window >= end_window) return [];
    const sample = stage.sampleOf(stage.reader.shares.indexOf(source), options.window - start_window);
    if (sample === undefined) return [];
    return [{ training_stage: other.stage.name, step: stage.stepOf(sample), sample }];
  });
  // All windows of the store, whoever reads them.
  const whole = { ...share, start_window: 0, end_window: windows, windows };
  const store = run.layout.store;
  const told = { ...manifest, sources: { [source]: whole } };
  const reader = new NanotronReader(store, told, { weights: [[source, 1]] });
  const sequence = reader.sequence(0, options.window);
  return {
    source,
    sequence_length: manifest.stage.sequence_length,
    ...placedPieces(sequence, new RowsOf(run).of(source)),
    read_by,
  };
}

function chosenShare(
  manifests: readonly TrainingStageManifest[],
  { source, stage }: TraceWindowOptions,
): { readonly manifest: TrainingStageManifest; readonly source: string } {
  const stages = manifests.filter(({ stage: { name } }) => stage === undefined || name === stage);
  if (stages.length === 0) {
    const names = manifests.map(({ stage: { name } }) => name);
    const what = `there is no training stage ${stage}`;
    throw new RecipeError({ code: "flag/no-such-stage", what, fix: didYouMean(stage ?? "", names) });
  }
  const shares = [...new Set(stages.flatMap(({ sources }) => Object.keys(sources)))];
  const [only, another] = shares;
  const named = source ?? (another === undefined ? only : undefined);
  const manifest = stages.find(({ sources }) => named !== undefined && Object.hasOwn(sources, named));
  if (named !== undefined && manifest !== undefined) return { manifest, source: named };
  throw new RecipeError({
    code: "flag/source-needed",
    what:
      source === undefined ? "windows are numbered by source, and none is named" : `no stage reads a source ${source}`,
    fix: source === undefined ? `give --source: ${shares.join(", ")}` : didYouMean(source, shares),
  });
}
