/**
 * Text to shingle hashes as datatrove has them, with the `unicode` word rules: normalization, words and XXH64 of every
 * `ngram` words joined by one space, in one pass. Twins: kernels/normalize.ts, words/unicode.ts, minhash/shingles.ts.
 *
 * Letters of ASCII between ASCII separators go 64 bytes at a time; a word with anything else in it goes character by
 * character through one table (kernels/minhash/character-tables.ts has its kinds). Only the words are written, each
 * followed by one space: what is between them never reaches a hash. Marks that canonical ordering would move are left
 * to the twin: `scanText` then returns false.
 *
 * Layout: the words at `words`, at most 4 bytes per byte of text plus 64; up to BLOCK_SHINGLES + MAX_NGRAM starts of
 * words, static. Text and words are followed by at least 64 bytes that may be read and, behind the words, written;
 * those behind the text are zero. Price: 1.5 ns per byte of ASCII, 8 ns per further character, 17 ns per shingle.
 */

import { xxh64 } from "../hash/xxh64";
import { CODE_POINT_MASK, decode, decodeBefore, encode, LENGTH_SHIFT, lookUp } from "./characters";
import { BLOCK_SHINGLES, foldBlock, SHINGLES } from "./permutations";

// Kinds of characters, and the classes of the word rules among them.
const SEPARATOR: u32 = 0;
const LETTER: u32 = 1;
const NUMBER: u32 = 2;
const MARK: u32 = 3;
const FORMAT: u32 = 4;
const APOSTROPHE: u32 = 5;
const ALONE: u32 = 6;
/** Left out; marks on both sides of it may change places. */
const DROP: u32 = 7;
const DIGIT: u32 = 9;
const HANGUL: u32 = 10;
const SIGMA: u32 = 11;
/** Becomes several characters: the value is their number in the table of sequences. */
const SEQUENCE: u32 = 12;
/** A mark that may change places: the value is its rank. */
const MOVABLE_MARK: u32 = 13;
const KIND_BITS: u32 = 4;
const KIND_MASK: u32 = (1 << KIND_BITS) - 1;

export const MAX_NGRAM: u32 = 128;
/** Four characters `code point << KIND_BITS | kind`, 0 after the last. */
const SEQUENCE_BYTES: u32 = 16;
const SIGMA_BYTES: usize = 2;
const CASED: i32 = 1;
const CASE_IGNORABLE: i32 = 2;

/** Places for shingles seen: powers of two. All of them stay in the first cache level. */
const LEAST_PLACES: u32 = 64;
const MOST_PLACES: u32 = 4096;
/** The shingle seen last in each place, by its low bits: folding one again changes no minimum. */
const SEEN: usize = memory.data(8 * MOST_PLACES, 64);

/** u32 address of each word that a shingle to come begins with, and of the end. */
const STARTS: usize = memory.data(4 * (BLOCK_SHINGLES + MAX_NGRAM + 1), 16);

let characters: usize = 0;
let sequences: usize = 0;
let cases: usize = 0;
let ngram: u32 = 0;

let textStart: usize = 0;
let textEnd: usize = 0;
/** Where the next byte of a word goes. */
let out: usize = 0;
let wordCount: u32 = 0;
let shingled: bool = false;
let seenMask: u32 = 0;
/** Shingles in SHINGLES that wait for `foldBlock`. */
let waiting: u32 = 0;
/** Start of the open word, 0 where there is none, and where it would end now. */
let wordStart: usize = 0;
let wordEnd: usize = 0;
/** LETTER, NUMBER or ALONE: the last of the open word. */
let lastKind: u32 = 0;
/** FORMAT or APOSTROPHE where the open word ended in one, else 0. */
let joiner: u32 = 0;

/** Tables as kernels/minhash/character-tables.ts makes them. `wordsPerShingle` is at most MAX_NGRAM. */
export function useText(characterTable: usize, sequenceTable: usize, caseTable: usize, wordsPerShingle: u32): void {
  characters = characterTable;
  sequences = sequenceTable;
  cases = caseTable;
  ngram = wordsPerShingle;
}

/** Folds every shingle of `length` bytes at `text` into the signature; false where the twin has to do it. */
export function scanText(text: usize, length: usize, words: usize): bool {
  textStart = text;
  textEnd = text + length;
  out = words;
  wordCount = 0;
  wordStart = 0;
  shingled = false;
  waiting = 0;
  forgetShingles(length);
  let at = text;
  while (at < textEnd) {
    at = scanPlain(at);
    if (at >= textEnd) break;
    at = scanCharacters(at);
    if (at == 0) return false;
  }
  foldWords();
  foldWaiting();
  return true;
}

/** Whether the last text had a shingle. */
export function hasShingles(): bool {
  return shingled;
}

