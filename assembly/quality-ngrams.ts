/**
 * Repeated word n-grams: Gopher's top n-grams (2 to 4 words) and duplicated n-grams (5 words and more).
 *
 * Twin: kernels/quality/ngrams.ts; the same exact counts by other filters. A top n-gram is its words joined by a space, a duplicated one
 * its words joined by nothing, so equal letters cut differently are equal. Hence words are copied back to back.
 * - Top n-grams: 2-grams are hashed to slots that sum the lengths of the n-grams that begin there. No n-gram is longer, all its occurrences
 *   together, than the largest sum; only where that exceeds a bound is a table of all n-grams filled.
 * - Duplicated n-grams: two equal ones begin with the same WINDOW bytes. Two Bloom filters (seen, seen twice) find the words
 *   whose window may occur twice; n-grams that may be shorter are taken as they are. Those few go through an exact set.
 * Invariant: bytes are compared wherever hashes agree. Memory: in SCRATCH, about 40 bytes a word. Price: 12 ns a word.
 */
import { equalBytes, hashVector, mix64, tableSize } from "./quality-ranges";
import {
  aligned,
  firstBytes,
  isAscii,
  isContinuation,
  reserve,
  scratch,
  setResult,
  shift,
  wordCount,
  wordEnds,
  wordStarts,
} from "./quality-text";

/** Five characters of three bytes; about three words of English. */
const WINDOW: usize = 15;
const MIN_DUPLICATE_WORDS: u32 = 5;
/** From so many words on, n-grams are asked to agree in more bytes. */
const LONG_WORDS: u32 = 7;
const LONG_WINDOW: usize = 21;
const K1: u64 = 0x9e3779b97f4a7c15;
const K2: u64 = 0xc2b2ae3d27d4eb4f;
const MAX_SUMS: u32 = 1024;
const SUMS = memory.data(1024 * 16, 64);

/** The words, back to back. Word `i` begins at `offsets[i]` (u32) and has `codePoints[i]` code points before it. */
let text: usize = 0;
let offsets: usize = 0;
let codePoints: usize = 0;
/** u64 a word: its hash, later the hash of the window at its start. */
let wordHashes: usize = 0;
/** u32 a word, for those at which a duplicated n-gram may begin: word << 1, plus 1 where an equal one may have begun before it. */
let candidates: usize = 0;
let candidateCount: u32 = 0;
/** They are for n-grams of this many words and more; 0 where they have not been found. */
let candidateWords: u32 = 0;
/** Where tables may be put. */
let tables: usize = 0;

/** Takes the words the document holds. Results: see `sumPairs`. */
export function loadNgrams(): void {
  const size = aligned((<usize>wordCount + 8) << 2);
  const bytes: usize = wordCount == 0 ? 0 : <usize>(load<u32>(wordEnds + ((wordCount - 1) << 2)) - load<u32>(wordStarts));
  offsets = aligned(scratch);
  codePoints = isAscii ? offsets : offsets + size;
  wordHashes = codePoints + size;
  candidates = wordHashes + 2 * size;
  text = candidates + size + 64;
  tables = aligned(text + bytes + 64);
  reserve(tables);
  candidateWords = 0;
  copyWords();
  sumPairs();
}

