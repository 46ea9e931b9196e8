/**
 * C4's line rules over a whole document. Twin: kernels/quality/c4.ts.
 *
 * Invariant: verdict and text of every line are the twin's. Memory: in SCRATCH a record of 12 bytes a line (verdict, start, end: u32, the
 * latter two addresses), then lines whose citations were removed. Price: about 0.5 ns a byte, phrases included: words
 * are counted by masks.
 */
import { findPhrases, HAS_CURLY_BRACKET, HAS_JAVASCRIPT, HAS_LOREM_IPSUM, HAS_POLICY } from "./phrases";
import {
  aligned,
  CODE_POINT,
  DECIMAL_DIGIT,
  decode,
  equals,
  inRange,
  isContinuation,
  LENGTH_SHIFT,
  lowBits,
  mask64,
  properties,
  reserve,
  SPACE,
  scratch,
  setResult,
  skipSpace,
  splat,
  splitLines,
  TEXT,
  textEnd,
  trimSpace,
} from "./text";

/** Verdicts. */
const KEEP: u32 = 0;
const REMOVE: u32 = 1;
const LOREM_IPSUM: u32 = 2;
const CURLY_BRACKET: u32 = 3;

/** Bits of the rules that are on. */
const REMOVE_CITATIONS: u32 = 1;
const FILTER_NO_TERMINAL_PUNCT: u32 = 2;
const FILTER_JAVASCRIPT: u32 = 4;
const FILTER_POLICY: u32 = 8;
const FILTER_LOREM_IPSUM: u32 = 16;
const FILTER_CURLY_BRACKET: u32 = 32;

let rules: u32 = 0;
let minWords: u32 = 0;
let maxWordLength: u32 = 0;
/** Where the next line without citations goes. */
let cleaned: usize = 0;

let lineWords: u32 = 0;
/** Bytes in the longest run without white space; runs of less than 64 bytes may be missed. */
let longestRun: usize = 0;
let hasLongWord: bool = false;
let hasBracket: bool = false;

/** Judges the lines of the text and returns their number. Results: address of the records. A bound that is off is 0, or 2^32 - 1 for `longest`. */
export function judgeLines(rulesOn: u32, fewestWords: u32, longest: u32): u32 {
  rules = rulesOn;
  minWords = fewestWords;
  maxWordLength = longest;
  const size = textEnd - TEXT;
  // Pairs of addresses behind the room of the records: a record is written when its pair has been read.
  const records = aligned(scratch);
  const pairs = records + size * 4 + 64;
  reserve(pairs + size * 8 + 64);
  const count = splitLines(pairs);
  cleaned = aligned(pairs + ((<usize>count) << 3)) + 64;
  reserve(cleaned + size + 64);
  for (let line: usize = 0; line < count; line++) {
    judgeLine(<usize>load<u32>(pairs + (line << 3)), <usize>load<u32>(pairs + (line << 3), 4), records + line * 12);
  }
  setResult(0, <u32>records);
  return count;
}

function judgeLine(from: usize, to: usize, record: usize): void {
  let start = skipSpace(from, to);
  let end = trimSpace(start, to);
  scanLine(start, end);
  if (!hasLongWord && hasBracket && (rules & REMOVE_CITATIONS) != 0) {
    const copy = cleaned;
    end = copyWithoutCitations(start, end, copy);
    start = copy;
  }
  store<u32>(record, verdict(start, end));
  store<u32>(record, <u32>start, 4);
  store<u32>(record, <u32>end, 8);
}

function verdict(start: usize, end: usize): u32 {
  if (hasLongWord) return REMOVE;
  if ((rules & FILTER_NO_TERMINAL_PUNCT) != 0 && !endsSentence(start, end)) return REMOVE;
  if (lineWords < minWords) return REMOVE;
  const phrases = findPhrases(start, end);
  if (phrases == 0) return KEEP;
  if ((rules & FILTER_LOREM_IPSUM) != 0 && (phrases & HAS_LOREM_IPSUM) != 0) return LOREM_IPSUM;
  if ((rules & FILTER_JAVASCRIPT) != 0 && (phrases & HAS_JAVASCRIPT) != 0) return REMOVE;
  if ((rules & FILTER_CURLY_BRACKET) != 0 && (phrases & HAS_CURLY_BRACKET) != 0) return CURLY_BRACKET;
  return (rules & FILTER_POLICY) != 0 && (phrases & HAS_POLICY) != 0 ? REMOVE : KEEP;
}

function endsSentence(start: usize, end: usize): bool {
  if (end == start) return false;
  const last = load<u8>(end - 1);
  if (last == 0x2e) return !(end - start >= 3 && load<u8>(end - 2) == 0x2e && load<u8>(end - 3) == 0x2e);
  return last == 0x3f || last == 0x21 || last == 0x22 || last == 0x27;
}

