/**
 * What a pre-tokenizer has to know about one character; the same table and the same reading of bytes as the TypeScript twin.
 *
 * Invariant: malformed UTF-8 is read one byte at a time as `OTHER`. The table is one byte for each of the 0x110000 code points.
 */

export const UPPER: u32 = 1;
export const LOWER: u32 = 2;
export const CASELESS: u32 = 4;
export const MARK: u32 = 8;
export const NUMBER: u32 = 16;
export const SPACE: u32 = 32;
export const NEWLINE: u32 = 64;
export const OTHER: u32 = 128;
export const LETTER: u32 = UPPER | LOWER | CASELESS;
export const WHITESPACE: u32 = SPACE | NEWLINE;

const CODE_POINTS: u32 = 0x110000;

const CLASSES: usize = memory.data(0x110000, 64);

/** Where the host writes the class bit of every code point. */
export function classesArea(): usize {
  return CLASSES;
}

@inline
function described(codePoint: u32, size: u32): u32 {
  return load<u8>(CLASSES + codePoint) | (size << 8);
}

@inline
function continuation(p: usize): u32 {
  return <u32>load<u8>(p) ^ 0x80;
}

/** The character at `p`: its class bit in the low eight bits, its length in bytes above them. Needs `p < end`. */
export function charAt(p: usize, end: usize): u32 {
  const lead: u32 = load<u8>(p);
  if (lead < 0x80) return described(lead, 1);
  if (lead < 0xe0) {
    if (lead >= 0xc2 && p + 1 < end) {
      const b = continuation(p + 1);
      if (b < 0x40) return described(((lead & 0x1f) << 6) | b, 2);
    }
  } else if (lead < 0xf0) {
    if (p + 2 < end) {
      const b = continuation(p + 1);
      const c = continuation(p + 2);
      if ((b | c) < 0x40) return described(((lead & 0x0f) << 12) | (b << 6) | c, 3);
    }
  } else if (lead < 0xf5 && p + 3 < end) {
    const b = continuation(p + 1);
    const c = continuation(p + 2);
    const d = continuation(p + 3);
    const codePoint = ((lead & 0x07) << 18) | (b << 12) | (c << 6) | d;
    if ((b | c | d) < 0x40 && codePoint < CODE_POINTS) return described(codePoint, 4);
  }
  return OTHER | 0x100;
}

/** The first position from `p` on whose character is not in `set`, a union of class bits. */
export function skip(p: usize, end: usize, set: u32): usize {
  while (p < end) {
    const char = charAt(p, end);
    if ((char & set) == 0) return p;
    p += char >> 8;
  }
  return p;
}
