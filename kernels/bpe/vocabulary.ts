/**
 * Token bytes by id, and ids by token bytes.
 *
 * Invariant: ids are dense from 0; an id without a token has no bytes. Price: the bytes once, and 8 to 16 bytes of index a token.
 */

/** Multiplier of the polynomial hash, which lets {@link Vocabulary.forEachSplit} hash every suffix in constant time. */
const BASE = 0x01000193;

export class Vocabulary {
  /** One more than the largest id. */
  readonly size: number;
  /** Token `id` is `bytes[offsets[id], offsets[id + 1])`. */
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  /** 1 for every id that {@link find} may give. */
  readonly findable: Uint8Array;
  readonly #index: Int32Array;

  /**
   * @param bytes all tokens in the order of their ids
   * @param offsets where each starts, and the end of the last
   * @param findable 1 for every id that can be found by its bytes; others are decoded only
   */
  constructor(bytes: Uint8Array, offsets: Int32Array, findable: Uint8Array) {
    this.size = offsets.length - 1;
    this.bytes = bytes;
    this.offsets = offsets;
    this.findable = findable.subarray(0, this.size);
    let capacity = 1024;
    while (capacity < this.size * 2) capacity *= 2;
    this.#index = new Int32Array(capacity).fill(-1);
    for (let id = 0; id < this.size; id++) {
      if (findable[id] === 1 && offsets[id + 1] > offsets[id]) this.#insert(id);
    }
  }

  /** The token whose bytes are `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0;
    for (let p = start; p < end; p++) hash = (Math.imul(hash, BASE) + bytes[p] + 1) | 0;
    return this.#lookUp(hash, bytes, start, end);
  }

  /** Calls `visit(left, right)` for every way to cut token `id` into two tokens. */
  forEachSplit(id: number, visit: (left: number, right: number) => void): void {
    const { bytes } = this;
    const start = this.offsets[id];
    const end = this.offsets[id + 1];
    let whole = 0;
    for (let p = start; p < end; p++) whole = (Math.imul(whole, BASE) + bytes[p] + 1) | 0;
    let power = 1;
    for (let p = start + 1; p < end; p++) power = Math.imul(power, BASE);
    let prefix = 0;
    // hash(suffix) = hash(whole) - hash(prefix) * BASE^length(suffix)
    for (let cut = start + 1; cut < end; cut++) {
      prefix = (Math.imul(prefix, BASE) + bytes[cut - 1] + 1) | 0;
      const left = this.#lookUp(prefix, bytes, start, cut);
      if (left !== -1) {
        const right = this.#lookUp((whole - Math.imul(prefix, power)) | 0, bytes, cut, end);
        if (right !== -1) visit(left, right);
      }
      power = Math.imul(power, BASE_INVERSE);
    }
  }

  #insert(id: number): void {
    const start = this.offsets[id];
    const end = this.offsets[id + 1];
    let hash = 0;
    for (let p = start; p < end; p++) hash = (Math.imul(hash, BASE) + this.bytes[p] + 1) | 0;
    const mask = this.#index.length - 1;
    let slot = scramble(hash) & mask;
    while (this.#index[slot] !== -1) slot = (slot + 1) & mask;
    this.#index[slot] = id;
  }

  #lookUp(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let slot = scramble(hash) & mask; ; slot = (slot + 1) & mask) {
      const id = index[slot];
      if (id === -1) return -1;
      if (this.#equals(id, bytes, start, end)) return id;
    }
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.offsets[id];
    if (this.offsets[id + 1] - from !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (this.bytes[from + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** Inverse of {@link BASE} modulo 2^32, by Newton's iteration. */
const BASE_INVERSE = [1, 2, 3, 4, 5].reduce((x) => Math.imul(x, 2 - Math.imul(BASE, x)), BASE);

function scramble(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** Collects tokens in any order of ids. */
export class VocabularyBuilder {
  #data = new Uint8Array(1 << 20);
  #length = 0;
  #starts = new Int32Array(1 << 16);
  #ends = new Int32Array(1 << 16);
  #findable = new Uint8Array(1 << 16);
  #size = 0;

  /** Whether id `id` has a token. */
  has(id: number): boolean {
    return id < this.#size && this.#ends[id] > this.#starts[id];
  }

  /** Sets the token of `id`, in place of an earlier one. */
  set(id: number, token: Uint8Array, findable: boolean): void {
    if (id >= this.#starts.length) this.#growIds(id);
    if (this.#length + token.length > this.#data.length) {
      const grown = new Uint8Array(Math.max(this.#data.length * 2, this.#length + token.length));
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data.set(token, this.#length);
    this.#starts[id] = this.#length;
    this.#ends[id] = this.#length += token.length;
    this.#findable[id] = findable ? 1 : 0;
    this.#size = Math.max(this.#size, id + 1);
  }

  build(): Vocabulary {
    const offsets = new Int32Array(this.#size + 1);
    for (let id = 0; id < this.#size; id++) offsets[id + 1] = offsets[id] + this.#ends[id] - this.#starts[id];
    const bytes = new Uint8Array(offsets[this.#size]);
    for (let id = 0; id < this.#size; id++) {
      bytes.set(this.#data.subarray(this.#starts[id], this.#ends[id]), offsets[id]);
    }
    return new Vocabulary(bytes, offsets, this.#findable);
  }

  #growIds(id: number): void {
    let capacity = this.#starts.length * 2;
    while (capacity <= id) capacity *= 2;
    const grow = <T extends Int32Array | Uint8Array>(grown: T, old: T): T => {
      grown.set(old);
      return grown;
    };
    this.#starts = grow(new Int32Array(capacity), this.#starts);
    this.#ends = grow(new Int32Array(capacity), this.#ends);
    this.#findable = grow(new Uint8Array(capacity), this.#findable);
  }
}
