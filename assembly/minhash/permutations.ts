/**
 * Signatures of the datatrove family: per slot the minimum over all shingles x of h = v mod P, v = (x * a + b) mod
 * 2^64, P = 2^61 - 1. Twin: kernels/minhash/signature.ts, whose head proves the filter t < 8m + 64 with t = 8v + 64
 * mod 2^64.
 *
 * Here only an estimate of t's high half is computed, four shingles a vector. With X = x, A = 8a, B = 8b + 64 in
 * 32-bit halves, the high half of t is Xh*Al + Xl*Ah + high(Xl*Al) + Bh + carry. In place of high(Xl*Al) stands the
 * product of the high 16 bits of Xl and of Al. What is left out, the two mixed products and the carry, adds up to less
 * than GAP = 2^17. So with GAP added to it the estimate is never below the true half, at most GAP above it, and wraps
 * only to values that pass: `estimate < (8m + 64 >> 32) + GAP + 1` misses nothing and errs once in 2^15. On a pass h
 * is computed.
 *
 * `foldSlot` looks for the least estimates of a block without a branch, and computes h of the few shingles that can have
 * the least value. Where it cannot tell which these are, about one slot in thirty, `foldPair` goes through the block
 * again, with a branch for each group that passes.
 *
 * Invariant: bit for bit the twin's slots. `foldPair` takes slots in pairs, so that shingles are loaded once for two; an
 * odd last slot is doubled. Layout: static, 20 KB a block of shingles, 88 bytes a slot. Price: 0.15 ns per shingle and
 * slot. A shingle that stands twice in a block sends its slot to `foldPair`: the caller leaves repeats out.
 */

/** Shingles folded at a time: a block and its halves stay in the first cache level. A power of two, above GROUP. */
export const BLOCK_SHINGLES: u32 = 1024;
/** As in stages/dedup/minhash.ts. */
export const MAX_SLOTS: u32 = 4096;
/** Shingles that `foldSlot` takes at a time, four to a lane. */
const GROUP: u32 = 16;
/** Shingles that `foldPair` takes at a time. */
const HALF_GROUP: u32 = 8;
/** Low bits of an estimate that give way to the number of its group. */
const NUMBER_MASK: u32 = BLOCK_SHINGLES / GROUP - 1;
const P: u64 = 0x1fffffffffffffff;
const GAP: u64 = 0x20000;
/** How far above the least numbered estimate that of the least value can be. */
const REACH: u32 = <u32>GAP + 2 * NUMBER_MASK + 2;
/** Filtering pays, and its limit fits 32 bits, once a minimum is below this. */
const FILTERED_BELOW: u64 = P >> 3;

/** The hashes of one block, u64. The caller fills it and calls `foldBlock`. */
export const SHINGLES: usize = memory.data(8 * BLOCK_SHINGLES, 64);
/** Of each shingle: the high half, the low half, the high 16 bits of the low half, u32 in three planes. */
const PLANES: usize = memory.data(12 * BLOCK_SHINGLES, 64);
const LOW: usize = 4 * BLOCK_SHINGLES;
const LOW_TOP: usize = 8 * BLOCK_SHINGLES;
/** What `foldPair` multiplies by, spread over vectors. */
const CONSTANTS: usize = memory.data(128, 16);
/** What `foldSlot` multiplies by: four vectors a slot. */
const SLOT_CONSTANTS: usize = memory.data(64 * MAX_SLOTS, 64);
/** Two vectors: NUMBER_MASK inverted, and one. Splats of them would be made again in every turn of the loop. */
const STEP: usize = memory.data(32, 16);
/** The least estimate of each lane. */
const LEAST: usize = memory.data(16, 16);
/** u64 per slot; the caller fills both, then calls `usePermutations`. */
export const MULTIPLIERS: usize = memory.data(8 * MAX_SLOTS, 64);
export const INCREMENTS: usize = memory.data(8 * MAX_SLOTS, 64);
/** u64 per slot: the result. */
export const SIGNATURE: usize = memory.data(8 * MAX_SLOTS, 64);

let pairedSlots: u32 = 0;

export function usePermutations(slots: u32): void {
  pairedSlots = (slots + 1) & ~1;
  if (slots < pairedSlots) {
    const last = (slots - 1) << 3;
    store<u64>(MULTIPLIERS + last, load<u64>(MULTIPLIERS + last), 8);
    store<u64>(INCREMENTS + last, load<u64>(INCREMENTS + last), 8);
  }
  for (let slot: usize = 0; slot < pairedSlots; slot++) {
    const at = slot << 3;
    const to = SLOT_CONSTANTS + (slot << 6);
    spread(to, load<u64>(MULTIPLIERS + at), load<u64>(INCREMENTS + at));
    // `foldSlot` compares without a sign.
    v128.store(to, v128.xor(v128.load(to, 48), i32x4.splat(i32.MIN_VALUE)), 48);
  }
  v128.store(STEP, i32x4.splat(~NUMBER_MASK));
  v128.store(STEP, i32x4.splat(1), 16);
}

