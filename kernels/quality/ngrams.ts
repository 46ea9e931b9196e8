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

/** A position survives a window only where the next larger one is worth asking for. */
const WINDOWS = [8, 16, 32] as const;
/** Fewest words a duplicated n-gram may have: shorter ones would escape the list of candidates. */
export const MIN_DUPLICATE_WORDS = 5;

export class RepeatedNgrams {
  /** The words, back to back. Word `i` is `#offsets[i]..#offsets[i + 1]`. */
  #text = new Uint8Array(1 << 14);
  #view = new DataView(this.#text.buffer);
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

  /** Largest window, in bytes, that may repeat at word `i`; 0 for none. Filled on demand. */
  #windows = new Uint8Array(1);
  #candidates = new Int32Array(1);
  #candidateCount = -1;

  readonly #sketch = new Sketch();
  readonly #counts = new NgramCounts();
  readonly #seen = new RangeSet();

  /** Takes the words of a document. `chars`: code points of the whole text, the denominator of every ratio. */
  load(bytes: Uint8Array, words: WordSpans, chars: number): void {
    const { starts, ends, count } = words;
    this.#reserve(count, count === 0 ? 0 : ends[count - 1] - starts[0]);
    const text = this.#text;
    let offset = 0;
    let codePoints = 0;
    for (let word = 0; word < count; word++) {
      this.#offsets[word] = offset;
      this.#codePoints[word] = codePoints;
      let hash = 0x811c9dc5;
      const end = ends[word];
      for (let p = starts[word]; p < end; p++) {
        const byte = bytes[p];
        text[offset++] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
        if ((byte & 0xc0) !== 0x80) codePoints++;
      }
      this.#wordHashes[word] = mix32(hash);
    }
    this.#offsets[count] = offset;
    this.#codePoints[count] = codePoints;
    this.#words = count;
    this.#chars = chars;
    this.#level = 0;
    this.#candidateCount = -1;
  }

