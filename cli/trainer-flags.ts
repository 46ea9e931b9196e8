/** Flags that say what a trainer was told, for verbs that follow its order. */
import type { TrainerOptions } from "../index.ts";
import { numberFlag, textFlag } from "./flags.ts";

export interface TrainerFlags {
  readonly trainer: string;
  readonly globalBatchSize?: number;
  readonly dataParallel?: number;
  readonly microBatchSize?: number;
  readonly seed?: number;
  readonly trainSamples?: number;
  readonly split?: string;
}

export const trainerFlags = {
  trainer: { kind: "parsed", parse: String, default: "nanotron", placeholder: "name", brief: "nanotron or megatron" },
  globalBatchSize: numberFlag(
    "global-batch-size",
    1,
    "sequences per training step; from the recipe's tokens_per_step when absent, else 1",
  ),
  dataParallel: numberFlag("data-parallel", 1, "ranks that share a step: says which one reads a sequence"),
  microBatchSize: numberFlag(
    "micro-batch-size",
    1,
    "sequences that a rank takes at once; its share of a step when absent",
  ),
  seed: numberFlag("seed", 0, "Megatron's --seed; 1234 when absent"),
  trainSamples: numberFlag("train-samples", 1, "samples that Megatron is to train on in the stage; all when absent"),
  split: textFlag("99,1,0", "Megatron's --split, of which training reads the first part; all when absent"),
} as const;

/** What a trainer was told, of the flags that say so. */
export function trainerOptions(flags: TrainerFlags): TrainerOptions {
  const { trainer, globalBatchSize, dataParallel, microBatchSize, seed, trainSamples, split } = flags;
  return {
    trainer,
    ...(globalBatchSize === undefined ? {} : { global_batch_size: globalBatchSize }),
    ...(dataParallel === undefined ? {} : { data_parallel: dataParallel }),
    ...(microBatchSize === undefined ? {} : { micro_batch_size: microBatchSize }),
    ...(seed === undefined ? {} : { seed }),
    ...(trainSamples === undefined ? {} : { train_samples: trainSamples }),
    ...(split === undefined ? {} : { split }),
  };
}
