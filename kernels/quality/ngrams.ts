/**
 * Repeated word n-grams of one document: Gopher's top n-grams (2 to 4 words) and duplicated n-grams (5 words and more).
 *
 * Owns {@link RepeatedNgrams}. Invariants: counts are exact (bytes are compared wherever hashes agree) and follow datatrove:
 * a top n-gram is its words joined by a space, a duplicated n-gram its words joined by nothing, so two different cuts of the
 * same letters are equal. Price: about 60 bytes of scratch a word; a table pass over all words for 2-grams and one for windows of
 * 8 bytes. Everything longer looks only at the positions that survived, because what repeats must repeat in its parts.
 */
import type { WordSpans } from "../words.ts";
import { mix32, RangeSet, sameBytes } from "./range-set.ts";

/** Bytes of the windows from a word's start that are asked in turn whether they may repeat. Multiples of 4. */
const WINDOWS = [12, 24, 40] as const;
/** Most words a top n-gram may have. */
export const MAX_TOP_WORDS = 4;
/** Fewest words a duplicated n-gram may have: shorter ones would escape the list of candidates. */
export const MIN_DUPLICATE_WORDS = 5;

export class RepeatedNgrams {
  /** The words, back to back. Word `i` is `#offsets[i]..#offsets[i + 1]`. Four bytes of slack. */
  #text = new Uint8Array(1 << 14);
  #view = new DataView(this.#text.buffer);
  #source: DataView = this.#view;
  #words = 0;
  #chars = 0;
  #offsets = new Int32Array(1);
  /** Code points before word `i`. */
  #codePoints = new Int32Array(1);
  #wordHashes = new Int32Array(1);

  /** Length of the n-grams whose possible repeats `#survivors` lists, ascending; `#hashes[i]` is their hash at word `i`. */
  #level = 0;
  #survivors = new Int32Array(1);
  #survivorCount = 0;
  #hashes = new Int32Array(1);
  /** By length: no top n-gram has more characters than this, unless it occurs once. */
  readonly #topBounds = new Float64Array(MAX_TOP_WORDS + 1);

  /** Largest window, in bytes, that may repeat at word `i`; 0 for none. Filled on demand. */
  #windows = new Uint8Array(1);
  /** Positions whose n-grams of `#candidateWords` words, and of more, may repeat; 0 before they are found. */
  #candidates = new Int32Array(1);
  #candidateCount = 0;
  #candidateWords = 0;

  readonly #sketch = new Sketch();
  readonly #counts = new NgramCounts();
  readonly #seen = new RangeSet();

