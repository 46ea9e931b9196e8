/**
 * Words by the `unicode` rules, and Gopher's counts over words of any rules.
 *
 * Twins: kernels/words/unicode.ts, WordMeasures of kernels/quality/gopher.ts. Blocks of 64 bytes become bit masks of letters, numbers and
 * apostrophes; characters outside ASCII are looked up one by one and set their bits. A mark or a format character ends the block, and
 * a machine goes on character by character until an ASCII separator stands outside a word. Invariant: starts and ends are the twin's. Price: about 0.5 ns a byte of ASCII, 1 ns a byte of anything else.
 */
import {
  ALPHABETIC,
  CODE_POINT,
  decode,
  equals,
  inRange,
  isAscii,
  isContinuation,
  keepWords,
  LENGTH_SHIFT,
  lowBits,
  mask64,
  properties,
  SYMBOL,
  setResult,
  setWords,
  shift,
  splat,
  TEXT,
  WORD_CLASS,
  wordCodePoints,
  wordCount,
  wordEnds,
  wordStarts,
} from "./text";

const OTHER: u32 = 0;
const LETTER: u32 = 1;
const NUMBER: u32 = 2;
const MARK: u32 = 3;
const FORMAT: u32 = 4;
const APOSTROPHE: u32 = 5;
const ALONE: u32 = 6;

/** The block at hand, bit by byte. `quotes` has the first bytes of apostrophes of three bytes. */
let letters: u64 = 0;
let numbers: u64 = 0;
let quotes: u64 = 0;
/** Characters that are words of their own, and where they begin and have ended: there a word begins whatever stands before. */
let alone: u64 = 0;
let borders: u64 = 0;
/** Bytes of the block; fewer than 64 at the end of the text, before a cut character and before a hard one. */
let length: usize = 0;
/** Whether the character behind the block is one for `segmentSlowly`. */
let hard: bool = false;
/** Where the next start and the next end go. */
let nextStart: usize = 0;
let nextEnd: usize = 0;

let segmentEnd: usize = 0;

/** Finds the words of `size` bytes of the text from `offset` on. There is at most one for every two bytes. */
export function segment(offset: usize, size: usize): u32 {
  setWords(<u32>size / 2 + 8);
  segmentEnd = TEXT + offset + size;
  nextStart = wordStarts;
  nextEnd = wordEnds;
  // Bit 0: whether a word is open whose last character stands directly before the block, and the class of that character.
  let open: u64 = 0;
  let openLetter: u64 = 0;
  let openAlone: u64 = 0;
  let at = TEXT + offset;
  while (at < segmentEnd) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    letters = mask64(asciiLetters(a), asciiLetters(b), asciiLetters(c), asciiLetters(d));
    numbers = mask64(asciiDigits(a), asciiDigits(b), asciiDigits(c), asciiDigits(d));
    const ticks = mask64(apostrophes(a), apostrophes(b), apostrophes(c), apostrophes(d));
    length = min(<usize>64, segmentEnd - at);
    quotes = 0;
    alone = 0;
    borders = openAlone;
    hard = false;
    const wide = mask64(a, b, c, d);
    if (wide != 0)
      classify(at, wide & ~mask64(isContinuation(a), isContinuation(b), isContinuation(c), isContinuation(d)));
    if (length > 0) {
      const valid = lowBits(length);
      letters &= valid;
      let words = letters | (numbers & valid) | alone;
      if (((ticks & valid) | quotes) != 0) words |= joiners(ticks & valid, at, (letters << 1) | openLetter);
      const behind = (words << 1) | open;
      const cuts = words & behind & borders;
      pushStarts((words & ~behind) | cuts, at);
      pushEnds((~words & behind & valid) | cuts, at);
      const last = length - 1;
      open = (words >> last) & 1;
      openLetter = (letters >> last) & 1;
      openAlone = (alone >> last) & 1;
      at += length;
    }
    if (hard) {
      at = segmentSlowly(at, open != 0, openAlone != 0 ? ALONE : openLetter != 0 ? LETTER : NUMBER);
      open = openLetter = openAlone = 0;
    }
  }
  if (open != 0) pushEnd(at);
  keepWords(<u32>((nextStart - wordStarts) >> 2));
  return wordCount;
}

function asciiLetters(bytes: v128): v128 {
  const folded = v128.or(bytes, splat(0x20));
  return inRange(folded, 0x61, 26);
}

function asciiDigits(bytes: v128): v128 {
  return inRange(bytes, 0x30, 10);
}

function apostrophes(bytes: v128): v128 {
  return equals(bytes, 0x27);
}

/** Sets the bits of the characters that begin at `leads`, and shortens the block where it must end. */
function classify(at: usize, leads: u64): void {
  for (let rest = leads; rest != 0; rest &= rest - 1) {
    const bit = ctz(rest);
    const decoded = decode(at + <usize>bit, segmentEnd);
    const size = <u64>(decoded >> LENGTH_SHIFT);
    if (bit + size > 64) {
      length = <usize>bit;
      return;
    }
    const kind = properties(decoded & CODE_POINT) & WORD_CLASS;
    const bits = lowBits(<usize>size) << bit;
    if (kind == LETTER) {
      letters |= bits;
    } else if (kind == NUMBER) {
      numbers |= bits;
    } else if (kind == APOSTROPHE && size == 3) {
      quotes |= (<u64>1) << bit;
    } else if (kind == ALONE) {
      alone |= bits;
      borders |= ((<u64>1) << bit) | (((<u64>1) << bit) << size);
    } else if (kind != OTHER) {
      length = <usize>bit;
      hard = true;
      return;
    }
  }
}

