/**
 * The lines of a file as a set, with an index in memory that threads share.
 *
 * A line counts without the white space around it; empty ones, and those that begin with `#`, do not count. Invariant: membership is equality of bytes, so
 * the file stays in memory as it is. Price: its bytes once and 8 to 16 bytes of index a line; a look-up is a hash and, for most, one cache miss.
 */

const NEWLINE = 0x0a;
const COMMENT = 0x23;
const SPACE = 0x20;
const BASE = 0x01000193;
/** A slot has a word and a byte: where its line starts, and some bits of its hash, never 0, so that most slots need no other look. Another byte is for the filter. */
const SLOT_BYTES = 6;
/** Hashes whose cache misses are waited for together. */
const TOGETHER = 1024;
/** Lines between two signs of progress. */
const PROGRESS_LINES = 1 << 20;
/** Most bytes of a file: positions are words. */
export const MAX_LIST_BYTES = 0xffff_fff0;

/** Slots for a file of `lines` lines: at most three quarters are taken. */
function slotsFor(lines: number): number {
  let slots = 16;
  while (slots * 3 < lines * 4) slots *= 2;
  return slots;
}

/** Newlines of `bytes` and one: as many lines as it may have. */
function countLines(bytes: Uint8Array): number {
  let lines = 1;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) lines++;
  return lines;
}

export class LineSet {
  readonly #bytes: Uint8Array;
  readonly #slots: number;
  #starts: Uint32Array = new Uint32Array(0);
  #tags: Uint8Array = new Uint8Array(0);
  /** Two bits a line in one word. */
  #filter: Uint32Array = new Uint32Array(0);
  /** Of the hashes that are looked up: those that the filter lets through, and the slot of each. */
  readonly #passed = new Int32Array(TOGETHER);
  /** Keeps what is only read to have it in the cache. */
  #touched = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#slots = slotsFor(countLines(bytes));
  }

  /** Bytes of its index: a multiple of 8. */
  get index_bytes(): number {
    return this.#slots * SLOT_BYTES;
  }

  /** Takes its index at `offset` of `memory`, a multiple of 4: {@link index_bytes} that are zero, or filled by an equal set. */
  attach(memory: ArrayBufferLike, offset: number): void {
    this.#starts = new Uint32Array(memory, offset, this.#slots);
    this.#filter = new Uint32Array(memory, offset + 4 * this.#slots, this.#slots >> 2);
    this.#tags = new Uint8Array(memory, offset + 5 * this.#slots, this.#slots);
  }

  /** Fills the index. Safe to do again, also where it was begun. */
  fill(progress: () => void): void {
    const bytes = this.#bytes;
    let lines = 0;
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, at);
      const next = newline < 0 ? bytes.length : newline;
      let start = at;
      let end = next;
      at = next + 1;
      // The mark is looked for first: a line that is indented is no comment.
      if (start === end || bytes[start] === COMMENT) continue;
      while (start < end && bytes[start] <= SPACE) start++;
      while (end > start && bytes[end - 1] <= SPACE) end--;
      if (start === end) continue;
      const hash = lineHash(bytes, start, end);
      this.#filter[hash & (this.#filter.length - 1)] |= (1 << (hash >>> 27)) | (1 << ((hash >>> 22) & 31));
      const slot = this.#find(hash, bytes, start, end);
      if (this.#tags[slot] === 0) {
        // The tag comes last: it says that the slot is taken.
        this.#starts[slot] = start;
        this.#tags[slot] = tagOf(hash);
      }
      if (++lines % PROGRESS_LINES === 0) progress();
    }
  }

  /**
   * Sets `marks[i]` where a line may have the hash `hashes[i]`, see {@link lineHash}: all but one in a thousand of those that none has are left. For many at once, because
   * each is a cache miss: they are asked for together first.
   */
  mark(hashes: Uint32Array, count: number, marks: Uint8Array): void {
    for (let from = 0; from < count; from += TOGETHER) {
      this.#markSome(hashes, from, Math.min(count, from + TOGETHER), marks);
    }
  }

  #markSome(hashes: Uint32Array, from: number, to: number, marks: Uint8Array): void {
    const filter = this.#filter;
    const passed = this.#passed;
    const filterMask = filter.length - 1;
    let touched = 0;
    for (let i = from; i < to; i++) touched ^= filter[hashes[i] & filterMask];
    let count = 0;
    for (let i = from; i < to; i++) {
      const hash = hashes[i];
      const word = filter[hash & filterMask];
      passed[count] = i;
      count += (word >>> (hash >>> 27)) & (word >>> ((hash >>> 22) & 31)) & 1;
    }
    const tags = this.#tags;
    const starts = this.#starts;
    const mask = this.#slots - 1;
    for (let k = 0; k < count; k++) touched ^= tags[hashes[passed[k]] & mask] ^ starts[hashes[passed[k]] & mask];
    for (let k = 0; k < count; k++) {
      const i = passed[k];
      const tag = tagOf(hashes[i]);
      let slot = hashes[i] & mask;
      while (tags[slot] !== 0 && tags[slot] !== tag) slot = (slot + 1) & mask;
      if (tags[slot] === 0) continue;
      marks[i] = 1;
      touched ^= this.#bytes[starts[slot]];
    }
    this.#touched ^= touched;
  }

  /** Whether `bytes[start, end)` is one of the lines. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#tags[this.#find(lineHash(bytes, start, end), bytes, start, end)] !== 0;
  }

  /** The slot where the line is, or where it would go. */
  #find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const tags = this.#tags;
    const tag = tagOf(hash);
    const mask = this.#slots - 1;
    let slot = hash & mask;
    for (;;) {
      const found = tags[slot];
      if (found === 0 || (found === tag && this.#equals(this.#starts[slot], bytes, start, end))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Whether the line at `at` is `bytes[start, end)`: that and then white space only. */
  #equals(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#bytes;
    const length = end - start;
    if (at + length > own.length) return false;
    for (let i = 0; i < length; i++) if (own[at + i] !== bytes[start + i]) return false;
    let next = at + length;
    while (next < own.length && own[next] !== NEWLINE && own[next] <= SPACE) next++;
    return next === own.length || own[next] === NEWLINE;
  }
}

/** 32 bits; four bytes a step. Shared with assembly/url/url-scan.ts. */
export function lineHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  // Two chains of multiplications side by side: none waits for the other.
  let other = BASE;
  for (; at + 8 <= end; at += 8) {
    hash = Math.imul(hash ^ wordAt(bytes, at), 0x85ebca6b);
    hash ^= hash >>> 15;
    other = Math.imul(other ^ wordAt(bytes, at + 4), 0x9e3779b1);
    other ^= other >>> 15;
  }
  if (at + 4 <= end) {
    hash = Math.imul(hash ^ wordAt(bytes, at), 0x85ebca6b);
    hash ^= hash >>> 15;
    at += 4;
  }
  hash = Math.imul(hash, BASE) ^ other;
  for (; at < end; at++) hash = (Math.imul(hash, BASE) + bytes[at] + 1) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13), 0x9e3779b1);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Bits that the slot of a set of up to 2^24 lines does not have. */
function tagOf(hash: number): number {
  return hash >>> 24 || 1;
}
