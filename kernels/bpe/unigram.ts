/**
 * Unigram: the tokens of a word whose scores have the greatest sum.
 *
 * A character that is no token scores {@link UNKNOWN_PENALTY} less than the least of the vocabulary; such characters side by side are one: the token
 * they spell, else the tokens of their bytes where the model has them all, else the unknown token. Invariant: sums are made in the order of the
 * reference, in the same doubles; of equal ones the first found counts, starts ascending, short tokens before long ones. Price: a step of the
 * trie for every byte of every token that may stand at a character; 24 bytes a node once, of which a vocabulary has three to four a token.
 */
import { charAt } from "./char-class.ts";

const UNKNOWN_PENALTY = 10;
/** Places kept between words; what a longer word needs is freed with it. */
const KEEP_PLACES = 1 << 12;

export interface UnigramToken {
  readonly id: number;
  /** The text it is found as. */
  readonly bytes: Uint8Array;
  readonly score: number;
}

export interface UnigramModel {
  /** No two of the same bytes, none without any. */
  readonly tokens: readonly UnigramToken[];
  /** The least score, of tokens that are never found too. */
  readonly leastScore: number;
  readonly unknown: number;
  /** Token of each byte, -1 where it has none, which unknown text falls back to. */
  readonly byteIds: Int32Array;
}

/** Children by node and byte, in an open-addressing table at most half full. Node 0 is the root. */
class ScoredTrie {
  #keys = new Int32Array(1 << 12).fill(-1);
  #children = new Int32Array(1 << 12);
  #ids = new Int32Array(1 << 11).fill(-1);
  #scores = new Float64Array(1 << 11);
  #nodes = 1;

  add({ bytes, id, score }: UnigramToken): void {
    let node = 0;
    for (const byte of bytes) {
      const child = this.child(node, byte);
      node = child === 0 ? this.#addChild(node, byte) : child;
    }
    this.#ids[node] = id;
    this.#scores[node] = score;
  }

  /** The node that `byte` leads to from `node`, 0 where it leads to none. */
  child(node: number, byte: number): number {
    const key = (node << 8) | byte;
    const mask = this.#keys.length - 1;
    for (let slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#keys[slot];
      if (found === key) return this.#children[slot];
      if (found === -1) return 0;
    }
  }

  /** The token that ends at `node`, -1 where none does. */
  idAt(node: number): number {
    return this.#ids[node];
  }

  scoreAt(node: number): number {
    return this.#scores[node];
  }

  /** The token that `bytes[start, end)` is, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let node = 0;
    for (let p = start; p < end; p++) {
      node = this.child(node, bytes[p]);
      if (node === 0) return -1;
    }
    return this.#ids[node];
  }

  #addChild(node: number, byte: number): number {
    if (this.#nodes * 2 >= this.#keys.length) this.#grow();
    const child = this.#nodes++;
    this.#place((node << 8) | byte, child);
    return child;
  }

  #place(key: number, child: number): void {
    const mask = this.#keys.length - 1;
    let slot = hash(key) & mask;
    while (this.#keys[slot] !== -1) slot = (slot + 1) & mask;
    this.#keys[slot] = key;
    this.#children[slot] = child;
  }

  #grow(): void {
    const [keys, children, ids, scores] = [this.#keys, this.#children, this.#ids, this.#scores];
    this.#keys = new Int32Array(keys.length * 2).fill(-1);
    this.#children = new Int32Array(keys.length * 2);
    this.#ids = new Int32Array(ids.length * 2).fill(-1);
    this.#ids.set(ids);
    this.#scores = new Float64Array(scores.length * 2);
    this.#scores.set(scores);
    for (const [slot, key] of keys.entries()) if (key !== -1) this.#place(key, children[slot]);
  }
}

function hash(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** For every place of a word: the best sum of tokens that end there, where the last of them begins, and which it is. */
interface Places {
  readonly sums: Float64Array;
  /** -1 where nothing ends. */
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  /** On the best way: where the token that begins here ends. */
  readonly ends: Int32Array;
}

function newPlaces(count: number): Places {
  return {
    sums: new Float64Array(count),
    starts: new Int32Array(count),
    ids: new Int32Array(count),
    ends: new Int32Array(count),
  };
}

export class Unigram {
  readonly #trie = new ScoredTrie();
  readonly #unknown: number;
  readonly #unknownScore: number;
  readonly #byteIds: Int32Array;
  readonly #kept = newPlaces(KEEP_PLACES);

  constructor({ tokens, leastScore, unknown, byteIds }: UnigramModel) {
    for (const token of tokens) this.#trie.add(token);
    this.#unknown = unknown;
    this.#unknownScore = leastScore - UNKNOWN_PENALTY;
    this.#byteIds = byteIds;
  }

  /** Writes the tokens of the word `bytes[start, end)` to `out` from `at` on; returns how many: at most one a byte. */
  merge(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    const length = end - start;
    const places = length < KEEP_PLACES ? this.#kept : newPlaces(length + 1);
    this.#findBest(bytes, start, end, places);
    const { starts, ids, ends } = places;
    for (let p = length; p > 0; p = starts[p]) ends[starts[p]] = p;
    let o = at;
    for (let p = 0; p < length; ) {
      let stop = ends[p];
      const id = ids[stop];
      if (id === this.#unknown) {
        while (stop < length && ids[ends[stop]] === id) stop = ends[stop];
        o += this.#writeUnknown(bytes, start + p, start + stop, out, o);
      } else out[o++] = id;
      p = stop;
    }
    return o - at;
  }

  #findBest(bytes: Uint8Array, start: number, end: number, { sums, starts, ids }: Places): void {
    const trie = this.#trie;
    starts.fill(-1, 0, end - start + 1);
    sums[0] = 0;
    for (let p = start; p < end; ) {
      const next = p + (charAt(bytes, p, end) >> 8);
      const from = p - start;
      const before = sums[from];
      let isToken = false;
      let node = 0;
      for (let q = p; q < end; ) {
        node = trie.child(node, bytes[q++]);
        if (node === 0) break;
        const id = trie.idAt(node);
        if (id === -1) continue;
        const sum = trie.scoreAt(node) + before;
        const to = q - start;
        if (starts[to] === -1 || sum > sums[to]) {
          sums[to] = sum;
          starts[to] = from;
          ids[to] = id;
        }
        if (q === next) isToken = true;
      }
      const to = next - start;
      const sum = this.#unknownScore + before;
      if (!isToken && (starts[to] === -1 || sum > sums[to])) {
        sums[to] = sum;
        starts[to] = from;
        ids[to] = this.#unknown;
      }
      p = next;
    }
  }

  #writeUnknown(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    const whole = this.#trie.find(bytes, start, end);
    if (whole !== -1) {
      out[at] = whole;
      return 1;
    }
    for (let p = start; p < end; p++) {
      const id = this.#byteIds[bytes[p]];
      if (id === -1) {
        out[at] = this.#unknown;
        return 1;
      }
      out[at + p - start] = id;
    }
    return end - start;
  }
}
