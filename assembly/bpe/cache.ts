/**
 * Tokens of words, from memory or made: what was seen before is not merged again.
 *
 * Owns the budget: powers of two for the tables, the rest for the arena. Invariant: a table that is full forgets its words, and when the
 * arena is full everything is forgotten, so memory is bounded and a hit gives what a miss would. Words of more than LONGEST bytes are
 * not kept. Of 200 MB of mixed text 524,000 words are short, 126,000 medium, 65,000 long: 64 MiB hold them all.
 */
import { emptyArena, setUpArena } from "./arena";
import { hashLong, hashShort } from "./keys";
import { addLongWord, copyLongWord, forgetLongWords, setUpLongWords } from "./long-words";
import {
  addMediumWord,
  copyMediumWord,
  forgetMediumWords,
  isFree,
  mediumEntry,
  setUpMediumWords,
} from "./medium-words";
import { allocate } from "./memory";
import { addShortWord, copyShortWord, findShortWord, forgetShortWords, setUpShortWords } from "./short-words";
import { makeTokens } from "./word-tokens";

const LONGEST: u32 = 256;
const LEAST_BUDGET: u32 = 1 << 16;

/** Takes `budget` bytes of memory in all. */
export function setUpCache(budget: u32): void {
  budget = max(budget, LEAST_BUDGET);
  const short = floorPowerOfTwo(budget / 3 * 2);
  const medium = floorPowerOfTwo(budget / 4);
  const long = floorPowerOfTwo(budget / 32);
  setUpShortWords(allocate(short), short);
  setUpMediumWords(allocate(medium), medium);
  setUpLongWords(allocate(long), long);
  setUpArena(budget - short - medium - long);
}

function floorPowerOfTwo(value: u32): u32 {
  return <u32>1 << (31 - clz(value));
}

function forgetAll(): void {
  forgetShortWords();
  forgetMediumWords();
  forgetLongWords();
  emptyArena();
}

/** Writes the tokens of a word of at most 15 bytes from `out` on; returns where they end. */
export function shortWord(p: usize, low: u64, high: u64, out: usize): usize {
  const hash = hashShort(low, high);
  const entry = findShortWord(low, high, hash);
  if (entry != 0) return copyShortWord(entry, out);
  const behind = makeTokens(p, <u32>(high >> 56), hash, out);
  const count = <u32>((behind - out) >> 2);
  if (!addShortWord(low, high, hash, out, count)) {
    forgetAll();
    addShortWord(low, high, hash, out, count);
  }
  return behind;
}

/** The same for a word of 16 to 31 bytes. */
export function mediumWord(p: usize, length: u32, hash: u32, out: usize): usize {
  const entry = mediumEntry(p, length, hash);
  if (!isFree(entry)) return copyMediumWord(entry, out);
  const behind = makeTokens(p, length, hashLong(p, length), out);
  const count = <u32>((behind - out) >> 2);
  if (!addMediumWord(p, length, hash, out, count)) {
    forgetAll();
    addMediumWord(p, length, hash, out, count);
  }
  return behind;
}

/** The same for any longer word. */
export function longWord(p: usize, length: u32, out: usize): usize {
  const hash = hashLong(p, length);
  if (length > LONGEST) return makeTokens(p, length, hash, out);
  const known = copyLongWord(p, length, hash, out);
  if (known != out) return known;
  const behind = makeTokens(p, length, hash, out);
  const count = <u32>((behind - out) >> 2);
  if (!addLongWord(p, length, hash, out, count)) {
    forgetAll();
    addLongWord(p, length, hash, out, count);
  }
  return behind;
}