function copyWords(): void {
  let out = text;
  let chars: u32 = 0;
  for (let word: u32 = 0; word < wordCount; word++) {
    const at = word << 2;
    const start = <usize>(load<u32>(wordStarts + at) - shift);
    const length = <usize>(load<u32>(wordEnds + at) - shift) - start;
    store<u32>(offsets + at, <u32>out);
    let hash = <u64>length * K1;
    let continuations: u32 = 0;
    let i: usize = 0;
    for (; i + 16 < length; i += 16) {
      const part = v128.load(start + i);
      v128.store(out + i, part);
      hash = hashVector(hash, part);
      hash ^= hash >> 31;
      continuations += popcnt(i8x16.bitmask(isContinuation(part)));
    }
    // What is copied too much, the next word overwrites.
    v128.store(out + i, v128.load(start + i));
    const rest = firstBytes(start + i, length - i);
    hash = hashVector(hash, rest);
    store<u64>(wordHashes + (word << 3), hash ^ (hash >> 32));
    if (!isAscii) {
      store<u32>(codePoints + at, chars);
      chars += <u32>length - continuations - popcnt(i8x16.bitmask(isContinuation(rest)));
    }
    out += length;
  }
  // Behind the last word stand empty ones.
  for (let word = wordCount; word < wordCount + 5; word++) {
    store<u32>(offsets + (word << 2), <u32>out);
    if (!isAscii) store<u32>(codePoints + (word << 2), chars);
  }
  v128.store(out, i8x16.splat(0));
}

/** Results: what no n-gram of 2, 3 and 4 words exceeds, all occurrences together, in code points, spaces between its words included. */
function sumPairs(): void {
  let size: u32 = 64;
  while (size < wordCount * 2 && size < MAX_SUMS) size <<= 1;
  memory.fill(SUMS, 0, size << 4);
  const spaces = i32x4(1, 2, 3, 0);
  const slotShift = 64 - ctz(size);
  for (let word: u32 = 0; word + 1 < wordCount; word++) {
    const hashes = wordHashes + (word << 3);
    const pair = (load<u64>(hashes) * K1 + load<u64>(hashes, 8)) * K2;
    const slot = SUMS + (<usize>(pair >> <u64>slotShift) << 4);
    const at = codePoints + (word << 2);
    const lengths = i32x4.add(i32x4.sub(v128.load(at, 8), v128.load32_splat(at)), spaces);
    v128.store(slot, i32x4.add(v128.load(slot), lengths));
  }
  let most = i32x4.splat(0);
  for (let slot = SUMS; slot < SUMS + (<usize>size << 4); slot += 16) most = i32x4.max_u(most, v128.load(slot));
  setResult(0, i32x4.extract_lane(most, 0));
  setResult(1, i32x4.extract_lane(most, 1));
  setResult(2, i32x4.extract_lane(most, 2));
}

/**
 * Code points of the most frequent `n`-gram (the first seen among equals), spaces included, times its count. Needs at least `n` words.
 */
export function topChars(n: u32): f64 {
  // The hashes of the words have given way to those of the windows.
  if (candidateWords != 0) copyWords();
  candidateWords = 0;
  const size = tableSize(wordCount);
  reserve(tables + (size << 3));
  memory.fill(tables, 0, size << 3);
  const mask = size - 1;
  let topCount: u32 = 0;
  let top: u32 = 0;
  for (let word: u32 = 0; word + n <= wordCount; word++) {
    let hash: u64 = 0;
    for (let i: u32 = 0; i < n; i++) hash = hash * K1 + load<u64>(wordHashes + ((word + i) << 3));
    let slot = <usize>mix64(hash) & mask;
    // An entry: the first position of the n-gram, and how often it occurs; 0 times where the slot is free.
    let entry = tables + (slot << 3);
    while (load<u32>(entry, 4) != 0 && !sameWords(load<u32>(entry), word, n)) {
      slot = (slot + 1) & mask;
      entry = tables + (slot << 3);
    }
    const count = load<u32>(entry, 4) + 1;
    if (count == 1) store<u32>(entry, word);
    store<u32>(entry, count, 4);
    if (count > topCount || (count == topCount && load<u32>(entry) < top)) {
      topCount = count;
      top = load<u32>(entry);
    }
  }
  return <f64>topCount * <f64>(charsBetween(top, top + n) + n - 1);
}

/** Whether the `n` words at `a` and at `b` are the same. */
function sameWords(a: u32, b: u32, n: u32): bool {
  if (load<u64>(wordHashes + (a << 3)) != load<u64>(wordHashes + (b << 3))) return false;
  const first = offsetOf(a);
  const second = offsetOf(b);
  for (let i: u32 = 1; i <= n; i++) {
    if (offsetOf(a + i) - first != offsetOf(b + i) - second) return false;
  }
  return equalBytes(first, second, offsetOf(a + n) - first);
}