  /**
   * Length times count of the most frequent `n`-gram (the first seen among equals, even if it occurs once), over the text's length.
   * Exact where it exceeds `floor`; otherwise some value that is not above `floor`. 0 where there are fewer than `n` words.
   */
  topRatio(n: number, floor: number): number {
    if (this.#words < n) return 0;
    if (this.#level > n) this.#level = 0;
    while (this.#level < n) this.#raise();
    const survivors = this.#survivors.subarray(0, this.#survivorCount);
    const once = this.#joinedLength(0, n) / this.#chars;
    let upper = 0;
    for (const position of survivors) upper += this.#joinedLength(position, n);
    if (upper / this.#chars <= floor && once <= floor) return 0;
    const counts = this.#counts;
    counts.count(this.#text, this.#offsets, this.#hashes, survivors, n);
    if (counts.topCount < 2) return once;
    return (this.#joinedLength(counts.topPosition, n) * counts.topCount) / this.#chars;
  }

  /**
   * Code points in `n`-grams seen before, read from left to right and going on behind each repeat, over the text's length.
   * Exact where it exceeds `floor`; otherwise some value that is not above `floor`. `n` >= {@link MIN_DUPLICATE_WORDS}.
   */
  duplicateRatio(n: number, floor: number): number {
    if (this.#candidateCount < 0) this.#findWindows();
    let count = 0;
    let upper = 0;
    for (let i = 0; i < this.#candidateCount; i++) {
      const position = this.#candidates[i];
      if (position + n > this.#words) break;
      if (this.#mayRepeat(position, n)) {
        this.#survivors[count++] = position;
        upper += this.#codePoints[position + n] - this.#codePoints[position];
      }
    }
    this.#level = 0;
    if (upper / this.#chars <= floor) return 0;
    this.#seen.reset(this.#text);
    let repeated = 0;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const position = this.#survivors[i];
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

  /** Goes from the n-grams that may repeat to the (n + 1)-grams that may: both n-grams inside must. */
  #raise(): void {
    if (this.#level === 0) {
      for (let i = 0; i < this.#words; i++) {
        this.#hashes[i] = this.#wordHashes[i];
        this.#survivors[i] = i;
      }
      this.#survivorCount = this.#words;
      this.#level = 1;
    }
    const level = this.#level;
    const survivors = this.#survivors;
    const hashes = this.#hashes;
    const last = this.#words - level - 1;
    let count = 0;
    for (let i = 0; i < this.#survivorCount; i++) {
      const position = survivors[i];
      if (position > last) break;
      if (level > 1 && survivors[i + 1] !== position + 1) continue;
      survivors[count++] = position;
      hashes[position] = mix32(Math.imul(hashes[position], 0x9e3779b1) + this.#wordHashes[position + level]);
    }
    this.#survivorCount = this.#sketch.keepRepeated(survivors, count, hashes);
    this.#level = level + 1;
  }

  #mayRepeat(position: number, n: number): boolean {
    const length = this.#offsets[position + n] - this.#offsets[position];
    const window = this.#windows[position];
    return window >= 32 || length < 8 || (window >= 8 && length < 16) || (window >= 16 && length < 32);
  }

  /**
   * Marks for every word how long a window from its start may occur at another word, by windows of 8, 16 and 32 bytes.
   * Windows are cut by bytes, not by words, because equal n-grams may be cut differently.
   */
  #findWindows(): void {
    const view = this.#view;
    const offsets = this.#offsets;
    const hashes = this.#hashes;
    const windows = this.#windows;
    const total = offsets[this.#words];
    const positions = this.#survivors;
    windows.fill(0, 0, this.#words);
    let count = 0;
    while (count < this.#words && offsets[count] + WINDOWS[0] <= total) {
      positions[count] = count;
      hashes[count] = 0;
      count++;
    }
    let from = 0;
    for (const window of WINDOWS) {
      let fitting = 0;
      for (let i = 0; i < count; i++) {
        const position = positions[i];
        const offset = offsets[position];
        if (offset + window > total) break;
        let hash = hashes[position];
        for (let p = offset + from; p < offset + window; p += 4) {
          hash = Math.imul(hash ^ view.getInt32(p, true), 0x9e3779b1);
          hash ^= hash >>> 15;
        }
        hashes[position] = mix32(hash);
        positions[fitting++] = position;
      }
      count = this.#sketch.keepRepeated(positions, fitting, hashes);
      for (let i = 0; i < count; i++) windows[positions[i]] = window;
      from = window;
    }
    count = 0;
    for (let position = 0; position + MIN_DUPLICATE_WORDS <= this.#words; position++) {
      if (windows[position] > 0 || offsets[position + MIN_DUPLICATE_WORDS] - offsets[position] < WINDOWS[0]) {
        this.#candidates[count++] = position;
      }
    }
    this.#candidateCount = count;
  }

  #reserve(words: number, bytes: number): void {
    if (bytes > this.#text.length) {
      this.#text = new Uint8Array(bytes * 2);
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

/** Tells which hashes of a list may occur twice: no false negative, about one false positive in eight. */
class Sketch {
  #counters = new Uint8Array(1 << 10);

  /** Keeps, in order, the first `count` positions whose hash may occur more than once; returns how many are left. */
  keepRepeated(positions: Int32Array, count: number, hashes: Int32Array): number {
    const bits = Math.min(24, Math.max(10, 35 - Math.clz32(count)));
    const size = 1 << bits;
    if (size > this.#counters.length) this.#counters = new Uint8Array(size);
    else this.#counters.fill(0, 0, size);
    const counters = this.#counters;
    const mask = size - 1;
    for (let i = 0; i < count; i++) {
      const slot = hashes[positions[i]] & mask;
      counters[slot] = counters[slot] === 0 ? 1 : 2;
    }
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = positions[i];
      if (counters[hashes[position] & mask] === 2) positions[kept++] = position;
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
      let slot = hash & mask;
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
