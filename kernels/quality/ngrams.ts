/**
 * Repeated word n-grams of one document: Gopher's top n-grams (2 to 4 words) and duplicated n-grams (5 words and more).
 *
 * Owns {@link RepeatedNgrams}. Invariants: counts are exact (bytes are compared wherever hashes agree) and follow datatrove:
 * a top n-gram is its words joined by a space (no word holds one), a duplicated n-gram its words joined by nothing, so two different
 * cuts of the same letters are equal. Price: about 60 bytes of scratch a word; one sketch of all 2-grams and one of all windows of 12
 * bytes. What is longer looks only at the positions that survived, because what repeats must repeat in its parts, and a table is
 * filled only where the sketch cannot rule out that a bound is exceeded.
 */
import { NgramCounts } from "./ngram-counts.ts";
import { RangeSet } from "./range-set.ts";
import { Sketch } from "./sketch.ts";
import type { WordList } from "./word-list.ts";

/** Bytes of the windows from a word's start that are asked in turn whether they may repeat. Multiples of 4. */
const WINDOWS = [12, 24, 40] as const;
/** Most words a top n-gram may have. */
export const MAX_TOP_WORDS = 4;
/** Fewest words a duplicated n-gram may have: shorter ones would escape the list of candidates. */
const MIN_DUPLICATE_WORDS = 5;

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
  /** Positions whose n-grams of `#candidateWords` words may repeat; those of more words are among them. 0 words: not found yet. */
  #candidates = new Int32Array(1);
  #candidateCount = 0;
  #candidateWords = 0;

  readonly #sketch = new Sketch();
  readonly #counts = new NgramCounts();
  readonly #seen = new RangeSet();

  /** Takes the words of a document. `chars`: code points of the whole text, the denominator of every ratio. */
  load(bytes: Uint8Array, words: WordList, chars: number): void {
    const { starts, ends, count } = words;
    this.#reserve(count, count === 0 ? 0 : ends[count - 1] - starts[0]);
    const known = this.#source;
    if (
      known.buffer !== bytes.buffer ||
      known.byteOffset !== bytes.byteOffset ||
      known.byteLength !== bytes.byteLength
    ) {
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
    // Takes the scratch of the top n-grams.
    this.#level = 0;

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
