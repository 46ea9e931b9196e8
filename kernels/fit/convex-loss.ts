/**
 * Losses of a mixture that are convex in its shares, so that the best mixture can be found and proven: sums of exponential laws, and MixMin's.
 *
 * Invariant: constant parts are left out, because they move no optimum. Price: one pass over laws × shares, or documents × sources.
 */
import type { ExponentialLaw } from "./exponential.ts";
import type { Rows } from "./rows.ts";

export interface ConvexLoss {
  /** The loss of `shares`; its gradient goes to `gradient` where one is given. */
  readonly at: (shares: Float64Array, gradient?: Float64Array) => number;
}

/** Their sum. */
export function sumLosses(losses: readonly ConvexLoss[]): ConvexLoss {
  return {
    at(shares, gradient) {
      gradient?.fill(0);
      const part = gradient && new Float64Array(gradient.length);
      let sum = 0;
      for (const loss of losses) {
        sum += loss.at(shares, part);
        if (gradient !== undefined && part !== undefined) for (let k = 0; k < part.length; k++) gradient[k] += part[k];
      }
      return sum;
    },
  };
}

/** Σ weight × k · exp(t · x) over laws. */
export function exponentialLoss(
  laws: readonly Pick<ExponentialLaw, "logScale" | "slopes">[],
  weights: readonly number[],
): ConvexLoss {
  return {
    at(shares, gradient) {
      gradient?.fill(0);
      let loss = 0;
      for (let j = 0; j < laws.length; j++) {
        const { logScale, slopes } = laws[j];
        let exponent = logScale;
        for (let k = 0; k < shares.length; k++) exponent += slopes[k] * shares[k];
        const part = weights[j] * Math.exp(exponent);
        loss += part;
        if (gradient === undefined) continue;
        for (let k = 0; k < shares.length; k++) gradient[k] += part * slopes[k];
      }
      return loss;
    },
  };
}

/**
 * MixMin (Thudi et al. 2025): −Σ weight × log Σ_k x_k p_k over documents, p_k being what a proxy of source k alone gives a document. The mixture
 * of the proxies is taken for the model of the mixture. A row of `logProbs` is a document, a column a source.
 */
export function mixMinLoss({ count, width, values }: Rows, weights: Float64Array): ConvexLoss {
  // Against the best proxy of each document: probabilities of whole documents are below the least double.
  const best = new Float64Array(count);
  const relative = new Float64Array(values.length);
  for (let i = 0; i < count; i++) {
    const row = values.subarray(i * width, (i + 1) * width);
    best[i] = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    for (let k = 0; k < width; k++) relative[i * width + k] = Math.exp(row[k] - best[i]);
  }
  return {
    at(shares, gradient) {
      gradient?.fill(0);
      let loss = 0;
      for (let i = 0; i < count; i++) {
        const at = i * width;
        let mixed = 0;
        for (let k = 0; k < width; k++) mixed += shares[k] * relative[at + k];
        loss -= weights[i] * (Math.log(mixed) + best[i]);
        if (gradient === undefined) continue;
        for (let k = 0; k < width; k++) gradient[k] -= (weights[i] * relative[at + k]) / mixed;
      }
      return loss;
    },
  };
}
