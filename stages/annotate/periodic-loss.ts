/**
 * Keeps what repeats with a short period out of training: the text stays as it is, and the loss lane skips it.
 *
 * Owns the column `loss_ranges`, which tokenizing turns into the loss lane. OLMo-core leaves out the whole window in
 * which a run lies; here it is the run, or the whole document (`mask: text`), because windows are made later.
 * Invariant: where an earlier stage said what is trained on (`narrow: true`), no more than that is. Price: that of the
 * search. It counts rows with repeats, and the bytes that are not trained on because of them.
 */
import { z } from "zod";
import { RangeListBuilder } from "../../batch/builder.ts";
import type { RangeListColumn } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import type { PeriodicRuns } from "../../kernels/quality/periodic.ts";
import { annotate, defineStage } from "../define.ts";
import { namesItsTokenizer, PeriodicText, periodicOptions, TOKENIZER_ERROR } from "../periodic-text.ts";

const options = z
  .strictObject({
    ...periodicOptions,
    mask: z
      .enum(["repeats", "text"])
      .default("repeats")
      .describe("what is not trained on: the `repeats` themselves, or the whole `text` that has some"),
    narrow: z
      .boolean()
      .default(false)
      .describe("take away from the `loss_ranges` that an earlier stage wrote; otherwise from the whole text"),
  })
  .refine(namesItsTokenizer, { error: TOKENIZER_ERROR })
  .refine(({ unit, mask }) => unit === "bytes" || mask === "text", {
    error: "repeats of tokens are no ranges of bytes: use `mask: text`, or `unit: bytes`",
    path: ["mask"],
  });

interface Counts {
  rows: number;
  rows_with_repeats: number;
  text_bytes: number;
  masked_bytes: number;
}

const NOTHING: Counts = { rows: 0, rows_with_repeats: 0, text_bytes: 0, masked_bytes: 0 };

function wholeText(bytes: number): number[] {
  return bytes === 0 ? [] : [0, bytes];
}

function rangesOf({ starts, ends, offsets }: RangeListColumn, row: number): number[] {
  const pairs: number[] = [];
  for (let i = int32At(offsets, row); i < int32At(offsets, row + 1); i++) {
    pairs.push(int32At(starts, i), int32At(ends, i));
  }
  return pairs;
}

/** Pairs of start and end of `trained` without the ranges of `runs`. */
function without(trained: readonly number[], runs: PeriodicRuns): number[] {
  const left: number[] = [];
  let next = 0;
  for (let i = 0; i + 1 < trained.length; i += 2) {
    let at = trained[i] ?? 0;
    const end = trained[i + 1] ?? 0;
    while (next < runs.count && int32At(runs.ends, next) <= at) next++;
    for (let run = next; run < runs.count && int32At(runs.starts, run) < end; run++) {
      if (int32At(runs.starts, run) > at) left.push(at, int32At(runs.starts, run));
      at = Math.max(at, int32At(runs.ends, run));
    }
    if (at < end) left.push(at, end);
  }
  return left;
}

function bytesOf(pairs: readonly number[]): number {
  return pairs.reduce((sum, at, i) => (i % 2 === 0 ? sum - at : sum + at), 0);
}

export default defineStage({
  name: "annotate/periodic-loss",
  version: 1,
  kind: "annotate",
  summary: "Trains on no part of a text that repeats something short many times in a row.",
  reference: "OLMo-core 3.0.0, instance filter (periods of 1 to 13 tokens, 32 times)",
  options,
  reads: ({ narrow }) => ["text", ...(narrow ? ["loss_ranges"] : [])],
  writes: [{ name: "loss_ranges", kind: "range_list" }],
  reasons: {},
  create: (given, { assets }) => {
    const texts = new PeriodicText(given, assets);
    let counts = { ...NOTHING };
    return annotate(
      (batch) => {
        const { text, rows } = batch;
        const before = given.narrow ? batch.ranges("loss_ranges") : undefined;
        const ranges = new RangeListBuilder();
        let open = 0;
        texts.each(batch, (row, { runs }) => {
          for (; open < row; open++) ranges.endRow();
          const bytes = int32At(text.offsets, row + 1) - int32At(text.offsets, row);
          const trained = before === undefined ? wholeText(bytes) : rangesOf(before, row);
          const left = runs.count === 0 ? trained : given.mask === "text" ? [] : without(trained, runs);
          ranges.append(left);
          counts.rows++;
          counts.text_bytes += bytes;
          counts.masked_bytes += bytesOf(trained) - bytesOf(left);
          if (runs.count > 0) counts.rows_with_repeats++;
        });
        for (; open < rows; open++) ranges.endRow();
        return new Map([["loss_ranges", ranges.finish()]]);
      },
      {
        finish: () => {
          const state = { ...counts };
          counts = { ...NOTHING };
          return state;
        },
      },
    );
  },
  merge: (states) => {
    const sum = { ...NOTHING };
    for (const state of states as unknown as readonly Counts[]) {
      sum.rows += state.rows;
      sum.rows_with_repeats += state.rows_with_repeats;
      sum.text_bytes += state.text_bytes;
      sum.masked_bytes += state.masked_bytes;
    }
    return sum;
  },
  examples: [
    { text: `Now: ${"=".repeat(40)} end.`, writes: { loss_ranges: [0, 5, 45, 50] } },
    { text: `Now: ${"=".repeat(40)} end.`, options: { mask: "text" }, writes: { loss_ranges: [] } },
    { text: "Nothing repeats.", writes: { loss_ranges: [0, 16] } },
    {
      text: " the".repeat(32),
      options: { unit: "tokens", encoding: "gpt2", mask: "text" },
      writes: { loss_ranges: [] },
    },
  ],
});