  /** Takes the words of a document. `chars`: code points of the whole text, the denominator of every ratio. */
  load(bytes: Uint8Array, words: WordSpans, chars: number): void {
    const { starts, ends, count } = words;
    this.#reserve(count, count === 0 ? 0 : ends[count - 1] - starts[0]);
    if (this.#source.buffer !== bytes.buffer || this.#source.byteOffset !== bytes.byteOffset) {
      this.#source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const source = this.#source;
    const view = this.#view;
    const lastLoad = bytes.length - 4;
    let offset = 0;
    let codePoints = 0;
    for (let word = 0; word < count; word++) {
      this.#offsets[word] = offset;
      this.#codePoints[word] = codePoints;
      const start = starts[word];
      const length = ends[word] - start;
      let hash = length;
      let continuations = 0;
      // Four bytes at a time: what is written too much, the next word overwrites.
      for (let i = 0; i < length; i += 4) {
        const at = start + i;
        let four = at <= lastLoad ? source.getInt32(at, true) : lastBytes(bytes, at);
        if (length - i < 4) four &= (1 << ((length - i) << 3)) - 1;
        view.setInt32(offset + i, four, true);
        hash = Math.imul(hash ^ four, 0x9e3779b1);
        hash ^= hash >>> 15;
        if ((four & 0x80808080) !== 0) continuations += countContinuations(four);
      }
      this.#wordHashes[word] = hash;
      offset += length;
      codePoints += length - continuations;
    }
    this.#offsets[count] = offset;
    this.#codePoints[count] = codePoints;
    this.#words = count;
    this.#chars = chars;
    this.#level = 0;
    this.#candidateWords = 0;
  }

  /**
   * Length times count of the most frequent `n`-gram (the first seen among equals, even if it occurs once), over the text's length.
   * Exact where it exceeds `floor`; otherwise some value that is not above `floor`. 0 where there are fewer than `n` words.
   * `n` from 2 to {@link MAX_TOP_WORDS}.
   */
  topRatio(n: number, floor: number): number {
    if (this.#words < n) return 0;
    if (this.#level === 0 || this.#level > n) this.#findPairs();
    const once = this.#joinedLength(0, n) / this.#chars;
    if (once <= floor && this.#topBounds[n] / this.#chars <= floor) return once;
    while (this.#level < n) this.#raise();
    const counts = this.#counts;
    counts.count(this.#text, this.#offsets, this.#hashes, this.#survivors.subarray(0, this.#survivorCount), n);
    if (counts.topCount < 2) return once;
    return (this.#joinedLength(counts.topPosition, n) * counts.topCount) / this.#chars;
  }

  /**
   * Code points in `n`-grams seen before, read from left to right and going on behind each repeat, over the text's length.
   * Exact where it exceeds `floor`; otherwise some value that is not above `floor`. `n` >= {@link MIN_DUPLICATE_WORDS}.
   */
  duplicateRatio(n: number, floor: number): number {
    if (this.#candidateWords === 0 || this.#candidateWords > n) this.#findWindows();
    const positions = this.#candidates;
    let count = 0;
    let upper = 0;
    for (let i = 0; i < this.#candidateCount; i++) {
      const position = positions[i];
      if (position + n > this.#words) break;
      if (this.#mayRepeat(position, n)) {
        positions[count++] = position;
        upper += this.#codePoints[position + n] - this.#codePoints[position];
      }
    }
    this.#candidateCount = count;
    this.#candidateWords = n;
    if (upper === 0 || upper / this.#chars <= floor) return 0;
    this.#seen.reset(this.#text);
    let repeated = 0;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const position = positions[i];
      if (position < next) continue;
      if (this.#seen.seen(this.#offsets[position], this.#offsets[position + n])) {
        repeated += this.#codePoints[position + n] - this.#codePoints[position];
        next = position + n;
      }
    }
    return repeated / this.#chars;
  }

  /** Code points of the words `[position, position + n)` joined by a space. */
  #joinedLength(position: number, n: number): number {
    return this.#codePoints[position + n] - this.#codePoints[position] + n - 1;
  }

  /** Lists the 2-grams that may repeat. No longer n-gram occurs more often than the 2-gram it begins with: that gives the bounds. */
  #findPairs(): void {
    const last = this.#words - 2;
    const hashes = this.#hashes;
    const wordHashes = this.#wordHashes;
    const codePoints = this.#codePoints;
    const sketch = this.#sketch;
    sketch.reset(last + 1);
    for (let i = 0; i <= last; i++) {
      const hash = Math.imul(wordHashes[i], 0x9e3779b1) + wordHashes[i + 1];
      hashes[i] = hash;
      sketch.add(hash);
    }
    let survivorCount = 0;
    let two = 0;
    let three = 0;
    let four = 0;
    for (let i = 0; i <= last; i++) {
      const count = sketch.countOf(hashes[i]);
      if (count < 2) continue;
      this.#survivors[survivorCount++] = i;
      const from = codePoints[i];
      two = Math.max(two, count * (codePoints[i + 2] - from + 1));
      if (i < last) three = Math.max(three, count * (codePoints[i + 3] - from + 2));
      if (i < last - 1) four = Math.max(four, count * (codePoints[i + 4] - from + 3));
    }
    this.#survivorCount = survivorCount;
    this.#level = 2;
    this.#topBounds.set([0, 0, two, three, four]);
  }

  /** Goes from the n-grams that may repeat to the (n + 1)-grams that may: both n-grams inside must. */
  #raise(): void {
    const level = this.#level;
    const survivors = this.#survivors;
    const hashes = this.#hashes;
    const last = this.#words - level - 1;
    let count = 0;
    for (let i = 0; i < this.#survivorCount; i++) {
      const position = survivors[i];
      if (position > last) break;
      if (survivors[i + 1] !== position + 1) continue;
      survivors[count++] = position;
      hashes[position] = Math.imul(hashes[position], 0x9e3779b1) + this.#wordHashes[position + level];
    }
    this.#survivorCount = this.#sketch.keepRepeated(survivors, count, hashes);
    this.#level = level + 1;
  }

  /** Whether the largest window that fits in the n-gram may repeat. */
  #mayRepeat(position: number, n: number): boolean {
    const length = this.#offsets[position + n] - this.#offsets[position];
    const window = this.#windows[position];
    const [small, middle, large] = WINDOWS;
    return length < small || window >= (length < middle ? small : length < large ? middle : large);
  }

  /**
   * Marks for every word how long a window from its start may occur at another word.
   * Windows are cut by bytes, not by words, because equal n-grams may be cut differently.
   */
  #findWindows(): void {
    const words = this.#words;
    const view = this.#view;
    const offsets = this.#offsets;
    const hashes = this.#hashes;
    const windows = this.#windows;
    const candidates = this.#candidates;
    const positions = this.#survivors;
    const sketch = this.#sketch;
    const total = offsets[words];
    const [small, ...larger] = WINDOWS;

    sketch.reset(words);
    let fitting = 0;
    for (; fitting < words && offsets[fitting] + small <= total; fitting++) {
      const hash = windowHash(view, offsets[fitting], offsets[fitting] + small, 0);
      hashes[fitting] = hash;
      sketch.add(hash);
    }
    let count = 0;
    let candidateCount = 0;
    for (let position = 0; position + MIN_DUPLICATE_WORDS <= words; position++) {
      const repeats = position < fitting && sketch.countOf(hashes[position]) > 1;
      windows[position] = repeats ? small : 0;
      if (repeats) positions[count++] = position;
      if (repeats || offsets[position + MIN_DUPLICATE_WORDS] - offsets[position] < small) {
        candidates[candidateCount++] = position;
      }
    }
    this.#candidateCount = candidateCount;

    let from: number = small;
    for (const window of larger) {
      fitting = 0;
      for (; fitting < count && offsets[positions[fitting]] + window <= total; fitting++) {
        const position = positions[fitting];
        hashes[position] = windowHash(view, offsets[position] + from, offsets[position] + window, hashes[position]);
      }
      count = sketch.keepRepeated(positions, fitting, hashes);
      for (let i = 0; i < count; i++) windows[positions[i]] = window;
      from = window;
    }
  }

  #reserve(words: number, bytes: number): void {
    if (bytes + 4 > this.#text.length) {
      this.#text = new Uint8Array(bytes * 2 + 4);
      this.#view = new DataView(this.#text.buffer);
    }
    if (words < this.#offsets.length - 1) return;
    const size = words * 2 + 2;
    this.#offsets = new Int32Array(size);
    this.#codePoints = new Int32Array(size);
    this.#wordHashes = new Int32Array(size);
    this.#hashes = new Int32Array(size);
    this.#survivors = new Int32Array(size);
    this.#candidates = new Int32Array(size);
    this.#windows = new Uint8Array(size);
  }
}

/** The bytes from `at` to the end of `bytes`, fewer than four of them, as a little-endian word. */
function lastBytes(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = 0; at + i < bytes.length; i++) word |= bytes[at + i] << (i << 3);
  return word;
}

/** Hash of `view[start, end)`, a multiple of four bytes, going on from `seed`. */
function windowHash(view: DataView, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** UTF-8 continuation bytes among the four bytes of a word. */
function countContinuations(word: number): number {
  const marks = (word >>> 7) & ~(word >>> 6) & 0x01010101;
  return Math.imul(marks, 0x01010101) >>> 24;
}

/** Tells which hashes of a list may occur twice: no false negative, about one false positive in eight. */
class Sketch {
  #counters = new Uint8Array(1 << 10);
  #shift = 0;

  /** Empties the sketch and makes room for `count` hashes. */
  reset(count: number): void {
    const bits = Math.min(24, Math.max(10, 35 - Math.clz32(count)));
    const size = 1 << bits;
    if (size > this.#counters.length) this.#counters = new Uint8Array(size);
    else this.#counters.fill(0, 0, size);
    this.#shift = 32 - bits;
  }

  add(hash: number): void {
    const slot = Math.imul(hash, 0x85ebca6b) >>> this.#shift;
    const counter = this.#counters[slot];
    if (counter < 255) this.#counters[slot] = counter + 1;
  }

  /** At least how often `hash` was added. */
  countOf(hash: number): number {
    const counter = this.#counters[Math.imul(hash, 0x85ebca6b) >>> this.#shift];
    return counter === 255 ? Number.POSITIVE_INFINITY : counter;
  }

  /** Keeps, in order, the first `count` positions whose hash may occur more than once; returns how many are left. */
  keepRepeated(positions: Int32Array, count: number, hashes: Int32Array): number {
    this.reset(count);
    for (let i = 0; i < count; i++) this.add(hashes[positions[i]]);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = positions[i];
      if (this.countOf(hashes[position]) > 1) positions[kept++] = position;
    }
    return kept;
  }
}

/** Counts n-grams exactly and remembers the most frequent, the first seen among equals. */
class NgramCounts {
  topCount = 0;
  topPosition = -1;
  /** First position of the n-gram in a slot, + 1; 0 for a free slot. */
  #firsts = new Int32Array(64);
  #counts = new Int32Array(64);

  count(text: Uint8Array, offsets: Int32Array, hashes: Int32Array, positions: Int32Array, n: number): void {
    const size = 1 << (33 - Math.clz32(Math.max(positions.length, 16)));
    if (size > this.#firsts.length) {
      this.#firsts = new Int32Array(size);
      this.#counts = new Int32Array(size);
    } else {
      this.#firsts.fill(0, 0, size);
    }
    const firsts = this.#firsts;
    const counts = this.#counts;
    const mask = size - 1;
    for (const position of positions) {
      const hash = hashes[position];
      let slot = mix32(hash) & mask;
      for (;;) {
        const first = firsts[slot] - 1;
        if (first < 0) {
          firsts[slot] = position + 1;
          counts[slot] = 1;
          break;
        }
        if (hashes[first] === hash && sameWords(text, offsets, first, position, n)) {
          counts[slot]++;
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
    this.topCount = 0;
    this.topPosition = -1;
    for (let slot = 0; slot < size; slot++) {
      const position = firsts[slot] - 1;
      if (position < 0) continue;
      const count = counts[slot];
      if (count > this.topCount || (count === this.topCount && position < this.topPosition)) {
        this.topCount = count;
        this.topPosition = position;
      }
    }
  }
}

function sameWords(text: Uint8Array, offsets: Int32Array, a: number, b: number, n: number): boolean {
  const shift = offsets[b] - offsets[a];
  for (let i = 1; i <= n; i++) {
    if (offsets[b + i] - offsets[a + i] !== shift) return false;
  }
  return sameBytes(text, offsets[a], offsets[b], offsets[a + n] - offsets[a]);
}