/** The bytes of those apostrophes that stand between two letters; `before` has the bytes that stand behind a letter. */
function joiners(ticks: u64, at: usize, before: u64): u64 {
  const last = length - 1;
  let after = letters >> 1;
  if (((ticks >> last) & 1) != 0 && isLetter(at + length)) after |= (<u64>1) << last;
  let joined = ticks & before & after;
  if (quotes != 0) {
    after = letters >> 3;
    if (length >= 3 && ((quotes >> (length - 3)) & 1) != 0 && isLetter(at + length)) after |= (<u64>1) << (length - 3);
    const joining = quotes & before & after;
    joined |= joining | (joining << 1) | (joining << 2);
  }
  return joined;
}

function isLetter(at: usize): bool {
  return at < segmentEnd && (properties(decode(at, segmentEnd) & CODE_POINT) & WORD_CLASS) == LETTER;
}

function pushStarts(starts: u64, at: usize): void {
  const base = <u32>at + shift;
  let next = nextStart;
  for (let rest = starts; rest != 0; rest &= rest - 1) {
    store<u32>(next, base + <u32>ctz(rest));
    next += 4;
  }
  nextStart = next;
}

function pushEnds(ends: u64, at: usize): void {
  const base = <u32>at + shift;
  let next = nextEnd;
  for (let rest = ends; rest != 0; rest &= rest - 1) {
    store<u32>(next, base + <u32>ctz(rest));
    next += 4;
  }
  nextEnd = next;
}

function pushStart(at: usize): void {
  store<u32>(nextStart, <u32>at + shift);
  nextStart += 4;
}

function pushEnd(at: usize): void {
  store<u32>(nextEnd, <u32>at + shift);
  nextEnd += 4;
}

/**
 * Goes on character by character from `from`, where a word is open or not and `openLast` is the class of its last letter or number,
 * until an ASCII separator stands outside a word. Returns the address behind it; no word is open then.
 */
function segmentSlowly(from: usize, isOpen: bool, openLast: u32): usize {
  let at = from;
  let open = isOpen;
  let wordEnd = from;
  let last = openLast;
  let joiner = OTHER;
  while (at < segmentEnd) {
    const start = at;
    const decoded = decode(at, segmentEnd);
    const kind = properties(decoded & CODE_POINT) & WORD_CLASS;
    at += decoded >> LENGTH_SHIFT;
    if (kind == ALONE) {
      if (open) pushEnd(wordEnd);
      pushStart(start);
      open = true;
      wordEnd = at;
      last = ALONE;
      joiner = OTHER;
    } else if (kind == LETTER || kind == NUMBER) {
      if (open && (last == ALONE || (joiner == APOSTROPHE && kind != LETTER))) {
        pushEnd(wordEnd);
        open = false;
      }
      if (!open) pushStart(start);
      open = true;
      wordEnd = at;
      last = kind;
      joiner = OTHER;
    } else {
      if (open) {
        if (kind == MARK && joiner != APOSTROPHE) {
          wordEnd = at;
          joiner = OTHER;
        } else if (kind == FORMAT && joiner != APOSTROPHE) {
          joiner = FORMAT;
        } else if (kind == APOSTROPHE && joiner == OTHER && last == LETTER) {
          joiner = APOSTROPHE;
        } else {
          pushEnd(wordEnd);
          open = false;
        }
      }
      if (!open && load<u8>(start) < 0x80) return at;
    }
  }
  if (open) pushEnd(wordEnd);
  return at;
}

/** Results: non-symbol words, code points in those, alphabetic words. See WordMeasures in kernels/quality/gopher.ts. */
export function measureWords(): void {
  let symbolWords: u32 = 0;
  let chars: u32 = 0;
  let alphabetic: u32 = 0;
  for (let word: u32 = 0; word < wordCount; word++) {
    const start = <usize>(load<u32>(wordStarts + (word << 2)) - shift);
    const end = <usize>(load<u32>(wordEnds + (word << 2)) - shift);
    // A word that begins with a letter is alphabetic and no symbol.
    if (<u8>((load<u8>(start) | 0x20) - 0x61) < 26) {
      alphabetic++;
    } else {
      const kind = wordKind(start, end);
      alphabetic += <u32>(kind == ALPHABETIC);
      if (kind == SYMBOL) {
        symbolWords++;
        continue;
      }
    }
    chars += isAscii ? <u32>(end - start) : wordCodePoints(start, end);
  }
  setResult(0, wordCount - symbolWords);
  setResult(1, chars);
  setResult(2, alphabetic);
}

/** ALPHABETIC where a character is; else SYMBOL where all are; else 0. */
function wordKind(start: usize, end: usize): u32 {
  let kind = SYMBOL;
  for (let at = start; at < end; ) {
    const decoded = decode(at, end);
    const found = properties(decoded & CODE_POINT);
    if ((found & ALPHABETIC) != 0) return ALPHABETIC;
    kind &= found;
    at += decoded >> LENGTH_SHIFT;
  }
  return kind;
}
