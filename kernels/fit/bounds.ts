/**
 * The mixtures that may be proposed: shares of each training stage add up to 1, none is above its cap, and what stages together take of a source
 * is within what the source has. And the nearest of them to given shares, in the sense of the KL divergence.
 *
 * Invariant: a projection adds up to 1 and keeps to its caps within rounding. Price: a few passes over the shares; with limits across stages,
 * a few dozen.
 */

/** A limit on what several shares take together: Σ factor × share ≤ limit. */
export interface SharedLimit {
  readonly columns: readonly number[];
  /** Of each of the columns; above 0. */
  readonly factors: readonly number[];
  readonly limit: number;
}

export interface Bounds {
  /** Columns of each training stage. */
  readonly stages: readonly (readonly number[])[];
  /** The most each share may be. */
  readonly caps: Float64Array;
  readonly shared: readonly SharedLimit[];
}

const TOLERANCE = 1e-13;
const MAX_ROUNDS = 10_000;
const BISECTIONS = 200;

/** Whether `shares` keep to caps and limits, within rounding. */
export function keepsBounds(shares: Float64Array, { caps, shared }: Bounds): boolean {
  for (let k = 0; k < shares.length; k++) if (shares[k] > caps[k] + TOLERANCE) return false;
  return shared.every((limit) => excess(shares, limit) <= TOLERANCE);
}

/** The KL projection of nonnegative `shares` on the bounds, which must leave something. */
export function project(shares: Float64Array, bounds: Bounds): Float64Array {
  const { stages, shared } = bounds;
  const projected = new Float64Array(shares.length);
  for (const columns of stages) projectStage(shares, columns, bounds.caps, projected);
  if (shared.every((limit) => excess(projected, limit) <= TOLERANCE)) return projected;
  return projectShared(shares, bounds, projected);
}

/** Scales the shares of a stage to add up to 1; those above their cap are fixed there, and the others scaled again. */
function projectStage(shares: Float64Array, columns: readonly number[], caps: Float64Array, out: Float64Array): void {
  let free = columns;
  let room = 1;
  for (;;) {
    let sum = 0;
    for (const k of free) sum += shares[k];
    const scale = sum > 0 ? room / sum : 0;
    const over = free.filter((k) => scale * shares[k] > caps[k]);
    if (over.length === 0) {
      for (const k of free) out[k] = scale * shares[k];
      return;
    }
    for (const k of over) {
      out[k] = caps[k];
      room -= caps[k];
    }
    free = free.filter((k) => !over.includes(k));
  }
}

/**
 * With limits across stages, by turns: the price of each limit that makes its columns keep to it, then each stage's sum. That is coordinate
 * ascent on the dual, which converges because the projection is strictly convex.
 */
function projectShared(shares: Float64Array, { stages, caps, shared }: Bounds, projected: Float64Array): Float64Array {
  const prices = new Float64Array(shared.length);
  const priced = shares.slice();
  const scales = new Float64Array(shares.length);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (const columns of stages) setScales(priced, columns, caps, projected, scales);
    for (const [i, limit] of shared.entries()) {
      prices[i] = priceOf(limit, shares, scales, caps);
      for (const [j, k] of limit.columns.entries()) priced[k] = shares[k] * Math.exp(-prices[i] * limit.factors[j]);
    }
    for (const columns of stages) projectStage(priced, columns, caps, projected);
    if (shared.every((limit) => excess(projected, limit) <= TOLERANCE)) break;
  }
  return projected;
}

/** What a stage's shares are multiplied by where they are free. */
function setScales(
  priced: Float64Array,
  columns: readonly number[],
  caps: Float64Array,
  projected: Float64Array,
  scales: Float64Array,
): void {
  projectStage(priced, columns, caps, projected);
  let scale = 0;
  for (const k of columns) if (priced[k] > 0) scale = Math.max(scale, projected[k] / priced[k]);
  for (const k of columns) scales[k] = scale;
}

/** The price at which the columns of a limit keep to it; 0 where they do without. */
function priceOf(
  { columns, factors, limit }: SharedLimit,
  shares: Float64Array,
  scales: Float64Array,
  caps: Float64Array,
): number {
  const taken = (price: number): number => {
    let sum = 0;
    for (const [j, k] of columns.entries()) {
      sum += factors[j] * Math.min(caps[k], scales[k] * shares[k] * Math.exp(-price * factors[j]));
    }
    return sum;
  };
  if (taken(0) <= limit) return 0;
  let high = 1;
  while (taken(high) > limit) high *= 2;
  let low = 0;
  for (let i = 0; i < BISECTIONS && high - low > 1e-16 * high; i++) {
    const middle = (low + high) / 2;
    if (taken(middle) > limit) low = middle;
    else high = middle;
  }
  return high;
}

function excess(shares: Float64Array, { columns, factors, limit }: SharedLimit): number {
  let sum = 0;
  for (const [j, k] of columns.entries()) sum += factors[j] * shares[k];
  return (sum - limit) / Math.max(1, limit);
}
