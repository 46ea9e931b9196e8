/**
 * The tokens of one word, made anew: whole characters where that is exact, then merging.
 *
 * The host's character tables (`character-tokens.ts` says why they are exact) tell which characters of two and three bytes may start as
 * their own token, given the byte before and the byte behind, and which two of those no token holds side by side: between these the
 * word falls into pieces that merge on their own.
 */
import { mayCut } from "./cuts";
import { hashShort, highKey, lowKey } from "./keys";
import { mergeSymbols } from "./merge";
import { SYMBOLS } from "./symbols";
import { findToken, NO_TOKEN } from "./vocabulary";

const LINK_BITS: u32 = 20;
/** Above every position. */
const NO_CHARACTER: u32 = 0x10000;

/** Position of each character of the basic plane in the lists below, 0 for those without a token of their own. */
const POSITIONS: usize = memory.data(2 << 16, 64);
/** Bit set of hashed pairs of positions: neighbours that may end up in one token. */
const LINKS: usize = memory.data(1 << 17, 64);
/** Token of each of the 256 bytes. */
const BYTE_TOKENS: usize = memory.data(4 << 8, 64);
/** Token of each listed character. */
let tokens: usize = 0;
/** A line each: 256 bits for the bytes that may stand before the character, 256 for those behind it. */
let neighbours: usize = 0;
let wholeWords: bool = false;
/** Whether merging starts from characters in any case, those of four bytes among them. */
let ofCharacters: bool = false;

/** Copies the host's tables of characters; keeps its lists. `all` says that the vocabulary is one of characters. */
export function setCharacters(positions: usize, ids: usize, besides: usize, links: usize, all: bool): void {
  ofCharacters = all;
  memory.copy(POSITIONS, positions, 2 << 16);
  memory.copy(LINKS, links, 1 << 17);
  tokens = ids;
  neighbours = besides;
}

/** @param ids token of each of the 256 bytes; @param whole whether a word that is a token becomes it without merging */
export function setBytes(ids: usize, whole: bool): void {
  memory.copy(BYTE_TOKENS, ids, 4 << 8);
  wholeWords = whole;
}

/** Writes the tokens of the word `[p, p + length)` from `out` on; returns where they end. `hash` is what `findToken` wants. */
export function makeTokens(p: usize, length: u32, hash: u64, out: usize): usize {
  if (wholeWords) {
    const token = findToken(p, length, hash);
    if (token != NO_TOKEN) {
      store<u32>(out, token);
      return out + 4;
    }
  }
  return mergeWord(p, p + length, out);
}

function mergeWord(start: usize, end: usize, out: usize): usize {
  let count: u32 = 0;
  let before: u32 = 0; // position of the character before, 0 where it is not whole
  for (let p = start; p < end; ) {
    const lead: u32 = load<u8>(p);
    // Blocks of text are cut by kinds of bytes, which is coarser.
    if (ofCharacters && count > 0 && mayCut(load<u8>(p - 1), lead)) {
      out = mergeSymbols(count, out);
      count = 0;
    }
    const position = lead < 0xc2 ? 0 : wholeCharacter(p, lead, start, end);
    if (position == 0) {
      const token = lead < 0xf0 ? NO_TOKEN : fourByteCharacter(p, end);
      if (token == NO_TOKEN) {
        addSymbol(count++, load<u32>(BYTE_TOKENS + (lead << 2)));
        p++;
      } else {
        addSymbol(count++, token);
        p += 4;
      }
    } else {
      if (before != 0 && !linked(before, position)) {
        out = mergeSymbols(count, out);
        count = 0;
      }
      addSymbol(count++, load<u32>(tokens + (position << 2)));
      p += lead < 0xe0 ? 2 : 3;
    }
    before = position;
  }
  return mergeSymbols(count, out);
}

@inline
function addSymbol(at: u32, token: u32): void {
  store<u32>(SYMBOLS + (at << 2), token);
}

/** Position of the character at `p` where it may start as its own token, else 0. */
@inline
function wholeCharacter(p: usize, lead: u32, start: usize, end: usize): u32 {
  let codePoint: u32;
  let behind: usize;
  const b: u32 = <u32>load<u8>(p, 1) ^ 0x80;
  if (lead < 0xe0) {
    behind = p + 2;
    if (behind > end || b > 0x3f) return 0;
    codePoint = ((lead & 0x1f) << 6) | b;
  } else {
    behind = p + 3;
    const c: u32 = <u32>load<u8>(p, 2) ^ 0x80;
    if (behind > end || (b | c) > 0x3f || lead > 0xef) return 0;
    codePoint = ((lead & 0x0f) << 12) | (b << 6) | c;
    if (codePoint < 0x800) return 0; // overlong: the bytes are not those of the character
  }
  const position: u32 = load<u16>(POSITIONS + (codePoint << 1));
  if (position == 0) return 0;
  const besides = neighbours + (position << 6);
  // Characters of a vocabulary of characters are whole beside any.
  if (ofCharacters) return position;
  if (p > start && !allows(besides, load<u8>(p - 1))) return 0;
  if (behind < end && !allows(besides + 32, load<u8>(behind))) return 0;
  return position;
}

/** Token of the character of four bytes at `p`, {@link NO_TOKEN} where merging does not start from it. */
@inline
function fourByteCharacter(p: usize, end: usize): u32 {
  if (!ofCharacters || p + 4 > end) return NO_TOKEN;
  return findToken(p, 4, <u64>hashShort(lowKey(p, 4), highKey(p, 4)));
}

/** Position of the character of three bytes at `p`, 0 where it has none, {@link NO_CHARACTER} where there is no such character. */
@inline
function threeByteCharacter(p: usize): u32 {
  const lead: u32 = load<u8>(p);
  const b: u32 = <u32>load<u8>(p, 1) ^ 0x80;
  const c: u32 = <u32>load<u8>(p, 2) ^ 0x80;
  if (lead >> 4 != 0xe || (b | c) > 0x3f) return NO_CHARACTER;
  return load<u16>(POSITIONS + ((((lead & 0x0f) << 12) | (b << 6) | c) << 1));
}

/**
 * Whether no token holds the characters of three bytes before and at `p` side by side: true also where one of them is no token, since tokens
 * of bytes do not merge. Only for vocabularies of characters.
 */
@inline
export function apart(p: usize): bool {
  const left = threeByteCharacter(p - 3);
  const right = threeByteCharacter(p);
  if (left == NO_CHARACTER || right == NO_CHARACTER) return false;
  return left == 0 || right == 0 || !linked(left, right);
}

@inline
function allows(bytes: usize, byte: u32): bool {
  return (((<u32>load<u8>(bytes + (byte >> 3))) >> (byte & 7)) & 1) != 0;
}

@inline
function linked(left: u32, right: u32): bool {
  const bit = ((left * 0x9e3779b1 + right) * 0x85ebca77) >>> (32 - LINK_BITS);
  return (((<u32>load<u8>(LINKS + (bit >> 3))) >> (bit & 7)) & 1) != 0;
}
