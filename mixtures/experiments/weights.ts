/**
 * Weights as they leave this place: whole millionths that add up to 1 in every training stage, none above its cap.
 *
 * Logarithms may differ in their last bit between versions of a runtime, and a millionth is far above what comes of that: so recipes and
 * manifests are the same on every machine. Invariant: rounding moves no weight by more than a millionth. Price: one sort a stage.
 */
import { entryAt } from "../../batch/entry.ts";
import type { Bounds } from "../../kernels/fit/bounds.ts";
import { shareWindows } from "../share.ts";

const UNITS = 1e6;
/** Digits of figures that are not weights: losses and their kin. */
const DIGITS = 9;

/** Shares in the order of the columns, rounded by largest remainder. */
export function roundWeights(
  shares: Float64Array,
  { stages, caps }: Pick<Bounds, "stages" | "caps">,
): readonly number[] {
  const rounded = Array.from(shares, () => 0);
  for (const columns of stages) {
    const sum = columns.reduce((all, k) => all + entryAt(shares, k, "share"), 0);
    const demands = columns.map((k) => ({
      name: String(k),
      weight: entryAt(shares, k, "share") / sum,
      // A cap that is a whole number of millionths is not lost to its own rounding.
      capacity: Math.floor(Math.min(1, entryAt(caps, k, "cap")) * UNITS + 1e-6),
    }));
    const { windows, wanted } = shareWindows(demands, UNITS);
    // Where caps leave exactly one mixture, their floors do not add up to 1.
    const isWhole = windows.reduce((all, count) => all + count, 0) === UNITS;
    for (const [i, k] of columns.entries()) rounded[k] = entryAt(isWhole ? windows : wanted, i, "weight") / UNITS;
  }
  return rounded;
}

/** A figure that is the same on every machine. */
export function roundFigure(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

export function weightsByColumn(
  columns: readonly string[],
  weights: ArrayLike<number>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(columns.map((column, k) => [column, entryAt(weights, k, "weight")]));
}
