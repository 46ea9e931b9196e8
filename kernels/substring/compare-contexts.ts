/**
 * Compares unsettled runs that share a k-gram, and tells which of their fragments have a copy before them.
 *
 * Two fragments are equal only where their k-grams stand at the same place in both, so two runs are compared once: how far they agree to the left and to the
 * right of the k-gram says which fragments are equal. Groups of more than {@link MAX_PAIRED} runs go through a table of contents and their lowest addresses,
 * which keeps the work linear. Invariant: exact, whatever hashes collide, and the same for any order of groups.
 *
 * Memory: the contexts that are added, {@link INDEX_WORDS} words each beside them, and a table of {@link TABLE_FRAGMENTS} fragments; larger groups are taken in slices of their contents.
 * Price: 300 ns a pair, 100 ns a fragment of a large group.
 */
import { CommonPlaces, type ContextMemory } from "./common-places.ts";
import { CONTEXT, CONTEXT_HEAD, eachCopy, positionOf, textOf } from "./context-record.ts";
import { countOf, offsetOf } from "./sample-words.ts";

/** Runs of a group that are compared each with each. */
const MAX_PAIRED = 32;
/** Fragments that the table is made for, {@link TABLE_BYTES} each at most. */
const TABLE_FRAGMENTS = 1 << 20;
/** Of a fragment that the table is made for: slots are a power of two, at least twice as many as fragments. */
export const TABLE_BYTES = 48;
/** Words that a context takes beside itself while it is compared. */
export const INDEX_WORDS = 4;

/** How much contexts are. */
export interface Volume {
  readonly words: number;
  readonly contexts: number;
}
/** Contexts that are compared at once: their places and 32 bits of hash share a float. */
export const MAX_CONTEXTS = 2 ** 21;
const FACTOR = 0x2c1b3c6d;

/** Fragments `[from, to)` of a document, by where they start, that have a copy before them. Ranges may come twice and overlap. */
export type DuplicateVisitor = (input: number, document: number, from: number, to: number) => void;

export interface CompareOptions {
  readonly length: number;
  readonly gram: number;
  readonly symbol_bytes: 1 | 4;
  readonly maxPaired?: number;
  readonly tableFragments?: number;
}

export class ContextComparer {
  readonly #length: number;
  readonly #symbolBytes: 1 | 4;
  readonly #common: CommonPlaces;
  readonly #maxPaired: number;
  readonly #tableFragments: number;
  #memory: ContextMemory = memoryOf(new Uint32Array(1 << 8));
  #used = 0;
  /** Per context its first word. */
  #contexts = new Uint32Array(1 << 4);
  #count = 0;
  readonly #covered: Uint8Array;
  // The runs that the run at hand agrees with: fragments by their places before the k-gram, and where they stand where that may be too near.
  readonly #agreements: { low: number; high: number; position: number | undefined }[] = [];
  #slotHashes = new Uint32Array(0);
  /** Context and fragment of it that a slot of the table was filled with first, from 1. */
  #slotContexts = new Uint32Array(0);
  #slotFragments = new Uint32Array(0);

  constructor({
    length,
    gram,
    symbol_bytes,
    maxPaired = MAX_PAIRED,
    tableFragments = TABLE_FRAGMENTS,
  }: CompareOptions) {
    this.#length = length;
    this.#symbolBytes = symbol_bytes;
    this.#common = new CommonPlaces({ length, gram, symbol_bytes });
    this.#maxPaired = maxPaired;
    this.#tableFragments = tableFragments;
    this.#covered = new Uint8Array(length);
  }

