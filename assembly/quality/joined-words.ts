/**
 * The words of the document, back to back: what n-grams are made of.
 *
 * Invariant: word `i` is `offsetOf(i)` to `offsetOf(i + 1)`; five empty words stand behind the last. `wordHashes` begins as the words'
 * hashes; `quality-duplicates` puts others in their place, and `haveWordHashes` brings them back. Memory: in SCRATCH 20 bytes a word
 * and the text of the words, then whatever tables need. Price: 4 ns a word.
 */
import { hashVector, K1 } from "./ranges";
import {
  aligned,
  firstBytes,
  isAscii,
  isContinuation,
  reserve,
  scratch,
  shift,
  wordCount,
  wordEnds,
  wordStarts,
} from "./text";

/** u32 a word: where it begins. */
let offsets: usize = 0;
/** u32 a word: code points before it, up to a constant. */
export let codePoints: usize = 0;
/** u64 a word. */
export let wordHashes: usize = 0;
/** u32 a word, for `quality-duplicates`. */
export let candidates: usize = 0;
/** Where tables may be put. */
export let tables: usize = 0;
let text: usize = 0;
let hashesAreOfWords: bool = false;

/** Joins the words the document holds. */
export function joinWords(): void {
  const size = aligned((<usize>wordCount + 8) << 2);
  const bytes: usize =
    wordCount == 0 ? 0 : <usize>(load<u32>(wordEnds + ((wordCount - 1) << 2)) - load<u32>(wordStarts));
  offsets = aligned(scratch);
  codePoints = isAscii ? offsets : offsets + size;
  wordHashes = codePoints + size;
  candidates = wordHashes + 2 * size;
  text = candidates + size + 64;
  tables = aligned(text + bytes + 64);
  reserve(tables);
  copyWords();
}

/** Says that the caller puts other hashes in the place of the words'. */
export function takeWordHashes(): void {
  hashesAreOfWords = false;
}

export function haveWordHashes(): void {
  if (!hashesAreOfWords) copyWords();
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
  hashesAreOfWords = true;
}

export function offsetOf(word: u32): usize {
  return <usize>load<u32>(offsets + (word << 2));
}

export function charsBetween(from: u32, to: u32): u32 {
  return load<u32>(codePoints + (to << 2)) - load<u32>(codePoints + (from << 2));
}
