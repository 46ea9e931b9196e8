/**
 * The token that the merge of each rank makes.
 *
 * Merges stand in the order of what they make, nearly everywhere: the same token as the merge before, or the next. Layout: 16 bytes for 64
 * ranks: a bit for each that makes the next token (8), and the token of the first (4). So the tokens of 500,000 ranks are 128 KiB that stay
 * in the second cache level, where a list has 2 MB. Blocks in another order, WITHIN_LIST in place of a token, are looked up in the list.
 */
import { allocate } from "./memory";

const WITHIN_LIST: u32 = 0xffffffff;

let list: usize = 0;
let blocks: usize = 0;

/** Keeps the list, and makes the blocks. */
export function setMerged(tokens: usize, ranks: u32): void {
  list = tokens;
  blocks = allocate(((ranks + 63) >> 6) << 4);
  for (let first: u32 = 0; first < ranks; first += 64) {
    const block = blocks + ((first >> 6) << 4);
    const count = min<u32>(64, ranks - first);
    let bits: u64 = 0;
    let token = tokenAt(first);
    store<u32>(block, token, 8);
    for (let i: u32 = 1; i < count; i++) {
      const next = tokenAt(first + i);
      if (next - token > 1) store<u32>(block, WITHIN_LIST, 8);
      bits |= <u64>(next - token) << i;
      token = next;
    }
    store<u64>(block, bits);
  }
}

@inline
function tokenAt(rank: u32): u32 {
  return load<u32>(list + (rank << 2));
}

/** The token that the merge of rank `rank` makes. */
@inline
export function mergedToken(rank: u32): u32 {
  const block = blocks + ((rank >> 6) << 4);
  const first = load<u32>(block, 8);
  if (first == WITHIN_LIST) return tokenAt(rank);
  return first + <u32>popcnt(load<u64>(block) & ((<u64>2 << (rank & 63)) - 1));
}
