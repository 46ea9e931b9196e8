/**
 * Which records share a key: a hash table of distinct keys, each with the first document that had it.
 *
 * Invariant: records come in ascending order of documents, so the first is the smallest and every later record of the
 * key gives one pair (smallest, document). Memory follows the distinct keys, not the records: a key with a million
 * documents is a million look-ups of one entry. Price: `key_words + 1` words per entry at a load of at most {@link
 * MAX_LOAD}, plus 8 bytes per pair.
 */

/** A set of documents. */
export interface DocumentSet {
  has(document: number): boolean;
}

/** Entries over slots: linear probing stays short below it. */
const MAX_LOAD = 0.6;
const NONE = 0xffffffff;
const MIN_SLOTS = 16;

/** Pairs (smallest, document), growing. */
export class EdgeList {
  #words = new Uint32Array(1024);
  #length = 0;

  push(smallest: number, document: number): void {
    if (this.#length === this.#words.length) {
      const grown = new Uint32Array(this.#length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.#length] = smallest;
    this.#words[this.#length + 1] = document;
    this.#length += 2;
  }

  /** The distinct pairs, ascending by document, then by smallest. The list must not be used afterwards. */
  finish(): Uint32Array {
    const words = this.#words;
    // A little-endian u64 has the document in its high half: one native sort gives the order.
    new BigUint64Array(words.buffer, 0, this.#length / 2).sort();
    let kept = 0;
    for (let i = 0; i < this.#length; i += 2) {
      if (kept > 0 && words[i] === words[kept - 2] && words[i + 1] === words[kept - 1]) continue;
      words[kept] = words[i];
      words[kept + 1] = words[i + 1];
      kept += 2;
    }
    return words.slice(0, kept);
  }
}

/** Bytes a {@link KeyTable} for `keys` distinct keys holds. */
export function keyTableBytes(keyWords: number, keys: number): number {
  return Math.max(MIN_SLOTS, Math.ceil(keys / MAX_LOAD)) * (keyWords + 1) * 4;
}

/** One pass over the records of a partition: the part of the key space that `pass` of `passes` covers. */
export class KeyTable {
  readonly #keyWords: number;
  readonly #pass: number;
  readonly #passes: number;
  #slots: number;
  #entries = 0;
  #table: Uint32Array;

  /** `keys` is how many distinct keys the pass expects; more make the table grow. */
  constructor(keyWords: 2 | 4, keys: number, pass = 0, passes = 1) {
    this.#keyWords = keyWords;
    this.#pass = pass;
    this.#passes = passes;
    this.#slots = Math.max(MIN_SLOTS, Math.ceil(keys / MAX_LOAD));
    this.#table = new Uint32Array(this.#slots * (keyWords + 1)).fill(NONE);
  }

  /**
   * Looks up every record (`key_words` words, then the document counted from `firstDocument`) and adds a pair to
   * `edges` for each that has a predecessor. Documents in `skip` do not take part.
   */
  match(records: Uint32Array, firstDocument: number, edges: EdgeList, skip?: DocumentSet): void {
    const keyWords = this.#keyWords;
    const stride = keyWords + 1;
    const wide = keyWords === 4;
    const scale = this.#passes / 4294967296;
    const ownPass = this.#pass;
    let slots = this.#slots;
    let table = this.#table;
    for (let at = 0; at + stride <= records.length; at += stride) {
      const w0 = records[at];
      const w1 = records[at + 1];
      const w2 = wide ? records[at + 2] : 0;
      const w3 = wide ? records[at + 3] : 0;
      // The integer part of the position is the pass, its fraction the place in the table.
      const position = mix(w0, w1, w2, w3) * scale;
      const pass = position >>> 0;
      if (pass !== ownPass) continue;
      const document = firstDocument + records[at + keyWords];
      if (skip?.has(document)) continue;
      let slot = (((position - pass) * slots) >>> 0) * stride;
      for (;;) {
        const first = table[slot + keyWords];
        if (first === NONE) {
          table[slot] = w0;
          table[slot + 1] = w1;
          if (wide) {
            table[slot + 2] = w2;
            table[slot + 3] = w3;
          }
          table[slot + keyWords] = document;
          if (++this.#entries > slots * 0.9) {
            this.#grow();
            slots = this.#slots;
            table = this.#table;
          }
          break;
        }
        if (
          table[slot] === w0 &&
          table[slot + 1] === w1 &&
          (!wide || (table[slot + 2] === w2 && table[slot + 3] === w3))
        ) {
          // The same document may hold a key twice, in two slots that a stage did not keep apart.
          if (first !== document) edges.push(first, document);
          break;
        }
        slot += stride;
        if (slot === table.length) slot = 0;
      }
    }
  }

  #grow(): void {
    const old = this.#table;
    const keyWords = this.#keyWords;
    const stride = keyWords + 1;
    const scale = this.#passes / 4294967296;
    this.#slots *= 2;
    this.#table = new Uint32Array(this.#slots * stride).fill(NONE);
    for (let from = 0; from < old.length; from += stride) {
      if (old[from + keyWords] === NONE) continue;
      const wide = keyWords === 4;
      const position = mix(old[from], old[from + 1], wide ? old[from + 2] : 0, wide ? old[from + 3] : 0) * scale;
      let slot = Math.floor((position - Math.floor(position)) * this.#slots) * stride;
      while (this.#table[slot + keyWords] !== NONE) {
        slot += stride;
        if (slot === this.#table.length) slot = 0;
      }
      for (let word = 0; word < stride; word++) this.#table[slot + word] = old[from + word];
    }
  }
}

/** An unsigned 32-bit mix of a key: the records of a partition share their high bits, so those cannot place them. */
function mix(w0: number, w1: number, w2: number, w3: number): number {
  let x = Math.imul(w0, 0x9e3779b1) ^ Math.imul(w1, 0x85ebca6b) ^ Math.imul(w2, 0xc2b2ae35) ^ Math.imul(w3, 0x27d4eb2f);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
