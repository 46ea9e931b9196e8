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
import { GAP, SequenceMerger } from "./spacy-en-merge.ts";
import { Chunk } from "./spacy-en-rules.ts";
import { ChunkSplitter, exceptionLexicon } from "./spacy-en-split.ts";
import type { WordRanges, WordSegmenter } from "./types.ts";

// The cache: a slot is a chunk's length in bytes (0: free) with its number of tokens, then the part number of its only token or where its
// tokens begin, then its bytes as six words. What a short chunk needs comes first and fits in one cache line.
// A token is its end in the chunk, in bytes, with its part number above.
const KEY_WORDS = 6;
const MAX_KEY_BYTES = 4 * KEY_WORDS;
const SLOT_WORDS = 8;
const TOKENS = 1;
const KEY = 2;
const SLOTS = 1 << 18;
const MAX_USED = SLOTS >> 1;
const TOKEN_CAPACITY = 1 << 18;
const COUNT_SHIFT = 8;
const PART_SHIFT = 8;
// Which bits of the first and second word belong to a chunk of 0 to 8 bytes.
const FIRST_WORD_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1, -1, -1, -1, -1);
const SECOND_WORD_MASKS = Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, -1);

// A batch of chunks: the six words of the key, then these.
const BATCH = 64;
const START = 6;
const END = 7;
const MARK = 8;
const SLOT = 9;
const LOADED = 10;
const BATCH_WORDS = 11;

/** 1 for ASCII white space and for first bytes of other white space. */
const maybeSpace = new Uint8Array(256);
for (const byte of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0xc2, 0xe1, 0xe2, 0xe3])
  maybeSpace[byte] = 1;

class SpacyEnglishSegmenter implements WordSegmenter {
  readonly rules = "spacy-en";
  readonly #lexicon = exceptionLexicon();
  readonly #merger = new SequenceMerger(this.#lexicon);
  readonly #splitter = new ChunkSplitter(this.#lexicon);
  readonly #chunk = new Chunk();
  readonly #slots = new Int32Array(SLOTS * SLOT_WORDS);
  readonly #tokens = new Int32Array(TOKEN_CAPACITY);
  readonly #batch = new Int32Array(BATCH * BATCH_WORDS);
  #batched = 0;
  #used = 0;
  #tokenCount = 0;
  /** Part numbers of the tokens in the output. */
  #parts = new Int32Array(1024);

  readonly segment = (bytes: Uint8Array, start: number, end: number, out: WordRanges): void => {
    out.clear();
    let at = start;
    let gap = GAP;
    this.#batched = 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    while (at < end) {
      const chunkStart = at;
      let space = 0;
      for (;;) {
        while (at < end && maybeSpace[bytes[at]] === 0) at++;
        if (at === end) break;
        space = bytes[at] < 0x80 ? 1 : spaceLength(bytes, at, end);
        if (space > 0) break;
        at++;
      }
      if (at > chunkStart) {
        if (this.#batched === BATCH) this.#flush(bytes, out);
        this.#enqueue(bytes, view, chunkStart, at, gap);
        // One space is no gap: spaCy stores it with the token before. Any other white space is a token of its own.
        gap = at < end && bytes[at] === 0x20 ? 0 : GAP;
      } else gap = GAP;
      at += space;
    }
    this.#flush(bytes, out);
    this.#merger.merge(out, this.#parts);
  };

