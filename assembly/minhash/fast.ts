/**
 * Signatures of the fast family: one permutation, and every slot that stays empty filled by a hash of its own. Twin:
 * kernels/minhash/fast.ts, whose head has the formula and its reason.
 *
 * A document of more than a block of shingles that leaves slots empty is read a second time to fill them, so memory
 * does not grow with the document. Layout: static, 12 bytes a slot beside the signature. Price: 3 ns per shingle, and
 * a third of a nanosecond per shingle and empty slot.
 */

import { openText, readWords, WORDS } from "./fast-words";
import { MAX_SLOTS, SHINGLES, SIGNATURE } from "./permutations";

const FACTOR: u64 = 0xc2b2ae3d27d4eb4f;
const FACTOR_MIX: u64 = 0xd6e8feb86659fd93;
const FACTOR_VALUE: u64 = 0x9e3779b97f4a7c15;
const EMPTY: u64 = ~(<u64>0);
/** Above every value of a slot that a shingle fell into. */
const FILLED: u64 = 1 << 56;
/** Slots filled at a time. */
const GROUP: u32 = 8;

/** u32 per slot, odd and any; the caller writes both. */
export const FILL_MULTIPLIERS: usize = memory.data(4 * MAX_SLOTS, 16);
export const FILL_INCREMENTS: usize = memory.data(4 * MAX_SLOTS, 16);
/** Of the empty slots, in order: number, multiplier, increment, minimum. */
const EMPTY_SLOTS: usize = memory.data(4 * (MAX_SLOTS + GROUP), 16);
const EMPTY_MULTIPLIERS: usize = memory.data(4 * (MAX_SLOTS + GROUP), 16);
const EMPTY_INCREMENTS: usize = memory.data(4 * (MAX_SLOTS + GROUP), 16);
const EMPTY_MINIMA: usize = memory.data(4 * (MAX_SLOTS + GROUP), 16);

let slots: u64 = 0;
let ngram: u32 = 0;
let seedKey: u64 = 0;
/** FACTOR to the power of `ngram`. */
let leaving: u64 = 0;

export function useFast(slotCount: u32, wordsPerShingle: u32, key: u64): void {
  slots = slotCount;
  ngram = wordsPerShingle;
  seedKey = key;
  leaving = 1;
  for (let i: u32 = 0; i < ngram; i++) leaving *= FACTOR;
}

/** The signature of `length` bytes at `text`; false where there is no shingle. */
export function sketchFast(text: usize, length: usize): bool {
  for (let slot: usize = 0; slot < <usize>slots; slot++) store<u64>(SIGNATURE + (slot << 3), EMPTY);
  openText(text, length);
  let blocks: u32 = 0;
  let count: u32 = 0;
  for (let next = nextBlock(0); next != 0; next = nextBlock(ngram - 1)) {
    count = next;
    placeBlock(count);
    blocks++;
  }
  if (blocks == 0) return false;
  const empty = listEmpty();
  if (empty == 0) return true;
  if (blocks == 1) {
    fillBlock(count, empty);
  } else {
    openText(text, length);
    for (let next = nextBlock(0); next != 0; next = nextBlock(ngram - 1)) fillBlock(next, empty);
  }
  for (let i: u32 = 0; i < empty; i++) {
    const at = (<usize>i) << 2;
    store<u64>(SIGNATURE + ((<usize>load<u32>(EMPTY_SLOTS + at)) << 3), FILLED | <u64>load<u32>(EMPTY_MINIMA + at));
  }
  return true;
}

/**
 * Writes the next SHINGLES, of words that begin with the `kept` last ones of the block before; returns their number.
 */
function nextBlock(kept: u32): u32 {
  const words = readWords(kept);
  if (words < ngram) return 0;
  const count = words - ngram + 1;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < ngram - 1; i++) sum = sum * FACTOR + load<u64>(WORDS + ((<usize>i) << 3));
  let left: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const word = WORDS + ((<usize>i) << 3);
    sum = sum * FACTOR + (load<u64>(word + ((<usize>(ngram - 1)) << 3)) - left * leaving);
    left = load<u64>(word);
    let hash = sum ^ seedKey;
    hash = (hash ^ (hash >> 32)) * FACTOR_MIX;
    store<u64>(SHINGLES + ((<usize>i) << 3), hash ^ (hash >> 29));
  }
  memory.copy(WORDS, WORDS + ((<usize>count) << 3), (ngram - 1) << 3);
  return count;
}

/** One permutation: the high half of a shingle chooses the slot, a product of all of it is the value there. */
function placeBlock(count: u32): void {
  for (let at = SHINGLES, end = SHINGLES + ((<usize>count) << 3); at < end; at += 8) {
    const shingle = load<u64>(at);
    const slot = SIGNATURE + ((<usize>(((shingle >> 32) * slots) >> 32)) << 3);
    store<u64>(slot, min(load<u64>(slot), (shingle * FACTOR_VALUE) >> 8));
  }
}

/** Lists the empty slots, padded to whole groups; returns their number. */
function listEmpty(): u32 {
  let empty: usize = 0;
  for (let slot: usize = 0; slot < <usize>slots; slot++) {
    if (load<u64>(SIGNATURE + (slot << 3)) != EMPTY) continue;
    store<u32>(EMPTY_SLOTS + (empty << 2), <u32>slot);
    store<u32>(EMPTY_MULTIPLIERS + (empty << 2), load<u32>(FILL_MULTIPLIERS + (slot << 2)));
    store<u32>(EMPTY_INCREMENTS + (empty << 2), load<u32>(FILL_INCREMENTS + (slot << 2)));
    store<u32>(EMPTY_MINIMA + (empty << 2), 0xffffffff);
    empty++;
  }
  return <u32>empty;
}

/** Takes the low halves of `count` SHINGLES into the minima of the empty slots. */
function fillBlock(count: u32, empty: u32): void {
  const end = SHINGLES + ((<usize>count) << 3);
  for (let slot: usize = 0; slot < (<usize>empty) << 2; slot += GROUP << 2) {
    const multiplier = v128.load(EMPTY_MULTIPLIERS + slot);
    const increment = v128.load(EMPTY_INCREMENTS + slot);
    const nextMultiplier = v128.load(EMPTY_MULTIPLIERS + slot, 16);
    const nextIncrement = v128.load(EMPTY_INCREMENTS + slot, 16);
    let minimum = v128.load(EMPTY_MINIMA + slot);
    let nextMinimum = v128.load(EMPTY_MINIMA + slot, 16);
    for (let at = SHINGLES; at < end; at += 8) {
      const shingle = v128.load32_splat(at);
      minimum = i32x4.min_u(minimum, i32x4.add(i32x4.mul(shingle, multiplier), increment));
      nextMinimum = i32x4.min_u(nextMinimum, i32x4.add(i32x4.mul(shingle, nextMultiplier), nextIncrement));
    }
    v128.store(EMPTY_MINIMA + slot, minimum);
    v128.store(EMPTY_MINIMA + slot, nextMinimum, 16);
  }
}
