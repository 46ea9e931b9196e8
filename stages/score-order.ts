/**
 * Rows in the order of a score, for barriers that select or rank.
 *
 * Invariant: keys order as scores do, below zero too, and a row without a score has none, or one before all. Price: a look at one cell a row.
 */
import { z } from "zod";
import { parseJsonNumber } from "../kernels/json/json-number.ts";
import { writeScoreKey } from "../kernels/quantiles.ts";
import { type Cells, ColumnPath } from "./cells.ts";
import type { RankBarrierOperator } from "./define.ts";

export const scoreColumnOption = z
  .string()
  .min(1)
  .describe("the score: a numeric column, or a path into a JSON one: `metadata.score`");

export const scoreScopeOption = z
  .enum(["source", "pipeline"])
  .default("source")
  .describe("rows that are ordered together: those of one `source`, or of every source that uses the `pipeline`");

/** Gives the keys of rows by the score in `column`; with `unscoredFirst` rows without one come before all, else they have no key. */
export function drawsOfScore(column: string, unscoredFirst: boolean): RankBarrierOperator["draw"] {
  const path = new ColumnPath(column);
  return (batch) => {
    const cells = path.of(batch);
    return (row, out) => {
      const score = scoreOf(cells, row);
      if (Number.isFinite(score)) writeScoreKey(score, out);
      else if (unscoredFirst) out.fill(0);
      else return false;
      return true;
    };
  };
}

function scoreOf(cells: Cells, row: number): number {
  const kind = cells.read(row);
  if (kind === "number") return Number(cells.number);
  if (kind !== "text") return Number.NaN;
  return Number(parseJsonNumber(cells.bytes, cells.start, cells.end) ?? Number.NaN);
}
