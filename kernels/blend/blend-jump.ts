/**
 * The trainer's blend at any sample, without the samples before it: exactly what {@link replayBlend} comes to.
 *
 * The rule takes the source with the largest `weight · n − taken`. Two facts make its past forgettable. A source was behind its share when
 * it was last taken, so it is never a whole sample ahead of it: that bounds every count from above. And the rule keeps order:
 * from counts that are nowhere higher it never comes to counts that are higher somewhere. So a walk that starts at the bounds, some thousand
 * samples before the end, stays above the true one, by `surplus` samples that wander from source to source. They are taken out one at a time:
 * it is followed at which sources a lower walk can lack its sample; each step sends all that can move to the source just taken, and once
 * one place is left the lower walk is known, whatever came before. After the last one the walk is the true one.
 * Invariant: a result is proven, never guessed. Where places do not meet, the walk starts earlier, in the end at sample 0.
 * Price: about one microsecond a sample walked; thousands of samples for weights from 1e-5, all of them below about 1e-9.
 */
import { argmaxError, normalizeWeights, replayShares } from "./blend.ts";

/** Samples walked at first; a walk that proves nothing is tried again four times as long. */
const FIRST_WALK = 1024;

/** Samples taken from each source after `samples` samples. `weights` need not add up to 1. */
export function blendAt(weights: readonly number[], samples: number): Float64Array {
  const shares = normalizeWeights(weights);
  for (let walk = FIRST_WALK; walk < samples / 2; walk *= 4) {
    const taken = forgetfulWalk(shares, samples - walk, samples);
    if (taken !== undefined) return taken;
  }
  return replayShares(shares, samples);
}

/**
 * The sample (from 0) at which `source` is asked for its sample number `count` (from 0): where a source of `count` samples runs out.
 * `Infinity` for a share too small to get there below 2^52 samples.
 */
export function sampleOfTake(weights: readonly number[], source: number, count: number): number {
  const share = normalizeWeights(weights)[source];
  const guess = Math.floor(count / share);
  if (!(guess < 2 ** 52)) return Number.POSITIVE_INFINITY;
  const before = (samples: number): boolean => blendAt(weights, samples)[source] <= count;
  // Taken counts stay close to shares, so the answer is within a few turns of the source.
  let low = guess;
  for (let turn = 1 / share; low > 0 && !before(low); turn *= 2) low = Math.max(0, Math.floor(guess - turn));
  let high = low + 1;
  for (let turn = 1 / share; before(high); turn *= 2) {
    low = high;
    high = Math.ceil(high + turn);
  }
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (before(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Counts after `end` samples, from a walk that starts at `start` and knows nothing of the past; undefined where it cannot tell. */
function forgetfulWalk(shares: Float64Array, start: number, end: number): Float64Array | undefined {
  const upper = new Float64Array(shares.length);
  // Shares and their products are rounded; the error of all of them together is below this.
  const slack = (start + 1) * 2 ** -49;
  let surplus = -start;
  shares.forEach((share, source) => {
    upper[source] = Math.floor(share * start + 1 + slack);
    surplus += upper[source];
  });
  const places = new Uint16Array(shares.length);
  let open = allPlaces(upper, places);
  for (let sample = start; ; sample++) {
    for (; surplus > 0 && open === 1; surplus--) {
      upper[places[0]]--;
      open = allPlaces(upper, places);
    }
    if (sample === end) return surplus === 0 ? upper : undefined;
    const next = argmaxError(shares, upper, sample);
    if (surplus > 0) open = movePlaces(shares, upper, sample, next, places, open);
    upper[next]++;
  }
}

/** Every source that can lack a sample. */
function allPlaces(upper: Float64Array, places: Uint16Array): number {
  let open = 0;
  for (let source = 0; source < upper.length; source++) if (upper[source] > 0) places[open++] = source;
  return open;
}

/** A walk that lacks a sample of `place` takes that source where it is now the furthest behind; then it lacks one of `next`, which this walk takes. */
function movePlaces(
  shares: Float64Array,
  upper: Float64Array,
  sample: number,
  next: number,
  places: Uint16Array,
  open: number,
): number {
  const scale = Math.max(sample, 1);
  const most = shares[next] * scale - upper[next];
  let kept = 0;
  let arrived = false;
  for (let i = 0; i < open; i++) {
    const place = places[i];
    const error = shares[place] * scale - (upper[place] - 1);
    if (place === next || error > most || (error === most && place < next)) arrived = true;
    else places[kept++] = place;
  }
  if (arrived) places[kept++] = next;
  return kept;
}
