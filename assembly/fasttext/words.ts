/**
 * Words of a text: where they end, and a key of 32 bytes.
 *
 * Invariant: words end at space, tab, newline, carriage return, vertical tab, form feed and NUL, so the key of a word, its bytes and zeros behind them, is of no other word. At
 * least 32 bytes behind the text may be read, and a separator stands right behind it. Price: a nanosecond a word of at most 16 bytes.
 */

export const MAX_KEY: u32 = 32;
const FNV_OFFSET: u32 = 0x811c9dc5;
const FNV_PRIME: u32 = 0x01000193;
const FIRST: u64 = 0x9e3779b97f4a7c15;
const SECOND: u64 = 0xc2b2ae3d27d4eb4f;

export function isSeparator(byte: u8): bool {
  return byte <= 0x20 && (byte == 0x20 || byte == 0 || <u32>(byte - 9) < 5);
}

/** A bit for each of 16 bytes that is a separator. */
function separators(bytes: v128): u32 {
  const spaces = v128.or(i8x16.eq(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0)));
  const controls = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(9)), i8x16.splat(5));
  return <u32>i8x16.bitmask(v128.or(spaces, controls));
}

/** Bytes of the word that begins at `at`. */
export function lengthOfWord(at: usize): u32 {
  let length: u32 = 0;
  let mask = separators(v128.load(at));
  while (mask == 0) {
    length += 16;
    mask = separators(v128.load(at + length));
  }
  return length + <u32>ctz(mask);
}

/** `length` bytes, 0 to 16 of them, with zeros behind. */
export function keyPart(at: usize, length: i32): v128 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.and(v128.load(at), i8x16.gt_s(i8x16.splat(<i8>length), places));
}

/** Mixes a key. */
export function hashOfKey(low: v128, high: v128): u32 {
  const a = i64x2.extract_lane(low, 0) ^ (i64x2.extract_lane(high, 0) << 1);
  const b = i64x2.extract_lane(low, 1) ^ (i64x2.extract_lane(high, 1) << 1);
  const mixed = <u64>a * FIRST + <u64>b * SECOND;
  return <u32>(((mixed ^ (mixed >> 29)) * FIRST) >> 32);
}

/** fastText's hash: FNV-1a over signed bytes. */
export function hashOfWord(at: usize, length: u32): u32 {
  let hash = FNV_OFFSET;
  for (let i: usize = 0; i < <usize>length; i++) hash = (hash ^ <u32>(<i32>load<i8>(at + i))) * FNV_PRIME;
  return hash;
}
