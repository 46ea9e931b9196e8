/**
 * Keeps the rows between two quantiles of a score, exactly.
 *
 * Invariant: rows are ordered by score and, where scores are equal, by address; the row of rank r of n stays where
 * min_quantile × n <= r < max_quantile × n, so ranges that meet share no row and leave none out. Rows that earlier stages dropped do not count. It is a
 * barrier: which rows stay is known when all have been read. Price: 12 bytes a row, as `filter/sample` with a count. Memory: rows are ordered in parts of what
 * matching may hold, but those whose scores agree in sign, exponent and the first four bits behind it are in one part: 20 bytes each.
 */
import { z } from "zod";
import { defineStage, selectBarrier } from "../define.ts";
import { drawsOfScore, scoreColumnOption, scoreScopeOption } from "../score-order.ts";

const options = z
  .strictObject({
    column: scoreColumnOption,
    min_quantile: z.number().min(0).lt(1).default(0).describe("from this quantile on: 0.9 keeps the best tenth"),
    max_quantile: z.number().gt(0).max(1).default(1).describe("below this quantile"),
    scope: scoreScopeOption,
    unscored: z
      .enum(["drop", "lowest"])
      .default("drop")
      .describe("rows without a score: dropped and in no quantile, or in order before all others"),
  })
  .refine(({ min_quantile, max_quantile }) => min_quantile < max_quantile, {
    error: "no row is in it: `min_quantile` must be below `max_quantile`",
    path: ["min_quantile"],
  })
  .refine(({ min_quantile, max_quantile }) => min_quantile > 0 || max_quantile < 1, {
    error: "keeps every row: give it `min_quantile` or `max_quantile`",
  });

export default defineStage({
  name: "filter/quantile",
  version: 1,
  kind: "barrier",
  summary: "Keeps the rows between two quantiles of a score within a source, exactly.",
  options,
  reads: ({ column }) => [column],
  writes: [],
  reasons: ({ unscored }) => ({
    out_of_quantile: "the row lies below `min_quantile` or not below `max_quantile`",
    ...(unscored === "drop" && { no_score: "the row has no score: the value is null or no finite number" }),
  }),
  exchange: ({ scope, min_quantile, max_quantile }) => {
    return { scope, verdict: "select", min_quantile, max_quantile, reason: "out_of_quantile" };
  },
  create: ({ column, unscored }) =>
    selectBarrier({ draw: drawsOfScore(column, unscored === "lowest"), keyless: "no_score" }),
  examples: [
    { columns: { score: 0.7 }, options: { column: "score", min_quantile: 0.4 }, keeps: true },
    { columns: { score: "4.5" }, options: { column: "score", max_quantile: 0.9 }, keeps: true },
    { columns: { meta: '{"score":2}' }, options: { column: "meta.score", min_quantile: 0.5 }, keeps: true },
    { columns: { score: null }, options: { column: "score", min_quantile: 0.4 }, drops: "no_score" },
    { columns: { score: "high" }, options: { column: "score", min_quantile: 0.4 }, drops: "no_score" },
    { columns: { score: null }, options: { column: "score", min_quantile: 0.4, unscored: "lowest" }, keeps: true },
  ],
});
