/**
 * What a pre-tokenizer has to know about one character, read from UTF-8 bytes.
 *
 * Owns the pinned Unicode table. Both reference encoders (tiktoken 1.0.22, tokenizers 0.23.2) answer Unicode 16 for `\p{…}` and
 * the White_Space property for `\s`; the running Node is never asked. Invariant: malformed UTF-8 is read one byte at a time as
 * `OTHER`, so every position advances and no byte is lost. Price: 1.1 MB, one load per character.
 */
import { CATEGORIES, CATEGORY_CODES, CATEGORY_RUNS } from "./unicode.gen.ts";

/** Uppercase and titlecase letters (Lu, Lt). */
export const UPPER = 1;
/** Lowercase letters (Ll). */
export const LOWER = 2;
/** Letters without case (Lm, Lo). */
export const CASELESS = 4;
/** Combining marks (Mn, Mc, Me). */
export const MARK = 8;
/** Numbers (Nd, Nl, No). */
export const NUMBER = 16;
/** White_Space except carriage return and line feed. */
export const SPACE = 32;
/** Carriage return and line feed. */
export const NEWLINE = 64;
/** Everything else: punctuation, symbols, controls, unassigned. */
export const OTHER = 128;

export const LETTER = UPPER | LOWER | CASELESS;
export const WHITESPACE = SPACE | NEWLINE;

const CODE_POINTS = 0x110000;

/** Calls `visit(category, start, end)` for every run of code points of one general category, ascending; `end` is exclusive. */
export function forEachCategoryRun(visit: (category: string, start: number, end: number) => void): void {
  let start = 0;
  for (const [, code, length] of CATEGORY_RUNS.matchAll(/([^0-9a-z])([0-9a-z]*)/g)) {
    const end = start + (length === "" ? 1 : Number.parseInt(length, 36));
    visit(CATEGORIES[CATEGORY_CODES.indexOf(code)], start, end);
    start = end;
  }
}

/** The members of White_Space, which is what `\s` means to both references, as inclusive ranges. */
export const WHITE_SPACE_RANGES: readonly (readonly [number, number])[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

function classOfCategory(category: string): number {
  if (category === "Lu" || category === "Lt") return UPPER;
  if (category === "Ll") return LOWER;
  if (category === "Lm" || category === "Lo") return CASELESS;
  if (category.startsWith("M")) return MARK;
  if (category.startsWith("N")) return NUMBER;
  return OTHER;
}

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(CODE_POINTS);
  forEachCategoryRun((category, start, end) => classes.fill(classOfCategory(category), start, end));
  for (const [first, last] of WHITE_SPACE_RANGES) classes.fill(SPACE, first, last + 1);
  classes[0x0a] = classes[0x0d] = NEWLINE;
  return classes;
}

/** Class bit of every code point. */
export const CLASSES: Readonly<Uint8Array> = buildClasses();

/**
 * The character at `bytes[p]`: its class bit in the low eight bits, its length in bytes above them. Needs `p < end`; a character
 * that `end` cuts counts as malformed.
 */
export function charAt(bytes: Uint8Array, p: number, end: number): number {
  const lead = bytes[p];
  return lead < 0x80 ? CLASSES[lead] | 0x100 : wideCharAt(bytes, p, end, lead);
}

function wideCharAt(bytes: Uint8Array, p: number, end: number, lead: number): number {
  if (lead < 0xe0) {
    if (lead >= 0xc2 && p + 1 < end) {
      const b = bytes[p + 1] ^ 0x80;
      if (b < 0x40) return CLASSES[((lead & 0x1f) << 6) | b] | 0x200;
    }
  } else if (lead < 0xf0) {
    if (p + 2 < end) {
      const b = bytes[p + 1] ^ 0x80;
      const c = bytes[p + 2] ^ 0x80;
      if ((b | c) < 0x40) return CLASSES[((lead & 0x0f) << 12) | (b << 6) | c] | 0x300;
    }
  } else if (lead < 0xf5 && p + 3 < end) {
    const b = bytes[p + 1] ^ 0x80;
    const c = bytes[p + 2] ^ 0x80;
    const d = bytes[p + 3] ^ 0x80;
    const codePoint = ((lead & 0x07) << 18) | (b << 12) | (c << 6) | d;
    if ((b | c | d) < 0x40 && codePoint < CODE_POINTS) return CLASSES[codePoint] | 0x400;
  }
  return OTHER | 0x100;
}

/** The first position from `p` on whose character is not in `set`, a union of class bits. */
export function skip(bytes: Uint8Array, p: number, end: number, set: number): number {
  while (p < end) {
    const lead = bytes[p];
    if (lead < 0x80) {
      if ((CLASSES[lead] & set) === 0) return p;
      p++;
    } else {
      const char = wideCharAt(bytes, p, end, lead);
      if ((char & set) === 0) return p;
      p += char >> 8;
    }
  }
  return p;
}

/** Letters of `\w` that are not letters by category: circled and squared Latin ones. */
export const LETTER_SYMBOLS: readonly (readonly [number, number])[] = [
  [0x24b6, 0x24e9],
  [0x1f130, 0x1f149],
  [0x1f150, 0x1f169],
  [0x1f170, 0x1f189],
];

/** The code point of the character of `size` bytes at `bytes[p]`, U+FFFD for a malformed byte. */
export function codePointOf(bytes: Uint8Array, p: number, size: number): number {
  if (size === 1) return bytes[p] < 0x80 ? bytes[p] : 0xfffd;
  let codePoint = bytes[p] & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) codePoint = (codePoint << 6) | (bytes[p + i] & 0x3f);
  return codePoint;
}
