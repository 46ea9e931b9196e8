/**
 * What Rust's own libraries say of characters, where `tokenizers` asks them and not the regular expressions' tables.
 *
 * Price: a table of 1.1 MB for each kind, made on first use.
 */
import { charAt, codePointOf, forEachCategoryRun, LETTER_SYMBOLS, NUMBER } from "./char-class.ts";

const CODE_POINTS = 0x110000;
const JOINERS = [0x200c, 0x200d];
const ASCII_SYMBOLS = "$+<=>^`|~";
/** Punctuation by category that came after the tables of `Punctuation` were made, or was something else then: pairs of first and last. */
const LATER_PUNCTUATION = [
  0x61d, 0x61d, 0x9fd, 0x9fd, 0xa76, 0xa76, 0xc77, 0xc77, 0xc84, 0xc84, 0x1b4e, 0x1b4f, 0x1b7d, 0x1b7f, 0x2e43, 0x2e4f,
  0x2e52, 0x2e5d, 0x10d6e, 0x10d6e, 0x10ead, 0x10ead, 0x10f55, 0x10f59, 0x10f86, 0x10f89, 0x113d4, 0x113d5, 0x113d7,
  0x113d8, 0x1144b, 0x1144f, 0x1145a, 0x1145b, 0x1145d, 0x1145d, 0x11660, 0x1166c, 0x116b9, 0x116b9, 0x1183b, 0x1183b,
  0x11944, 0x11946, 0x119e2, 0x119e2, 0x11a3f, 0x11a46, 0x11a9a, 0x11a9c, 0x11a9e, 0x11aa2, 0x11b00, 0x11b09, 0x11be1,
  0x11be1, 0x11c41, 0x11c45, 0x11c70, 0x11c71, 0x11ef7, 0x11ef8, 0x11f43, 0x11f4f, 0x11fff, 0x11fff, 0x12ff1, 0x12ff2,
  0x16d6d, 0x16d6f, 0x16e97, 0x16e9a, 0x16fe2, 0x16fe2, 0x1e5ff, 0x1e5ff, 0x1e95e, 0x1e95f,
];
/** Symbols and letters by category that were punctuation then. */
const FORMER_PUNCTUATION = [0x166d, 0x111c9];

function table(matches: (category: string) => boolean): Uint8Array {
  const members = new Uint8Array(CODE_POINTS);
  forEachCategoryRun((category, start, end) => {
    if (matches(category)) members.fill(1, start, end);
  });
  return members;
}

/** Calls `make` once. */
function onFirstUse(make: () => Uint8Array): () => Uint8Array {
  let made: Uint8Array | undefined;
  return () => (made ??= make());
}

const words = onFirstUse(() => {
  const members = table((category) => /^(?:L.|M.|Nd|Nl|Pc)$/.test(category));
  for (const [first, last] of LETTER_SYMBOLS) members.fill(1, first, last + 1);
  for (const joiner of JOINERS) members[joiner] = 1;
  return members;
});

const punctuation = onFirstUse(() => {
  const members = table((category) => category.startsWith("P"));
  for (let i = 0; i < LATER_PUNCTUATION.length; i += 2) {
    members.fill(0, LATER_PUNCTUATION[i], LATER_PUNCTUATION[i + 1] + 1);
  }
  for (const codePoint of FORMER_PUNCTUATION) members[codePoint] = 1;
  for (const symbol of ASCII_SYMBOLS) members[symbol.charCodeAt(0)] = 1;
  return members;
});

/** Whether a character of `\w`, as Rust's regex crate has it, stands at `bytes[p]`; needs `p < end`. */
export function isWordCharacter(bytes: Uint8Array, p: number, end: number): boolean {
  return words()[codePointOf(bytes, p, charAt(bytes, p, end) >> 8)] === 1;
}

/** Whether the character at `p`, of class and length `char`, is punctuation to the `Punctuation` pre-tokenizer. */
export function isPunctuation(bytes: Uint8Array, p: number, char: number): boolean {
  return punctuation()[codePointOf(bytes, p, char >> 8)] === 1;
}

/**
 * Whether the character at `p`, of class and length `char`, is a number to the `Digits` pre-tokenizer: that asks Rust's `char`, which
 * knows Unicode 17 and so thirteen numbers more (U+11DE0 to U+11DE9, U+16FF4 to U+16FF6).
 */
export function isDigit(bytes: Uint8Array, p: number, char: number): boolean {
  if ((char & NUMBER) !== 0) return true;
  if (char >> 8 !== 4 || bytes[p] !== 0xf0) return false;
  const middle = (bytes[p + 1] << 8) | bytes[p + 2];
  const last = bytes[p + 3];
  return (middle === 0x91b7 && last >= 0xa0 && last <= 0xa9) || (middle === 0x96bf && last >= 0xb4 && last <= 0xb6);
}
