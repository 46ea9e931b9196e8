/**
 * What a trainer has read of each source at any step, before it runs: the blend of every stage, jumped to.
 *
 * A trainer's run is consecutive training stages of one sequence length. In each the blend starts anew, and each source goes on where
 * earlier stages left it: tokens read // sequence_length. Invariant: counts are those of the trainer's own sample by sample rule.
 * Price: milliseconds a stage; memory for one number per source.
 */

import { addCount, entryAt, ownOf } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { counted } from "../batch/plural.ts";
import { blendAt, sampleOfTake } from "../kernels/blend/blend-jump.ts";

export interface ReplayTrainingStage {
  readonly name: string;
  readonly sequence_length: number;
  /** Budget of the stage. */
  readonly windows: number;
  /** In the order the trainer is given them: a tie goes to the first. Any positive sum. */
  readonly weights: readonly (readonly [source: string, weight: number])[];
  /** Sequences per training step. */
  readonly global_batch_size: number;
  /** Window of each source the stage starts at. Where absent, it goes on after the earlier stages. */
  readonly start_windows?: Readonly<Record<string, number>>;
  /** What there is of a source; one that is not here never runs out. */
  readonly capacities: Readonly<Record<string, SourceCapacity>>;
}

export interface SourceCapacity {
  /** Windows in one epoch, at the stage's sequence length. */
  readonly epoch_windows: number;
  /** Times it may be read, over all stages. */
  readonly max_epochs: number;
}

export interface ReplayedSource {
  readonly name: string;
  readonly weight_normalized: number;
  /** Windows read in this stage, and their trained tokens. */
  readonly windows: number;
  readonly tokens: number;
  /** `windows` as a share of the samples; what the trainer's rule came to. */
  readonly weight_achieved: number;
  readonly start_window: number;
  /** The window it reads next. */
  readonly next_window: number;
  /** Epochs that the stage has read of it by now, and those that it and the stages before have. */
  readonly epochs?: number;
  readonly epochs_total?: number;
  /** The stage's step at which it is asked for a window that is not there; absent where the source is large enough for the stage. */
  readonly runs_out_at_step?: number;
}

export interface Replay {
  readonly stage: string;
  /** Steps of this stage that are done, of `stage_steps`. */
  readonly step: number;
  readonly stage_steps: number;
  readonly samples: number;
  readonly sequence_length: number;
  readonly tokens: number;
  readonly sources: readonly ReplayedSource[];
}

/**
 * The stages a trainer has worked on after `step` steps (all of them where not given), the last one perhaps in part. `stage` counts steps from the start of that
 * stage; without it from the first stage, on through stages of its sequence length. Throws RecipeError `flag/no-such-stage`,
 * `flag/step-out-of-range`.
 */
export function replayTo(stages: readonly ReplayTrainingStage[], step?: number, stage?: string): readonly Replay[] {
  const first = stage === undefined ? 0 : stages.findIndex(({ name }) => name === stage);
  if (first < 0) {
    throw new RecipeError({
      code: "flag/no-such-stage",
      what: `there is no training stage ${stage}`,
      fix: `there are: ${stages.map(({ name }) => name).join(", ")}`,
    });
  }
  const run = stage === undefined ? trainerRun(stages) : stages.slice(first, first + 1);
  const total = run.reduce((sum, each) => sum + trainingSteps(each), 0);
  if (step !== undefined && step > total) throw stepOutOfRange(stages, run, step, total);
  const replays: Replay[] = [];
  let left = step ?? total;
  run.forEach((each, index) => {
    if (index > 0 && left === 0) return;
    const done = Math.min(left, trainingSteps(each));
    replays.push(replayStage(stages.slice(0, first + index), each, done));
    left -= done;
  });
  return replays;
}

/** Whole steps of a stage; the windows that do not fill one are not trained on. */
export function trainingSteps({ windows, global_batch_size }: ReplayTrainingStage): number {
  return Math.max(1, Math.floor(windows / global_batch_size));
}

function trainerRun(stages: readonly ReplayTrainingStage[]): readonly ReplayTrainingStage[] {
  const other = stages.findIndex(({ sequence_length }) => sequence_length !== stages[0]?.sequence_length);
  return other < 0 ? stages : stages.slice(0, other);
}