function offsetOf(word: u32): usize {
  return <usize>load<u32>(offsets + (word << 2));
}

function charsBetween(from: u32, to: u32): u32 {
  return load<u32>(codePoints + (to << 2)) - load<u32>(codePoints + (from << 2));
}

/** Lists the words at which an n-gram of 5 words or more may begin that occurs twice. Takes the place of the words' hashes. */
function findCandidates(): void {
  candidateWords = MIN_DUPLICATE_WORDS;
  candidateCount = 0;
  if (wordCount < MIN_DUPLICATE_WORDS) return;
  emptyFilters(wordCount);
  const end = offsetOf(wordCount);
  for (let word: u32 = 0; word < wordCount; word++) {
    const at = offsetOf(word);
    if (at + WINDOW > end) break;
    store<u64>(wordHashes + (word << 3), filter(windowHash(at)));
  }
  let next = candidates;
  for (let word: u32 = 0; word + MIN_DUPLICATE_WORDS <= wordCount; word++) {
    next = list(next, word, offsetOf(word + MIN_DUPLICATE_WORDS) - offsetOf(word) < WINDOW);
  }
  candidateCount = <u32>((next - candidates) >> 2);
}

/** Goes on from the candidates for shorter n-grams to those for `n` words, which agree in LONG_WINDOW bytes. */
function refineCandidates(n: u32): void {
  candidateWords = n;
  emptyFilters(candidateCount);
  for (let i: u32 = 0; i < candidateCount; i++) {
    const word = candidateAt(i);
    if (word + n > wordCount) {
      candidateCount = i;
      break;
    }
    const at = offsetOf(word);
    if (offsetOf(word + n) - at < LONG_WINDOW) continue;
    const hash = mix64(windowHash(at) + load<u64>(at + LONG_WINDOW - 8) * K2);
    store<u64>(wordHashes + (word << 3), filter(hash));
  }
  let next = candidates;
  for (let i: u32 = 0; i < candidateCount; i++) {
    const word = candidateAt(i);
    next = list(next, word, offsetOf(word + n) - offsetOf(word) < LONG_WINDOW);
  }
  candidateCount = <u32>((next - candidates) >> 2);
}

function candidateAt(index: u32): u32 {
  return load<u32>(candidates + (index << 2)) >> 1;
}

/** Writes `word` to `at` and returns the address behind it, or `at` where its n-gram is not `short` and its hash was not seen again. */
function list(at: usize, word: u32, short: bool): usize {
  const hash = load<u64>(wordHashes + (word << 3));
  store<u32>(at, (word << 1) | <u32>(short | ((hash & SEEN_BEFORE) != 0)));
  return at + (<usize>(short | wasSeenAgain(hash)) << 2);
}

function windowHash(at: usize): u64 {
  return mix64(load<u64>(at) * K1 + rotl<u64>(load<u64>(at, WINDOW - 8) * K2, 31));
}

/** Bloom filters of 64-bit words: hashes that were seen, and those that were seen again. */
let seenOnce: usize = 0;
let seenAgain: usize = 0;
let onceShift: u64 = 0;
let againShift: u64 = 0;
/** A bit of the hash that the filters do not use. */
const SEEN_BEFORE: u64 = 1 << 20;

/** 32 to 64 bits a hash, three of them set; a quarter of that for those seen again, of which there are few. */
function emptyFilters(count: u32): void {
  let bits: u64 = 6;
  while (<u32>1 << <u32>bits < count >> 1) bits++;
  const size = <usize>8 << <usize>bits;
  seenOnce = tables;
  seenAgain = seenOnce + size;
  onceShift = 64 - bits;
  againShift = onceShift + 2;
  reserve(seenAgain + (size >> 2));
  memory.fill(seenOnce, 0, size + (size >> 2));
}

