/**
 * Tokens of words of 32 bytes and more.
 *
 * Layout: a table of 16-byte entries, hash (64 bits, never 0) and record address; a record is the word's length, its count of ids, the
 * ids, the word's bytes. Linear probing, at most three quarters full, then emptied.
 */
import { reserve } from "./arena";
import { sameBytes } from "./keys";

let table: usize = 0;
let mask: usize = 0;
let used: u32 = 0;
let limit: u32 = 0;

/** Takes zeroed memory; its size is a power of two. */
export function setUpLongWords(at: usize, bytes: usize): void {
  table = at;
  mask = bytes - 16;
  limit = <u32>((bytes >> 6) * 3);
}

export function forgetLongWords(): void {
  memory.fill(table, 0, mask + 16);
  used = 0;
}

@inline
function placeOf(hash: u64): usize {
  return (<usize>(hash >> 20) << 4) & mask;
}

/** Writes the ids of the word from `out` on and returns where they end; `out` where it is unknown. */
export function copyLongWord(p: usize, length: u32, hash: u64, out: usize): usize {
  let place = placeOf(hash);
  while (load<u64>(table + place) != 0) {
    if (load<u64>(table + place) == hash) {
      const record: usize = load<u32>(table + place, 8);
      const size = load<u32>(record, 4) << 2;
      if (load<u32>(record) == length && sameBytes(record + 8 + size, p, length)) {
        memory.copy(out, record + 8, size);
        return out + size;
      }
    }
    place = (place + 16) & mask;
  }
  return out;
}

/** Remembers a word that is not in the table; false where the arena has no room left. */
export function addLongWord(p: usize, length: u32, hash: u64, ids: usize, count: u32): bool {
  if (used >= limit) forgetLongWords();
  const size = count << 2;
  const record = reserve(8 + size + length);
  if (record == 0) return false;
  store<u32>(record, length);
  store<u32>(record, count, 4);
  memory.copy(record + 8, ids, size);
  memory.copy(record + 8 + size, p, length);
  let place = placeOf(hash);
  while (load<u64>(table + place) != 0) place = (place + 16) & mask;
  store<u64>(table + place, hash);
  store<u32>(table + place, <u32>record, 8);
  used++;
  return true;
}
