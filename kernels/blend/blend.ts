/**
 * nanotron's and Megatron's blend of sources, replayed: which source gives each training sample.
 *
 * For sample n it takes the source with the largest `weight · max(n, 1) − taken`, the first one on a tie. The trainer builds an array as long
 * as the run; a replay needs only the counts. Invariant: arithmetic in the trainer's order, in doubles, so that ties fall alike.
 * Price: about 1 ns per sample and source.
 */

/** Weights divided by their sum, to the last bit as NumPy does it for the trainer. */
export function normalizeWeights(weights: readonly number[]): Float64Array {
  const sum = pairwiseSum(weights, 0, weights.length);
  return Float64Array.from(weights, (weight) => weight / sum);
}

/** NumPy's order of summation: in sequence below 8 values, in eight lanes up to 128, in halves beyond. */
function pairwiseSum(values: readonly number[], start: number, count: number): number {
  if (count > 128) {
    const half = Math.floor(count / 2) - (Math.floor(count / 2) % 8);
    return pairwiseSum(values, start, half) + pairwiseSum(values, start + half, count - half);
  }
  const lanes = count < 8 ? [0] : values.slice(start, start + 8);
  let at = count < 8 ? 0 : 8;
  for (; at + 8 <= count; at += 8) for (let lane = 0; lane < 8; lane++) lanes[lane] += values[start + at + lane];
  let width = lanes.length;
  while (width > 1) {
    width /= 2;
    for (let lane = 0; lane < width; lane++) lanes[lane] = lanes[2 * lane] + lanes[2 * lane + 1];
  }
  let sum = lanes[0];
  for (; at < count; at++) sum += values[start + at];
  return sum;
}

/** Samples taken from each source after `samples` samples. `weights` need not add up to 1. */
export function replayBlend(weights: readonly number[], samples: number): Float64Array {
  return replayShares(normalizeWeights(weights), samples);
}

/** {@link replayBlend} for normalised weights. */
export function replayShares(shares: Float64Array, samples: number): Float64Array {
  const taken = new Float64Array(shares.length);
  for (let sample = 0; sample < samples; sample++) taken[argmaxError(shares, taken, sample)]++;
  return taken;
}

/** The source that gives sample number `sample`: the furthest behind its share, the first one on a tie. */
export function argmaxError(shares: Float64Array, taken: Float64Array, sample: number): number {
  const scale = Math.max(sample, 1);
  let best = 0;
  let most = shares[0] * scale - taken[0];
  for (let source = 1; source < shares.length; source++) {
    const error = shares[source] * scale - taken[source];
    if (error > most) {
      most = error;
      best = source;
    }
  }
  return best;
}
