/** Options that TRL's packers share. */
import { z } from "zod";

export const mapBatchShape = {
  batch_rows: z
    .int()
    .min(1)
    .default(1000)
    .describe("rows that are packed together, as `map` hands them over: nothing crosses a batch"),
  num_proc: z
    .int()
    .min(1)
    .default(1)
    .describe("TRL's `dataset_num_proc`: contiguous parts that batches are cut from; it changes the packed rows"),
} as const;
