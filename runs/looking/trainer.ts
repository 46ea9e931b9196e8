/**
 * A run as one trainer trains on it: its stages with their readers and batches, which step a sample is of, which rank reads it.
 *
 * Steps count from 1: step n reads samples (n - 1) · B to n · B of its stage. nanotron deals samples to ranks in turns (torch's
 * DistributedSampler), Megatron in runs of a micro-batch. Invariant: steps are those of {@link replayTo}.
 */
import { entryAt } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import { argmaxError, normalizeWeights } from "../../kernels/blend/blend.ts";
import { blendAt, sampleOfTake } from "../../kernels/blend/blend-jump.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { type ReplayTrainingStage, replayTo, trainingSteps } from "../../mixtures/replay.ts";
import { documentStages } from "../export-documents.ts";
import { replayedStages } from "../replay.ts";
import { runManifests } from "../run-manifests.ts";
import type { OpenRun } from "../status.ts";
import { MegatronReader, trainRatio } from "./megatron-reader.ts";
import { NanotronReader } from "./nanotron-reader.ts";
import type { StageReader } from "./stage-reader.ts";

/** Trainers whose order is known. */
export const TRACED_TRAINERS = ["nanotron", "megatron"] as const;
export type TracedTrainer = (typeof TRACED_TRAINERS)[number];

export interface TrainerOptions {
  /** `nanotron` where absent. */
  readonly trainer?: string;
  /** Sequences a step; else the recipe's `tokens_per_step`, else 1. */
  readonly global_batch_size?: number;
  /** Ranks that share a step. */
  readonly data_parallel?: number;
  /** Sequences that a rank takes at once; all of its share of a step where absent. */
  readonly micro_batch_size?: number;
  /** Megatron's `--seed`; 1234 where absent, as there. */
  readonly seed?: number;
  /** Samples that Megatron is told to train on in the stage; all that the stage has where absent. */
  readonly train_samples?: number;
  /** Megatron's `--split`, of which training reads the first part; all documents where absent. */
  readonly split?: string;
}

/** A sample of a stage: the `turn`-th sequence of a share. */
export interface TrainedSample {
  /** From the start of the stage, from 0. */
  readonly sample: number;
  /** Position among the shares of the reader. */
  readonly share: number;
  readonly turn: number;
}

export interface RankPlace {
  readonly rank: number;
  readonly micro_batch: number;
}

/** A step of a stage, from 1. */
export interface StagePlace {
  readonly stage: TrainedStage;
  readonly step: number;
}

export class TrainedStage {
  readonly reader: StageReader;
  readonly global_batch_size: number;
  /** Whole steps; samples that do not fill one are not trained on. */
  readonly steps: number;
  readonly #shares: Float64Array;

  constructor(reader: StageReader, stage: ReplayTrainingStage) {
    this.reader = reader;
    this.global_batch_size = stage.global_batch_size;
    this.steps = trainingSteps(stage);
    this.#shares = normalizeWeights(reader.weights);
  }

  /** The samples of step `step`. */
  samples(step: number): readonly TrainedSample[] {
    const first = (step - 1) * this.global_batch_size;
    const taken = blendAt(this.reader.weights, first);
    return Array.from({ length: this.global_batch_size }, (_, position) => {
      const share = argmaxError(this.#shares, taken, first + position);
      const turn = taken[share] ?? 0;
      taken[share] = turn + 1;
      return { sample: first + position, share, turn };
    });
  }

  /** The sample that is turn `turn` of a share; undefined where the stage ends before it. */
  sampleOf(share: number, turn: number): number | undefined {
    const sample = sampleOfTake(this.reader.weights, share, turn);
    return sample < this.steps * this.global_batch_size ? sample : undefined;
  }

  stepOf(sample: number): number {
    return Math.floor(sample / this.global_batch_size) + 1;
  }
}

export class TrainedRun {
  readonly trainer: TracedTrainer;
  readonly stages: readonly TrainedStage[];
  readonly #replayed: readonly ReplayTrainingStage[];
  readonly #options: TrainerOptions;

  private constructor(
    trainer: TracedTrainer,
    replayed: readonly ReplayTrainingStage[],
    stages: readonly TrainedStage[],
    options: TrainerOptions,
  ) {
    this.trainer = trainer;
    this.stages = stages;
    this.#replayed = replayed;
    this.#options = options;
  }