function replayStage(earlier: readonly ReplayTrainingStage[], stage: ReplayTrainingStage, step: number): Replay {
  const { sequence_length, weights } = stage;
  const shares = weights.map(([, weight]) => weight);
  const sum = shares.reduce((total, weight) => total + weight, 0);
  const samples = step * stage.global_batch_size;
  const taken = blendAt(shares, samples);
  const whole = blendAt(shares, trainingSteps(stage) * stage.global_batch_size);
  const starts = stage.start_windows ?? startWindows(earlier, sequence_length);
  const sources = weights.map(([name, weight], source): ReplayedSource => {
    const start = ownOf(starts, name) ?? 0;
    const windows = entryAt(taken, source, "source");
    const position = { start, next: start + windows, end: start + entryAt(whole, source, "source") };
    const capacity = ownOf(stage.capacities, name);
    return {
      name,
      weight_normalized: weight / sum,
      windows,
      tokens: windows * sequence_length,
      weight_achieved: samples === 0 ? 0 : windows / samples,
      start_window: start,
      next_window: position.next,
      ...(capacity === undefined
        ? {}
        : exhaustion(stage, source, capacity, { ...position, earlier: epochsRead(earlier, name) })),
    };
  });
  return {
    stage: stage.name,
    step,
    stage_steps: trainingSteps(stage),
    samples,
    sequence_length,
    tokens: samples * sequence_length,
    sources,
  };
}

/** `position` is where the source starts in the stage, where it is, where it will be when the stage is over, and the epochs read before. */
function exhaustion(
  { weights, global_batch_size }: ReplayTrainingStage,
  source: number,
  { epoch_windows, max_epochs }: SourceCapacity,
  position: { readonly start: number; readonly next: number; readonly end: number; readonly earlier: number },
): Pick<ReplayedSource, "epochs" | "epochs_total" | "runs_out_at_step"> {
  const epochs = epoch_windows === 0 ? 0 : (position.next - position.start) / epoch_windows;
  const read = { epochs, epochs_total: position.earlier + epochs };
  const limit = Math.floor(max_epochs * epoch_windows);
  if (position.end <= limit) return read;
  const left = Math.max(0, limit - position.start);
  const sample = sampleOfTake(
    weights.map(([, weight]) => weight),
    source,
    left,
  );
  return { ...read, runs_out_at_step: Math.floor(sample / global_batch_size) + 1 };
}

/** Epochs that earlier stages read of a source, each in its own windows. */
function epochsRead(earlier: readonly ReplayTrainingStage[], name: string): number {
  return earlier.reduce((sum, stage) => {
    const source = stage.weights.findIndex(([candidate]) => candidate === name);
    const windows = ownOf(stage.capacities, name)?.epoch_windows ?? 0;
    if (source < 0 || windows === 0) return sum;
    const shares = stage.weights.map(([, weight]) => weight);
    const samples = trainingSteps(stage) * stage.global_batch_size;
    return sum + entryAt(blendAt(shares, samples), source, "source") / windows;
  }, 0);
}

/** Where earlier stages left each source, by the trainer's rule: tokens read // sequence_length. */
function startWindows(earlier: readonly ReplayTrainingStage[], sequenceLength: number): Record<string, number> {
  const tokens: Record<string, number> = {};
  for (const stage of earlier) {
    const taken = blendAt(
      stage.weights.map(([, weight]) => weight),
      trainingSteps(stage) * stage.global_batch_size,
    );
    stage.weights.forEach(([name], source) => {
      addCount(tokens, name, entryAt(taken, source, "source") * stage.sequence_length);
    });
  }
  return Object.fromEntries(Object.entries(tokens).map(([name, count]) => [name, Math.floor(count / sequenceLength)]));
}

function stepOutOfRange(
  stages: readonly ReplayTrainingStage[],
  run: readonly ReplayTrainingStage[],
  step: number,
  total: number,
): RecipeError {
  const names = run.map(({ name }) => name).join(", ");
  const { global_batch_size } = entryAt(run, 0, "training stage");
  const next = stages[stages.indexOf(entryAt(run, run.length - 1, "training stage")) + 1];
  return new RecipeError({
    code: "flag/step-out-of-range",
    what: `step ${step.toLocaleString("en-US")} is beyond ${names}: ${counted(total, "step")} of ${counted(global_batch_size, "sequence")}`,
    ...(next === undefined
      ? {}
      : {
          why: "a trainer keeps one sequence length per run and counts from 1 in the next; a stage that is named is counted alone",
          fix: `count within a later stage: --stage ${next.name}`,
        }),
  });
}
