/**
 * The affix and URL rules of spaCy's English tokenizer, as matchers over code points.
 *
 * spaCy states them as regular expressions; here each is the same language recognised by hand, because the originals backtrack
 * (quadratic on a megabyte without spaces) and because a class table is pinned where `\w` and `\d` are not. Every function sees only
 * `[from, to)` of the chunk, as a sliced string would. Price: linear in what it looks at.
 */

import { decodeRuns } from "../unicode/two-stage.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { AFTER_DIGIT, CLASS_RUNS } from "./spacy-en.gen.ts";

// Bits of a character's class, in the order of generate-spacy-en.py.
const ALPHA = 1;
const LOWER = 1 << 1;
const UPPER = 1 << 2;
const QUOTE = 1 << 3;
const BEFORE_DOT = 1 << 4;
const PREFIX = 1 << 5;
const SUFFIX = 1 << 6;
const INFIX = 1 << 7;
const HOST = 1 << 8;
const WORD = 1 << 9;
const DIGIT = 1 << 10;

const DOT = 0x2e;
const COLON = 0x3a;
const SLASH = 0x2f;
const PLUS = 0x2b;
const HYPHEN = 0x2d;
const ELLIPSIS = 0x2026;

const table = decodeRuns(CLASS_RUNS, (length) => new Uint16Array(length));

/** Units and currencies that are split off after a digit, by their last character. */
const afterDigit = new Map<number, Int32Array[]>();
for (const text of AFTER_DIGIT) {
  const codePoints = Int32Array.from(text, (character) => character.codePointAt(0)!);
  const last = codePoints[codePoints.length - 1];
  afterDigit.set(last, [...(afterDigit.get(last) ?? []), codePoints]);
}

/** A chunk without white space, decoded: what every rule looks at. Reused, grows as needed. */
export class Chunk {
  codePoints = new Int32Array(256);
  classes = new Uint16Array(256);
  /** Byte position of every character, and of the end. */
  byteAt = new Int32Array(257);
  length = 0;

  /** Decodes `bytes[start, end)`; `byteAt` counts from `start`. */
  decode(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.codePoints.length) {
      const capacity = 2 * (end - start);
      this.codePoints = new Int32Array(capacity);
      this.classes = new Uint16Array(capacity);
      this.byteAt = new Int32Array(capacity + 1);
    }
    let length = 0;
    for (let at = start; at < end; length++) {
      const decoded = decodeAt(bytes, at, end);
      const codePoint = decoded & CODE_POINT_MASK;
      this.codePoints[length] = codePoint;
      this.classes[length] = table.values[table.blocks[codePoint >> 8] + (codePoint & 0xff)];
      this.byteAt[length] = at - start;
      at += decoded >> LENGTH_SHIFT;
    }
    this.byteAt[length] = end - start;
    this.length = length;
  }
}

function isAsciiDigit(codePoint: number): boolean {
  return codePoint >= 0x30 && codePoint <= 0x39;
}

/** Characters to split off the front of `[from, to)`, or 0. */
export function prefixLength(chunk: Chunk, from: number, to: number): number {
  if (from >= to) return 0;
  if ((chunk.classes[from] & PREFIX) !== 0) return 1;
  const { codePoints } = chunk;
  const at = (offset: number): number => (from + offset < to ? codePoints[from + offset] : -1);
  switch (codePoints[from]) {
    case PLUS:
      return isAsciiDigit(at(1)) ? 0 : 1;
    case DOT: {
      let end = from + 1;
      while (end < to && codePoints[end] === DOT) end++;
      return end - from >= 2 ? end - from : 0;
    }
    case 0x55: // US$
      return at(1) === 0x53 && at(2) === 0x24 ? 3 : 0;
    case 0x41: // A$
    case 0x43: // C$
      return at(1) === 0x24 ? 2 : 0;
    default:
      return 0;
  }
}

