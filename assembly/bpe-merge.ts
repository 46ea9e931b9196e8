/**
 * Byte-pair merging of a row of symbols: the pair of lowest rank first, the leftmost of equals, until none merges.
 *
 * Rows of up to SCAN_LIMIT symbols scan for the minimum, sixteen bytes at a time, over keys that hold rank and position; longer ones use
 * a heap over a linked list, so that no input is quadratic. Scratch: 32 bytes for each symbol of the longest row.
 */
import { allocate } from "./bpe-memory";
import { firstRankOf, mergedToken, NO_MERGE, rankOf } from "./bpe-pairs";

/** Positions are the low eight bits of a scan key; a rank has 22. */
const SCAN_LIMIT: u32 = 128;
const NO_KEY: u32 = 0xffffffff;

/** The symbols to merge, as 32-bit token ids: whoever calls {@link mergeSymbols} writes them here. */
export let symbols: usize = 0;
/** Scan: key of the pair that starts at each symbol. Heap: its rank. */
let pairs: usize = 0;
let next: usize = 0;
let previous: usize = 0;
let heap: usize = 0;
let heapSize: u32 = 0;

/** Reserves scratch for rows of up to `longest` symbols. */
export function setUpMerging(longest: u32): void {
  symbols = allocate((longest + 4) << 2);
  pairs = allocate((longest + 4) << 2);
  next = allocate((longest + 4) << 2);
  previous = allocate((longest + 4) << 2);
  heap = allocate(longest << 4);
}

@inline
function get(list: usize, index: u32): u32 {
  return load<u32>(list + (index << 2));
}

@inline
function set(list: usize, index: u32, value: u32): void {
  store<u32>(list + (index << 2), value);
}

/** Merges the first `count` of {@link symbols}; writes the tokens from `out` on and returns where they end. */
export function mergeSymbols(count: u32, out: usize): usize {
  if (count == 1) {
    store<u32>(out, get(symbols, 0));
    return out + 4;
  }
  if (count == 2) return mergeTwo(out);
  if (count <= SCAN_LIMIT) scanAndMerge(count);
  else mergeWithHeap(count);
  let i: u32 = 0;
  do {
    store<u32>(out, get(symbols, i));
    out += 4;
    i = get(next, i);
  } while (i < count);
  return out;
}

function mergeTwo(out: usize): usize {
  const rank = firstRankOf(get(symbols, 0), get(symbols, 1));
  if (rank == NO_MERGE) {
    store<u64>(out, load<u64>(symbols));
    return out + 8;
  }
  store<u32>(out, mergedToken(rank));
  return out + 4;
}

@inline
function scanKey(rank: u32, position: u32): u32 {
  return rank == NO_MERGE ? NO_KEY : (rank << 8) | position;
}

function scanAndMerge(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    set(pairs, i, i + 1 < count ? scanKey(firstRankOf(get(symbols, i), get(symbols, i + 1)), i) : NO_KEY);
    set(next, i, i + 1);
    set(previous, i, i - 1);
  }
  for (let i = count; (i & 3) != 0; i++) set(pairs, i, NO_KEY);
  for (let key = smallestKey(count); key != NO_KEY; key = smallestKey(count)) {
    const i = key & 0xff;
    const gone = get(next, i);
    const after = get(next, gone);
    const token = mergedToken(key >> 8);
    set(symbols, i, token);
    set(pairs, gone, NO_KEY);
    set(next, i, after);
    if (after < count) {
      set(previous, after, i);
      set(pairs, i, scanKey(rankOf(token, get(symbols, after)), i));
    } else {
      set(pairs, i, NO_KEY);
    }
    if (i > 0) {
      const before = get(previous, i);
      set(pairs, before, scanKey(rankOf(get(symbols, before), token), before));
    }
  }
}

@inline
function smallestKey(count: u32): u32 {
  const end = pairs + (count << 2);
  let least = v128.load(pairs);
  for (let at = pairs + 16; at < end; at += 16) least = i32x4.min_u(least, v128.load(at));
  least = i32x4.min_u(least, i32x4.shuffle(least, least, 2, 3, 0, 1));
  least = i32x4.min_u(least, i32x4.shuffle(least, least, 1, 0, 3, 2));
  return i32x4.extract_lane(least, 0);
}

function mergeWithHeap(count: u32): void {
  heapSize = 0;
  for (let i: u32 = 0; i < count; i++) {
    set(next, i, i + 1);
    set(previous, i, i - 1);
    setPair(i, i + 1 < count ? firstRankOf(get(symbols, i), get(symbols, i + 1)) : NO_MERGE);
  }
  while (heapSize > 0) {
    const top = pop();
    const i = <u32>top;
    const rank = <u32>(top >> 32);
    if (get(pairs, i) != rank) continue; // the pair has changed since it was pushed
    const gone = get(next, i);
    const after = get(next, gone);
    const token = mergedToken(rank);
    set(symbols, i, token);
    set(pairs, gone, NO_MERGE);
    set(next, i, after);
    if (after < count) set(previous, after, i);
    setPair(i, after < count ? rankOf(token, get(symbols, after)) : NO_MERGE);
    if (i > 0) {
      const before = get(previous, i);
      setPair(before, rankOf(get(symbols, before), token));
    }
  }
}

function setPair(position: u32, rank: u32): void {
  set(pairs, position, rank);
  if (rank != NO_MERGE) push((<u64>rank << 32) | position);
}

function push(key: u64): void {
  let hole = heapSize++;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const above = load<u64>(heap + (parent << 3));
    if (above <= key) break;
    store<u64>(heap + (hole << 3), above);
    hole = parent;
  }
  store<u64>(heap + (hole << 3), key);
}

function pop(): u64 {
  const top = load<u64>(heap);
  const last = load<u64>(heap + (--heapSize << 3));
  let hole: u32 = 0;
  for (let child: u32 = 1; child < heapSize; child = 2 * hole + 1) {
    let least = load<u64>(heap + (child << 3));
    if (child + 1 < heapSize) {
      const other = load<u64>(heap + ((child + 1) << 3));
      if (other < least) {
        least = other;
        child++;
      }
    }
    if (least >= last) break;
    store<u64>(heap + (hole << 3), least);
    hole = child;
  }
  store<u64>(heap + (hole << 3), last);
  return top;
}
