/**
 * C4's line rules over a whole document. Twins: kernels/quality/c4.ts and c4-phrases.ts.
 *
 * Invariant: verdict and text of every line are the twin's. Memory: in SCRATCH a record of 12 bytes a line (verdict, start, end: u32, the
 * latter two addresses), then lines whose citations were removed. Price: about 0.5 ns a byte: words are counted by masks, a phrase
 * is looked for only where three of its letters stand together.
 */
import {
  aligned,
  CODE_POINT,
  DECIMAL_DIGIT,
  decode,
  equals,
  inRange,
  isAscii,
  isContinuation,
  LENGTH_SHIFT,
  lowBits,
  mask64,
  properties,
  reserve,
  scratch,
  setResult,
  skipSpace,
  SPACE,
  splat,
  splitLines,
  TEXT,
  textEnd,
  trimSpace,
} from "./quality-text";

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

/** What a line holds. */
const HAS_LOREM_IPSUM: u32 = 1;
const HAS_JAVASCRIPT: u32 = 2;
const HAS_CURLY_BRACKET: u32 = 4;
const HAS_POLICY: u32 = 8;

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
  cleaned = aligned(pairs + (<usize>count << 3)) + 64;
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
    if (wide != 0 && (begins & continuations(a, b, c, d)) != 0) return scanSlowly(start, end);
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
  return v128.or(
    inRange(bytes, 0x09, 5),
    inRange(bytes, 0x1c, 5),
  );
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
  return v128.and(
    equals(v128.load(at), 0xc2),
    v128.or(equals(second, 0x85), equals(second, 0xa0)),
  );
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
    v128.or(
      equals(v128.and(third, splat(0xfe)), 0xa8),
      equals(third, 0xaf),
    ),
  );
  const ogham = v128.and(
    equals(first, 0xe1),
    v128.and(equals(second, 0x9a), equals(third, 0x80)),
  );
  const medium = v128.and(isE2, v128.and(equals(second, 0x81), equals(third, 0x9f)));
  const ideographic = v128.and(
    equals(first, 0xe3),
    v128.and(is80, equals(third, 0x80)),
  );
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

/** Which phrases, and whether a `{`, the line holds. */
function findPhrases(start: usize, end: usize): u32 {
  let found: u32 = 0;
  for (let at = start; at < end; at += 64) {
    const hits = mask64(anchors(at), anchors(at + 16), anchors(at + 32), anchors(at + 48));
    for (let rest = hits & lowBits(min(<usize>64, end - at)); rest != 0; rest &= rest - 1) {
      found |= phraseAt(at + <usize>ctz(rest), start, end);
    }
  }
  return found;
}

/**
 * Bytes around which to look: `{`, `j`, the middle of `oki`, `iva`, `rms` and `ips`, and the first byte of U+212A, the Kelvin sign,
 * whose lower case is `k`. Bytes before and behind the line do no harm.
 */
function anchors(at: usize): v128 {
  const bytes = v128.load(at);
  const fold = splat(0x20);
  const before = v128.or(v128.load(at - 1), fold);
  const here = v128.or(bytes, fold);
  const behind = v128.or(v128.load(at + 1), fold);
  const cookie = v128.and(v128.and(equals(before, 0x6f), equals(here, 0x6b)), equals(behind, 0x69));
  const isS = equals(behind, 0x73);
  const terms = v128.and(v128.and(equals(before, 0x72), equals(here, 0x6d)), isS);
  const privacy = v128.and(equals(here, 0x76), equals(behind, 0x61));
  const ipsum = v128.and(equals(here, 0x70), isS);
  const afterI = v128.and(equals(before, 0x69), v128.or(privacy, ipsum));
  const found = v128.or(v128.or(cookie, terms), v128.or(afterI, v128.or(equals(here, 0x6a), equals(bytes, 0x7b))));
  if (isAscii) return found;
  return v128.or(found, v128.and(equals(bytes, 0xe2), equals(v128.load(at + 1), 0x84)));
}

function phraseAt(at: usize, start: usize, end: usize): u32 {
  const byte = load<u8>(at);
  if (byte == 0x7b) return HAS_CURLY_BRACKET;
  if (byte == 0xe2) return at + 2 < end && load<u8>(at, 2) == 0xaa ? cookiesAt(at, 3, start, end) : 0;
  const letter = byte | 0x20;
  if (letter == 0x6b) return cookiesAt(at, 1, start, end);
  if (letter == 0x6a) return isPhrase("javascript", 0, at, 1, start, end) ? HAS_JAVASCRIPT : 0;
  if (letter == 0x70) return isPhrase("lorem ipsum", 7, at, 1, start, end) ? HAS_LOREM_IPSUM : 0;
  if (letter == 0x6d) return isPhrase("terms of use", 3, at, 1, start, end) ? HAS_POLICY : 0;
  return isPhrase("privacy policy", 3, at, 1, start, end) ? HAS_POLICY : 0;
}

function cookiesAt(at: usize, length: usize, start: usize, end: usize): u32 {
  const found =
    isPhrase("cookie policy", 3, at, length, start, end) ||
    isPhrase("uses cookies", 8, at, length, start, end) ||
    isPhrase("use of cookies", 10, at, length, start, end) ||
    isPhrase("use cookies", 7, at, length, start, end);
  return found ? HAS_POLICY : 0;
}

/** Whether the phrase stands in the line, ASCII case aside, with the character `anchor` of it being the `length` bytes at `at`. */
function isPhrase(phrase: string, anchor: usize, at: usize, length: usize, start: usize, end: usize): bool {
  const after = at + length;
  const rest = <usize>phrase.length - anchor - 1;
  if (at < start + anchor || after + rest > end) return false;
  for (let i: usize = 0; i < anchor; i++) {
    if (!isFolded(load<u8>(at - anchor + i), phrase.charCodeAt(<i32>i))) return false;
  }
  for (let i: usize = 0; i < rest; i++) {
    if (!isFolded(load<u8>(after + i), phrase.charCodeAt(<i32>(anchor + 1 + i)))) return false;
  }
  return true;
}

function isFolded(byte: u32, character: i32): bool {
  return byte == <u32>character || (character != 0x20 && (byte | 0x20) == <u32>character);
}
