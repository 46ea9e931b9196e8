/**
 * How well predictions fit what was measured: rank correlation, and Huber's loss.
 *
 * Invariant: sums go in the order of the rows. Price: one sort a column.
 */

/** Spearman's correlation with average ranks for ties; NaN where one side is all ties. */
export function spearman(a: Float64Array, b: Float64Array): number {
  const x = averageRanks(a);
  const y = averageRanks(b);
  const mean = (a.length - 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < a.length; i++) {
    const dx = x[i] - mean;
    const dy = y[i] - mean;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Ranks from 0; equal values share the mean of theirs. */
export function averageRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]] === values[order[from]]) to++;
    for (let i = from; i <= to; i++) ranks[order[i]] = (from + to) / 2;
    from = to + 1;
  }
  return ranks;
}

/** Half the square of `residual` up to `delta`, a line beyond. */
export function huber(residual: number, delta: number): number {
  const size = Math.abs(residual);
  return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
}

export function meanHuber(predicted: Float64Array, measured: Float64Array, delta: number): number {
  let sum = 0;
  for (let i = 0; i < measured.length; i++) sum += huber(predicted[i] - measured[i], delta);
  return sum / measured.length;
}
