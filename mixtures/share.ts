/**
 * Shares of a whole number of windows, by largest remainder, with a cap on each.
 *
 * Invariant: without binding caps the counts add up to the total and each is the floor or the ceiling of its exact share; a cap passes what
 * it cuts off on to the others, by weight. Ties go to the demand listed first, so callers list demands in a fixed order.
 */

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
  const windows = [...wanted];
  const capped = new Set<number>();
  for (;;) {
    const over = windows.flatMap((count, i) => (count > demands[i].capacity && !capped.has(i) ? [i] : []));
    if (over.length === 0) return { windows, wanted };
    // Capping only raises what the others get, so a demand that is over its cap stays there.
    for (const i of over) {
      capped.add(i);
      windows[i] = demands[i].capacity;
    }
    const free = demands.map((_, i) => i).filter((i) => !capped.has(i) && demands[i].weight > 0);
    if (free.length === 0) return { windows, wanted };
    const left = total - [...capped].reduce((sum, i) => sum + windows[i], 0);
    const shares = largestRemainder(
      free.map((i) => demands[i].weight),
      left,
    );
    free.forEach((i, position) => {
      windows[i] = shares[position];
    });
  }
}

/** Whole numbers that add up to `total` and follow `weights`: floors, and one more for the largest remainders. */
function largestRemainder(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const exact = weights.map((weight) => (weight / sum) * total);
  const counts = exact.map(Math.floor);
  let missing = total - counts.reduce((all, count) => all + count, 0);
  const byRemainder = exact
    .map((_, i) => i)
    .filter((i) => weights[i] > 0)
    .sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]) || a - b);
  for (let next = 0; missing > 0; next = (next + 1) % byRemainder.length, missing--) counts[byRemainder[next]]++;
  return counts;
}