/** Characters to split off the end of `[from, to)`, or 0: the longest of the rules, as a search finds the leftmost. */
export function suffixLength(chunk: Chunk, from: number, to: number): number {
  if (from >= to) return 0;
  const { codePoints, classes } = chunk;
  const last = codePoints[to - 1];
  const before = to - 2 >= from ? codePoints[to - 2] : -1;
  let longest = (classes[to - 1] & SUFFIX) !== 0 ? 1 : 0;
  switch (last) {
    case DOT: {
      let start = to - 1;
      while (start > from && codePoints[start - 1] === DOT) start--;
      return to - start >= 2 ? to - start : endsSentence(chunk, from, to) ? 1 : 0;
    }
    case ELLIPSIS:
      return before === ELLIPSIS ? 2 : 1;
    case 0x73: // 's
    case 0x53: // 'S
      if (before === 0x27 || before === 0x2019) return 2;
      break;
    case PLUS:
      return isAsciiDigit(before) ? 1 : longest;
  }
  const candidates = afterDigit.get(last);
  if (candidates === undefined) return longest;
  for (const text of candidates) {
    const start = to - text.length;
    if (
      text.length > longest &&
      start - 1 >= from &&
      isAsciiDigit(codePoints[start - 1]) &&
      matches(chunk, start, text)
    ) {
      longest = text.length;
    }
  }
  return longest;
}

function matches(chunk: Chunk, start: number, text: Int32Array): boolean {
  for (let i = 0; i < text.length; i++) if (chunk.codePoints[start + i] !== text[i]) return false;
  return true;
}

/** Whether the lone full stop at the end of `[from, to)` is split off. */
function endsSentence(chunk: Chunk, from: number, to: number): boolean {
  const { codePoints, classes } = chunk;
  if (to - 2 < from) return false;
  if ((classes[to - 2] & BEFORE_DOT) !== 0) return true;
  if (to - 3 < from) return false;
  if ((classes[to - 2] & classes[to - 3] & UPPER) !== 0) return true;
  return codePoints[to - 3] === 0xb0 && "FfCcKk".includes(String.fromCodePoint(codePoints[to - 2]));
}

/** Characters of the infix that starts at `at` in `[from, to)`, or 0. */
export function infixLength(chunk: Chunk, from: number, to: number, at: number): number {
  const { codePoints, classes } = chunk;
  if ((classes[at] & INFIX) !== 0) return 1;
  const codePoint = codePoints[at];
  if (codePoint === DOT && at + 1 < to && codePoints[at + 1] === DOT) {
    let end = at + 2;
    while (end < to && codePoints[end] === DOT) end++;
    return end - at;
  }
  if (at === from || at + 1 === to) return 0;
  const before = classes[at - 1];
  const after = classes[at + 1];
  const digitBefore = isAsciiDigit(codePoints[at - 1]);
  const alphaOrDigitBefore = digitBefore || (before & ALPHA) !== 0;
  switch (codePoint) {
    case DOT:
      return (before & (LOWER | QUOTE)) !== 0 && (after & (UPPER | QUOTE)) !== 0 ? 1 : 0;
    case 0x2c: // ,
      return (before & after & ALPHA) !== 0 ? 1 : 0;
    case COLON:
    case SLASH:
    case 0x3c: // <
    case 0x3d: // =
    case 0x3e: // >
    case 0x2013: // en dash
    case 0x7e: // ~
      return alphaOrDigitBefore && (after & ALPHA) !== 0 ? 1 : 0;
    case PLUS:
    case 0x2a: // *
    case 0x5e: // ^
      return digitBefore && isDigitOrHyphen(codePoints[at + 1]) ? 1 : 0;
    case HYPHEN:
      if (digitBefore && isDigitOrHyphen(codePoints[at + 1])) return 1;
      return alphaOrDigitBefore ? dashLength(chunk, to, at, 3) : 0;
    case 0x2014: // em dash
      return alphaOrDigitBefore ? dashLength(chunk, to, at, 2) : 0;
    default:
      return 0;
  }
}

function isDigitOrHyphen(codePoint: number): boolean {
  return isAsciiDigit(codePoint) || codePoint === HYPHEN;
}

/** Length of the run of the dash at `at`, at most `limit`, when a letter follows it; else 0. */
function dashLength(chunk: Chunk, to: number, at: number, limit: number): number {
  let end = at + 1;
  while (end < to && end - at < limit && chunk.codePoints[end] === chunk.codePoints[at]) end++;
  return end < to && (chunk.classes[end] & ALPHA) !== 0 ? end - at : 0;
}

