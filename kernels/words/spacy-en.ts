/**
 * The `spacy-en` word rules: the tokens datatrove sees in English text, that is `spacy.blank("en")` of spaCy 3.8, white space left out.
 *
 * Punctuation marks are tokens here. Owns the walk over white space and the cache of chunks; spacy-en-rules.ts, spacy-en-split.ts and
 * spacy-en-merge.ts hold the rules. Invariant: the result depends on the text alone; the cache only saves time. spaCy itself is not quite
 * so: after it has once met the token IS_ALPHA it fails on it, and datatrove then deletes those letters from the text; here it is a
 * token like any other. Malformed bytes are U+FFFD, one each. Price: a hash lookup a chunk when the cache knows it, a microsecond or
 * two when not; the cache takes 9 MB.
 */

import { spaceLength } from "../lines.ts";
import type { WordSegmenter, WordSpans } from "../words.ts";
import { GAP, SequenceMerger } from "./spacy-en-merge.ts";
import { Chunk } from "./spacy-en-rules.ts";
import { ChunkSplitter, exceptionLexicon } from "./spacy-en-split.ts";

// The cache: a slot is the bytes of a chunk as six words, its length (0: free) with its number of tokens, and either the part number of
// its only token or where its tokens begin. A token is its end in the chunk, in bytes, with its part number above.
const KEY_WORDS = 6;
const MAX_KEY_BYTES = 4 * KEY_WORDS;
const SIZES = 6;
const TOKENS = 7;
const SLOT_WORDS = 8;
const SLOTS = 1 << 18;
const MAX_USED = SLOTS >> 1;
const TOKEN_CAPACITY = 1 << 18;
const COUNT_SHIFT = 8;
const PART_SHIFT = 8;

const MAYBE_SPACE = 2;
const byteKinds = new Uint8Array(256);
for (const byte of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20]) byteKinds[byte] = 1;
for (const byte of [0xc2, 0xe1, 0xe2, 0xe3]) byteKinds[byte] = MAYBE_SPACE;

class SpacyEnglishSegmenter implements WordSegmenter {
  readonly rules = "spacy-en";
  readonly #lexicon = exceptionLexicon();
  readonly #merger = new SequenceMerger(this.#lexicon);
  readonly #splitter = new ChunkSplitter(this.#lexicon);
  readonly #chunk = new Chunk();
  readonly #slots = new Int32Array(SLOTS * SLOT_WORDS);
  readonly #tokens = new Int32Array(TOKEN_CAPACITY);
  readonly #key = new Int32Array(KEY_WORDS);
  #used = 0;
  #tokenCount = 0;
  /** Part numbers of the tokens in the output. */
  #parts = new Int32Array(1024);

  readonly segment = (bytes: Uint8Array, start: number, end: number, out: WordSpans): void => {
    out.clear();
    let at = start;
    let gap = GAP;
    while (at < end) {
      const chunkStart = at;
      let space = 0;
      while (at < end) {
        const kind = byteKinds[bytes[at]];
        if (kind !== 0) {
          space = kind === MAYBE_SPACE ? spaceLength(bytes, at, end) : 1;
          if (space > 0) break;
        }
        at++;
      }
      if (at > chunkStart) {
        this.#addChunk(bytes, chunkStart, at, gap, out);
        // One space is no gap: spaCy stores it with the token before. Any other white space is a token of its own.
        gap = at < end && bytes[at] === 0x20 ? 0 : GAP;
      } else gap = GAP;
      at += space;
    }
    this.#merger.merge(out, this.#parts);
  };