/** Counts the words of a stripped line, looks for one that is too long and for an opening bracket. */
function scanLine(start: usize, end: usize): void {
  lineWords = 0;
  hasBracket = false;
  longestRun = 0;
  let afterSpace: u64 = 1;
  /** Bytes of the next block that end a character of white space. */
  let spill: u64 = 0;
  let runStart = start;
  for (let at = start; at < end; at += 64) {
    const valid = lowBits(min(<usize>64, end - at));
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    let spaces = mask64(asciiSpaces(a), asciiSpaces(b), asciiSpaces(c), asciiSpaces(d)) | spill;
    spill = 0;
    if ((mask64(brackets(a), brackets(b), brackets(c), brackets(d)) & valid) != 0) hasBracket = true;
    const wide = mask64(a, b, c, d);
    if (wide != 0) {
      const two = mask64(twoByteSpaces(at), twoByteSpaces(at + 16), twoByteSpaces(at + 32), twoByteSpaces(at + 48));
      const three = mask64(
        threeByteSpaces(at),
        threeByteSpaces(at + 16),
        threeByteSpaces(at + 32),
        threeByteSpaces(at + 48),
      );
      spaces |= two | (two << 1) | three | (three << 1) | (three << 2);
      spill = (two >> 63) | (three >> 63) | (three >> 62);
    }
    const begins = ~spaces & ((spaces << 1) | afterSpace) & valid;
    if (wide != 0 && (begins & continuations(a, b, c, d)) != 0) {
      scanSlowly(start, end);
      return;
    }
    lineWords += <u32>popcnt(begins);
    afterSpace = spaces >> 63;
    spaces &= valid;
    if (spaces != 0) {
      longestRun = max(longestRun, at + <usize>ctz(spaces) - runStart);
      runStart = at + 63 - <usize>clz(spaces);
    }
  }
  longestRun = max(longestRun, end - runStart);
  hasLongWord = false;
  if (longestRun > <usize>maxWordLength || maxWordLength < 64) scanSlowly(start, end);
}

/** What {@link scanLine} does, character by character, lengths in code points; stray continuation bytes are no word. */
function scanSlowly(start: usize, end: usize): void {
  lineWords = 0;
  hasBracket = false;
  let length: u32 = 0;
  let longest: u32 = 0;
  for (let at = start; at < end; ) {
    const byte = load<u8>(at);
    if ((byte & 0xc0) == 0x80) {
      at++;
      continue;
    }
    const decoded = decode(at, end);
    if ((properties(decoded & CODE_POINT) & SPACE) == 0) {
      if (byte == 0x5b) hasBracket = true;
      length++;
      at++;
      continue;
    }
    if (length > 0) lineWords++;
    longest = max(longest, length);
    length = 0;
    at += decoded >> LENGTH_SHIFT;
  }
  if (length > 0) lineWords++;
  hasLongWord = max(longest, length) > maxWordLength;
}

function asciiSpaces(bytes: v128): v128 {
  return v128.or(inRange(bytes, 0x09, 5), inRange(bytes, 0x1c, 5));
}

function brackets(bytes: v128): v128 {
  return equals(bytes, 0x5b);
}

function continuations(a: v128, b: v128, c: v128, d: v128): u64 {
  return mask64(isContinuation(a), isContinuation(b), isContinuation(c), isContinuation(d));
}

/** First bytes of U+0085 and U+00A0. */
function twoByteSpaces(at: usize): v128 {
  const second = v128.load(at, 1);
  return v128.and(equals(v128.load(at), 0xc2), v128.or(equals(second, 0x85), equals(second, 0xa0)));
}

/** First bytes of U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F and U+3000. */
function threeByteSpaces(at: usize): v128 {
  const first = v128.load(at);
  const second = v128.load(at, 1);
  const third = v128.load(at, 2);
  const isFirst = inRange(first, 0xe1, 3);
  if (!v128.any_true(isFirst)) return isFirst;
  const isE2 = equals(first, 0xe2);
  const is80 = equals(second, 0x80);
  const general = v128.or(
    inRange(third, 0x80, 11),
    v128.or(equals(v128.and(third, splat(0xfe)), 0xa8), equals(third, 0xaf)),
  );
  const ogham = v128.and(equals(first, 0xe1), v128.and(equals(second, 0x9a), equals(third, 0x80)));
  const medium = v128.and(isE2, v128.and(equals(second, 0x81), equals(third, 0x9f)));
  const ideographic = v128.and(equals(first, 0xe3), v128.and(is80, equals(third, 0x80)));
  return v128.or(v128.or(v128.and(isE2, v128.and(is80, general)), ogham), v128.or(medium, ideographic));
}

/** Copies a line to `out` without `[1]`, `[]`, `[edit]` and `[citation needed]`; returns where the copy ends. */
function copyWithoutCitations(start: usize, end: usize, out: usize): usize {
  let to = out;
  for (let at = start; at < end; ) {
    const citation = load<u8>(at) == 0x5b ? citationLength(at, end) : 0;
    if (citation > 0) {
      at += citation;
    } else {
      store<u8>(to++, load<u8>(at++));
    }
  }
  cleaned = to;
  return to;
}

function citationLength(at: usize, end: usize): usize {
  let next = at + 1;
  while (next < end) {
    const decoded = decode(next, end);
    if ((properties(decoded & CODE_POINT) & DECIMAL_DIGIT) == 0) break;
    next += decoded >> LENGTH_SHIFT;
  }
  if (next < end && load<u8>(next) == 0x5d) return next + 1 - at;
  if (isExactly("[edit]", at, end)) return 6;
  return isExactly("[citation needed]", at, end) ? 17 : 0;
}

function isExactly(text: string, at: usize, end: usize): bool {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) {
    if (<i32>load<u8>(at + i) != text.charCodeAt(i)) return false;
  }
  return true;
}