/** Whether all of `[from, to)` is a URL, an e-mail address or a host name. */
export function isUrl(chunk: Chunk, from: number, to: number): boolean {
  const { codePoints, classes } = chunk;
  // User and password may hold anything, so a host can begin after the scheme and after every @ but a leading one. Hosts hold neither.
  if (hostMatches(chunk, from, to)) return true;
  let at = from;
  while (at < to && ((classes[at] & WORD) !== 0 || isSchemePunctuation(codePoints[at]))) at++;
  const isScheme =
    at - from >= 2 &&
    at + 3 < to &&
    codePoints[at] === COLON &&
    codePoints[at + 1] === SLASH &&
    codePoints[at + 2] === SLASH;
  if (isScheme && hostMatches(chunk, at + 3, to)) return true;
  for (at = from + 1; at < to; at++) if (codePoints[at] === 0x40 && hostMatches(chunk, at + 1, to)) return true;
  return false;
}

function isSchemePunctuation(codePoint: number): boolean {
  return codePoint === PLUS || codePoint === HYPHEN || codePoint === DOT;
}

function hostMatches(chunk: Chunk, from: number, to: number): boolean {
  return from < to && (domainMatches(chunk, from, to) || addressMatches(chunk, from, to));
}

/** Labels of 1 to 64 characters, each with a dot, then a lower-case top level of 2 to 63, then nothing, a port or a path. */
function domainMatches(chunk: Chunk, from: number, to: number): boolean {
  const { codePoints, classes } = chunk;
  let label = from;
  for (;;) {
    if (label > from) {
      let end = label;
      while (end < to && end - label < 64 && (classes[end] & LOWER) !== 0) end++;
      if (end - label >= 2 && end - label <= 63 && hostEnds(chunk, end, to)) return true;
    }
    let end = label;
    while (end < to && ((classes[end] & HOST) !== 0 || codePoints[end] === 0x5f || codePoints[end] === HYPHEN)) end++;
    if (end >= to || codePoints[end] !== DOT || end === label || end - label > 64) return false;
    if ((classes[label] & classes[end - 1] & HOST) === 0) return false;
    label = end + 1;
  }
}

/** Whether a host that ends at `at` is followed by nothing, or by an optional port and then nothing or a path. */
function hostEnds(chunk: Chunk, at: number, to: number): boolean {
  const { codePoints, classes } = chunk;
  let end = at;
  if (end < to && codePoints[end] === COLON) {
    while (end + 1 < to && end - at < 6 && (classes[end + 1] & DIGIT) !== 0) end++;
    if (end - at < 2 || end - at > 5) return false;
    end++;
  }
  return end === to || codePoints[end] === SLASH || codePoints[end] === 0x3f || codePoints[end] === 0x23;
}

// `\d` means a decimal digit of any script: those that are not ASCII are written as one of them before matching.
const ANY_DIGIT = "\u0660";
const d = `[0-9${ANY_DIGIT}]`;
const IP_ADDRESS = new RegExp(
  `^(?!(?:10|127)(?:\\.${d}{1,3}){3})(?!(?:169\\.254|192\\.168)(?:\\.${d}{1,3}){2})` +
    `(?!172\\.(?:1[6-9]|2${d}|3[0-1])(?:\\.${d}{1,3}){2})(?:[1-9]${d}?|1${d}${d}|2[01]${d}|22[0-3])` +
    `(?:\\.(?:1?${d}{1,2}|2[0-4]${d}|25[0-5])){2}(?:\\.(?:[1-9]${d}?|1${d}${d}|2[0-4]${d}|25[0-4]))(?::${d}{2,5})?(?:[/?#]|$)`,
  "u",
);
/** No longer address, port and path mark than this, and one character more so that a cut is not an end. */
const IP_ADDRESS_CHARACTERS = 24;

function addressMatches(chunk: Chunk, from: number, to: number): boolean {
  const { codePoints, classes } = chunk;
  if (!isAsciiDigit(codePoints[from])) return false;
  let text = "";
  for (let at = from; at < Math.min(to, from + IP_ADDRESS_CHARACTERS); at++) {
    const isOtherDigit = codePoints[at] > 0x7f && (classes[at] & DIGIT) !== 0;
    text += isOtherDigit ? ANY_DIGIT : String.fromCodePoint(codePoints[at]);
  }
  return IP_ADDRESS.test(text);
}
