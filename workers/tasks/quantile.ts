/**
 * Where the quantiles of a column of a token store lie: a marker that names the last document below each, so that packers choose documents one by one.
 *
 * Memory: the documents table of one shard, and what {@link findBorders} counts in, whatever the size of the store. Price: every documents table
 * is read five times.
 */
import { join } from "node:path";
import { entryAt } from "../../batch/entry.ts";
import { commitMarker } from "../../io/local/commit.ts";
import { damagedStore, readVouched } from "../../io/local/vouched.ts";
import { countedScores, type DocumentSelection, hasQuantiles } from "../../kernels/pack/select.ts";
import { findBorders, type ScoreBorder } from "../../kernels/quantiles.ts";
import { quantilesAt, sourceAt, type WindowsPlan } from "../../plan/plan.ts";
import { quantileFiles, tokenFiles } from "../../store/layout.ts";
import { readSealed, vouchers } from "../../store/marker.ts";
import { tableScoresAndTokens } from "../../store/shard-scores.ts";
import type { WorkerContext } from "../context.ts";
import { MarkerPlaces } from "../marker-places.ts";
import type { QuantileMarker, QuantileTask } from "../protocol.ts";

export function quantile(task: QuantileTask, { plan, layout }: WorkerContext): QuantileMarker {
  const { source, column, unscored, quantiles, fingerprint } = quantilesAt(plan, task.quantiles);
  const { name, tokens: store } = sourceAt(plan, source);
  const folder = layout.tokens(store);
  const { borders, totals } = findBorders(quantiles, task.shards, (shard) => {
    const table = tokenFiles.documents(shard, name);
    const bytes = readVouched(vouchers(folder, tokenFiles.shardMarker(shard))(table));
    const { scores, tokens } = tableScoresAndTokens(bytes, table, column);
    return { scores: countedScores(scores, unscored), tokens };
  });
  const marker: QuantileMarker = {
    files: [],
    ...totals,
    borders: quantiles.map((at, index) => ({ quantile: at, border: borders[index] ?? null })),
  };
  commitMarker(join(layout.quantiles(fingerprint), quantileFiles.marker), marker);
  return marker;
}

/** The selection of an entry of windows, its quantiles with what they come to in the store. Throws RunError `store/damaged`. */
export function foundSelection(entry: WindowsPlan, { plan, layout }: WorkerContext): DocumentSelection | undefined {
  const { selection, quantiles } = entry;
  const score = selection?.score;
  if (selection === undefined || score === undefined || quantiles === undefined || !hasQuantiles(score)) {
    return selection;
  }
  const { folder, name } = new MarkerPlaces(plan, layout).quantile(quantiles);
  const read = readSealed<QuantileMarker>(folder, name);
  if (read.state !== "done") {
    throw damagedStore({ folder, marker: name }, read.state === "absent" ? "is gone" : read.what);
  }
  const { borders } = read.marker;
  const borderAt = (at: number | undefined): ScoreBorder | null => {
    if (at === undefined) return null;
    const index = borders.findIndex(({ quantile: found }) => found === at);
    return entryAt(borders, index, "quantile").border;
  };
  return {
    ...selection,
    score: { ...score, borders: { min: borderAt(score.min_quantile), max: borderAt(score.max_quantile) } },
  };
}
