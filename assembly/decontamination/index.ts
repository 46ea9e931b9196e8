// module shared
/**
 * Which words of a text begin an n-gram of benchmark items, whose table lies in this memory. Host: kernels/wasm/decontamination.ts.
 *
 * Twin: kernels/decontamination/folded-words.ts and gram-table.ts; words, hashes and hits are equal. Order of use: `useTable`, `useScratch`, then for each text its bytes at the
 * text's address and `scan`. The text is folded first, 16 bytes of ASCII at a time, then its words are found 64 bytes at a time. Of some hundred words at a time hashes are made, two words at
 * once, then n-grams are held against the bitmap, then those that it lets through are looked up: each is a loop without a branch that depends on the text, so that the cache misses of
 * many are waited for together. The memory is shared: the table is only read, and each thread has scratch of its own. Price: 0.5 ns a byte of ASCII, some 10 for any other character, 10 to 15 a word.
 */
import { foldText, useFold } from "./fold";

const LOW_PRIME: u32 = 0x01000193;
const HIGH_PRIME: u32 = 0x5bd1e995;
const LOW_START: u32 = 0x811c9dc5;
const HIGH_START: u32 = 0x9747b28c;
const MIX: u32 = 0x85ebca6b;
const SPACE: u8 = 0x20;
/** Words that are looked up together; those of one more block of 64 bytes, and those of an n-gram before them, have room behind. */
const BATCH: usize = 512;
const ROOM: usize = 704;
/** By word, in the scratch: where it begins in the folded text and where it ends, its first 8 bytes, both hashes. Then positions of long words, and the n-grams that the bitmap lets through. */
const ENDS: usize = 4 * ROOM;
const UNITS: usize = 8 * ROOM;
const HASHES: usize = 16 * ROOM;
const LONG: usize = 24 * ROOM;
const PASSED: usize = 28 * ROOM;
const PASSED_BYTES: usize = 12;
/** Bytes of a word that are hashed at once. */
const UNIT: usize = 8;
const HIT_BYTES: usize = 12;
const SLOT_BYTES: usize = 16;
const GRAM: usize = 8;
const FLAGS: usize = 12;

let bitmap: usize = 0;
let bitmapMask: u32 = 0;
let slots: usize = 0;
let slotMask: u32 = 0;
let n: u32 = 0;
let lowOut: u32 = 0;
let highOut: u32 = 0;

let text: usize = 0;
let folded: usize = 0;
let scratch: usize = 0;
let hits: usize = 0;

/** Of the text that is read: the number of the first word in the scratch, and how many there were looked up before. */
let firstWord: u32 = 0;
let kept: usize = 0;
let textEnd: usize = 0;
/** Hits so far, and how many end it. */
let found: u32 = 0;
let most: u32 = 0;
let rollA: u32 = 0;
let rollB: u32 = 0;

/** `separatorsAt` has 16 bytes: by the low half of an ASCII byte, a bit for each high half with which it ends a word. */
export function useTable(
  foldAt: usize,
  rareEntry: u32,
  separatorsAt: usize,
  bitmapAt: usize,
  bitmapWords: u32,
  slotsAt: usize,
  slotCount: u32,
  wordsOfGram: u32,
  lowFactor: u32,
  highFactor: u32,
): void {
  useFold(foldAt, rareEntry, separatorsAt);
  bitmap = bitmapAt;
  bitmapMask = bitmapWords - 1;
  slots = slotsAt;
  slotMask = slotCount - 1;
  n = wordsOfGram;
  lowOut = lowFactor;
  highOut = highFactor;
}

/**
 * `foldedAt` has four times the room of the text, `scratchAt` {@link scratchBytes}; `hitsAt` takes three words of 32 bits a hit: the first word of an n-gram, its number, and where it
 * begins in the folded text.
 */
export function useScratch(textAt: usize, foldedAt: usize, scratchAt: usize, hitsAt: usize): void {
  text = textAt;
  folded = foldedAt;
  scratch = scratchAt;
  hits = hitsAt;
}

export function scratchBytes(): usize {
  return PASSED + PASSED_BYTES * ROOM;
}

