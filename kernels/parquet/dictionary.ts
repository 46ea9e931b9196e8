/**
 * The distinct strings of a column chunk, as the dictionary page holds them, and the index of each.
 *
 * Invariant: indexes are in order of first appearance, below 2^16; the page is at most {@link DICTIONARY_BYTES}.
 * Price: 20 ns for a short string, a nanosecond a byte; memory is the page and 512 KiB of table at most.
 */
import { ByteBuffer } from "../byte-buffer.ts";

/** Strings that come to more are written as they are. */
const DICTIONARY_BYTES: number = 512 * 1024;
const MAX_ENTRIES = 1 << 16;
const FIRST_SLOTS = 1 << 8;
const EMPTY = -1;

export class StringDictionary {
  /** PLAIN: lengths and strings, in turns. */
  readonly page = new ByteBuffer();
  entries = 0;
  #slots = new Int32Array(FIRST_SLOTS).fill(EMPTY);
  #hashes = new Uint32Array(FIRST_SLOTS);
  /** Where each entry's string begins in the page. */
  #starts = new Int32Array(FIRST_SLOTS);

  reset(): void {
    this.page.clear();
    this.entries = 0;
    this.#slots.fill(EMPTY);
  }

  /** The index of `source[start, end)`, -1 where there is no room for one more. */
  index(source: Uint8Array, start: number, end: number): number {
    const hash = hashOf(source, start, end);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (this.#hashes[entry] === hash && this.#equals(entry, source, start, end)) return entry;
    }
    if (this.entries === MAX_ENTRIES || this.page.length + 4 + end - start > DICTIONARY_BYTES) return -1;
    return this.#add(slot, hash, source, start, end);
  }

  /** Where the string of an entry lies in the page. */
  start(entry: number): number {
    return this.#starts[entry];
  }

  end(entry: number): number {
    return entry + 1 < this.entries ? this.#starts[entry + 1] - 4 : this.page.length;
  }

  #equals(entry: number, source: Uint8Array, start: number, end: number): boolean {
    const from = this.start(entry);
    const to = this.end(entry);
    if (to - from !== end - start) return false;
    const bytes = this.page.bytes();
    for (let i = from, j = start; i < to; i++, j++) {
      if (bytes[i] !== source[j]) return false;
    }
    return true;
  }

  #add(slot: number, hash: number, source: Uint8Array, start: number, end: number): number {
    const entry = this.entries++;
    this.page.int32(end - start);
    this.#starts[entry] = this.page.length;
    this.page.append(source, start, end);
    this.#hashes[entry] = hash;
    this.#slots[slot] = entry;
    if (this.entries * 2 > this.#slots.length) this.#grow();
    return entry;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.entries; entry++) {
      let slot = this.#hashes[entry] & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
    this.#slots = slots;
    const starts = new Int32Array(slots.length);
    starts.set(this.#starts);
    this.#starts = starts;
    const hashes = new Uint32Array(slots.length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }
}

/** FNV-1a with a last mix, because tables take the low bits. */
function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at], 0x01000193);
  hash ^= hash >>> 15;
  return hash >>> 0;
}
