/**
 * Signs that a line of a page is no prose: capitals, digits, counters, phrases of buttons.
 *
 * RefinedWeb's corrections of lines, as DCLM wrote them down. All of them work on bytes of one line, without its line
 * feed, and see characters as Python does (Unicode 14.0), but for letters of phrases, which are ASCII in either case.
 * Price: a nanosecond or two a byte.
 */
import { isPythonSpace, spaceLength } from "../lines.ts";
import { categorySet, inCategories, isDecimalDigit } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { CodePointSet } from "./marks.ts";

const UPPER = categorySet("Lu");
const WORD = categorySet("L", "N");
/** Upper case though no letters: Roman numerals, letters in circles and squares. */
const OTHER_UPPER = new CodePointSet("2160-216f 24b6-24cf 1f130-1f149 1f150-1f169 1f170-1f189");
/** Digits of Python's `isdigit` that are no decimal ones. */
const OTHER_DIGITS = new CodePointSet(
  "b2-b3 b9 1369-1371 19da 2070 2074-2079 2080-2089 2460-2468 2474-247c 2488-2490 24ea 24f5-24fd 24ff 2776-277e " +
    "2780-2788 278a-2792 10a40-10a43 10e60-10e68 11052-1105a 1f100-1f10a",
);
const UNDERSCORE = 0x5f;

export function isWordCharacter(codePoint: number): boolean {
  if (codePoint < 0x80) {
    const letter = codePoint | 0x20;
    return (codePoint >= 0x30 && codePoint <= 0x39) || (letter >= 0x61 && letter <= 0x7a) || codePoint === UNDERSCORE;
  }
  return inCategories(codePoint, WORD);
}

function isUpper(codePoint: number): boolean {
  return inCategories(codePoint, UPPER) || OTHER_UPPER.has(codePoint);
}

function isDigit(codePoint: number): boolean {
  return isDecimalDigit(codePoint) || OTHER_DIGITS.has(codePoint);
}

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

const encoder = new TextEncoder();
const COUNTED = [
  "likes",
  "shares",
  "comments",
  "retweets",
  "reposts",
  "quotes",
  "bookmarks",
  "upvotes",
  "downvotes",
  "downloads",
  "views",
  "followers",
].map((word) => encoder.encode(word));
const COMMA = 0x2c;
const FULL_STOP = 0x2e;
/** `k`, `m` and `b` behind a number: thousands, millions, billions. */
const MAGNITUDES = new Set([0x6b, 0x6d, 0x62]);

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
  const word = COUNTED.find((each) => startsWith(bytes, at, end, each));
  return word !== undefined && skipOthers(bytes, at + word.length, end) === end;
}

function codePointAt(bytes: Uint8Array, at: number, end: number): number {
  return decodeAt(bytes, at, end) & CODE_POINT_MASK;
}

/** The next character of words, or the end. */
function skipOthers(bytes: Uint8Array, start: number, end: number): number {
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

/** Whether a line consists of white space, or of nothing. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const decoded = decodeAt(bytes, at, end);
    if (!isPythonSpace(decoded & CODE_POINT_MASK)) return false;
    at += decoded >> LENGTH_SHIFT;
  }
  return true;
}

/** Where fastText cuts words: ASCII white space and NUL. */
const isCut = new Uint8Array(256);
for (const byte of [0, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]) isCut[byte] = 1;

/** Words as fastText cuts them that begin with a letter or digit, counted up to `most`. */
export function countFasttextWords(bytes: Uint8Array, start: number, end: number, most: number): number {
  let words = 0;
  let before = 1;
  for (let at = start; at < end && words < most; at++) {
    const cuts = isCut[bytes[at]];
    if (before > cuts) {
      const codePoint = codePointAt(bytes, at, end);
      if (codePoint !== UNDERSCORE && isWordCharacter(codePoint)) words++;
    }
    before = cuts;
  }
  return words;
}