export function resetSignature(): void {
  for (let slot: u32 = 0; slot < pairedSlots; slot++) store<u64>(SIGNATURE + (slot << 3), P);
}

/** Takes the first `count` SHINGLES, 1 to BLOCK_SHINGLES, into the signature. */
export function foldBlock(count: u32): void {
  // Repeating a shingle changes no minimum, and within its group it is no rival of its own.
  const padded = (count + GROUP - 1) & ~(GROUP - 1);
  const last = load<u64>(SHINGLES + ((count - 1) << 3));
  for (let i = count; i < padded; i++) store<u64>(SHINGLES + (i << 3), last);
  splitHalves(padded);
  for (let slot: u32 = 0; slot < pairedSlots; slot++) {
    if (!foldSlot(slot << 3, padded)) foldPair((slot & ~1) << 3, padded);
  }
}

function splitHalves(count: u32): void {
  for (let i: usize = 0; i < count; i += 4) {
    const first = v128.load(SHINGLES + (i << 3));
    const second = v128.load(SHINGLES + (i << 3), 16);
    const low = v128.shuffle<i32>(first, second, 0, 2, 4, 6);
    const plane = PLANES + (i << 2);
    v128.store(plane, v128.shuffle<i32>(first, second, 1, 3, 5, 7));
    v128.store(plane, low, LOW);
    v128.store(plane, i32x4.shr_u(low, 16), LOW_TOP);
  }
}

/**
 * Folds `count` shingles into the slot at byte offset `slot`: per lane the least estimate with the number of its group
 * in the low bits, and the least of all other groups. Where only one group of a lane can hold the least value, its
 * shingles are computed; else false, and nothing is done.
 *
 * Why that is exact: let c have the least numbered estimate E. Without wrapping, t is 8h + 8 to 8h + 64. So
 * h(y) <= h(c) needs t(y) <= t(c) + 56, a high half of at most one more, an estimate of at most GAP + 1 more, and a
 * numbered one of at most GAP + 1 + 2 * NUMBER_MASK more. What wraps, t or its estimate, ends below GAP + 1 and is the
 * least then: a least estimate that small is refused.
 */
function foldSlot(slot: usize, count: u32): bool {
  const constants = SLOT_CONSTANTS + (slot << 3);
  const high = v128.load(constants);
  const low = v128.load(constants, 16);
  const top = v128.load(constants, 32);
  const add = v128.load(constants, 48);
  const mask = v128.load(STEP);
  const one = v128.load(STEP, 16);
  let number = i32x4.splat(0);
  let first = i32x4.splat(-1);
  let second = i32x4.splat(-1);
  const end = PLANES + ((<usize>count) << 2);
  for (let plane = PLANES; plane < end; plane += 4 * GROUP) {
    const estimate0 = estimateAt(plane, high, low, top, add);
    const estimate1 = estimateAt(plane + 16, high, low, top, add);
    const estimate2 = estimateAt(plane + 32, high, low, top, add);
    const estimate3 = estimateAt(plane + 48, high, low, top, add);
    const least = i32x4.min_u(i32x4.min_u(estimate0, estimate1), i32x4.min_u(estimate2, estimate3));
    const numbered = v128.or(v128.and(least, mask), number);
    number = i32x4.add(number, one);
    second = i32x4.min_u(second, i32x4.max_u(first, numbered));
    first = i32x4.min_u(first, numbered);
  }
  const halves = i32x4.min_u(first, v128.shuffle<i32>(first, first, 2, 3, 0, 1));
  const least = <u32>i32x4.extract_lane(i32x4.min_u(halves, v128.shuffle<i32>(halves, halves, 1, 0, 3, 2)), 0);
  if (least < 2 * REACH || least > u32.MAX_VALUE - REACH) return false;
  let minimum = load<u64>(SIGNATURE + slot);
  if (minimum < FILTERED_BELOW && <u64>least > (((minimum << 3) + 64) >> 32) + GAP + NUMBER_MASK + 1) return true;
  const reach = i32x4.splat(least + REACH);
  if (v128.any_true(i32x4.le_u(second, reach))) return false;
  const a = load<u64>(MULTIPLIERS + slot);
  const b = load<u64>(INCREMENTS + slot);
  v128.store(LEAST, first);
  for (let lanes = i32x4.bitmask(i32x4.le_u(first, reach)); lanes != 0; lanes &= lanes - 1) {
    const lane = <usize>ctz(lanes);
    const group = load<u32>(LEAST + (lane << 2)) & NUMBER_MASK;
    const at = SHINGLES + ((<usize>group * GROUP + lane) << 3);
    minimum = min(minimum, residue(load<u64>(at) * a + b));
    minimum = min(minimum, residue(load<u64>(at, 32) * a + b));
    minimum = min(minimum, residue(load<u64>(at, 64) * a + b));
    minimum = min(minimum, residue(load<u64>(at, 96) * a + b));
  }
  store<u64>(SIGNATURE + slot, minimum);
  return true;
}

function estimateAt(plane: usize, high: v128, low: v128, top: v128, add: v128): v128 {
  return estimate(v128.load(plane), v128.load(plane, LOW), v128.load(plane, LOW_TOP), high, low, top, add);
}

