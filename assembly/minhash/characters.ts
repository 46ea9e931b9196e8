/**
 * UTF-8 and character tables in raw memory: the rules of kernels/unicode/utf8.ts, twin for twin.
 *
 * A table gives every code point one i32: blocks of 256 values that are equal are stored once, and the first 2048
 * values stand in order, so that a two-byte character needs one load. Layout: u16 block number per `code point >> 8`,
 * then the values; kernels/minhash/character-tables.ts makes them. Reads are bounded by `end` alone.
 */

const BLOCK_COUNT: usize = 0x1100;
const REPLACEMENT: u32 = 0xfffd;
/** Where the length in bytes sits in what `decode` returns. */
export const LENGTH_SHIFT: u32 = 21;
export const CODE_POINT_MASK: u32 = (1 << LENGTH_SHIFT) - 1;
export const MALFORMED: u32 = REPLACEMENT | (1 << LENGTH_SHIFT);

/** The value of `codePoint`, at most U+10FFFF, in the table at `table`. */
export function lookUp(table: usize, codePoint: u32): i32 {
  const block = <usize>load<u16>(table + ((codePoint >> 8) << 1));
  return load<i32>(table + (((block << 8) + (codePoint & 0xff)) << 2), BLOCK_COUNT << 1);
}

/** The value of a code point below U+0800. */
export function lookUpLow(table: usize, codePoint: u32): i32 {
  return load<i32>(table + (codePoint << 2), BLOCK_COUNT << 1);
}

/** The character at `at < end`: code point, length above it. What is malformed is U+FFFD of one byte. */
export function decode(at: usize, end: usize): u32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0x80) return lead | (1 << LENGTH_SHIFT);
  if (lead < 0xe0) {
    if (lead < 0xc2 || at + 1 >= end) return MALFORMED;
    const b = <u32>load<u8>(at, 1) ^ 0x80;
    if (b > 0x3f) return MALFORMED;
    return ((lead & 0x1f) << 6) | b | (2 << LENGTH_SHIFT);
  }
  if (lead < 0xf0) {
    if (at + 2 >= end) return MALFORMED;
    const b = <u32>load<u8>(at, 1) ^ 0x80;
    const c = <u32>load<u8>(at, 2) ^ 0x80;
    if ((b | c) > 0x3f) return MALFORMED;
    const codePoint = ((lead & 0x0f) << 12) | (b << 6) | c;
    if (codePoint < 0x800 || (codePoint & 0xf800) == 0xd800) return MALFORMED;
    return codePoint | (3 << LENGTH_SHIFT);
  }
  if (lead > 0xf4 || at + 3 >= end) return MALFORMED;
  const b = <u32>load<u8>(at, 1) ^ 0x80;
  const c = <u32>load<u8>(at, 2) ^ 0x80;
  const d = <u32>load<u8>(at, 3) ^ 0x80;
  if ((b | c | d) > 0x3f) return MALFORMED;
  const codePoint = ((lead & 0x07) << 18) | (b << 12) | (c << 6) | d;
  if (codePoint < 0x10000 || codePoint > 0x10ffff) return MALFORMED;
  return codePoint | (4 << LENGTH_SHIFT);
}

/** The character that ends at `at > start`, in the same form. */
export function decodeBefore(start: usize, at: usize): u32 {
  for (let back: usize = 1; back <= 4 && at >= start + back; back++) {
    if ((load<u8>(at - back) & 0xc0) == 0x80) continue;
    const decoded = decode(at - back, at);
    return decoded >> LENGTH_SHIFT == <u32>back ? decoded : MALFORMED;
  }
  return MALFORMED;
}

/** Writes a code point at `at` and returns the position after it. Writes up to 4 bytes. */
export function encode(at: usize, codePoint: u32): usize {
  if (codePoint < 0x80) {
    store<u8>(at, codePoint);
    return at + 1;
  }
  if (codePoint < 0x800) {
    store<u8>(at, 0xc0 | (codePoint >> 6));
    store<u8>(at, 0x80 | (codePoint & 0x3f), 1);
    return at + 2;
  }
  if (codePoint < 0x10000) {
    store<u8>(at, 0xe0 | (codePoint >> 12));
    store<u8>(at, 0x80 | ((codePoint >> 6) & 0x3f), 1);
    store<u8>(at, 0x80 | (codePoint & 0x3f), 2);
    return at + 3;
  }
  store<u8>(at, 0xf0 | (codePoint >> 18));
  store<u8>(at, 0x80 | ((codePoint >> 12) & 0x3f), 1);
  store<u8>(at, 0x80 | ((codePoint >> 6) & 0x3f), 2);
  store<u8>(at, 0x80 | (codePoint & 0x3f), 3);
  return at + 4;
}
