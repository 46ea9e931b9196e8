// module shared
/**
 * Which words of a text begin an n-gram of benchmark items, whose table lies in this memory. Host: kernels/wasm/decontamination.ts.
 *
 * Twin: kernels/decontamination/folded-words.ts and gram-table.ts; words, hashes and hits are equal. Order of use: `useTable`, `useScratch`, then for each text its bytes at the
 * text's address and `scan`. The text is folded first, 16 bytes of ASCII at a time, then its words are found 64 bytes at a time. The memory is shared: the table is only read,
 * and each thread has scratch of its own. Price: 1 ns a byte of ASCII, some 10 for any other character, 10 to 20 a word.
 */
import { foldText, useFold } from "./fold";

const LOW_PRIME: u32 = 0x01000193;
const HIGH_PRIME: u32 = 0x5bd1e995;
const LOW_START: u32 = 0x811c9dc5;
const HIGH_START: u32 = 0x9747b28c;
const MIX: u32 = 0x85ebca6b;
const SPACE: u8 = 0x20;
/** Words that the ring of the last ones holds: more than an n-gram has. */
const RING_MASK: u32 = 127;
/** Behind the hashes of the ring, where its words begin in the folded text. */
const RING_STARTS: usize = 1024;
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
let ring: usize = 0;
let hits: usize = 0;

/** Of the text that is read: words so far, hits so far, and how many hits end it. */
let words: u32 = 0;
let textEnd: usize = 0;
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
 * `foldedAt` has four times the room of the text; `hitsAt` takes three words of 32 bits a hit: the first word of an n-gram, its number, and where it begins
 * in the folded text.
 */
export function useScratch(textAt: usize, foldedAt: usize, ringAt: usize, hitsAt: usize): void {
  text = textAt;
  folded = foldedAt;
  ring = ringAt;
  hits = hitsAt;
}

/** Looks through the text's first `length` bytes until there are `limit` hits; returns how many there are. */
export function scan(length: usize, limit: u32): u32 {
  words = 0;
  found = 0;
  most = limit;
  rollA = 0;
  rollB = 0;
  const end = foldText(text, length, folded);
  textEnd = end;
  memory.fill(end, SPACE, 128);
  const space = i8x16.splat(SPACE);
  let start: usize = 0;
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
    let edges = letters ^ ((letters << 1) | before);
    before = letters >> 63;
    while (edges != 0) {
      const at = base + <usize>ctz(edges);
      edges &= edges - 1;
      if (start == 0) {
        start = at;
      } else {
        if (endWord(start, at)) return found;
        start = 0;
      }
    }
  }
  return found;
}

/** Bytes of the folded text, up to its last word at least. */
export function foldedLength(): u32 {
  return <u32>(textEnd - folded);
}

/** Takes in the word from `start` to `end`; true where there are hits enough. */
function endWord(start: usize, end: usize): bool {
  let a = LOW_START;
  let b = HIGH_START;
  let left = end - start;
  store<u32>(ring + RING_STARTS + ((<usize>(words & RING_MASK)) << 2), <u32>(start - folded));
  for (;;) {
    let unit = load<u64>(start);
    if (left < 8) unit &= ~((<u64>-1) << ((<u64>left) << 3));
    a = (a ^ <u32>unit) * LOW_PRIME;
    a ^= a >> 15;
    a = (a ^ <u32>(unit >> 32)) * LOW_PRIME;
    a ^= a >> 15;
    b = (b ^ <u32>unit) * HIGH_PRIME;
    b ^= b >> 15;
    b = (b ^ <u32>(unit >> 32)) * HIGH_PRIME;
    b ^= b >> 15;
    if (left <= 8) break;
    left -= 8;
    start += 8;
  }
  a = (a ^ (a >> 16)) * MIX;
  a ^= a >> 13;
  b = (b ^ (b >> 16)) * MIX;
  b ^= b >> 13;
  const word = words++;
  store<u64>(ring + ((<usize>(word & RING_MASK)) << 3), ((<u64>b) << 32) | <u64>a);
  const low = rollA * LOW_PRIME + a;
  const sum = rollB * HIGH_PRIME + b;
  rollA = low;
  rollB = sum;
  if (words < n) return false;
  const first = words - n;
  const out = load<u64>(ring + ((<usize>(first & RING_MASK)) << 3));
  rollA = low - <u32>out * lowOut;
  rollB = sum - <u32>(out >> 32) * highOut;
  let high = (sum ^ (sum >> 15) ^ (low << 1)) * 0x2c1b3c6d;
  high ^= high >> 12;
  const bits: u32 = (1 << (high & 31)) | (1 << ((high >> 5) & 31));
  if ((load<u32>(bitmap + ((<usize>((high >> 10) & bitmapMask)) << 2)) & bits) != bits) return false;
  return find(first, low, high);
}

/** Looks the n-gram up in the slots. */
function find(first: u32, low: u32, high: u32): bool {
  for (let slot = low & slotMask; ; slot = (slot + 1) & slotMask) {
    const at = slots + <usize>slot * SLOT_BYTES;
    const gram = load<u32>(at, GRAM);
    if (gram == 0) return false;
    if (load<u32>(at) != low || load<u32>(at, 4) != high) continue;
    if (load<u32>(at, FLAGS) != 0) return false;
    const hit = hits + HIT_BYTES * <usize>found;
    store<u32>(hit, first);
    store<u32>(hit, gram - 1, 4);
    store<u32>(hit, load<u32>(ring + RING_STARTS + ((<usize>(first & RING_MASK)) << 2)), 8);
    found++;
    return found >= most;
  }
}