/** Folds `count` shingles into the slots at byte offsets `slot` and `slot + 8`. */
function foldPair(slot: usize, count: u32): void {
  const a0 = load<u64>(MULTIPLIERS + slot);
  const b0 = load<u64>(INCREMENTS + slot);
  const a1 = load<u64>(MULTIPLIERS + slot, 8);
  const b1 = load<u64>(INCREMENTS + slot, 8);
  let minimum0 = load<u64>(SIGNATURE + slot);
  let minimum1 = load<u64>(SIGNATURE + slot, 8);
  let i: u32 = 0;
  for (; i < count && (minimum0 >= FILTERED_BELOW || minimum1 >= FILTERED_BELOW); i++) {
    const shingle = load<u64>(SHINGLES + (i << 3));
    minimum0 = min(minimum0, residue(shingle * a0 + b0));
    minimum1 = min(minimum1, residue(shingle * a1 + b1));
  }
  // Back to a whole group: what is seen twice is harmless.
  i &= ~(HALF_GROUP - 1);

  spread(CONSTANTS, a0, b0);
  spread(CONSTANTS + 64, a1, b1);
  const high0 = v128.load(CONSTANTS);
  const low0 = v128.load(CONSTANTS, 16);
  const top0 = v128.load(CONSTANTS, 32);
  const add0 = v128.load(CONSTANTS, 48);
  const high1 = v128.load(CONSTANTS, 64);
  const low1 = v128.load(CONSTANTS, 80);
  const top1 = v128.load(CONSTANTS, 96);
  const add1 = v128.load(CONSTANTS, 112);
  let limit0 = biasedLimit(minimum0);
  let limit1 = biasedLimit(minimum1);
  for (; i < count; i += HALF_GROUP) {
    const plane = PLANES + ((<usize>i) << 2);
    const high = v128.load(plane);
    const low = v128.load(plane, LOW);
    const top = v128.load(plane, LOW_TOP);
    let estimate0 = estimate(high, low, top, high0, low0, top0, add0);
    let estimate1 = estimate(high, low, top, high1, low1, top1, add1);
    const nextHigh = v128.load(plane, 16);
    const nextLow = v128.load(plane, LOW + 16);
    const nextTop = v128.load(plane, LOW_TOP + 16);
    estimate0 = i32x4.min_s(estimate0, estimate(nextHigh, nextLow, nextTop, high0, low0, top0, add0));
    estimate1 = i32x4.min_s(estimate1, estimate(nextHigh, nextLow, nextTop, high1, low1, top1, add1));
    const passed0 = i32x4.gt_s(limit0, estimate0);
    const passed1 = i32x4.gt_s(limit1, estimate1);
    if (v128.any_true(v128.or(passed0, passed1))) {
      const group = SHINGLES + ((<usize>i) << 3);
      if (v128.any_true(passed0)) {
        minimum0 = groupMinimum(group, a0, b0, minimum0);
        limit0 = biasedLimit(minimum0);
      }
      if (v128.any_true(passed1)) {
        minimum1 = groupMinimum(group, a1, b1, minimum1);
        limit1 = biasedLimit(minimum1);
      }
    }
  }
  store<u64>(SIGNATURE + slot, minimum0);
  store<u64>(SIGNATURE + slot, minimum1, 8);
}

/** Four estimates; biased by -2^31, so that a signed comparison serves, where `add` is. */
function estimate(xHigh: v128, xLow: v128, xTop: v128, high: v128, low: v128, top: v128, add: v128): v128 {
  return i32x4.add(i32x4.add(i32x4.mul(xHigh, low), i32x4.mul(xLow, high)), i32x4.add(i32x4.mul(xTop, top), add));
}

/**
 * Writes four vectors: the halves of 8a, the high 16 bits of its low half, and the biased high half of 8b + 64 with
 * GAP. They go through memory because the compiler would make a splat again in every turn of a loop that uses it.
 */
function spread(to: usize, a: u64, b: u64): void {
  v128.store(to, i32x4.splat(<i32>(a >> 29)));
  v128.store(to, i32x4.splat(<i32>(a << 3)), 16);
  v128.store(to, i32x4.splat(<i32>((a << 35) >> 48)), 32);
  v128.store(to, i32x4.splat(<i32>((((b << 3) + 64) >> 32) + GAP) ^ i32.MIN_VALUE), 48);
}

/** Exclusive. The minimum is below FILTERED_BELOW where a group is left to filter, so that nothing overflows. */
function biasedLimit(minimum: u64): v128 {
  return i32x4.splat(<i32>((((minimum << 3) + 64) >> 32) + GAP + 1) ^ i32.MIN_VALUE);
}

function groupMinimum(group: usize, a: u64, b: u64, start: u64): u64 {
  let minimum = start;
  for (let at = group; at < group + 8 * HALF_GROUP; at += 8) minimum = min(minimum, residue(load<u64>(at) * a + b));
  return minimum;
}

/** v mod P. */
function residue(v: u64): u64 {
  const folded = (v & P) + (v >> 61);
  return folded >= P ? folded - P : folded;
}
