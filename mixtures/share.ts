/**
 * Shares of a whole number of windows, by largest remainder, with a cap on each.
 *
 * Invariant: without binding caps the counts add up to the total and each is the floor or the ceiling of its exact share; a cap passes what
 * it cuts off on to the others, by weight. Ties go to the demand listed first, so callers list demands in a fixed order.
 */
import { entryAt } from "../batch/entry.ts";

export interface Demand {
  readonly name: string;
  /** Share of the total; the weights of all demands add up to 1. */
  readonly weight: number;
  /** Windows it can give. */
  readonly capacity: number;
}

export interface Shares {
  /** Windows of each demand; they add up to the total unless every cap binds. */
  readonly windows: readonly number[];
  /** What each would get if there were no caps. */
  readonly wanted: readonly number[];
}

export function shareWindows(demands: readonly Demand[], total: number): Shares {
  const wanted = largestRemainder(
    demands.map((demand) => demand.weight),
    total,
  );
  const given = demands.map(({ weight, capacity }, i) => {
    return { weight, capacity, windows: entryAt(wanted, i, "demand"), isCapped: false };
  });
  for (;;) {
    const over = given.filter(({ windows, capacity, isCapped }) => windows > capacity && !isCapped);
    // Capping only raises what the others get, so a demand that is over its cap stays there.
    for (const share of over) {
      share.isCapped = true;
      share.windows = share.capacity;
    }
    const free = given.filter(({ isCapped, weight }) => !isCapped && weight > 0);
    if (over.length === 0 || free.length === 0) return { windows: given.map(({ windows }) => windows), wanted };
    const left = given.reduce((rest, { isCapped, windows }) => (isCapped ? rest - windows : rest), total);
    const shares = largestRemainder(
      free.map(({ weight }) => weight),
      left,
    );
    free.forEach((share, position) => {
      share.windows = entryAt(shares, position, "share");
    });
  }
}

/** Whole numbers that add up to `total` and follow `weights`: floors, and one more for the largest remainders. */
function largestRemainder(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const shares = weights.map((weight) => {
    const exact = (weight / sum) * total;
    return { weight, exact, count: Math.floor(exact) };
  });
  let missing = total - shares.reduce((all, { count }) => all + count, 0);
  // Sorting is stable, so the first of equal remainders comes first.
  const byRemainder = shares.filter(({ weight }) => weight > 0).sort((a, b) => b.exact - b.count - (a.exact - a.count));
  for (let next = 0; missing > 0; next = (next + 1) % byRemainder.length, missing--) {
    entryAt(byRemainder, next, "share").count++;
  }
  return shares.map(({ count }) => count);
}