/** Notes a hash. Returns it with SEEN_BEFORE telling whether it may have been noted before. */
function filter(hash: u64): u64 {
  const bits = bloomBits(hash);
  const once = seenOnce + (<usize>(hash >> onceShift) << 3);
  const known = load<u64>(once);
  store<u64>(once, known | bits);
  if ((known & bits) != bits) return hash & ~SEEN_BEFORE;
  const again = seenAgain + (<usize>(hash >> againShift) << 3);
  store<u64>(again, load<u64>(again) | bits);
  return hash | SEEN_BEFORE;
}

function wasSeenAgain(hash: u64): bool {
  const bits = bloomBits(hash);
  return (load<u64>(seenAgain + (<usize>(hash >> againShift) << 3)) & bits) == bits;
}

function bloomBits(hash: u64): u64 {
  return ((<u64>1) << (hash & 63)) | ((<u64>1) << ((hash >> 6) & 63)) | ((<u64>1) << ((hash >> 12) & 63));
}

/**
 * Code points in `n`-grams seen before, read from left to right and going on behind each repeat; `n` >= 5. Exact where that over
 * `chars` exceeds `floor`; otherwise some number that does not.
 */
export function duplicateNgramChars(n: u32, chars: f64, floor: f64): u32 {
  if (candidateWords == 0 || candidateWords > n) findCandidates();
  if (candidateWords < LONG_WORDS && n >= LONG_WORDS) refineCandidates(n);
  return <f64>coveredChars(n) / chars <= floor ? 0 : countDuplicates(n);
}

/** Code points in all the `n`-grams that may have been seen before, each once. */
function coveredChars(n: u32): u32 {
  let chars: u32 = 0;
  let next: u32 = 0;
  for (let i: u32 = 0; i < candidateCount; i++) {
    const candidate = load<u32>(candidates + (i << 2));
    const word = candidate >> 1;
    if (word + n > wordCount) break;
    if ((candidate & 1) == 0) continue;
    chars += charsBetween(max(word, next), word + n);
    next = word + n;
  }
  return chars;
}

function countDuplicates(n: u32): u32 {
  const size = tableSize(candidateCount);
  reserve(tables + (size << 3));
  memory.fill(tables, 0, size << 3);
  const mask = size - 1;
  let repeated: u32 = 0;
  let next: u32 = 0;
  for (let i: u32 = 0; i < candidateCount; i++) {
    const word = candidateAt(i);
    if (word < next) continue;
    if (word + n > wordCount) break;
    const start = offsetOf(word);
    const length = offsetOf(word + n) - start;
    const hash = edgeHash(start, length);
    let slot = <usize>(hash >> 32) & mask;
    // An entry: the position + 1 of an n-gram, and its hash.
    let entry = tables + (slot << 3);
    while (load<u32>(entry) != 0 && !isSameText(entry, <u32>hash, n, start, length)) {
      slot = (slot + 1) & mask;
      entry = tables + (slot << 3);
    }
    if (load<u32>(entry) != 0) {
      repeated += charsBetween(word, word + n);
      next = word + n;
    } else {
      store<u32>(entry, word + 1);
      store<u32>(entry, <u32>hash, 4);
    }
  }
  return repeated;
}

function isSameText(entry: usize, hash: u32, n: u32, start: usize, length: usize): bool {
  if (load<u32>(entry, 4) != hash) return false;
  const word = load<u32>(entry) - 1;
  const known = offsetOf(word);
  return offsetOf(word + n) - known == length && equalBytes(known, start, length);
}

/** Hash of the length, the first and the last 16 bytes. */
function edgeHash(start: usize, length: usize): u64 {
  const seed = <u64>length * K1;
  if (length < 16) return mix64(hashVector(seed, firstBytes(start, length)));
  const first = hashVector(seed, v128.load(start));
  return mix64(hashVector(first ^ (first >> 31), v128.load(start + length - 16)));
}