  /** Adds the context of a run; runs come in ascending order of addresses, at most {@link MAX_CONTEXTS} of them. */
  add(words: Uint32Array, from: number): void {
    const size = words[from];
    if (this.#used + size > this.#memory.words.length || this.#count === this.#contexts.length) {
      this.reserve({ words: 2 * (this.#used + size), contexts: 2 * (this.#count + 1) });
    }
    const to = this.#used;
    if (size > 64) this.#memory.words.set(words.subarray(from, from + size), to);
    else for (let i = 0; i < size; i++) this.#memory.words[to + i] = words[from + i];
    this.#contexts[this.#count++] = to;
    this.#used += size;
  }

  /** Bytes that contexts have taken, with what is held of each beside. */
  get held_bytes(): number {
    return this.#memory.words.byteLength + 4 * INDEX_WORDS * this.#contexts.length;
  }

  /** Makes room, so that no more is taken than is needed. */
  reserve({ words, contexts }: Volume): void {
    if (contexts > this.#contexts.length) this.#contexts = enlarged(this.#contexts, contexts);
    if (words <= this.#memory.words.length) return;
    this.#memory = memoryOf(enlarged(this.#memory.words, words));
  }

  /** Tells of all duplicates among what was added, and forgets it. */
  compare(visitor: DuplicateVisitor): void {
    const words = this.#memory.words;
    const contexts = this.#contexts;
    if (this.#count > MAX_CONTEXTS) throw new Error(`${this.#count} contexts are more than can be put in order`);
    // Hash and place in one number: the engine's own sort keeps those of one hash in order of addresses.
    const keys = new Float64Array(this.#count);
    for (let i = 0; i < keys.length; i++) keys[i] = words[contexts[i] + CONTEXT.low] * MAX_CONTEXTS + i;
    keys.sort();
    const order = new Uint32Array(keys.length);
    for (let i = 0; i < order.length; i++) order[i] = keys[i] % MAX_CONTEXTS;
    const word = (at: number, which: number): number => words[contexts[order[at]] + which];
    for (let from = 0; from < order.length; ) {
      let to = from + 1;
      let isMixed = false;
      while (to < order.length && word(to, CONTEXT.low) === word(from, CONTEXT.low)) {
        isMixed ||= word(to, CONTEXT.high) !== word(from, CONTEXT.high);
        to++;
      }
      if (isMixed) {
        const highOf = (index: number): number => words[contexts[index] + CONTEXT.high];
        order.subarray(from, to).sort((a, b) => highOf(a) - highOf(b) || a - b);
      }
      while (from < to) {
        let end = from + 1;
        while (end < to && word(end, CONTEXT.high) === word(from, CONTEXT.high)) end++;
        if (end - from > this.#maxPaired) this.#tabulate(order, from, end, visitor);
        else if (end - from > 1) this.#pair(order, from, end, visitor);
        from = end;
      }
    }
    this.#count = 0;
    this.#used = 0;
  }

  #pair(order: Uint32Array, from: number, to: number, visitor: DuplicateVisitor): void {
    for (let i = from + 1; i < to; i++) {
      this.#agreements.length = 0;
      for (let j = from; j < i; j++) this.#agree(order[i], order[j]);
      if (this.#agreements.length > 0) this.#tell(order[i], visitor);
    }
  }

  /** Notes which fragments of `own` are equal to fragments of the earlier context `other`. */
  #agree(own: number, other: number): void {
    const { words } = this.#memory;
    const [a, b] = [this.#contexts[own], this.#contexts[other]];
    const isNear =
      words[a + CONTEXT.input] === words[b + CONTEXT.input] &&
      words[a + CONTEXT.document] === words[b + CONTEXT.document];
    const position = positionOf(words, b);
    if (isNear && position + this.#length > this.#lastPosition(a)) return;
    const common = this.#common;
    if (!common.find(this.#memory, a, this.#memory, b)) return;
    this.#agreements.push({ low: common.low, high: common.high, position: isNear ? position : undefined });
  }

  /** Where the k-gram of the last of a context's copies stands. */
  #lastPosition(context: number): number {
    const words = this.#memory.words;
    const pairs = words[context + CONTEXT.pairs];
    if (pairs === 0) return positionOf(words, context);
    const run = words[context + CONTEXT.run];
    const pair = context + CONTEXT_HEAD + 2 * (pairs - 1);
    return words[pair] + (words[pair + 1] - 1) * countOf(run) + offsetOf(run);
  }

  #tell(own: number, visitor: DuplicateVisitor): void {
    const context = this.#contexts[own];
    const words = this.#memory.words;
    const run = words[context + CONTEXT.run];
    const offset = offsetOf(run);
    const count = countOf(run);
    eachCopy(words, context, (start) => {
      const covered = this.#covered.fill(0, 0, count);
      for (const { low, high, position } of this.#agreements) {
        if (position !== undefined && position + this.#length > start + offset) continue;
        covered.fill(1, offset - high, offset - low + 1);
      }
      this.#tellCovered(own, start, count, visitor);
    });
  }

  /** Tells of the fragments of a run at `start` that are covered. */
  #tellCovered(own: number, start: number, count: number, visitor: DuplicateVisitor): void {
    const covered = this.#covered;
    const context = this.#contexts[own];
    const [input, document] = [
      this.#memory.words[context + CONTEXT.input],
      this.#memory.words[context + CONTEXT.document],
    ];
    for (let fragment = 0; fragment < count; ) {
      if (covered[fragment] === 0) {
        fragment++;
        continue;
      }
      const from = fragment;
      while (fragment < count && covered[fragment] === 1) fragment++;
      visitor(input, document, start + from, start + fragment);
    }
  }

  /** A large group: every fragment through a table of contents and their lowest addresses. */
  #tabulate(order: Uint32Array, from: number, to: number, visitor: DuplicateVisitor): void {
    let fragments = 0;
    for (let i = from; i < to; i++) fragments += countOf(this.#memory.words[this.#contexts[order[i]] + CONTEXT.run]);
    const slices = Math.ceil(fragments / this.#tableFragments);
    const slots = 2 ** Math.ceil(Math.log2(2 * Math.min(fragments, this.#tableFragments) + 2));
    if (this.#slotHashes.length < slots) {
      this.#slotHashes = new Uint32Array(slots);
      this.#slotContexts = new Uint32Array(slots);
      this.#slotFragments = new Uint32Array(slots);
    }
    for (let slice = 0; slice < slices; slice++) {
      this.#slotContexts.fill(0);
      for (let i = from; i < to; i++) this.#tabulateRun(order[i], slice, slices, visitor);
    }
  }

  #tabulateRun(own: number, slice: number, slices: number, visitor: DuplicateVisitor): void {
    const context = this.#contexts[own];
    const count = countOf(this.#memory.words[context + CONTEXT.run]);
    const text = textOf(this.#memory.words, context);
    const size = this.#symbolBytes;
    const span = this.#length * size;
    const bytes = this.#memory.bytes;
    let power = 1;
    for (let i = 0; i < span; i++) power = Math.imul(power, FACTOR);
    let hash = 0;
    for (let i = 0; i < span; i++) hash = (Math.imul(hash, FACTOR) + bytes[text + i] + 1) | 0;
    /** Fragments of the slice that were there before, with the context that has them first. */
    const found: number[] = [];
    for (let fragment = 0; fragment < count; fragment++) {
      const mixed = mix(hash);
      if (mixed % slices === slice) {
        const first = this.#lookUp(mixed, own, fragment, text + fragment * size, span);
        if (first >= 0) found.push(fragment, first);
      }
      for (let i = 0; i < size && fragment + 1 < count; i++) {
        const at = text + fragment * size + i;
        hash = (Math.imul(hash, FACTOR) + bytes[at + span] + 1 - Math.imul(bytes[at] + 1, power)) | 0;
      }
    }
    if (found.length > 0) this.#tellFound(own, count, found, visitor);
  }

  /** The slot of an equal fragment that came before; -1 where this one is the first, which is put in. */
  #lookUp(hash: number, own: number, fragment: number, at: number, span: number): number {
    const mask = this.#slotHashes.length - 1;
    for (let slot = Math.imul(hash, 0x9e3779b1) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slotContexts[slot];
      if (entry === 0) {
        this.#slotHashes[slot] = hash;
        this.#slotContexts[slot] = own + 1;
        this.#slotFragments[slot] = fragment;
        return -1;
      }
      if (this.#slotHashes[slot] !== hash) continue;
      const other =
        textOf(this.#memory.words, this.#contexts[entry - 1]) + this.#slotFragments[slot] * this.#symbolBytes;
      if (this.#isSame(at, other, span)) return slot;
    }
  }

  #isSame(a: number, b: number, length: number): boolean {
    const bytes = this.#memory.bytes;
    for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  /** `found`: fragments of the run, each with the slot of the fragment that has its content first. */
  #tellFound(own: number, count: number, found: readonly number[], visitor: DuplicateVisitor): void {
    const words = this.#memory.words;
    const context = this.#contexts[own];
    eachCopy(words, context, (start) => {
      const covered = this.#covered.fill(0, 0, count);
      for (let i = 0; i < found.length; i += 2) {
        const [fragment, slot] = [found[i], found[i + 1]];
        const first = this.#slotContexts[slot] - 1;
        const other = this.#contexts[first];
        const isNear =
          words[other + CONTEXT.input] === words[context + CONTEXT.input] &&
          words[other + CONTEXT.document] === words[context + CONTEXT.document];
        const firstStart = words[other + CONTEXT.start] + this.#slotFragments[slot];
        if (!isNear || firstStart + this.#length <= start + fragment) covered[fragment] = 1;
      }
      this.#tellCovered(own, start, count, visitor);
    });
  }
}

function memoryOf(words: Uint32Array): ContextMemory {
  return { words, bytes: new Uint8Array(words.buffer) };
}

function enlarged(words: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(words);
  return larger;
}

function mix(hash: number): number {
  let x = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  return (x ^ (x >>> 13)) >>> 0;
}
