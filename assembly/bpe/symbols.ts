/**
 * The row of symbols that is being merged, and what mergers note beside each.
 *
 * Invariant: four bytes a symbol in every list, room for the longest word, and for a vector behind it.
 */
import { PADDING, TEXT_BYTES } from "./limits";

/** Token ids: whoever asks for a merge writes them here. */
export const SYMBOLS: usize = memory.data(4 * TEXT_BYTES + PADDING, 16);
/** Of the pair that starts at each symbol: its key, or its rank. */
export const KEYS: usize = memory.data(4 * TEXT_BYTES + PADDING, 16);
export const NEXT: usize = memory.data(4 * TEXT_BYTES + PADDING, 16);
export const PREVIOUS: usize = memory.data(4 * TEXT_BYTES + PADDING, 16);

/** Keys from here on stand for pairs that do not merge. */
export const NO_KEY: u32 = 0x3fffff00;

/** Orders pairs by rank, then position, which is below 256. */
@inline
export function keyOf(rank: u32, position: u32): u32 {
  return (rank << 8) | position;
}

@inline
export function get(list: usize, index: u32): u32 {
  return load<u32>(list + (index << 2));
}

@inline
export function set(list: usize, index: u32, value: u32): void {
  store<u32>(list + (index << 2), value);
}

/** Writes the symbols that are left of `count`, in order, from `out` on; returns where they end. */
@inline
export function gather(count: u32, out: usize): usize {
  let i: u32 = 0;
  do {
    store<u32>(out, get(SYMBOLS, i));
    out += 4;
    i = get(NEXT, i);
  } while (i < count);
  return out;
}
