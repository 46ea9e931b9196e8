/**
 * Ids of words that are tokens as a whole.
 *
 * Layout: an open-addressing table of 32-bit entries, at most half full: id in the low 21 bits, eleven bits of hash above them, so that
 * a word that is no token is nearly always told from the entry alone. 0xffffffff is a free place. Of two ids with equal bytes the
 * smaller is found.
 */
import { allocate } from "./memory";
import { hashLong, hashShort, highKey, lowKey, sameBytes, SHORT_BYTES } from "./keys";

export const NO_TOKEN: u32 = 0xffffffff;

const ID_BITS: u32 = 21;
const ID_MASK: u32 = (1 << ID_BITS) - 1;

let bytes: usize = 0;
let offsets: usize = 0;
let table: usize = 0;
let mask: u32 = 0;
let longest: u32 = 0;

/** What {@link findToken} wants: the short hash of a short word, the long hash of any other. */
function hashOf(p: usize, length: u32): u64 {
  return length <= SHORT_BYTES ? <u64>hashShort(lowKey(p, length), highKey(p, length)) : hashLong(p, length);
}

@inline
function folded(hash: u64): u32 {
  return <u32>(hash >> 32) ^ <u32>hash;
}

/** Takes the tokens `tokens[starts[id], starts[id + 1])` of every id below `size` whose `findable` byte is 1. */
export function setVocabulary(tokens: usize, starts: usize, findable: usize, size: u32): void {
  bytes = tokens;
  offsets = starts;
  let capacity: u32 = 1024;
  while (capacity < size * 2) capacity *= 2;
  mask = capacity - 1;
  table = allocate(capacity << 2);
  memory.fill(table, 0xff, capacity << 2);
  for (let id: u32 = 0; id < size; id++) {
    const length = lengthOf(id);
    if (load<u8>(findable + id) == 0 || length == 0) continue;
    longest = max(longest, length);
    const hash = hashOf(startOf(id), length);
    if (findToken(startOf(id), length, hash) == NO_TOKEN) insert(id, folded(hash));
  }
}

@inline
function startOf(id: u32): usize {
  return bytes + load<u32>(offsets + (id << 2));
}

@inline
function lengthOf(id: u32): u32 {
  return load<u32>(offsets + (id << 2), 4) - load<u32>(offsets + (id << 2));
}

function insert(id: u32, hash: u32): void {
  let slot = hash & mask;
  while (load<u32>(table + (slot << 2)) != NO_TOKEN) slot = (slot + 1) & mask;
  store<u32>(table + (slot << 2), id | (hash & ~ID_MASK));
}

/** The token that is the word `[p, p + length)`, or {@link NO_TOKEN}; `hash` is `hashShort` up to 15 bytes, else `hashLong`. */
export function findToken(p: usize, length: u32, wordHash: u64): u32 {
  if (length > longest) return NO_TOKEN;
  const hash = folded(wordHash);
  let slot = hash & mask;
  while (true) {
    const entry = load<u32>(table + (slot << 2));
    if (entry == NO_TOKEN) return NO_TOKEN;
    if (((entry ^ hash) & ~ID_MASK) == 0 && isToken(entry & ID_MASK, p, length)) return entry & ID_MASK;
    slot = (slot + 1) & mask;
  }
}

function isToken(id: u32, p: usize, length: u32): bool {
  if (lengthOf(id) != length) return false;
  const token = startOf(id);
  if (length > SHORT_BYTES) return sameBytes(token, p, length);
  return ((lowKey(token, length) ^ lowKey(p, length)) | (highKey(token, length) ^ highKey(p, length))) == 0;
}
