/**
 * Which two tokens merge into which, and how early: the host's table, entry for entry.
 *
 * Layout: open addressing over 64-bit entries: right id (21 bits), low rank bits (11), left id (21), high rank bits (11); all ones is a
 * free place. Pairs of ids below 256, which single bytes have, are looked up in a dense table first.
 */
import { allocate } from "./bpe-memory";

/** Rank of a pair that does not merge: above every rank. */
export const NO_MERGE: u32 = 0xffffffff;

const IDS: u64 = 0x001fffff_001fffff;
const FREE: u64 = 0xffffffff_ffffffff;
const DENSE_IDS: u32 = 256;

let entries: usize = 0;
let mask: u32 = 0;
let shift: u32 = 0;
let merged: usize = 0;
let dense: usize = 0;

/** Takes a table of `1 << bits` entries, and the token each rank makes. */
export function setPairs(table: usize, bits: u32, tokens: usize): void {
  entries = table;
  mask = (1 << bits) - 1;
  shift = 32 - bits;
  merged = tokens;
  dense = allocate((DENSE_IDS * DENSE_IDS) << 2);
  for (let left: u32 = 0; left < DENSE_IDS; left++) {
    for (let right: u32 = 0; right < DENSE_IDS; right++) {
      store<u32>(dense + (((left << 8) | right) << 2), rankOf(left, right));
    }
  }
}

/** Rank of the pair, {@link NO_MERGE} where it does not merge. */
@inline
export function rankOf(left: u32, right: u32): u32 {
  const key = (<u64>left << 32) | right;
  let slot = ((left * 0x9e3779b1 + right) * 0x85ebca77) >>> shift;
  while (true) {
    const entry = load<u64>(entries + (slot << 3));
    if ((entry & IDS) == key) return <u32>((entry >> 21) & 0x7ff) | (<u32>(entry >> 53) << 11);
    if (entry == FREE) return NO_MERGE;
    slot = (slot + 1) & mask;
  }
}

/** {@link rankOf}, quick for pairs of bytes. */
@inline
export function firstRankOf(left: u32, right: u32): u32 {
  return (left | right) < DENSE_IDS ? load<u32>(dense + (((left << 8) | right) << 2)) : rankOf(left, right);
}

/** The token that the merge of rank `rank` makes. */
@inline
export function mergedToken(rank: u32): u32 {
  return load<u32>(merged + (rank << 2));
}
