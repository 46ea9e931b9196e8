/**
 * How far a mixture can be from the best one within its bounds, proven from its gradient alone.
 *
 * A convex F is nowhere below its tangent, so F(x) − F(best) ≤ g · x − min over y of g · y. The least of a linear function is found by filling each
 * training stage with its cheapest sources up to their caps. Limits across stages enter by prices, which make the bound true whatever they are
 * and tight where they are right. Invariant: never below the true distance, rounding aside. Price: one sort a stage.
 */
import type { Bounds, SharedLimit } from "./bounds.ts";

const NEAR = 1e-9;

/** `gradient` is that of the whole F; shares whose prior is 0 must be 0. */
export function optimalityGap(
  shares: Float64Array,
  gradient: Float64Array,
  prior: Float64Array,
  bounds: Bounds,
): number {
  const { stages, shared } = bounds;
  const costs = gradient.slice();
  let least = 0;
  const levels = stages.map((columns) => levelOf(shares, gradient, columns, bounds));
  for (const limit of shared) {
    const price = limitPrice(limit, shares, gradient, bounds, levels);
    for (const [j, k] of limit.columns.entries()) costs[k] += price * limit.factors[j];
    least -= price * limit.limit;
  }
  for (const columns of stages) least += cheapest(costs, columns, prior, bounds.caps);
  let reached = 0;
  for (let k = 0; k < shares.length; k++) reached += gradient[k] * shares[k];
  return Math.max(0, reached - least);
}

/** The mean gradient of a stage's shares that no cap or limit holds, by share: at the optimum it is the same for all. */
function levelOf(shares: Float64Array, gradient: Float64Array, columns: readonly number[], bounds: Bounds): number {
  let sum = 0;
  let weight = 0;
  for (const k of columns) {
    if (
      shares[k] >= bounds.caps[k] - NEAR ||
      bounds.shared.some((limit) => limit.columns.includes(k) && binds(limit, shares))
    ) {
      continue;
    }
    sum += shares[k] * gradient[k];
    weight += shares[k];
  }
  return weight > 0 ? sum / weight : Number.NaN;
}

/** What a limit's columns lack of their stages' levels, by share; 0 where it does not bind. */
function limitPrice(
  limit: SharedLimit,
  shares: Float64Array,
  gradient: Float64Array,
  { stages, caps }: Bounds,
  levels: readonly number[],
): number {
  if (!binds(limit, shares)) return 0;
  let sum = 0;
  let weight = 0;
  for (const [j, k] of limit.columns.entries()) {
    const level = levels[stages.findIndex((columns) => columns.includes(k))];
    if (Number.isNaN(level) || shares[k] >= caps[k] - NEAR) continue;
    sum += (shares[k] * (level - gradient[k])) / limit.factors[j];
    weight += shares[k];
  }
  return weight > 0 ? Math.max(0, sum / weight) : 0;
}

function binds({ columns, factors, limit }: SharedLimit, shares: Float64Array): boolean {
  let sum = 0;
  for (const [j, k] of columns.entries()) sum += factors[j] * shares[k];
  return sum >= limit * (1 - NEAR);
}

/** The least of costs · y over a stage's shares. */
function cheapest(costs: Float64Array, columns: readonly number[], prior: Float64Array, caps: Float64Array): number {
  const order = columns.filter((k) => prior[k] > 0).sort((a, b) => costs[a] - costs[b]);
  let room = 1;
  let sum = 0;
  for (const k of order) {
    const share = Math.min(room, caps[k]);
    sum += share * costs[k];
    room -= share;
  }
  return sum;
}