/** Looks through the text's first `length` bytes until there are `limit` hits; returns how many there are. */
export function scan(length: usize, limit: u32): u32 {
  firstWord = 0;
  kept = 0;
  found = 0;
  most = limit;
  rollA = 0;
  rollB = 0;
  const end = foldText(text, length, folded);
  textEnd = end;
  memory.fill(end, SPACE, 128);
  const space = i8x16.splat(SPACE);
  let starts = scratch;
  let ends = scratch + ENDS;
  let before: u64 = 0;
  for (let base = folded; base <= end; base += 64) {
    const spaces =
      <u64>(
        (<u32>i8x16.bitmask(i8x16.eq(v128.load(base), space)) |
          ((<u32>i8x16.bitmask(i8x16.eq(v128.load(base, 16), space))) << 16))
      ) |
      ((<u64>(
        (<u32>i8x16.bitmask(i8x16.eq(v128.load(base, 32), space)) |
          ((<u32>i8x16.bitmask(i8x16.eq(v128.load(base, 48), space))) << 16))
      )) <<
        32);
    const letters = ~spaces;
    const moved = (letters << 1) | before;
    before = letters >> 63;
    let first = letters & ~moved;
    let last = moved & ~letters;
    const nextStarts = starts + ((<usize>popcnt(first)) << 2);
    const nextEnds = ends + ((<usize>popcnt(last)) << 2);
    // One of the two may have one more; what is written too much is overwritten.
    while ((first | last) != 0) {
      store<u32>(starts, <u32>(base + <usize>ctz(first)));
      store<u32>(ends, <u32>(base + <usize>ctz(last)));
      starts += 4;
      ends += 4;
      first &= first - 1;
      last &= last - 1;
    }
    starts = nextStarts;
    ends = nextEnds;
    const words = (ends - scratch - ENDS) >> 2;
    if (words < BATCH) continue;
    const open = load<u32>(scratch + (words << 2));
    if (lookUp(words)) return found;
    // A word that goes on in the next block, if one does.
    store<u32>(scratch + (kept << 2), open);
    starts = scratch + ((kept + <usize>before) << 2);
    ends = scratch + ENDS + (kept << 2);
  }
  lookUp((ends - scratch - ENDS) >> 2);
  return found;
}

/** Bytes of the folded text, up to its last word at least. */
export function foldedLength(): u32 {
  return <u32>(textEnd - folded);
}

/** Looks up the n-grams that end with the words in the scratch, of which `words` are there; true where there are hits enough. */
function lookUp(words: usize): bool {
  hashWords(words);
  const passed = filterGrams(words);
  let touched: u32 = 0;
  for (let at = scratch + PASSED; at < passed; at += PASSED_BYTES) {
    touched ^= load<u32>(slots + <usize>(load<u32>(at) & slotMask) * SLOT_BYTES);
  }
  for (let at = scratch + PASSED; at < passed; at += PASSED_BYTES) {
    if (find(<usize>load<u32>(at, 8), load<u32>(at), load<u32>(at, 4))) return true;
  }
  // Kept, so that what was only read is not left out.
  store<u32>(scratch + PASSED, touched);
  const before = words < <usize>n ? words : <usize>n - 1;
  const gone = words - before;
  memory.copy(scratch, scratch + (gone << 2), before << 2);
  memory.copy(scratch + HASHES, scratch + HASHES + (gone << 3), before << 3);
  firstWord += <u32>gone;
  kept = before;
  return false;
}

/** Makes the hashes of the words from `kept` on. */
function hashWords(words: usize): void {
  const starts = scratch;
  const ends = scratch + ENDS;
  let long = scratch + LONG;
  for (let i = kept; i < words; i++) {
    const start = <usize>load<u32>(starts + (i << 2));
    const length = <usize>load<u32>(ends + (i << 2)) - start;
    const within = min<usize>(length, UNIT);
    store<u64>(scratch + UNITS + (i << 3), load<u64>(start) & (<u64>-1 >> <u64>((UNIT - within) << 3)));
    store<u32>(long, <u32>i);
    long += (<usize>(length > UNIT)) << 2;
  }
  const first = i32x4(LOW_START, HIGH_START, LOW_START, HIGH_START);
  const prime = i32x4(LOW_PRIME, HIGH_PRIME, LOW_PRIME, HIGH_PRIME);
  const mix = i32x4.splat(MIX);
  for (let i = kept; i < words; i += 2) {
    const units = v128.load(scratch + UNITS + (i << 3));
    let hash = i32x4.mul(v128.xor(first, v128.shuffle<i32>(units, units, 0, 0, 2, 2)), prime);
    hash = v128.xor(hash, i32x4.shr_u(hash, 15));
    hash = i32x4.mul(v128.xor(hash, v128.shuffle<i32>(units, units, 1, 1, 3, 3)), prime);
    hash = v128.xor(hash, i32x4.shr_u(hash, 15));
    hash = i32x4.mul(v128.xor(hash, i32x4.shr_u(hash, 16)), mix);
    v128.store(scratch + HASHES + (i << 3), v128.xor(hash, i32x4.shr_u(hash, 13)));
  }
  for (let at = scratch + LONG; at < long; at += 4) {
    const i = <usize>load<u32>(at);
    const hash = hashOf(<usize>load<u32>(starts + (i << 2)), <usize>load<u32>(ends + (i << 2)));
    store<u64>(scratch + HASHES + (i << 3), hash);
  }
}

