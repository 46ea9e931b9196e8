/**
 * Which two tokens merge into which, and how early: the host's table, entry for entry, behind a small table of the pairs asked for lately.
 *
 * Layout of the host's: open addressing over 64-bit entries: right id (21 bits), low rank bits (11), left id (21), high rank bits (11); all
 * ones is a free place. It has up to 8 MB, and what a rank makes stands in another: two cache misses, one behind the other. The lately
 * asked, pairs that do not merge among them, are 512 KiB that stay in the second cache level: 16 bytes a place, which its hash names: pair (8),
 * rank (4), token (4). Words share pairs as texts share words, so that most are found there.
 */

/** Rank of a pair that does not merge: above every rank, of which there are less than 2^22. */
export const NO_MERGE: u32 = 0x00ffffff;

const IDS: u64 = 0x001fffff_001fffff;
const FREE: u64 = 0xffffffff_ffffffff;
const LATELY_BITS: u32 = 15;

const LATELY: usize = memory.data(16 << 15, 64);

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
  memory.fill(LATELY, 0xff, 16 << LATELY_BITS);
}

@inline
function hashOf(left: u32, right: u32): u32 {
  return (left * 0x9e3779b1 + right) * 0x85ebca77;
}

/** What the pair merges into: rank in the low half, {@link NO_MERGE} where it does not merge, and token in the high one. */
@inline
export function mergeOf(left: u32, right: u32): u64 {
  const hash = hashOf(left, right);
  const place = LATELY + (<usize>(hash >>> (32 - LATELY_BITS)) << 4);
  const pair = (<u64>left << 32) | right;
  return load<u64>(place) == pair ? load<u64>(place, 8) : lookUp(pair, hash >>> shift, place);
}

/** Looks in the host's table, and notes the answer at `place`. */
function lookUp(pair: u64, slot: u32, place: usize): u64 {
  let answer: u64 = NO_MERGE;
  while (true) {
    const entry = load<u64>(entries + (slot << 3));
    if ((entry & IDS) == pair) {
      const rank = <u32>((entry >> 21) & 0x7ff) | (<u32>(entry >> 53) << 11);
      answer = <u64>rank | (<u64>load<u32>(merged + (rank << 2)) << 32);
      break;
    }
    if (entry == FREE) break;
    slot = (slot + 1) & mask;
  }
  store<u64>(place, pair);
  store<u64>(place, answer, 8);
  return answer;
}
