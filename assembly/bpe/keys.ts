/**
 * Words as keys: their bytes in registers, and hashes of them.
 *
 * A word of at most 15 bytes is sixteen bytes with its length on top, one of at most 31 is thirty-two: equal keys are equal words.
 * Loads run past the word by up to 31 bytes: text areas are padded.
 */

export const SHORT_BYTES: u32 = 15;
export const MEDIUM_BYTES: u32 = 31;

const K0: u64 = 0x9e3779b97f4a7c15;
const K1: u64 = 0xc2b2ae3d27d4eb4f;
const K2: u64 = 0xd6e8feb86659fd93;
const K3: u64 = 0xa0761d6478bd642f;

/** Masks that keep the first n bytes of eight: n = 0 up to index 8, then 1 to 8, then 8. */
const MASKS: usize = memory.data<u64>([
  0, 0, 0, 0, 0, 0, 0, 0, 0,
  0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, 0xffffffffffffffff,
  0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
  0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
]);

/** Bytes 0 to 7 of a key of at most sixteen bytes at `p`. */
@inline
export function lowKey(p: usize, length: u32): u64 {
  return load<u64>(p) & load<u64>(MASKS + (length << 3), 64);
}

/** Bytes 8 to 15, with the length on top. */
@inline
export function highKey(p: usize, length: u32): u64 {
  return (load<u64>(p, 8) & load<u64>(MASKS + (length << 3))) | (<u64>length << 56);
}

@inline
export function hashShort(low: u64, high: u64): u32 {
  const mixed = low * K0 + high * K1;
  return <u32>(mixed >> 32) ^ <u32>(mixed >> 51);
}

/** Hash of a word of 16 to 31 bytes. */
@inline
export function hashMedium(p: usize, length: u32): u32 {
  const tail = p + 16;
  const rest = length - 16;
  const mixed = load<u64>(p) * K0 + load<u64>(p, 8) * K1 + rotl(lowKey(tail, rest) * K2 + highKey(tail, rest) * K3, 29);
  return <u32>(mixed >> 32) ^ <u32>(mixed >> 51);
}

/** Hash of a word of at least 16 bytes, never zero: the last sixteen bytes may overlap those before. */
export function hashLong(p: usize, length: u32): u64 {
  let hash: u64 = <u64>length * K0;
  const last = p + length - 16;
  for (; p < last; p += 16) hash = mix(hash, p);
  return mix(hash, last) | 1;
}

@inline
function mix(hash: u64, p: usize): u64 {
  let mixed = (hash ^ load<u64>(p)) * K0 + rotl(load<u64>(p, 8) + hash, 31) * K1;
  mixed = (mixed ^ (mixed >> 32)) * K2;
  return mixed ^ (mixed >> 29);
}

/** Whether `length` bytes, at least 16, are the same at both places. */
export function sameBytes(a: usize, b: usize, length: u32): bool {
  const last = length - 16;
  for (let i: u32 = 0; i < last; i += 16) {
    if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(a + last), v128.load(b + last)));
}
