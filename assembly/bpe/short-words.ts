/**
 * Tokens of words of at most 15 bytes.
 *
 * Layout: lines of 64 bytes with two entries; an entry is the word's key (16 bytes) and four ids (16 bytes), the count of ids in the
 * top four bits of the first. A word with more has its ids in the arena: IN_ARENA, address, count. A first id of 0 is a free entry, which
 * always has count > 0 otherwise. Lines are probed in order from the one the hash names; a line with a free entry ends the search.
 * The table starts small and doubles in place; when it is full it is emptied.
 */
import { reserve } from "./arena";
import { spread } from "./growth";
import { hashShort } from "./keys";

/** First id of an entry whose ids are in the arena: above every count and id. */
export const IN_ARENA: u32 = 0xf0000000;
export const ID_MASK: u32 = 0x0fffffff;
export const COUNT_SHIFT: u32 = 28;
const INLINE_IDS: u32 = 4;
const FIRST_BYTES: u32 = 1 << 17;

let table: usize = 0;
/** Byte offset of the last line; changes when the table grows. */
let mask: u32 = 0;
let used: u32 = 0;
let limit: u32 = 0;
let mostBytes: u32 = 0;

/** Takes zeroed memory: what the table grows to, a power of two. */
export function setUpShortWords(at: usize, bytes: u32): void {
  table = at;
  mostBytes = bytes;
  setBytes(min(bytes, FIRST_BYTES));
}

function setBytes(bytes: u32): void {
  mask = bytes - 64;
  limit = bytes / 48; // two thirds of the entries
}

export function forgetShortWords(): void {
  memory.fill(table, 0, mask + 64);
  used = 0;
}

/** Address of the line where a word of hash `hash` is looked for first. */
@inline
export function shortLine(hash: u32): usize {
  return table + <usize>((hash << 6) & mask);
}

/** The entry of the word, or 0. */
export function findShortWord(low: u64, high: u64, hash: u32): usize {
  let line = shortLine(hash);
  while (true) {
    for (let entry = line, end = line + 64; entry < end; entry += 32) {
      if (load<u32>(entry, 16) == 0) return 0;
      if (load<u64>(entry) == low && load<u64>(entry, 8) == high) return entry;
    }
    line = lineBehind(line);
  }
}

@inline
function lineBehind(line: usize): usize {
  return table + <usize>((<u32>(line - table) + 64) & mask);
}

function freeEntry(hash: u32): usize {
  let line = shortLine(hash);
  while (true) {
    if (load<u32>(line, 16) == 0) return line;
    if (load<u32>(line, 48) == 0) return line + 32;
    line = lineBehind(line);
  }
}

/** Remembers a word that is not in the table; false where the arena has no room left. */
export function addShortWord(low: u64, high: u64, hash: u32, ids: usize, count: u32): bool {
  if (used >= limit && !grow()) forgetShortWords();
  let first = load<u32>(ids) | (count << COUNT_SHIFT);
  let record: usize = 0;
  if (count > INLINE_IDS) {
    record = reserve(count << 2);
    if (record == 0) return false;
    memory.copy(record, ids, count << 2);
    first = IN_ARENA;
  }
  used++;
  const entry = freeEntry(hash);
  store<u64>(entry, low);
  store<u64>(entry, high, 8);
  store<u32>(entry, first, 16);
  if (record != 0) {
    store<u32>(entry, <u32>record, 20);
    store<u32>(entry, count, 24);
  } else {
    for (let i: u32 = 1; i < count; i++) store<u32>(entry + (i << 2), load<u32>(ids + (i << 2)), 16);
  }
  return true;
}

/** Writes the ids of an entry from `out` on; returns where they end. */
export function copyShortWord(entry: usize, out: usize): usize {
  const first = load<u32>(entry, 16);
  if (first == IN_ARENA) {
    const size = load<u32>(entry, 24) << 2;
    memory.copy(out, load<u32>(entry, 20), size);
    return out + size;
  }
  v128.store(out, v128.load(entry, 16));
  store<u32>(out, first & ID_MASK);
  return out + ((first >> COUNT_SHIFT) << 2);
}

function grow(): bool {
  const bytes = mask + 64;
  if (bytes == mostBytes) return false;
  setBytes(bytes * 2);
  return spread(table, bytes, isFull, put);
}

function isFull(line: usize): bool {
  return load<u32>(line, 16) != 0 && load<u32>(line, 48) != 0;
}

function put(line: usize): void {
  for (let entry = line, end = line + 64; entry < end && load<u32>(entry, 16) != 0; entry += 32) {
    const place = freeEntry(hashShort(load<u64>(entry), load<u64>(entry, 8)));
    v128.store(place, v128.load(entry));
    v128.store(place, v128.load(entry, 16), 16);
  }
}
