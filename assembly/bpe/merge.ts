/**
 * Byte-pair merging of a row of symbols: the pair of lowest rank first, the leftmost of equals, until none merges.
 *
 * Rows of up to FEW symbols keep the keys of their pairs, rank and position, in four registers; those of up to SCAN_LIMIT scan such keys
 * in memory for the smallest; longer ones use a heap, so that no input is quadratic.
 */
import { mergeWithHeap } from "./merge-heap";
import { scanAndMerge } from "./merge-scan";
import { mergedToken } from "./merged-tokens";
import { NO_MERGE, rankOf } from "./pairs";
import { get, KEYS, keyOf, NO_KEY, SYMBOLS } from "./symbols";

const FEW: u32 = 16;
const SCAN_LIMIT: u32 = 128;

/** Merges the first `count` of {@link SYMBOLS}; writes the tokens from `out` on and returns where they end. */
export function mergeSymbols(count: u32, out: usize): usize {
  if (count == 1) {
    store<u32>(out, get(SYMBOLS, 0));
    return out + 4;
  }
  if (count == 2) return mergeTwo(out);
  if (count <= FEW) return mergeFew(count, out);
  return count <= SCAN_LIMIT ? scanAndMerge(count, out) : mergeWithHeap(count, out);
}

function mergeTwo(out: usize): usize {
  const rank = rankOf(get(SYMBOLS, 0), get(SYMBOLS, 1));
  if (rank == NO_MERGE) {
    store<u64>(out, load<u64>(SYMBOLS));
    return out + 8;
  }
  store<u32>(out, mergedToken(rank));
  return out + 4;
}

function mergeFew(count: u32, out: usize): usize {
  const none = i32x4.splat(<i32>NO_KEY);
  for (let i: u32 = 0; i < FEW; i += 4) v128.store(KEYS + (i << 2), none);
  for (let i: u32 = 0; i + 1 < count; i++) {
    store<u32>(KEYS + (i << 2), keyOf(rankOf(get(SYMBOLS, i), get(SYMBOLS, i + 1)), i));
  }
  let a = v128.load(KEYS);
  let b = v128.load(KEYS, 16);
  let c = v128.load(KEYS, 32);
  let d = v128.load(KEYS, 48);
  let alive: u32 = (1 << count) - 1;
  while (true) {
    const key = smallest(i32x4.min_u(i32x4.min_u(a, b), i32x4.min_u(c, d)));
    if (key >= NO_KEY) break;
    const i = key & 0xff;
    const token = mergedToken(key >> 8);
    store<u32>(SYMBOLS + (i << 2), token);
    const rest = alive & (<u32>(-2) << i);
    const gone = <u32>ctz(rest);
    const behind = rest & (rest - 1);
    alive &= ~(<u32>1 << gone);
    const right = behind == 0 ? NO_KEY : keyOf(rankOf(token, get(SYMBOLS, <u32>ctz(behind))), i);
    const befores = alive & ((<u32>1 << i) - 1);
    const before: u32 = befores == 0 ? FEW : 31 - <u32>clz(befores);
    const left = befores == 0 ? NO_KEY : keyOf(rankOf(get(SYMBOLS, before), token), before);
    a = changed(a, i32x4(0, 1, 2, 3), gone, i, right, before, left);
    b = changed(b, i32x4(4, 5, 6, 7), gone, i, right, before, left);
    c = changed(c, i32x4(8, 9, 10, 11), gone, i, right, before, left);
    d = changed(d, i32x4(12, 13, 14, 15), gone, i, right, before, left);
  }
  for (; alive != 0; alive &= alive - 1) {
    store<u32>(out, get(SYMBOLS, <u32>ctz(alive)));
    out += 4;
  }
  return out;
}

/** The smallest lane. */
@inline
function smallest(keys: v128): u32 {
  const halves = i32x4.min_u(keys, i32x4.shuffle(keys, keys, 2, 3, 0, 1));
  return i32x4.extract_lane(i32x4.min_u(halves, i32x4.shuffle(halves, halves, 1, 0, 3, 2)), 0);
}

/** `keys`, whose positions are `lanes`, without that of `gone` and with new ones at `i` and `before`. */
@inline
function changed(keys: v128, lanes: v128, gone: u32, i: u32, right: u32, before: u32, left: u32): v128 {
  keys = replaced(keys, lanes, gone, NO_KEY);
  keys = replaced(keys, lanes, i, right);
  return replaced(keys, lanes, before, left);
}

@inline
function replaced(keys: v128, lanes: v128, at: u32, key: u32): v128 {
  return v128.bitselect(i32x4.splat(key), keys, i32x4.eq(i32x4.splat(at), lanes));
}
