/**
 * Signs that a line of a page is no prose: capitals, digits, counters, phrases of buttons.
 *
 * RefinedWeb's corrections of lines, as DCLM wrote them down. All of them work on bytes of one line, without its line
 * feed, and see characters as Python does (Unicode 14.0), but for letters of phrases, which are ASCII in either case.
 * Price: a nanosecond or two a byte.
 */
import { spaceLength } from "../lines.ts";
import { isDigit, isUpper } from "../unicode/python-classes.ts";
import { isAlphanumeric, isDecimalDigit, isWordCharacter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";

/** Share of the characters that are upper case; 0 of an empty line. */
export function upperCaseRatio(bytes: Uint8Array, start: number, end: number): number {
  let characters = 0;
  let found = 0;
  for (let at = start; at < end; characters++) {
    const byte = bytes[at];
    if (byte < 0x80) {
      if (byte >= 0x41 && byte <= 0x5a) found++;
      at++;
      continue;
    }
    const decoded = decodeAt(bytes, at, end);
    if (isUpper(decoded & CODE_POINT_MASK)) found++;
    at += decoded >> LENGTH_SHIFT;
  }
  return characters === 0 ? 0 : found / characters;
}

/** Whether a line has characters, all of them digits. */
export function isAllDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const decoded = decodeAt(bytes, at, end);
    if (!isDigit(decoded & CODE_POINT_MASK)) return false;
    at += decoded >> LENGTH_SHIFT;
  }
  return end > start;
}

/** Words between white space, counted up to `most`. */
export function countWords(bytes: Uint8Array, start: number, end: number, most: number): number {
  let words = 0;
  let inWord = false;
  for (let at = start; at < end; ) {
    const space = spaceLength(bytes, at, end);
    if (space === 0 && !inWord && ++words === most) return words;
    inWord = space === 0;
    at += Math.max(space, 1);
  }
  return words;
}

/** What counters count. */
export const COUNTED: readonly string[] =
  "likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views followers".split(" ");
const encoder = new TextEncoder();
const COUNTED_BYTES = COUNTED.map((word) => encoder.encode(word));
const COMMA = 0x2c;
const FULL_STOP = 0x2e;
/** `k`, `m` and `b` behind a number: thousands, millions, billions. */
export const MAGNITUDES = new Set([0x6b, 0x6d, 0x62]);

/** Whether a line is a counter and nothing else: `3 likes`, `1,024 views!`, `5.1M followers`. */
export function isCounter(bytes: Uint8Array, start: number, end: number): boolean {
  let at = skipOthers(bytes, start, end);
  if (at === end || !isDecimalDigit(codePointAt(bytes, at, end))) return false;
  while (at < end) {
    const byte = bytes[at];
    if (byte !== COMMA && byte !== FULL_STOP && !isDecimalDigit(codePointAt(bytes, at, end))) break;
    at += decodeAt(bytes, at, end) >> LENGTH_SHIFT;
  }
  if (at < end && MAGNITUDES.has(bytes[at] | 0x20)) at++;
  const number = at;
  for (let space = 1; at < end && space > 0; at += space) space = spaceLength(bytes, at, end);
  if (at === number) return false;
  const word = COUNTED_BYTES.find((each) => startsWith(bytes, at, end, each));
  return word !== undefined && skipOthers(bytes, at + word.length, end) === end;
}

function codePointAt(bytes: Uint8Array, at: number, end: number): number {
  return decodeAt(bytes, at, end) & CODE_POINT_MASK;
}

/** The first position in `[start, end]` where a character of `\w` stands, or the end. */
export function skipOthers(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const decoded = decodeAt(bytes, at, end);
    if (isWordCharacter(decoded & CODE_POINT_MASK)) break;
    at += decoded >> LENGTH_SHIFT;
  }
  return at;
}

/** Whether `phrase`, ASCII in lower case, stands at `at` in either case. */
export function startsWith(bytes: Uint8Array, at: number, end: number, phrase: Uint8Array): boolean {
  if (at + phrase.length > end) return false;
  for (let i = 0; i < phrase.length; i++) {
    const byte = bytes[at + i];
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== phrase[i]) return false;
  }
  return true;
}

/** Where fastText cuts words: ASCII white space and NUL. */
const isCut = new Uint8Array(256);
for (const byte of [0, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]) isCut[byte] = 1;

/** Words as fastText cuts them that begin with a letter or number, counted up to `most`: what DCLM counts as words. */
export function countFasttextWords(
  bytes: Uint8Array,
  start: number,
  end: number,
  most = Number.POSITIVE_INFINITY,
): number {
  let words = 0;
  let before = 1;
  for (let at = start; at < end && words < most; at++) {
    const cuts = isCut[bytes[at]];
    if (before > cuts && isAlphanumeric(codePointAt(bytes, at, end))) words++;
    before = cuts;
  }
  return words;
}
