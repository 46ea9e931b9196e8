/**
 * Words of the fast family: UTF-8 to one 64-bit hash per word, in one pass. Twin: kernels/minhash/fast-words.ts.
 *
 * A word is a run of letters, numbers and marks, folded through one table (kernels/minhash/character-tables.ts); in
 * scripts without spaces every character is a word. Its hash takes the folded UTF-8 in chunks of 16 bytes, the last
 * one padded with zeros. Words of ASCII between ASCII separators go 64 bytes at a time, straight from the text to the
 * hash; a word with anything else in it goes character by character.
 *
 * Layout: up to WORD_CAPACITY hashes, static; the text is followed by 64 zero bytes, and reads go up to 80 bytes past
 * a position in it. Price: 0.8 ns per byte of ASCII, 2 to 3 ns per further character.
 */
import { CODE_POINT_MASK, decode, encode, LENGTH_SHIFT, lookUp, lookUpLow, MALFORMED } from "./characters";

/** Words read at a time, beside those kept. */
const WORD_CAPACITY: u32 = 1024;
/** Most words that can be kept. */
const MAX_KEPT: u32 = 128;
/** Hashes of words, u64. */
export const WORDS: usize = memory.data(8 * (WORD_CAPACITY + MAX_KEPT), 64);
/** Most words that 64 bytes hold. */
const BLOCK_WORDS: u32 = 32;
const BLOCK_BYTES: usize = 64;

// Kinds of characters; the rest, 0, is between words.
const DROP: u32 = 1;
const LETTER: u32 = 2;
const ALONE: u32 = 3;
const KIND_BITS: u32 = 2;
const KIND_MASK: u32 = (1 << KIND_BITS) - 1;

const CHUNK: usize = 16;
const FACTOR_LOW: u64 = 0x9e3779b97f4a7c15;
const FACTOR_HIGH: u64 = 0xc2b2ae3d27d4eb4f;
const FACTOR_MIX: u64 = 0xd6e8feb86659fd93;

/** Row n: n bytes of ones, then zeros. */
const MASKS: usize = memory.data(17 * 16, 16);
/** The end of the open word: at most a chunk, and 4 bytes of a character more. */
const REST: usize = memory.data(32, 16);

let table: usize = 0;
let position: usize = 0;
let textEnd: usize = 0;
let wordCount: u32 = 0;

export function useWords(characterTable: usize): void {
  table = characterTable;
  for (let row: usize = 0; row <= CHUNK; row++) {
    for (let i: usize = 0; i < CHUNK; i++) store<u8>(MASKS + row * CHUNK + i, i < row ? 0xff : 0);
  }
}

export function openText(text: usize, length: usize): void {
  position = text;
  textEnd = text + length;
}

/** Reads words behind the first `kept` WORDS until they are full or the text ends; returns how many there are then. */
export function readWords(kept: u32): u32 {
  wordCount = kept;
  const full = kept + WORD_CAPACITY - BLOCK_WORDS;
  while (position < textEnd && wordCount <= full) {
    readPlain(full);
    if (position < textEnd && wordCount <= full) readCharacters(full);
  }
  return wordCount;
}

/** Whole words of ASCII, with no word open, up to a word that has other characters in it. */
function readPlain(full: u32): void {
  let at = position;
  while (at < textEnd && wordCount <= full) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const third = v128.load(at, 32);
    const fourth = v128.load(at, 48);
    const inWord = bits64(wordBytes(first), wordBytes(second), wordBytes(third), wordBytes(fourth));
    const others = bits64(first, second, third, fourth);
    // Up to the last separator before the first other character.
    const plain = others == 0 ? ~(<u64>0) : (others & -others) - 1;
    const separators = ~inWord & plain;
    if (separators == 0) break;
    const length = BLOCK_BYTES - <usize>clz(separators);
    const whole = inWord & (~(<u64>0) >> (64 - <u64>length));
    for (let edges = whole ^ (whole << 1); edges != 0; ) {
      const start = at + <usize>ctz(edges);
      edges &= edges - 1;
      const end = at + <usize>ctz(edges);
      edges &= edges - 1;
      push(hashPlain(start, end));
    }
    at += length;
    if (others != 0) break;
  }
  position = at;
}

/** One bit per byte that is an ASCII letter or digit. */
function wordBytes(bytes: v128): v128 {
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26));
  return v128.or(letters, i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10)));
}

function bits64(first: v128, second: v128, third: v128, fourth: v128): u64 {
  const low = <u64>i8x16.bitmask(first) | ((<u64>i8x16.bitmask(second)) << 16);
  return low | ((<u64>i8x16.bitmask(third) | ((<u64>i8x16.bitmask(fourth)) << 16)) << 32);
}