  /** Throws RecipeError `flag/no-such-trainer`, `flag/bad-batch`, `flag/bad-split`, and what {@link runManifests} throws. */
  static async open(run: OpenRun, options: TrainerOptions): Promise<TrainedRun> {
    return TrainedRun.of(run, await runManifests(run), options);
  }

  static of(run: OpenRun, manifests: readonly TrainingStageManifest[], options: TrainerOptions): TrainedRun {
    const trainer = chosenTrainer(options.trainer ?? "nanotron");
    const replayed = replayedStages(run, manifests, options.global_batch_size);
    for (const stage of replayed) checkBatch(stage, options);
    const readers = trainer === "nanotron" ? windowReaders : documentReaders;
    const stages = readers(run, manifests, replayed, options).map(
      (reader, index) => new TrainedStage(reader, entryAt(replayed, index, "training stage")),
    );
    return new TrainedRun(trainer, replayed, stages, options);
  }

  /** Where step `step` lies, counted as {@link replayTo} counts. Throws what that throws. */
  place(step: number, stage?: string): StagePlace {
    const replay = replayTo(this.#replayed, step, stage).at(-1);
    const found = this.stages.find(({ reader }) => reader.training_stage === replay?.stage);
    if (replay === undefined || found === undefined) throw new Error(`no training stage has step ${step}`);
    return { stage: found, step: replay.step };
  }

  /** Which rank reads a sample; undefined where nobody said how many there are. */
  rankOf({ global_batch_size }: TrainedStage, sample: number): RankPlace | undefined {
    const { data_parallel, micro_batch_size } = this.#options;
    if (data_parallel === undefined) return undefined;
    const micro = micro_batch_size ?? global_batch_size / data_parallel;
    const inStep = sample % global_batch_size;
    if (this.trainer === "nanotron") {
      const turn = Math.floor(inStep / data_parallel);
      return { rank: inStep % data_parallel, micro_batch: Math.floor(turn / micro) };
    }
    return {
      rank: Math.floor((inStep % (micro * data_parallel)) / micro),
      micro_batch: Math.floor(inStep / (micro * data_parallel)),
    };
  }
}

function windowReaders(
  { layout }: OpenRun,
  manifests: readonly TrainingStageManifest[],
  replayed: readonly ReplayTrainingStage[],
): readonly StageReader[] {
  return manifests.map(
    (manifest, index) => new NanotronReader(layout.store, manifest, entryAt(replayed, index, "training stage")),
  );
}

function documentReaders(
  { plan, layout }: OpenRun,
  manifests: readonly TrainingStageManifest[],
  replayed: readonly ReplayTrainingStage[],
  { seed = 1234, train_samples, split }: TrainerOptions,
): readonly StageReader[] {
  const train_ratio = split === undefined ? 1 : trainRatio(split);
  if (train_ratio === undefined || train_ratio === 0) {
    const what = `--split ${split} leaves nothing for training`;
    throw new RecipeError({ code: "flag/bad-split", what, fix: "write it as Megatron takes it: 99,1,0" });
  }
  const { stages } = documentStages(manifests, layout.store, plan.recipe.limits.max_epochs);
  return stages.map((stage, index) => {
    const replay = entryAt(replayed, index, "training stage");
    const whole = trainingSteps(replay) * replay.global_batch_size;
    return new MegatronReader(stage, { seed, train_samples: train_samples ?? whole, train_ratio });
  });
}

function chosenTrainer(name: string): TracedTrainer {
  const found = TRACED_TRAINERS.find((trainer) => trainer === name);
  if (found !== undefined) return found;
  throw new RecipeError({
    code: "flag/no-such-trainer",
    what: `the order in which ${name} reads is not known`,
    why: "a step can be traced where the trainer's order follows from its data and settings alone",
    fix: didYouMean(name, TRACED_TRAINERS),
  });
}

function checkBatch({ global_batch_size }: ReplayTrainingStage, options: TrainerOptions): void {
  const { data_parallel = 1, micro_batch_size = global_batch_size / data_parallel } = options;
  if (Number.isInteger(global_batch_size / (data_parallel * micro_batch_size))) return;
  throw new RecipeError({
    code: "flag/bad-batch",
    what: `a step of ${global_batch_size} sequences is not dealt evenly to ${data_parallel} ranks in micro-batches of ${micro_batch_size}`,
    fix: "give --global-batch-size, --data-parallel and --micro-batch-size as the trainer has them",
  });
}
