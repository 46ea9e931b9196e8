/**
 * Which two tokens merge into which, and how early: the host's table, entry for entry.
 *
 * Layout: open addressing over 64-bit entries: right id (21 bits), low rank bits (11), left id (21), high rank bits (11); all ones is a
 * free place. Before it stands a set of hashed pairs, small enough for the second cache level, which tells most pairs that do not merge;
 * and pairs of ids below 256, which single bytes have, are looked up in a dense table.
 */

/** Rank of a pair that does not merge: above every rank, of which there are less than 2^22. */
export const NO_MERGE: u32 = 0x00ffffff;

const IDS: u64 = 0x001fffff_001fffff;
const ID_MASK: u32 = 0x001fffff;
const FREE: u64 = 0xffffffff_ffffffff;
const DENSE_IDS: u32 = 256;
const SET_BITS: u32 = 21;

const DENSE: usize = memory.data(4 * 256 * 256, 64);
const SET: usize = memory.data(1 << 18, 64);

let entries: usize = 0;
let mask: u32 = 0;
let shift: u32 = 0;
let merged: usize = 0;

/** Takes a table of `1 << bits` entries, and the token each rank makes. */
export function setPairs(table: usize, bits: u32, tokens: usize): void {
  entries = table;
  mask = (1 << bits) - 1;
  shift = 32 - bits;
  merged = tokens;
  for (let at: u32 = 0; at < DENSE_IDS * DENSE_IDS; at++) store<u32>(DENSE + (at << 2), NO_MERGE);
  for (let slot: u32 = 0; slot <= mask; slot++) {
    const entry = load<u64>(entries + (slot << 3));
    if (entry != FREE) note(<u32>(entry >> 32) & ID_MASK, <u32>entry & ID_MASK, rankIn(entry));
  }
}

function note(left: u32, right: u32, rank: u32): void {
  const bit = hashOf(left, right) >>> (32 - SET_BITS);
  const byte = SET + (bit >> 3);
  store<u8>(byte, <u8>((<u32>1 << (bit & 7)) | load<u8>(byte)));
  if ((left | right) < DENSE_IDS) store<u32>(DENSE + (((left << 8) | right) << 2), rank);
}

@inline
function rankIn(entry: u64): u32 {
  return <u32>((entry >> 21) & 0x7ff) | (<u32>(entry >> 53) << 11);
}

@inline
function hashOf(left: u32, right: u32): u32 {
  return (left * 0x9e3779b1 + right) * 0x85ebca77;
}

/** Rank of the pair, {@link NO_MERGE} where it does not merge. */
@inline
export function rankOf(left: u32, right: u32): u32 {
  const hash = hashOf(left, right);
  const bit = hash >>> (32 - SET_BITS);
  return (((<u32>load<u8>(SET + (bit >> 3))) >> (bit & 7)) & 1) == 0 ? NO_MERGE : lookUp(left, right, hash >>> shift);
}

@inline
function lookUp(left: u32, right: u32, slot: u32): u32 {
  const key = (<u64>left << 32) | right;
  while (true) {
    const entry = load<u64>(entries + (slot << 3));
    if ((entry & IDS) == key) return rankIn(entry);
    if (entry == FREE) return NO_MERGE;
    slot = (slot + 1) & mask;
  }
}

/** {@link rankOf}, quick for pairs of bytes. */
@inline
export function firstRankOf(left: u32, right: u32): u32 {
  return (left | right) < DENSE_IDS ? load<u32>(DENSE + (((left << 8) | right) << 2)) : rankOf(left, right);
}

/** The token that the merge of rank `rank` makes. */
@inline
export function mergedToken(rank: u32): u32 {
  return load<u32>(merged + (rank << 2));
}