/** Both hashes of the word from `start` to `end`, the low one in the low half. */
function hashOf(start: usize, end: usize): u64 {
  let a = LOW_START;
  let b = HIGH_START;
  for (let at = start; at < end; at += UNIT) {
    const within = min<usize>(end - at, UNIT);
    const unit = load<u64>(at) & (<u64>-1 >> <u64>((UNIT - within) << 3));
    a = (a ^ <u32>unit) * LOW_PRIME;
    a ^= a >> 15;
    a = (a ^ <u32>(unit >> 32)) * LOW_PRIME;
    a ^= a >> 15;
    b = (b ^ <u32>unit) * HIGH_PRIME;
    b ^= b >> 15;
    b = (b ^ <u32>(unit >> 32)) * HIGH_PRIME;
    b ^= b >> 15;
  }
  a = (a ^ (a >> 16)) * MIX;
  a ^= a >> 13;
  b = (b ^ (b >> 16)) * MIX;
  b ^= b >> 13;
  return ((<u64>b) << 32) | <u64>a;
}

/** Rolls over the words from `kept` on; puts the n-grams that the bitmap lets through, both hashes and the position of the first word, behind one another and returns where they end. */
function filterGrams(words: usize): usize {
  const hashes = scratch + HASHES;
  let passed = scratch + PASSED;
  let a = rollA;
  let b = rollB;
  let i = kept;
  // The first n - 1 words of a text end no n-gram.
  for (; i < words && i + 1 < <usize>n; i++) {
    const hash = load<u64>(hashes + (i << 3));
    a = a * LOW_PRIME + <u32>hash;
    b = b * HIGH_PRIME + <u32>(hash >> 32);
  }
  for (; i < words; i++) {
    const hash = load<u64>(hashes + (i << 3));
    const low = a * LOW_PRIME + <u32>hash;
    const sum = b * HIGH_PRIME + <u32>(hash >> 32);
    const first = i + 1 - <usize>n;
    const out = load<u64>(hashes + (first << 3));
    a = low - <u32>out * lowOut;
    b = sum - <u32>(out >> 32) * highOut;
    let high = (sum ^ (sum >> 15) ^ (low << 1)) * 0x2c1b3c6d;
    high ^= high >> 12;
    const bits = load<u32>(bitmap + ((<usize>((high >> 10) & bitmapMask)) << 2));
    store<u32>(passed, low);
    store<u32>(passed, high, 4);
    store<u32>(passed, <u32>first, 8);
    passed += <usize>((bits >> (high & 31)) & (bits >> ((high >> 5) & 31)) & (bits >> (low >> 27)) & 1) * PASSED_BYTES;
  }
  rollA = a;
  rollB = b;
  return passed;
}

/** Looks up the n-gram whose first word is the one at `first` of the scratch; true where there are hits enough. */
function find(first: usize, low: u32, high: u32): bool {
  for (let slot = low & slotMask; ; slot = (slot + 1) & slotMask) {
    const at = slots + <usize>slot * SLOT_BYTES;
    const gram = load<u32>(at, GRAM);
    if (gram == 0) return false;
    if (load<u32>(at) != low || load<u32>(at, 4) != high) continue;
    if (load<u32>(at, FLAGS) != 0) return false;
    const hit = hits + HIT_BYTES * <usize>found;
    store<u32>(hit, firstWord + <u32>first);
    store<u32>(hit, gram - 1, 4);
    store<u32>(hit, load<u32>(scratch + (first << 2)) - <u32>folded, 8);
    found++;
    return found >= most;
  }
}
