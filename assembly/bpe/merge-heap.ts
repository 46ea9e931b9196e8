/** Merging of long rows: a linked list and a heap of pairs. Price: O(n log n) time, sixteen bytes of heap a symbol. */
import { TEXT_BYTES } from "./limits";
import { mergedToken } from "./merged-tokens";
import { NO_MERGE, rankOf } from "./pairs";
import { gather, get, KEYS as RANKS, NEXT, PREVIOUS, set, SYMBOLS } from "./symbols";

/** Ranks and positions: a merge takes one entry out and puts two in at most. */
const HEAP: usize = memory.data(16 * TEXT_BYTES, 16);

let size: u32 = 0;

/** Merges the first `count` symbols; writes the tokens from `out` on and returns where they end. */
export function mergeWithHeap(count: u32, out: usize): usize {
  size = 0;
  for (let i: u32 = 0; i < count; i++) {
    set(NEXT, i, i + 1);
    set(PREVIOUS, i, i - 1);
    setRank(i, i + 1 < count ? rankOf(get(SYMBOLS, i), get(SYMBOLS, i + 1)) : NO_MERGE);
  }
  while (size > 0) {
    const top = pop();
    const i = <u32>top;
    const rank = <u32>(top >> 32);
    if (get(RANKS, i) != rank) continue; // the pair has changed since it was pushed
    const gone = get(NEXT, i);
    const behind = get(NEXT, gone);
    const token = mergedToken(rank);
    set(SYMBOLS, i, token);
    set(RANKS, gone, NO_MERGE);
    set(NEXT, i, behind);
    if (behind < count) set(PREVIOUS, behind, i);
    setRank(i, behind < count ? rankOf(token, get(SYMBOLS, behind)) : NO_MERGE);
    if (i > 0) {
      const before = get(PREVIOUS, i);
      setRank(before, rankOf(get(SYMBOLS, before), token));
    }
  }
  return gather(count, out);
}

function setRank(position: u32, rank: u32): void {
  set(RANKS, position, rank);
  if (rank != NO_MERGE) push((<u64>rank << 32) | position);
}

function push(entry: u64): void {
  let hole = size++;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const above = load<u64>(HEAP + (parent << 3));
    if (above <= entry) break;
    store<u64>(HEAP + (hole << 3), above);
    hole = parent;
  }
  store<u64>(HEAP + (hole << 3), entry);
}

function pop(): u64 {
  const top = load<u64>(HEAP);
  const last = load<u64>(HEAP + (--size << 3));
  let hole: u32 = 0;
  for (let child: u32 = 1; child < size; child = 2 * hole + 1) {
    let least = load<u64>(HEAP + (child << 3));
    if (child + 1 < size) {
      const other = load<u64>(HEAP + ((child + 1) << 3));
      if (other < least) {
        least = other;
        child++;
      }
    }
    if (least >= last) break;
    store<u64>(HEAP + (hole << 3), least);
    hole = child;
  }
  store<u64>(HEAP + (hole << 3), last);
  return top;
}
