/**
 * The mixtures that may be proposed: shares of each training stage add up to 1, none is above its cap, and what stages together take of a source
 * is within what the source has.
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

/** Whether `shares` keep to caps and limits, within rounding. */
export function keepsBounds(shares: Float64Array, { caps, shared }: Bounds): boolean {
  for (let k = 0; k < shares.length; k++) if (shares[k] > caps[k] + TOLERANCE) return false;
  return shared.every((limit) => excess(shares, limit) <= TOLERANCE);
}

/** Scales the shares of a stage to add up to 1; those above their cap are fixed there, and the others scaled again. */
export function projectStage(
  shares: Float64Array,
  columns: readonly number[],
  caps: Float64Array,
  out: Float64Array,
): void {
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

function excess(shares: Float64Array, { columns, factors, limit }: SharedLimit): number {
  let sum = 0;
  for (const [j, k] of columns.entries()) sum += factors[j] * shares[k];
  return (sum - limit) / Math.max(1, limit);
}
