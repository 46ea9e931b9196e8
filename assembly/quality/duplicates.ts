/**
 * Gopher's duplicated n-grams, of 5 words and more: code points in those that were seen before.
 *
 * Twin: kernels/quality/ngrams.ts; the same exact counts by another filter. A duplicated n-gram is its words joined by nothing, so equal
 * letters cut differently are equal. Two equal ones begin with the same WINDOW bytes. Two Bloom filters (seen, seen again) find the
 * words whose window may occur twice, the candidates; n-grams that may be shorter are candidates as they are. Where all the candidates that
 * may have been seen before do not exceed the bound, that is all; else they go through an exact set. Invariant: bytes are compared wherever
 * hashes agree. Memory: 5 to 10 bytes a word for the filters, 12 to 24 a candidate for the set. Price: 5 ns a word, 10 ns a candidate.
 */
import { candidates, charsBetween, offsetOf, tables, takeWordHashes, wordHashes } from "./joined-words";
import { equalBytes, hashVector, K1, K2, mix64, tableSize } from "./ranges";
import { firstBytes, reserve, wordCount } from "./text";

/** Five characters of three bytes; about three words of English. */
const WINDOW: usize = 15;
const MIN_DUPLICATE_WORDS: u32 = 5;
/** From so many words on, n-grams are asked to agree in more bytes. */
const LONG_WORDS: u32 = 7;
const LONG_WINDOW: usize = 21;

/** Entries of `candidates`: word << 1, plus 1 where an equal n-gram may have begun before it. */
let candidateCount: u32 = 0;
/** They are for n-grams of this many words and more; 0 where they have not been found. */
let candidateWords: u32 = 0;

export function forgetCandidates(): void {
  candidateWords = 0;
}

/** Lists the words at which an n-gram of 5 words or more may begin that occurs twice. Takes the place of the words' hashes. */
function findCandidates(): void {
  takeWordHashes();
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
  takeWordHashes();
  candidateWords = n;
  emptyFilters(candidateCount);
  const end = offsetOf(wordCount);
  for (let i: u32 = 0; i < candidateCount; i++) {
    const word = candidateAt(i);
    if (word + n > wordCount) {
      candidateCount = i;
      break;
    }
    // Also where its own n-gram is shorter: a longer one may be equal to one of which the first `n` words are not.
    const at = offsetOf(word);
    if (at + LONG_WINDOW > end) continue;
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
  return at + ((<usize>(short | wasSeenAgain(hash))) << 2);
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
  while ((<u32>1) << (<u32>bits) < count >> 1) bits++;
  const size = (<usize>8) << (<usize>bits);
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
  const once = seenOnce + ((<usize>(hash >> onceShift)) << 3);
  const known = load<u64>(once);
  store<u64>(once, known | bits);
  if ((known & bits) != bits) return hash & ~SEEN_BEFORE;
  const again = seenAgain + ((<usize>(hash >> againShift)) << 3);
  store<u64>(again, load<u64>(again) | bits);
  return hash | SEEN_BEFORE;
}

function wasSeenAgain(hash: u64): bool {
  const bits = bloomBits(hash);
  return (load<u64>(seenAgain + ((<usize>(hash >> againShift)) << 3)) & bits) == bits;
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
