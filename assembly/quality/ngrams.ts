/**
 * Gopher's top n-grams, of 2 to 4 words: the one that takes up most of the text.
 *
 * Twin: kernels/quality/ngrams.ts and ngram-counts.ts; the same exact counts by another filter. A top n-gram is its words joined by a space.
 * 2-grams are hashed to slots that sum the lengths of the n-grams that begin there: no n-gram has more code points, all its
 * occurrences together, than the largest sum. Only where that exceeds a bound is a table of all n-grams filled. Invariant: bytes are
 * compared wherever hashes agree. Memory: 16 KB of sums; a table of 12 to 24 bytes a word. Price: 2 ns a word, with the table 20.
 */
import { forgetCandidates } from "./duplicates";
import { charsBetween, codePoints, haveWordHashes, joinWords, offsetOf, tables, wordHashes } from "./joined-words";
import { equalBytes, K1, K2, mix64, tableSize } from "./ranges";
import { reserve, setResult, wordCount } from "./text";

const MAX_SUMS: u32 = 1024;
const SUMS = memory.data(1024 * 16, 64);

/** Takes the words the document holds. Results: see `sumPairs`. */
export function loadNgrams(): void {
  joinWords();
  forgetCandidates();
  sumPairs();
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
    const slot = SUMS + ((<usize>(pair >> <u64>slotShift)) << 4);
    const at = codePoints + (word << 2);
    const lengths = i32x4.add(i32x4.sub(v128.load(at, 8), v128.load32_splat(at)), spaces);
    v128.store(slot, i32x4.add(v128.load(slot), lengths));
  }
  let most = i32x4.splat(0);
  for (let slot = SUMS; slot < SUMS + ((<usize>size) << 4); slot += 16) most = i32x4.max_u(most, v128.load(slot));
  setResult(0, i32x4.extract_lane(most, 0));
  setResult(1, i32x4.extract_lane(most, 1));
  setResult(2, i32x4.extract_lane(most, 2));
}

/**
 * Code points of the most frequent `n`-gram (the first seen among equals), spaces included, times its count. Needs at least `n` words.
 */
export function topChars(n: u32): f64 {
  haveWordHashes();
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
