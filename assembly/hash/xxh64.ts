/** XXH64 (Yann Collet's xxHash, 64 bit) of `length` bytes at `from`: the same hash as kernels/hash/xxh64.ts. */

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;
const STRIPE: usize = 32;

export function xxh64(from: usize, length: usize, seed: u64): u64 {
  const end = from + length;
  let at = from;
  let hash: u64;
  if (length >= STRIPE) {
    let lane1 = seed + PRIME_1 + PRIME_2;
    let lane2 = seed + PRIME_2;
    let lane3 = seed;
    let lane4 = seed - PRIME_1;
    for (; at + STRIPE <= end; at += STRIPE) {
      lane1 = turn(lane1, load<u64>(at));
      lane2 = turn(lane2, load<u64>(at, 8));
      lane3 = turn(lane3, load<u64>(at, 16));
      lane4 = turn(lane4, load<u64>(at, 24));
    }
    hash = rotl(lane1, 1) + rotl(lane2, 7) + rotl(lane3, 12) + rotl(lane4, 18);
    hash = join(join(join(join(hash, lane1), lane2), lane3), lane4);
  } else {
    hash = seed + PRIME_5;
  }
  hash += <u64>length;
  for (; at + 8 <= end; at += 8) {
    hash = rotl(hash ^ turn(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
  }
  if (at + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  for (; at < end; at++) {
    hash = rotl(hash ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1;
  }
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}

function turn(lane: u64, input: u64): u64 {
  return rotl(lane + input * PRIME_2, 31) * PRIME_1;
}

function join(hash: u64, lane: u64): u64 {
  return (hash ^ turn(0, lane)) * PRIME_1 + PRIME_4;
}