  #addChunk(bytes: Uint8Array, start: number, end: number, gap: number, out: WordSpans): void {
    const length = end - start;
    if (length > MAX_KEY_BYTES) {
      this.#splitChunk(bytes, start, end, gap, out);
      return;
    }
    const key = this.#key;
    const words = (length + 3) >> 2;
    let hash = length;
    for (let word = 0, at = start; word < words; word++, at += 4) {
      let value = bytes[at];
      if (at + 1 < end) value |= bytes[at + 1] << 8;
      if (at + 2 < end) value |= bytes[at + 2] << 16;
      if (at + 3 < end) value |= bytes[at + 3] << 24;
      key[word] = value;
      hash = Math.imul(hash ^ value, 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    const slots = this.#slots;
    let slot = (hash & (SLOTS - 1)) * SLOT_WORDS;
    for (; slots[slot + SIZES] !== 0; slot = (slot + SLOT_WORDS) & (SLOTS * SLOT_WORDS - 1)) {
      const sizes = slots[slot + SIZES];
      if ((sizes & 0xff) !== length) continue;
      let word = 0;
      while (word < words && slots[slot + word] === key[word]) word++;
      if (word < words) continue;
      const count = sizes >> COUNT_SHIFT;
      const tokens = slots[slot + TOKENS];
      if (count === 1) this.#addToken(start, end, tokens | gap, out);
      else this.#addTokens(start, tokens, count, gap, out);
      return;
    }
    const first = out.count;
    this.#splitChunk(bytes, start, end, gap, out);
    this.#remember(slot, hash, start, length, first, out);
  }

  #addToken(start: number, end: number, part: number, out: WordSpans): void {
    if (out.count >= this.#parts.length) {
      const parts = new Int32Array(out.count * 2);
      parts.set(this.#parts);
      this.#parts = parts;
    }
    this.#parts[out.count] = part;
    out.push(start, end);
  }

  #addTokens(start: number, first: number, count: number, gap: number, out: WordSpans): void {
    let from = start;
    let mark = gap;
    for (let i = first; i < first + count; i++) {
      const token = this.#tokens[i];
      const to = start + (token & 0xff);
      this.#addToken(from, to, (token >> PART_SHIFT) | mark, out);
      from = to;
      mark = 0;
    }
  }

  #splitChunk(bytes: Uint8Array, start: number, end: number, gap: number, out: WordSpans): void {
    const chunk = this.#chunk;
    const splitter = this.#splitter;
    chunk.decode(bytes, start, end);
    splitter.split(chunk);
    let from = 0;
    let mark = gap;
    for (let i = 0; i < splitter.count; i++) {
      const to = splitter.ends[i];
      const part = this.#lexicon.find(chunk.codePoints, from, to)?.part ?? 0;
      this.#addToken(start + chunk.byteAt[from], start + chunk.byteAt[to], part | mark, out);
      from = to;
      mark = 0;
    }
  }

  /** Stores the tokens of `out` from `first` on as those of the chunk whose key was just looked up. A full cache starts afresh. */
  #remember(free: number, hash: number, start: number, length: number, first: number, out: WordSpans): void {
    const slots = this.#slots;
    const count = out.count - first;
    let slot = free;
    if (this.#used === MAX_USED || this.#tokenCount + count > TOKEN_CAPACITY) {
      slots.fill(0);
      this.#used = 0;
      this.#tokenCount = 0;
      slot = (hash & (SLOTS - 1)) * SLOT_WORDS;
    }
    for (let word = 0; word < KEY_WORDS; word++) slots[slot + word] = this.#key[word];
    slots[slot + SIZES] = length | (count << COUNT_SHIFT);
    this.#used++;
    if (count === 1) {
      slots[slot + TOKENS] = this.#parts[first] & (GAP - 1);
      return;
    }
    slots[slot + TOKENS] = this.#tokenCount;
    for (let i = first; i < out.count; i++) {
      this.#tokens[this.#tokenCount++] = (out.ends[i] - start) | ((this.#parts[i] & (GAP - 1)) << PART_SHIFT);
    }
  }
}

/** A segmenter with its own cache: make one per worker and keep it. */
export function createSpacyEnglishSegmenter(): WordSegmenter {
  return new SpacyEnglishSegmenter();
}
