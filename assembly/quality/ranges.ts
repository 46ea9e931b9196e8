/**
 * An exact set of byte ranges: which were seen before. Twin: kernels/quality/range-set.ts.
 *
 * Invariant: a range is seen only when its bytes are equal. Memory: slots of 16 bytes (hash u64, 0 for a free one; start u32; end u32), a
 * power of two of them, at least half as many again as ranges announced. Ranges are at least 64 bytes away from the edges of memory.
 * Price: one multiply per eight bytes, one probe.
 */
import { firstBytes, reserve } from "./text";

export const K1: u64 = 0x9e3779b97f4a7c15;
export const K2: u64 = 0xc2b2ae3d27d4eb4f;
const K3: u64 = 0xd6e8feb86659fd93;

let slots: usize = 0;
let mask: usize = 0;

/** Slots of a table for `count` entries: a power of two, at most two thirds of them taken. */
export function tableSize(count: u32): usize {
  return (<usize>1) << (32 - <usize>clz(count + (count >> 1) + 15));
}

/** Empties the set, puts it at `at` and makes room for `count` ranges. */
export function resetRanges(at: usize, count: u32): void {
  const size = tableSize(count);
  reserve(at + (size << 4));
  memory.fill(at, 0, size << 4);
  slots = at;
  mask = size - 1;
}

/** Adds the range and tells whether equal bytes were in the set already. */
export function seen(start: usize, end: usize): bool {
  const hash = hashBytes(start, end) | 1;
  let slot = <usize>(hash >> 32) & mask;
  while (true) {
    const entry = slots + (slot << 4);
    const known = load<u64>(entry);
    if (known == 0) {
      store<u64>(entry, hash);
      store<u32>(entry, <u32>start, 8);
      store<u32>(entry, <u32>end, 12);
      return false;
    }
    if (known == hash) {
      const knownStart = <usize>load<u32>(entry, 8);
      if (<usize>load<u32>(entry, 12) - knownStart == end - start && equalBytes(knownStart, start, end - start))
        return true;
    }
    slot = (slot + 1) & mask;
  }
}

export function equalBytes(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) {
    if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
  }
  return !v128.any_true(v128.xor(firstBytes(a + i, length - i), firstBytes(b + i, length - i)));
}

export function mix64(hash: u64): u64 {
  const h = (hash ^ (hash >> 32)) * K3;
  return h ^ (h >> 29);
}

/** Takes 16 bytes into a hash. */
export function hashVector(hash: u64, bytes: v128): u64 {
  const h = (hash ^ i64x2.extract_lane(bytes, 0)) * K1;
  return (rotl<u64>(h, 29) ^ i64x2.extract_lane(bytes, 1)) * K2;
}

export function hashBytes(start: usize, end: usize): u64 {
  let h: u64 = <u64>(end - start) * K1;
  let at = start;
  for (; at + 16 <= end; at += 16) {
    h = hashVector(h, v128.load(at));
    h ^= h >> 31;
  }
  if (at < end) h = hashVector(h, firstBytes(at, end - at));
  return mix64(h);
}
