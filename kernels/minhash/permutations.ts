/**
 * The random linear maps of the datatrove MinHash family, drawn as numpy's `RandomState(seed).randint` draws them.
 *
 * Invariant: for one (seed, slots) the parameters are those of datatrove: all multipliers first, then all increments,
 * each a uniform integer by masked rejection. Price: paid once per stage.
 */
import { Mt19937 } from "../random/mt19937.ts";

/** Parameters of `slots` maps x -> ((x * a + b) mod 2^64) mod (2^61 - 1): the halves of 61-bit integers. */
export interface Permutations {
  readonly slots: number;
  readonly a_high: Uint32Array;
  readonly a_low: Uint32Array;
  readonly b_high: Uint32Array;
  readonly b_low: Uint32Array;
}

const HIGH_MASK = 0x1fffffff;

export function drawPermutations(slots: number, seed: number): Permutations {
  const random = new Mt19937(seed);
  const a_high = new Uint32Array(slots);
  const a_low = new Uint32Array(slots);
  const b_high = new Uint32Array(slots);
  const b_low = new Uint32Array(slots);
  // a lies in [1, 2^61 - 1): a draw from [0, 2^61 - 3] plus one. b lies in [0, 2^61 - 1).
  drawBelow(random, 0xfffffffd, a_high, a_low);
  for (let slot = 0; slot < slots; slot++) a_low[slot]++;
  for (let slot = 0; slot < slots; slot++) if (a_low[slot] === 0) a_high[slot]++;
  drawBelow(random, 0xfffffffe, b_high, b_low);
  return { slots, a_high, a_low, b_high, b_low };
}

/** Fills both halves with draws in [0, 2^61 - 2^32 + maxLow]: 61-bit draws above it are thrown away, as numpy does. */
function drawBelow(random: Mt19937, maxLow: number, high: Uint32Array, low: Uint32Array): void {
  for (let slot = 0; slot < high.length; slot++) {
    do {
      high[slot] = random.nextU32() & HIGH_MASK;
      low[slot] = random.nextU32();
    } while (high[slot] === HIGH_MASK && low[slot] > maxLow);
  }
}
