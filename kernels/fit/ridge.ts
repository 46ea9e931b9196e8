/**
 * Least squares on shares and their logarithms, [x, log(x + 0.001)], with a small penalty: the cheapest law that sees that the first percent of
 * a source is worth more than the tenth.
 *
 * Invariant: one solution, no start, no iteration. Price: milliseconds for a thousand runs of twenty sources.
 */
import { mirror, solve } from "./cholesky.ts";
import type { Law, Rows } from "./rows.ts";

/** What is added to a share before its logarithm is taken. */
const FLOOR = 1e-3;
const PENALTY = 1e-3;
/** Keeps the intercept's column definite. */
const TINY = 1e-12;

export function fitRidge(rows: Rows, losses: Float64Array): Law {
  const { width } = rows;
  const size = 2 * width + 1;
  const a = new Float64Array(size * size);
  const b = new Float64Array(size);
  const features = new Float64Array(size);
  for (let i = 0; i < rows.count; i++) {
    fillFeatures(features, rows, i);
    for (let p = 0; p < size; p++) {
      b[p] += features[p] * losses[i];
      for (let q = 0; q <= p; q++) a[p * size + q] += features[p] * features[q];
    }
  }
  mirror(a, size);
  for (let p = 0; p < size; p++) a[p * size + p] += p < size - 1 ? PENALTY : TINY;
  const solution = solve(a, b, size);
  if (solution === undefined) throw new RangeError("ridge: shares are not finite");
  return { predict: (others) => predict(others, solution) };
}

function predict(rows: Rows, solution: Float64Array): Float64Array {
  const features = new Float64Array(solution.length);
  return Float64Array.from({ length: rows.count }, (_, i) => {
    fillFeatures(features, rows, i);
    let sum = 0;
    for (let p = 0; p < solution.length; p++) sum += features[p] * solution[p];
    return sum;
  });
}

/** Shares, their logarithms, 1. */
function fillFeatures(features: Float64Array, { width, values }: Rows, row: number): void {
  for (let k = 0; k < width; k++) {
    const share = values[row * width + k];
    features[k] = share;
    features[width + k] = Math.log(share + FLOOR);
  }
  features[2 * width] = 1;
}
