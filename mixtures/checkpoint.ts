/**
 * Where a nanotron checkpoint says its run stands in each dataset folder, and where the next stage then starts.
 *
 * `checkpoint_metadata.json` holds, per data stage, the tokens consumed of each folder. A new stage starts in a folder at the sum over earlier
 * stages // sequence_length, and finds it by the path as it is written: another spelling starts at 0. Invariant: nothing of the file is
 * guessed; a folder that no source is known for is an error. Price: none.
 */
import { z } from "zod";
import { entryAt } from "../batch/entry.ts";
import { DataError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import { blendAt } from "../kernels/blend/blend-jump.ts";

const count = z.int().nonnegative();

/** Only what is read here; the file holds more. */
const checkpointShape = z.object({
  metas: z.object({
    last_train_step: count,
    data_stages: z
      .array(
        z.object({
          name: z.string(),
          start_training_step: count,
          consumed_train_samples: count,
          sequence_length: count.nullish(),
          consumed_tokens_per_dataset_folder: z.record(z.string(), count),
        }),
      )
      .min(1),
  }),
});

/** What nanotron takes a stage without a sequence length to have. */
const DEFAULT_SEQUENCE_LENGTH = 4096;

export interface Checkpoint {
  readonly last_train_step: number;
  readonly stages: readonly {
    readonly name: string;
    readonly sequence_length: number;
    readonly samples: number;
    /** By folder, as the trainer spells it. */
    readonly consumed_tokens: Readonly<Record<string, number>>;
  }[];
}

/** Reads the text of a checkpoint's metadata. Throws DataError `data/bad-checkpoint`; `name` is for the message. */
export function readCheckpoint(text: string, name: string): Checkpoint {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badCheckpoint(name, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = checkpointShape.safeParse(value);
  if (!parsed.success) {
    const { path, message } = entryAt(parsed.error.issues, 0, "issue");
    throw badCheckpoint(name, `${path.join(".")}: ${message}`);
  }
  const { last_train_step, data_stages } = parsed.data.metas;
  const stages = data_stages.map((stage) => ({
    name: stage.name,
    sequence_length: stage.sequence_length ?? DEFAULT_SEQUENCE_LENGTH,
    samples: stage.consumed_train_samples,
    consumed_tokens: stage.consumed_tokens_per_dataset_folder,
  }));
  for (const stage of stages) {
    const tokens = Object.values(stage.consumed_tokens).reduce((sum, consumed) => sum + consumed, 0);
    if (tokens === stage.samples * stage.sequence_length) continue;
    throw badCheckpoint(
      name,
      `stage ${stage.name} counts ${stage.samples} samples of ${stage.sequence_length} tokens, but ${tokens} tokens over its folders`,
    );
  }
  return { last_train_step, stages };
}

function badCheckpoint(name: string, what: string): DataError {
  return new DataError({
    code: "data/bad-checkpoint",
    what: `${name} is not the metadata of a nanotron checkpoint that counts consumption: ${what}`,
    fix: "name the file checkpoint_metadata.json of a checkpoint",
  });
}

/** Tokens of a folder consumed in all stages of the checkpoint. */
export function consumedTokens(checkpoint: Checkpoint): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { consumed_tokens } of checkpoint.stages) {
    for (const [folder, tokens] of Object.entries(consumed_tokens)) sums.set(folder, (sums.get(folder) ?? 0) + tokens);
  }
  return sums;
}

/**
 * Tokens the trainer books for each source of a stage, by its own count: samples `[first, first + samples)` of the stage's blend, `first`
 * being the samples of all earlier stages, although it reads the blend from its start. Off by a few samples per source for that.
 */
export function bookedTokens(
  weights: readonly number[],
  first: number,
  samples: number,
  sequenceLength: number,
): readonly number[] {
  const before = blendAt(weights, first);
  return [...blendAt(weights, first + samples)].map(
    (taken, source) => (taken - entryAt(before, source, "source")) * sequenceLength,
  );
}

/** A folder the trainer reads and what of its source lies in it. */
export interface KnownFolder {
  /** Last part of the folder's path. */
  readonly name: string;
  readonly source: string;
  readonly sequence_length: number;
  /** The window of the source the folder begins with. */
  readonly start_window: number;
}

/** How far a source has been read: the next window at its folder's sequence length. */
export interface Reached extends KnownFolder {
  /** The folder as the trainer spells it. */
  readonly folder: string;
  readonly consumed_tokens: number;
  readonly next_window: number;
}

/**
 * The window each folder of the checkpoint goes on at. Folders are known by the last part of their path. Throws DataError
 * `data/unknown-folder` for one that is not.
 */
export function reachedWindows(checkpoint: Checkpoint, folders: readonly KnownFolder[]): readonly Reached[] {
  return [...consumedTokens(checkpoint)].map(([folder, tokens]) => {
    const name = folder.replace(/\/+$/, "").split("/").at(-1) ?? "";
    const known = folders.find((candidate) => candidate.name === name);
    if (known === undefined) {
      throw new DataError({
        code: "data/unknown-folder",
        what: `the checkpoint has read ${tokens.toLocaleString("en-US")} tokens of ${folder}, which no source is known for`,
        why: "without its source nothing says which windows have been read",
        fix: didYouMean(
          name,
          folders.map((candidate) => candidate.name),
        ),
      });
    }
    const next_window = known.start_window + Math.floor(tokens / known.sequence_length);
    return { ...known, folder, consumed_tokens: tokens, next_window };
  });
}
