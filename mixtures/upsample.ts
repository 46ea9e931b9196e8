/**
 * Quality-aware upsampling: how often each quantile bin of a source is read, so that better bins are read more often and the whole gives the
 * tokens that the source's weight asks for.
 *
 * A bin at height u of those that are kept (0 the lowest, 1 the best) is read in proportion to the mean of `u ^ exponent` over it. Without an
 * `exponent` it is the one at which the best bin is read `max_repeats` times. Invariant: repeats never fall from a bin to a better one, none
 * is above `max_repeats`, and repeats × tokens of all bins add up to the budget. Price: microseconds.
 */
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";

export interface Upsampling {
  /** Numeric column of the source. */
  readonly column: string;
  /** Of equal tokens. */
  readonly bins: number;
  /** Share of the tokens, those with the lowest scores, that is never read. */
  readonly drop_below: number;
  /** Times the best bin is read, and no bin more often. */
  readonly max_repeats: number;
  /** Of the curve; found by the budget where absent. */
  readonly exponent?: number | undefined;
  /** As in a selection by score. */
  readonly unscored?: "lowest" | undefined;
}

/** Beyond it only the best bin has a share that matters. */
const STEEPEST = 1e4;
const HALVINGS = 200;

/** Bins that are read, lowest first. */
export function keptBins({ bins, drop_below }: Pick<Upsampling, "bins" | "drop_below">): readonly number[] {
  const first = Math.round(bins * drop_below);
  return Array.from({ length: bins - first }, (_, index) => first + index);
}

/** Documents of a bin. Neighbours name their common border by the same number. */
export function binSelection({ column, bins, unscored }: Upsampling, bin: number): Pick<DocumentSelection, "score"> {
  return {
    score: {
      column,
      ...(unscored === undefined ? {} : { unscored }),
      min_quantile: bin / bins,
      max_quantile: (bin + 1) / bins,
    },
  };
}

/**
 * Times each kept bin is read, lowest first. `tokens` are those of the bins, `budget` what all are to give. A budget that the best bin alone can
 * give takes all of it from there, unless there is an `exponent`. Throws RecipeError `recipe/upsample-exhausted` where all bins at `max_repeats` give less.
 */
export function upsamplingRepeats(
  tokens: readonly number[],
  budget: number,
  { max_repeats, exponent }: Pick<Upsampling, "max_repeats" | "exponent">,
  source: string,
): readonly number[] {
  const most = max_repeats * sumOf(tokens);
  // Tokens of a budget and of whole windows differ by less than this.
  if (budget > most * (1 + 1e-9)) throw exhausted(source, budget, most, max_repeats);
  return exponent === undefined
    ? solved(tokens, budget, max_repeats)
    : capped(tokens, heights(tokens.length, exponent), budget, max_repeats);
}

/** The mean of `u ^ exponent` over each of `bins` bins, as a part of that of the best one. */
function heights(bins: number, exponent: number): readonly number[] {
  const under = (u: number): number => u ** (exponent + 1);
  const best = 1 - under((bins - 1) / bins);
  return Array.from({ length: bins }, (_, bin) => (under((bin + 1) / bins) - under(bin / bins)) / best);
}

function solved(tokens: readonly number[], budget: number, maxRepeats: number): readonly number[] {
  const best = tokens.findLastIndex((count) => count > 0);
  const bestTokens = best < 0 ? 0 : entryAt(tokens, best, "bin");
  // Bins above the best one that has documents are empty, so the curve ends there.
  const given = (exponent: number): readonly number[] => {
    const part = heights(best + 1, exponent);
    return tokens.map((_, bin) => (bin > best ? maxRepeats : maxRepeats * entryAt(part, bin, "bin")));
  };
  if (budget <= maxRepeats * bestTokens) {
    return tokens.map((_, bin) => (bin < best ? 0 : budget / Math.max(1, bestTokens)));
  }
  let [gentle, steep] = [0, STEEPEST];
  for (let step = 0; step < HALVINGS && steep - gentle > Number.EPSILON * steep; step++) {
    const middle = (gentle + steep) / 2;
    if (taken(tokens, given(middle)) > budget) gentle = middle;
    else steep = middle;
  }
  return toBudget(tokens, given(gentle), budget, maxRepeats);
}

/** What rounding has left: repeats below the cap by one factor. */
function toBudget(
  tokens: readonly number[],
  repeats: readonly number[],
  budget: number,
  maxRepeats: number,
): readonly number[] {
  const factor = budget / taken(tokens, repeats);
  return repeats.map((times) => Math.min(maxRepeats, times * factor));
}

/** Repeats in proportion to `heights`, none above the cap; what the cap cuts off goes to the other bins, in proportion. */
function capped(
  tokens: readonly number[],
  part: readonly number[],
  budget: number,
  maxRepeats: number,
): readonly number[] {
  let at = tokens.length;
  let left = budget;
  // Heights rise, so the bins at the cap are the last ones.
  for (;;) {
    const free = tokens.slice(0, at).reduce((sum, count, bin) => sum + count * entryAt(part, bin, "bin"), 0);
    const factor = free === 0 ? 0 : left / free;
    if (at === 0 || entryAt(part, at - 1, "bin") * factor <= maxRepeats) {
      return tokens.map((_, bin) => (bin < at ? factor * entryAt(part, bin, "bin") : maxRepeats));
    }
    at--;
    left -= maxRepeats * entryAt(tokens, at, "bin");
  }
}

function taken(tokens: readonly number[], repeats: readonly number[]): number {
  return tokens.reduce((sum, count, bin) => sum + count * entryAt(repeats, bin, "bin"), 0);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function exhausted(source: string, budget: number, most: number, maxRepeats: number): RecipeError {
  const count = (tokens: number): string => Math.round(tokens).toLocaleString("en-US");
  return new RecipeError({
    code: "recipe/upsample-exhausted",
    what: `${source} is asked for ${count(budget)} tokens, and its bins give ${count(most)} when each is read ${maxRepeats} times`,
    why: "no bin is read more often than `max_repeats`",
    fix: "lower the weight or the stage's tokens, raise `max_repeats`, lower `drop_below`, or add data",
  });
}
