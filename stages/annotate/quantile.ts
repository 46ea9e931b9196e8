/**
 * Says in which quantile bin of a score a row is, exactly, as a column.
 *
 * Invariant: of n rows in order of their scores and, where these are equal, of their addresses, bin b of B has the rows of rank r with
 * n × b / B <= r < n × (b + 1) / B: those that `filter/quantile` keeps between b / B and (b + 1) / B. Nothing is taken away. The bin is known when all rows
 * have been read: stages of the pipeline do not see it, tables, mixtures and outputs do. Price: that of `filter/quantile`.
 */
import { z } from "zod";
import { defineStage, rankBarrier } from "../define.ts";
import { newColumnOption } from "../new-column.ts";
import { drawsOfScore, scoreColumnOption, scoreScopeOption } from "../score-order.ts";

export default defineStage({
  name: "annotate/quantile",
  version: 1,
  kind: "barrier",
  summary: "Says in which quantile bin of a score within a source a row is, exactly, as a column.",
  reference: "Dolma 3's vigintiles of quality are `bins: 20`",
  options: z.strictObject({
    column: scoreColumnOption,
    bins: z.int().min(2).max(10_000).default(20).describe("bins of equally many rows, from 0, the lowest scores, on"),
    column_of_bins: newColumnOption
      .default("quantile_bin")
      .describe("column for the bin; null where a row has no score"),
    scope: scoreScopeOption,
    unscored: z
      .enum(["none", "lowest"])
      .default("none")
      .describe("rows without a score: in no bin and not counted, or in order before all others"),
  }),
  reads: ({ column }) => [column],
  writes: [],
  reasons: {},
  exchange: ({ scope, bins, column_of_bins }) => ({ scope, verdict: "rank", bins, column: column_of_bins }),
  create: ({ column, unscored }) => rankBarrier(drawsOfScore(column, unscored === "lowest")),
  examples: [
    { columns: { score: 0.7 }, options: { column: "score" }, keeps: true },
    { columns: { meta: '{"score":2}' }, options: { column: "meta.score", bins: 10 }, keeps: true },
    { columns: { score: null }, options: { column: "score" }, keeps: true },
  ],
});