/** Takes whole words of ASCII letters, with no word open, up to a word that has other characters in it. */
function scanPlain(from: usize): usize {
  let at = from;
  while (at < textEnd) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const third = v128.load(at, 32);
    const fourth = v128.load(at, 48);
    const letters = bits64(lettersOf(first), lettersOf(second), lettersOf(third), lettersOf(fourth));
    const others = bits64(othersOf(first), othersOf(second), othersOf(third), othersOf(fourth));
    // Up to the last separator before the first other character.
    const plain = others == 0 ? ~(<u64>0) : (others & -others) - 1;
    const separators = ~letters & plain;
    if (separators == 0) return at;
    const length = 64 - <u32>clz(separators);
    const whole = letters & (~(<u64>0) >> (64 - length));
    for (let edges = whole ^ (whole << 1); edges != 0; ) {
      const start = ctz(edges);
      edges &= edges - 1;
      const end = ctz(edges);
      edges &= edges - 1;
      pushPlain(at + <usize>start, <usize>(end - start));
    }
    at += length;
    if (others != 0) return at;
  }
  return at;
}

/** One bit per byte that is an ASCII letter. */
function lettersOf(bytes: v128): v128 {
  return i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26));
}

/** One bit per byte that is a digit or no ASCII. */
function othersOf(bytes: v128): v128 {
  return v128.or(bytes, i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10)));
}

function bits64(first: v128, second: v128, third: v128, fourth: v128): u64 {
  const low = <u64>i8x16.bitmask(first) | ((<u64>i8x16.bitmask(second)) << 16);
  return low | ((<u64>i8x16.bitmask(third) | ((<u64>i8x16.bitmask(fourth)) << 16)) << 32);
}

/** Writes a word of ASCII letters, in lower case. Writes up to 64 bytes past it. */
function pushPlain(from: usize, length: usize): void {
  const lowerCase = i8x16.splat(0x20);
  const start = out;
  v128.store(out, v128.or(v128.load(from), lowerCase));
  for (let i: usize = 16; i < length; i += 16) {
    v128.store(out + i, v128.or(v128.load(from + i), lowerCase));
  }
  pushWord(start, out + length);
}

/** Takes the word [start, end) of the words written. */
function pushWord(start: usize, end: usize): void {
  store<u32>(STARTS + (wordCount << 2), <u32>start);
  wordCount++;
  store<u8>(end, 0x20);
  out = end + 1;
  if (wordCount == BLOCK_SHINGLES + ngram - 1) foldWords();
}

/**
 * Forgets the last document's shingles. A shingle takes some 8 bytes of text, so a place for every 4 bytes loses few.
 */
function forgetShingles(length: usize): void {
  let places: u32 = LEAST_PLACES;
  while (places < MOST_PLACES && (<usize>places) << 2 < length) places <<= 1;
  seenMask = places - 1;
  memory.fill(SEEN, 0, (<usize>places) << 3);
  // No shingle of the first place ends in this bit, and none of the others is 0.
  store<u64>(SEEN, 1);
}

function foldWaiting(): void {
  if (waiting > 0) foldBlock(waiting);
  waiting = 0;
}

/** Folds the shingles of the words so far and keeps the words that later shingles begin with. */
function foldWords(): void {
  if (wordCount < ngram) return;
  const count = wordCount - ngram + 1;
  store<u32>(STARTS + (wordCount << 2), <u32>out);
  for (let i: u32 = 0; i < count; i++) {
    const start = STARTS + ((<usize>i) << 2);
    const from = load<u32>(start);
    const hash = xxh64(from, load<u32>(start + (ngram << 2)) - 1 - from, 0);
    const place = SEEN + ((<usize>(<u32>hash & seenMask)) << 3);
    store<u64>(SHINGLES + ((<usize>waiting) << 3), hash);
    waiting += u32(load<u64>(place) != hash);
    store<u64>(place, hash);
    if (waiting == BLOCK_SHINGLES) foldWaiting();
  }
  shingled = true;
  memory.copy(STARTS, STARTS + ((<usize>count) << 2), (ngram - 1) << 2);
  wordCount = ngram - 1;
}

/**
 * Takes characters from `from`, with no word open, until an ASCII separator closed or followed every word and ASCII
 * follows. Returns the position after it, or 0 where marks change places.
 */
function scanCharacters(from: usize): usize {
  let at = from;
  let rank: u32 = 0;
  while (at < textEnd) {
    const decoded = decode(at, textEnd);
    const codePoint = decoded & CODE_POINT_MASK;
    const next = at + (decoded >> LENGTH_SHIFT);
    const value = lookUp(characters, codePoint);
    const kind = <u32>value & KIND_MASK;
    if (kind <= ALONE) {
      rank = 0;
      take(kind, <u32>(<i32>codePoint + (value >> KIND_BITS)));
      at = next;
      if (kind == SEPARATOR && codePoint < 0x80 && (load<u64>(at) & 0x8080808080808080) == 0) return at;
      continue;
    }
    at = next;
    if (kind == DROP) continue;
    if (kind == MOVABLE_MARK) {
      const newRank = <u32>value >> KIND_BITS;
      if (newRank < rank) return 0;
      rank = newRank;
      take(MARK, codePoint);
      continue;
    }
    rank = 0;
    if (kind == DIGIT) {
      take(NUMBER, 0x30);
      at = skipNumber(at);
    } else if (kind == HANGUL) {
      takeSyllable(codePoint);
    } else if (kind == SIGMA) {
      take(LETTER, isFinalSigma(at) ? 0x3c2 : 0x3c3);
    } else if (kind == SEQUENCE) {
      rank = takeSequence(sequences + (<u32>value >> KIND_BITS) * SEQUENCE_BYTES);
    }
  }
  if (wordStart != 0) closeWord();
  return at;
}

