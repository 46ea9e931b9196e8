/**
 * Tokens of words of 16 to 31 bytes.
 *
 * Layout: entries of one 64-byte line: the word's key (32 bytes) and eight ids (32 bytes), marked as those of short words are. Linear
 * probing, one line a probe. The table starts small and doubles in place; when it is full it is emptied.
 */
import { reserve } from "./arena";
import { spread } from "./growth";
import { hashMedium, highKey, lowKey } from "./keys";
import { COUNT_SHIFT, ID_MASK, IN_ARENA } from "./short-words";

const INLINE_IDS: u32 = 8;
const FIRST_BYTES: u32 = 1 << 17;

let table: usize = 0;
let mask: u32 = 0;
let used: u32 = 0;
let limit: u32 = 0;
let mostBytes: u32 = 0;

/** Takes zeroed memory: what the table grows to, a power of two. */
export function setUpMediumWords(at: usize, bytes: u32): void {
  table = at;
  mostBytes = bytes;
  setBytes(min(bytes, FIRST_BYTES));
}

function setBytes(bytes: u32): void {
  mask = bytes - 64;
  limit = bytes / 96; // two thirds of the entries
}

export function forgetMediumWords(): void {
  memory.fill(table, 0, mask + 64);
  used = 0;
}

/** Address of the line where a word of hash `hash` is looked for first. */
@inline
export function mediumLine(hash: u32): usize {
  return table + <usize>((hash << 6) & mask);
}

/** The entry of the word, or the free one where it would go. */
@inline
export function mediumEntry(p: usize, length: u32, hash: u32): usize {
  const start = v128.load(p);
  const low = lowKey(p + 16, length - 16);
  const high = highKey(p + 16, length - 16);
  let entry = mediumLine(hash);
  while (true) {
    if (load<u32>(entry, 32) == 0) return entry;
    const differs = (load<u64>(entry, 16) ^ low) | (load<u64>(entry, 24) ^ high);
    if (differs == 0 && !v128.any_true(v128.xor(v128.load(entry), start))) return entry;
    entry = table + <usize>((<u32>(entry - table) + 64) & mask);
  }
}

@inline
export function isFree(entry: usize): bool {
  return load<u32>(entry, 32) == 0;
}

/** Remembers a word that is not in the table; false where the arena has no room left. */
export function addMediumWord(p: usize, length: u32, hash: u32, ids: usize, count: u32): bool {
  if (used >= limit && !grow()) forgetMediumWords();
  let first = load<u32>(ids) | (count << COUNT_SHIFT);
  let record: usize = 0;
  if (count > INLINE_IDS) {
    record = reserve(count << 2);
    if (record == 0) return false;
    memory.copy(record, ids, count << 2);
    first = IN_ARENA;
  }
  used++;
  const entry = mediumEntry(p, length, hash);
  v128.store(entry, v128.load(p));
  store<u64>(entry, lowKey(p + 16, length - 16), 16);
  store<u64>(entry, highKey(p + 16, length - 16), 24);
  store<u32>(entry, first, 32);
  if (record != 0) {
    store<u32>(entry, <u32>record, 36);
    store<u32>(entry, count, 40);
  } else {
    for (let i: u32 = 1; i < count; i++) store<u32>(entry + (i << 2), load<u32>(ids + (i << 2)), 32);
  }
  return true;
}

/** Writes the ids of an entry from `out` on, up to 32 bytes; returns where they end. */
@inline
export function copyMediumWord(entry: usize, out: usize): usize {
  const first = load<u32>(entry, 32);
  if (first == IN_ARENA) {
    const size = load<u32>(entry, 40) << 2;
    memory.copy(out, load<u32>(entry, 36), size);
    return out + size;
  }
  v128.store(out, v128.load(entry, 32));
  v128.store(out, v128.load(entry, 48), 16);
  store<u32>(out, first & ID_MASK);
  return out + ((first >> COUNT_SHIFT) << 2);
}

function grow(): bool {
  const bytes = mask + 64;
  if (bytes == mostBytes) return false;
  setBytes(bytes * 2);
  return spread(table, bytes, isUsed, put);
}

function isUsed(entry: usize): bool {
  return !isFree(entry);
}

function put(entry: usize): void {
  if (isFree(entry)) return;
  const length = 16 + <u32>load<u8>(entry, 31);
  const place = mediumEntry(entry, length, hashMedium(entry, length));
  for (let i: usize = 0; i < 64; i += 16) v128.store(place + i, v128.load(entry + i));
}
