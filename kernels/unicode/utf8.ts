/**
 * Decoding UTF-8 one character at a time.
 *
 * Invariant: never reads outside `[start, end)` and always advances. A byte that does not begin a well-formed sequence (stray
 * continuation, overlong form, surrogate, beyond U+10FFFF, cut short) is one U+FFFD of one byte. Price: a few ns a character.
 */

/** Where the byte length sits in what {@link decodeAt} returns. */
export const LENGTH_SHIFT = 21;
export const CODE_POINT_MASK = (1 << LENGTH_SHIFT) - 1;
const INVALID = 0xfffd | (1 << LENGTH_SHIFT);

/** The character at `at < end`: code point in the low 21 bits, length in bytes (1 to 4) above them. */
export function decodeAt(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return lead | (1 << LENGTH_SHIFT);
  if (lead < 0xe0) {
    if (lead < 0xc2 || at + 1 >= end) return INVALID;
    const b = bytes[at + 1] ^ 0x80;
    if (b > 0x3f) return INVALID;
    return ((lead & 0x1f) << 6) | b | (2 << LENGTH_SHIFT);
  }
  if (lead < 0xf0) {
    if (at + 2 >= end) return INVALID;
    const b = bytes[at + 1] ^ 0x80;
    const c = bytes[at + 2] ^ 0x80;
    if ((b | c) > 0x3f) return INVALID;
    const codePoint = ((lead & 0x0f) << 12) | (b << 6) | c;
    if (codePoint < 0x800 || (codePoint & 0xf800) === 0xd800) return INVALID;
    return codePoint | (3 << LENGTH_SHIFT);
  }
  if (lead > 0xf4 || at + 3 >= end) return INVALID;
  const b = bytes[at + 1] ^ 0x80;
  const c = bytes[at + 2] ^ 0x80;
  const d = bytes[at + 3] ^ 0x80;
  if ((b | c | d) > 0x3f) return INVALID;
  const codePoint = ((lead & 0x07) << 18) | (b << 12) | (c << 6) | d;
  if (codePoint < 0x10000 || codePoint > 0x10ffff) return INVALID;
  return codePoint | (4 << LENGTH_SHIFT);
}

/** The character that ends at `at > start`, in the same form as {@link decodeAt}. */
export function decodeBefore(bytes: Uint8Array, start: number, at: number): number {
  for (let back = 1; back <= 4 && at - back >= start; back++) {
    const byte = bytes[at - back];
    if ((byte & 0xc0) === 0x80) continue;
    const decoded = decodeAt(bytes, at - back, at);
    return decoded >> LENGTH_SHIFT === back ? decoded : INVALID;
  }
  return INVALID;
}

/** Writes a code point as UTF-8 at `at` and returns the position after it. The caller makes room for 4 bytes. */
export function encodeAt(bytes: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    bytes[at] = codePoint;
    return at + 1;
  }
  if (codePoint < 0x800) {
    bytes[at] = 0xc0 | (codePoint >> 6);
    bytes[at + 1] = 0x80 | (codePoint & 0x3f);
    return at + 2;
  }
  if (codePoint < 0x10000) {
    bytes[at] = 0xe0 | (codePoint >> 12);
    bytes[at + 1] = 0x80 | ((codePoint >> 6) & 0x3f);
    bytes[at + 2] = 0x80 | (codePoint & 0x3f);
    return at + 3;
  }
  bytes[at] = 0xf0 | (codePoint >> 18);
  bytes[at + 1] = 0x80 | ((codePoint >> 12) & 0x3f);
  bytes[at + 2] = 0x80 | ((codePoint >> 6) & 0x3f);
  bytes[at + 3] = 0x80 | (codePoint & 0x3f);
  return at + 4;
}