  #enqueue(bytes: Uint8Array, view: DataView, start: number, end: number, gap: number): void {
    const batch = this.#batch;
    const base = this.#batched++ * BATCH_WORDS;
    const length = end - start;
    batch[base + START] = start;
    batch[base + END] = end;
    batch[base + MARK] = gap;
    if (length <= 8 && start + 8 <= view.byteLength) {
      // Most chunks fit in two words; reading them whole and masking avoids a branch a byte.
      const first = view.getInt32(start, true) & FIRST_WORD_MASKS[length];
      const second = view.getInt32(start + 4, true) & SECOND_WORD_MASKS[length];
      batch[base] = first;
      batch[base + 1] = second;
      batch[base + SLOT] = slotOf(hashShort(first, second, length));
      return;
    }
    if (length > MAX_KEY_BYTES) return;
    batch.fill(0, base, base + KEY_WORDS);
    for (let i = 0; i < length; i++) batch[base + (i >> 2)] |= bytes[start + i] << (8 * (i & 3));
    let hash = hashShort(batch[base], batch[base + 1], length);
    if (length > 8) {
      for (let word = 2; word < KEY_WORDS; word++)
        hash = Math.imul(hash ^ (hash >>> 15) ^ batch[base + word], 0x5bd1e995);
    }
    batch[base + SLOT] = slotOf(hash);
  }

  /** Appends the tokens of the batched chunks to `out`, and empties the batch. */
  #flush(bytes: Uint8Array, out: WordRanges): void {
    const batch = this.#batch;
    const stop = this.#batched * BATCH_WORDS;
    // The cache is larger than the processor's: loading all slots at once overlaps the waits, which otherwise are half of the time.
    for (let base = 0; base < stop; base += BATCH_WORDS) batch[base + LOADED] = this.#slots[batch[base + SLOT]];
    for (let base = 0; base < stop; base += BATCH_WORDS) this.#addChunk(bytes, base, out);
    this.#batched = 0;
  }

  #addChunk(bytes: Uint8Array, base: number, out: WordRanges): void {
    const batch = this.#batch;
    const slots = this.#slots;
    const start = batch[base + START];
    const end = batch[base + END];
    const gap = batch[base + MARK];
    const length = end - start;
    if (length > MAX_KEY_BYTES) {
      this.#splitChunk(bytes, start, end, gap, out);
      return;
    }
    const first = batch[base];
    const second = batch[base + 1];
    let slot = batch[base + SLOT];
    for (; slots[slot] !== 0; slot = (slot + SLOT_WORDS) & (SLOTS * SLOT_WORDS - 1)) {
      const sizes = slots[slot];
      if (slots[slot + KEY] !== first || slots[slot + KEY + 1] !== second || (sizes & 0xff) !== length) continue;
      if (length > 8 && !this.#restEquals(slot, base)) continue;
      const count = sizes >> COUNT_SHIFT;
      const tokens = slots[slot + TOKENS];
      if (count === 1) this.#addToken(start, end, tokens | gap, out);
      else this.#addTokens(start, tokens, count, gap, out);
      return;
    }
    const firstToken = out.count;
    this.#splitChunk(bytes, start, end, gap, out);
    this.#remember(slot, base, firstToken, out);
  }

  #restEquals(slot: number, base: number): boolean {
    for (let word = 2; word < KEY_WORDS; word++)
      if (this.#slots[slot + KEY + word] !== this.#batch[base + word]) return false;
    return true;
  }

  #addToken(start: number, end: number, part: number, out: WordRanges): void {
    if (out.count >= this.#parts.length) {
      const parts = new Int32Array(out.count * 2);
      parts.set(this.#parts);
      this.#parts = parts;
    }
    this.#parts[out.count] = part;
    out.push(start, end);
  }

  #addTokens(start: number, first: number, count: number, gap: number, out: WordRanges): void {
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

  #splitChunk(bytes: Uint8Array, start: number, end: number, gap: number, out: WordRanges): void {
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

  /** Stores the tokens of `out` from `first` on as those of the chunk at `base` in the batch. A full cache starts afresh. */
  #remember(free: number, base: number, first: number, out: WordRanges): void {
    const batch = this.#batch;
    const slots = this.#slots;
    const start = batch[base + START];
    const length = batch[base + END] - start;
    const count = out.count - first;
    let slot = free;
    if (this.#used === MAX_USED || this.#tokenCount + count > TOKEN_CAPACITY) {
      slots.fill(0);
      this.#used = 0;
      this.#tokenCount = 0;
      slot = batch[base + SLOT];
    }
    this.#used++;
    slots[slot] = length | (count << COUNT_SHIFT);
    // A short chunk is compared by its first two words alone.
    const words = length > 8 ? KEY_WORDS : 2;
    for (let word = 0; word < words; word++) slots[slot + KEY + word] = batch[base + word];
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

function hashShort(first: number, second: number, length: number): number {
  return Math.imul(Math.imul(first, 0x5bd1e995) ^ second ^ length, 0x2c1b3c6d);
}

function slotOf(hash: number): number {
  return ((hash ^ (hash >>> 15)) & (SLOTS - 1)) * SLOT_WORDS;
}

/** A segmenter with its own cache: make one per worker and keep it. */
export function createSpacyEnglishSegmenter(): WordSegmenter {
  return new SpacyEnglishSegmenter();
}
