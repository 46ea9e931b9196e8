/**
 * The `spacy-en` word rules: the tokens datatrove sees in English text, that is `spacy.blank("en")` of spaCy 3.8, white space left out.
 *
 * Punctuation marks are tokens here. Owns the walk over white space and the cache of chunks; spacy-en-rules.ts, spacy-en-split.ts and
 * spacy-en-merge.ts hold the rules. Invariant: the result depends on the text alone; the cache only saves time. spaCy itself is not quite
 * so: after it has once met the token IS_ALPHA it fails on it, and datatrove then deletes those letters from the text; here it is a
 * token like any other. Malformed bytes are U+FFFD, one each. Price: a hash lookup a chunk when the cache knows it, a microsecond or
 * two when not; the cache is bounded at about 8 MB.
 */

import { spaceLength } from "../lines.ts";
import type { WordSegmenter, WordSpans } from "../words.ts";
import { GAP, SequenceMerger } from "./spacy-en-merge.ts";
import { Chunk } from "./spacy-en-rules.ts";
import { ChunkSplitter, exceptionLexicon } from "./spacy-en-split.ts";

const SLOTS = 1 << 18;
const MAX_ENTRIES = 1 << 17;
const MAX_KEY_BYTES = 64;
const KEY_BYTES = 2 << 20;
const TOKENS = 1 << 18;
/** Fields of an entry: hash, where its key starts, key bytes | token count << 8, where its tokens start. */
const ENTRY_FIELDS = 4;
/** A token is its end in the chunk, in bytes, and its part number above. */
const PART_SHIFT = 8;

const NOT_SPACE = 0;
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
  /** Entry number + 1 by hash, with linear probing. */
  readonly #slots = new Int32Array(SLOTS);
  readonly #entries = new Int32Array(MAX_ENTRIES * ENTRY_FIELDS);
  readonly #keys = new Uint8Array(KEY_BYTES);
  readonly #tokens = new Int32Array(TOKENS);
  #entryCount = 0;
  #keyCount = 0;
  #tokenCount = 0;
  /** Part numbers of the tokens in the output. */
  #parts = new Int32Array(1024);

  readonly segment = (bytes: Uint8Array, start: number, end: number, out: WordSpans): void => {
    out.clear();
    let at = start;
    let gap = GAP;
    while (at < end) {
      const chunkStart = at;
      let hash = 0;
      let space = 0;
      for (; at < end; at++) {
        const byte = bytes[at];
        const kind = byteKinds[byte];
        if (kind !== NOT_SPACE) {
          space = kind === MAYBE_SPACE ? spaceLength(bytes, at, end) : 1;
          if (space > 0) break;
        }
        hash = Math.imul(hash ^ byte, 0x5bd1e995);
        hash ^= hash >>> 15;
      }
      if (at > chunkStart) {
        this.#addChunk(bytes, chunkStart, at, hash, gap, out);
        // One space is no gap: spaCy stores it with the token before. Any other white space is a token of its own.
        gap = 0;
        if (at < end && bytes[at] !== 0x20) gap = GAP;
      } else gap = GAP;
      at += space;
    }
    if (out.count > 1) this.#merger.merge(out, this.#parts);
  };

  #addChunk(bytes: Uint8Array, start: number, end: number, hash: number, gap: number, out: WordSpans): void {
    const length = end - start;
    if (length > MAX_KEY_BYTES) {
      this.#splitChunk(bytes, start, end, gap, out);
      return;
    }
    const entries = this.#entries;
    let slot = hash & (SLOTS - 1);
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = (this.#slots[slot] - 1) * ENTRY_FIELDS;
      const sizes = entries[entry + 2];
      if (entries[entry] !== hash || (sizes & 0xff) !== length) continue;
      if (!this.#keyEquals(bytes, start, length, entries[entry + 1])) continue;
      const first = entries[entry + 3];
      const last = first + (sizes >> 8);
      let from = start;
      let mark = gap;
      for (let i = first; i < last; i++) {
        const token = this.#tokens[i];
        const to = start + (token & 0xff);
        this.#addToken(from, to, (token >> PART_SHIFT) | mark, out);
        from = to;
        mark = 0;
      }
      return;
    }
    const before = out.count;
    this.#splitChunk(bytes, start, end, gap, out);
    this.#remember(bytes, start, length, hash, slot, before, out);
  }

  #keyEquals(bytes: Uint8Array, start: number, length: number, key: number): boolean {
    const keys = this.#keys;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== keys[key + i]) return false;
    return true;
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

  /** Stores the tokens of `out` from `first` on as those of a chunk. A full cache starts afresh. */
  #remember(
    bytes: Uint8Array,
    start: number,
    length: number,
    hash: number,
    slot: number,
    first: number,
    out: WordSpans,
  ) {
    const count = out.count - first;
    let free = slot;
    const isFull =
      this.#entryCount === MAX_ENTRIES || this.#keyCount + length > KEY_BYTES || this.#tokenCount + count > TOKENS;
    if (isFull) {
      this.#slots.fill(0);
      this.#entryCount = 0;
      this.#keyCount = 0;
      this.#tokenCount = 0;
      free = hash & (SLOTS - 1);
    }
    const entry = this.#entryCount * ENTRY_FIELDS;
    this.#entries[entry] = hash;
    this.#entries[entry + 1] = this.#keyCount;
    this.#entries[entry + 2] = length | (count << 8);
    this.#entries[entry + 3] = this.#tokenCount;
    this.#keys.set(bytes.subarray(start, start + length), this.#keyCount);
    for (let i = first; i < out.count; i++) {
      this.#tokens[this.#tokenCount++] = (out.ends[i] - start) | ((this.#parts[i] & (GAP - 1)) << PART_SHIFT);
    }
    this.#keyCount += length;
    this.#slots[free] = ++this.#entryCount;
  }
}

/** A segmenter with its own cache: make one per worker and keep it. */
export function createSpacyEnglishSegmenter(): WordSegmenter {
  return new SpacyEnglishSegmenter();
}
