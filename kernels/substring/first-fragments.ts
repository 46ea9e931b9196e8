/**
 * Contexts of one place, and so of one fragment each: all but the first of a content are copies.
 *
 * They come one after the other, in order of addresses, and of a content only the first is kept: so memory is that of the different ones, however many there
 * are. Invariant: exact, whatever hashes collide. Price: 100 ns a context.
 */
import type { DuplicateVisitor } from "./compare-contexts.ts";
import { CONTEXT, eachCopy, textOf } from "./context-record.ts";
import type { FragmentShape } from "./sampler.ts";

/** Bytes of a content beside the context that has it first. */
export const FIRST_BYTES = 32;

export class FirstFragments {
  readonly #length: number;
  readonly #bytes: number;
  #words = new Uint32Array(1 << 8);
  #used = 0;
  #count = 0;
  /** From 1, by slot: the first word of the context that is first. */
  #slots = new Uint32Array(1 << 4);
  #hashes = new Uint32Array(1 << 4);

  constructor({ length, symbol_bytes }: FragmentShape) {
    this.#length = length;
    this.#bytes = length * symbol_bytes;
  }

  /** Makes room for contexts of `words` that are first. */
  reserve(words: number): void {
    if (words > this.#words.length) this.#words = new Uint32Array(words);
    this.clear();
  }

  /** Bytes that are held. */
  get held_bytes(): number {
    return 4 * (this.#words.length + this.#slots.length + this.#hashes.length);
  }

  clear(): void {
    this.#used = 0;
    this.#count = 0;
    this.#slots.fill(0);
  }

  /** Takes the next context, whose text has the hash `hash`, and tells of its fragments that have a copy before them. */
  visit(words: Uint32Array, at: number, hash: number, visitor: DuplicateVisitor): void {
    const first = this.#find(words, at, hash);
    if (first < 0) return;
    const own = this.#words;
    const [input, document] = [words[at + CONTEXT.input], words[at + CONTEXT.document]];
    const isNear = own[first + CONTEXT.input] === input && own[first + CONTEXT.document] === document;
    // Where the first one ends, a copy may begin.
    const from = isNear ? own[first + CONTEXT.start] + this.#length : 0;
    eachCopy(words, at, (start) => {
      if (start >= from) visitor(input, document, start, start + 1);
    });
  }

  /** The context that has the same text first; -1 where this one is the first, which is kept. */
  #find(words: Uint32Array, at: number, hash: number): number {
    if (2 * this.#count >= this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    const text = this.#textOf(words, at);
    for (let slot = Math.imul(hash, 0x9e3779b1) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (entry === 0) {
        this.#slots[slot] = this.#keep(words, at) + 1;
        this.#hashes[slot] = hash;
        return -1;
      }
      if (this.#hashes[slot] !== hash) continue;
      const known = this.#textOf(this.#words, entry - 1);
      if (isSame(text, known, this.#bytes)) return entry - 1;
    }
  }

  #textOf(words: Uint32Array, at: number): Uint8Array {
    return new Uint8Array(words.buffer, textOf(words, at), this.#bytes);
  }

  #keep(words: Uint32Array, at: number): number {
    const size = words[at];
    if (this.#used + size > this.#words.length) {
      const larger = new Uint32Array(Math.max(this.#used + size, Math.ceil(1.25 * this.#words.length)));
      larger.set(this.#words.subarray(0, this.#used));
      this.#words = larger;
    }
    const from = this.#used;
    this.#words.set(words.subarray(at, at + size), from);
    this.#used += size;
    this.#count++;
    return from;
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#slots = new Uint32Array(2 * slots.length);
    this.#hashes = new Uint32Array(2 * slots.length);
    const mask = this.#slots.length - 1;
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] === 0) continue;
      let slot = Math.imul(hashes[i], 0x9e3779b1) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = slots[i];
      this.#hashes[slot] = hashes[i];
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}