/** Takes one character of a word class into the words, as kernels/words/unicode.ts does. */
function take(kind: u32, codePoint: u32): void {
  if (kind == LETTER || kind == NUMBER) {
    if (wordStart != 0 && (lastKind == ALONE || (joiner == APOSTROPHE && kind != LETTER))) closeWord();
    append(kind, codePoint);
  } else if (kind == ALONE) {
    if (wordStart != 0) closeWord();
    append(kind, codePoint);
  } else if (wordStart != 0) {
    if (kind == MARK && joiner != APOSTROPHE) {
      append(lastKind, codePoint);
    } else if (kind == FORMAT && joiner != APOSTROPHE) {
      joiner = FORMAT;
      out = encode(out, codePoint);
    } else if (kind == APOSTROPHE && joiner == 0 && lastKind == LETTER) {
      joiner = APOSTROPHE;
      out = encode(out, codePoint);
    } else {
      closeWord();
    }
  }
}

function append(kind: u32, codePoint: u32): void {
  if (wordStart == 0) wordStart = out;
  out = encode(out, codePoint);
  wordEnd = out;
  lastKind = kind;
  joiner = 0;
}

function closeWord(): void {
  const start = wordStart;
  wordStart = 0;
  joiner = 0;
  pushWord(start, wordEnd);
}

/** A Hangul syllable as its two or three conjoining jamo. */
function takeSyllable(codePoint: u32): void {
  const index = codePoint - 0xac00;
  take(LETTER, 0x1100 + index / 588);
  take(LETTER, 0x1161 + (index % 588) / 28);
  if (index % 28 != 0) take(LETTER, 0x11a7 + (index % 28));
}

/** Returns the rank of the last character where it is a mark that may change places. */
function takeSequence(from: usize): u32 {
  let rank: u32 = 0;
  for (let at = from; at < from + SEQUENCE_BYTES; at += 4) {
    const item = load<u32>(at);
    if (item == 0) break;
    const kind = item & KIND_MASK;
    const codePoint = item >> KIND_BITS;
    const movable = kind == MOVABLE_MARK;
    rank = movable ? <u32>lookUp(characters, codePoint) >> KIND_BITS : 0;
    take(movable ? MARK : kind, codePoint);
  }
  return rank;
}

/** Position after the rest of a number that goes on at `from`: digits, and once a separator that digits follow. */
function skipNumber(from: usize): usize {
  const whole = skipDigits(from);
  if (whole >= textEnd) return whole;
  const separator = decode(whole, textEnd);
  if (!separatesNumbers(separator & CODE_POINT_MASK)) return whole;
  const fraction = whole + (separator >> LENGTH_SHIFT);
  const after = skipDigits(fraction);
  return after > fraction ? after : whole;
}

function separatesNumbers(codePoint: u32): bool {
  if (codePoint < 0x80) return codePoint == 0x2e || codePoint == 0x2c;
  return codePoint == 0x60c || codePoint == 0x66b || (codePoint >= 0x2396 && codePoint <= 0x2398);
}

function skipDigits(from: usize): usize {
  let at = from;
  while (at < textEnd) {
    const decoded = decode(at, textEnd);
    if ((<u32>lookUp(characters, decoded & CODE_POINT_MASK) & KIND_MASK) != DIGIT) break;
    at += decoded >> LENGTH_SHIFT;
  }
  return at;
}

/**
 * Whether the capital sigma before `next` ends a word: a cased letter before it, none after, ignorable characters
 * aside.
 */
function isFinalSigma(next: usize): bool {
  return contextBefore(next - SIGMA_BYTES) == CASED && contextAfter(next) != CASED;
}

/** The first case context before or after a position that is not ignorable; 0 where there is none. */
function contextBefore(from: usize): i32 {
  for (let at = from; at > textStart; ) {
    const decoded = decodeBefore(textStart, at);
    const context = lookUp(cases, decoded & CODE_POINT_MASK);
    if (context != CASE_IGNORABLE) return context;
    at -= decoded >> LENGTH_SHIFT;
  }
  return 0;
}

function contextAfter(from: usize): i32 {
  for (let at = from; at < textEnd; ) {
    const decoded = decode(at, textEnd);
    const context = lookUp(cases, decoded & CODE_POINT_MASK);
    if (context != CASE_IGNORABLE) return context;
    at += decoded >> LENGTH_SHIFT;
  }
  return 0;
}
