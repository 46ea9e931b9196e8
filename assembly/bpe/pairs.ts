/**
 * Which two tokens merge into which, and how early: the host's table, entry for entry, behind a small one of the pairs asked for lately.
 *
 * Layout of both: 64-bit entries: right id (21 bits), low rank bits (11), left id (21), high rank bits (11); all ones is a free place. The
 * host's is open addressing over up to 8 MB, out of which a look-up is a miss of the second cache level. The lately asked are 512 KiB, a place a
 * hash, pairs that do not merge among them: words share pairs as texts share words. What is not there is looked up in a set of hashed pairs
 * first, which tells most of those that do not merge.
 */
import { setMerged } from "./merged-tokens";

/** Rank of a pair that does not merge: above every rank. */
export const NO_MERGE: u32 = 0x003fffff;

const IDS: u64 = 0x001fffff_001fffff;
const FREE: u64 = 0xffffffff_ffffffff;
const LATELY_BITS: u32 = 16;
const SET_BITS: u32 = 21;

const LATELY: usize = memory.data(8 << 16, 64);
const SET: usize = memory.data(1 << 18, 64);

let entries: usize = 0;
let mask: u32 = 0;
let shift: u32 = 0;

/** Takes a table of `1 << bits` entries, and the token each of `ranks` ranks makes. */
export function setPairs(table: usize, bits: u32, tokens: usize, ranks: u32): void {
  entries = table;
  mask = (1 << bits) - 1;
  shift = 32 - bits;
  setMerged(tokens, ranks);
  memory.fill(LATELY, 0xff, 8 << LATELY_BITS);
  for (let slot: u32 = 0; slot <= mask; slot++) {
    const entry = load<u64>(entries + (slot << 3));
    if (entry == FREE) continue;
    const bit = hashOf(<u32>((entry & IDS) >> 32), <u32>(entry & IDS)) >>> (32 - SET_BITS);
    const byte = SET + (bit >> 3);
    store<u8>(byte, <u8>((<u32>1 << (bit & 7)) | load<u8>(byte)));
  }
}

@inline
function hashOf(left: u32, right: u32): u32 {
  return (left * 0x9e3779b1 + right) * 0x85ebca77;
}

@inline
function rankIn(entry: u64): u32 {
  return <u32>((entry >> 21) & 0x7ff) | (<u32>(entry >> 53) << 11);
}

/** Rank of the pair, {@link NO_MERGE} where it does not merge. */
@inline
export function rankOf(left: u32, right: u32): u32 {
  const hash = hashOf(left, right);
  const place = LATELY + (<usize>(hash >>> (32 - LATELY_BITS)) << 3);
  const pair = (<u64>left << 32) | right;
  const entry = load<u64>(place);
  return rankIn((entry & IDS) == pair ? entry : lookUp(pair, hash, place));
}

/** The entry of a pair in the host's table, one of {@link NO_MERGE} where it has none; notes it at `place`. */
function lookUp(pair: u64, hash: u32, place: usize): u64 {
  const bit = hash >>> (32 - SET_BITS);
  let found = pair | ~IDS;
  if ((((<u32>load<u8>(SET + (bit >> 3))) >> (bit & 7)) & 1) != 0) {
    for (let slot = hash >>> shift; ; slot = (slot + 1) & mask) {
      const entry = load<u64>(entries + (slot << 3));
      if (entry == FREE) break;
      if ((entry & IDS) == pair) {
        found = entry;
        break;
      }
    }
  }
  store<u64>(place, found);
  return found;
}