function push(hash: u64): void {
  store<u64>(WORDS + ((<usize>wordCount) << 3), hash);
  wordCount++;
}

/** Letters of ASCII to lower case, digits to 0; what stands behind a word is masked away. */
function foldPlain(bytes: v128): v128 {
  const digits = i8x16.lt_s(bytes, i8x16.splat(0x40));
  return v128.bitselect(i8x16.splat(0x30), v128.or(bytes, i8x16.splat(0x20)), digits);
}

function hashPlain(start: usize, end: usize): u64 {
  let hash: u64 = 0;
  let at = start;
  for (; at + CHUNK < end; at += CHUNK) hash = absorb(hash, foldPlain(v128.load(at)));
  return absorb(hash, v128.and(foldPlain(v128.load(at)), v128.load(MASKS + (end - at) * CHUNK)));
}

function absorb(hash: u64, chunk: v128): u64 {
  return mix(i64x2.extract_lane(chunk, 0) ^ hash, i64x2.extract_lane(chunk, 1) + hash);
}

function mix(low: u64, high: u64): u64 {
  let hash = (low * FACTOR_LOW) ^ rotl(high * FACTOR_HIGH, 31);
  hash = (hash ^ (hash >> 32)) * FACTOR_MIX;
  return hash ^ (hash >> 29);
}

/**
 * Words character by character, with no word open, until an ASCII separator stands outside a word and ASCII follows.
 */
function readCharacters(full: u32): void {
  let at = position;
  let hash: u64 = 0;
  /** Bytes of the open word in REST; no word is open where there is none. */
  let rest: usize = 0;
  while (at < textEnd) {
    const start = at;
    const decoded = decodePadded(at);
    const codePoint = decoded & CODE_POINT_MASK;
    at += decoded >> LENGTH_SHIFT;
    const value = codePoint < 0x800 ? lookUpLow(table, codePoint) : lookUp(table, codePoint);
    const kind = <u32>value & KIND_MASK;
    if (kind == DROP) continue;
    if (kind == LETTER) {
      rest = append(rest, start, at - start, codePoint, value >> KIND_BITS);
      if (rest > CHUNK) {
        hash = absorb(hash, v128.load(REST));
        rest -= CHUNK;
        store<u32>(REST, load<u32>(REST, CHUNK));
      }
      continue;
    }
    if (rest != 0) {
      push(absorb(hash, v128.and(v128.load(REST), v128.load(MASKS + rest * CHUNK))));
      hash = 0;
      rest = 0;
    }
    if (kind == ALONE) {
      const length = append(0, start, at - start, codePoint, value >> KIND_BITS);
      push(mix(load<u64>(REST) & load<u64>(MASKS + length * CHUNK), 0));
    } else if (codePoint < 0x80 && (load<u64>(at) & 0x8080808080808080) == 0) {
      break;
    }
    if (wordCount > full) break;
  }
  if (rest != 0) push(absorb(hash, v128.and(v128.load(REST), v128.load(MASKS + rest * CHUNK))));
  position = at;
}

/**
 * Puts a folded character, of `length` bytes at `start` in the text, behind `rest` bytes of REST; returns their new
 * number.
 */
function append(rest: usize, start: usize, length: usize, codePoint: u32, delta: i32): usize {
  if (delta == 0) {
    // What stands behind the character is overwritten or masked.
    store<u32>(REST + rest, load<u32>(start));
    return rest + length;
  }
  return encode(REST + rest, <u32>(<i32>codePoint + delta)) - REST;
}

/**
 * As `decode`: the zero bytes behind the text end what is cut short, so that only the lead byte is compared with the
 * end.
 */
function decodePadded(at: usize): u32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0x80) return lead | (1 << LENGTH_SHIFT);
  const b = <u32>load<u8>(at, 1) ^ 0x80;
  if (lead < 0xe0) {
    if (lead < 0xc2 || b > 0x3f) return MALFORMED;
    return ((lead & 0x1f) << 6) | b | (2 << LENGTH_SHIFT);
  }
  if (lead < 0xf0) {
    const c = <u32>load<u8>(at, 2) ^ 0x80;
    const codePoint = ((lead & 0x0f) << 12) | (b << 6) | c;
    if ((b | c) > 0x3f || codePoint < 0x800 || (codePoint & 0xf800) == 0xd800) return MALFORMED;
    return codePoint | (3 << LENGTH_SHIFT);
  }
  return decode(at, textEnd);
}
