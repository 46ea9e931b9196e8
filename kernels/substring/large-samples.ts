/**
 * Verdicts on records of so few k-grams, and so many of each, that they cannot be held together: what SampleGroups says, from records that pass by.
 *
 * Use: `count` all records, then for each of `slices`: `open` it, `visit` all records again. Of a class only its first record is remembered, and a slice has a share of
 * the classes, by their hash. Invariant: records come in ascending order of addresses, and the verdicts are those of SampleGroups. Memory: 48 bytes a class
 * of a slice, at most the budget, and 60 a k-gram. Price: 50 ns a record and slice.
 */
import { DistinctCount } from "../dedup/distinct-count.ts";
import { type KeyPart, SLOT_BITS } from "../dedup/key-slots.ts";
import type { RecordSet, VerdictVisitor } from "./sample-groups.ts";

const RECORD_WORDS = 5;
const CLASS_BYTES = 48;
/** Slices are cut for so much of the budget, for hashes do not deal evenly. */
const FILLED_SHARE = 0.7;

export class LargeSamples {
  readonly #part: KeyPart;
  readonly #maxClasses: number;
  readonly #samples = new KeyTable();
  /** Of each k-gram: records, the class of the first, and whether there is another. */
  #records = new Float64Array(64);
  #classes = new Uint32Array(128);
  #isMixed = new Uint8Array(64);
  readonly #distinct = new DistinctCount();
  #slices = 1;
  #slice = 0;
  #seen = new KeyTable();

  /** Of the records in the slots of `part`. */
  constructor(part: KeyPart, memory_bytes: number) {
    this.#part = part;
    this.#maxClasses = Math.max(16, Math.floor(memory_bytes / CLASS_BYTES));
  }

  count(records: Uint32Array, skip?: RecordSet): void {
    for (let at = 0; at < records.length; at += RECORD_WORDS) {
      if (!this.#has(records, at, skip)) continue;
      const sample = this.#samples.place(records[at], records[at + 1], 0, 0);
      this.#distinct.add(records[at + 3] ^ records[at + 1]);
      if (this.#samples.isNew) {
        this.#reserve(sample);
        this.#classes[2 * sample] = records[at + 2];
        this.#classes[2 * sample + 1] = records[at + 3];
      } else if (this.#classes[2 * sample] !== records[at + 2] || this.#classes[2 * sample + 1] !== records[at + 3]) {
        this.#isMixed[sample] = 1;
      }
      this.#records[sample]++;
    }
  }

  /** How many times the records are to be visited. */
  get slices(): number {
    this.#slices = Math.max(1, Math.ceil(this.#distinct.estimate / (FILLED_SHARE * this.#maxClasses)));
    return this.#slices;
  }

  open(slice: number): void {
    this.#slice = slice;
    this.#seen = new KeyTable();
  }

  visit(records: Uint32Array, input: number, visitor: VerdictVisitor, skip?: RecordSet): void {
    for (let at = 0; at < records.length; at += RECORD_WORDS) {
      if (Math.floor((records[at + 2] * this.#slices) / 2 ** 32) !== this.#slice) continue;
      if (!this.#has(records, at, skip)) continue;
      const sample = this.#samples.place(records[at], records[at + 1], 0, 0);
      if (this.#records[sample] === 1) continue;
      this.#seen.place(records[at], records[at + 1], records[at + 2], records[at + 3]);
      if (!this.#seen.isNew) visitor(input, records[at + 4], true);
      else if (this.#isMixed[sample] === 1) visitor(input, records[at + 4], false);
    }
  }

  /** K-grams of more than one record, their records, and those of the largest. */
  get figures(): { readonly groups: number; readonly members: number; readonly largest: number } {
    let [groups, members, largest] = [0, 0, 0];
    for (let sample = 0; sample < this.#samples.count; sample++) {
      const records = this.#records[sample];
      if (records === 1) continue;
      groups++;
      members += records;
      largest = Math.max(largest, records);
    }
    return { groups, members, largest };
  }

  #has(records: Uint32Array, at: number, skip: RecordSet | undefined): boolean {
    const slot = records[at + 1] >>> (32 - SLOT_BITS);
    return slot >= this.#part.from && slot < this.#part.to && skip?.has(records[at + 4]) !== true;
  }

  #reserve(sample: number): void {
    if (sample < this.#records.length) return;
    const [records, classes, isMixed] = [this.#records, this.#classes, this.#isMixed];
    this.#records = new Float64Array(2 * records.length);
    this.#classes = new Uint32Array(2 * classes.length);
    this.#isMixed = new Uint8Array(2 * isMixed.length);
    this.#records.set(records);
    this.#classes.set(classes);
    this.#isMixed.set(isMixed);
  }
}

/** Numbers keys of four words in the order in which they come. */
class KeyTable {
  count = 0;
  /** Whether the key that was placed last had not come before. */
  isNew = false;
  #keys = new Uint32Array(1 << 8);
  #slots = new Uint32Array(1 << 7);

  /** The number of a key. */
  place(a: number, b: number, c: number, d: number): number {
    if (2 * this.count >= this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(a ^ c, b ^ d) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (entry === 0) {
        const at = 4 * this.count;
        this.#keys[at] = a;
        this.#keys[at + 1] = b;
        this.#keys[at + 2] = c;
        this.#keys[at + 3] = d;
        this.isNew = true;
        this.#slots[slot] = ++this.count;
        return this.count - 1;
      }
      const at = 4 * (entry - 1);
      const keys = this.#keys;
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) {
        this.isNew = false;
        return entry - 1;
      }
    }
  }

  #grow(): void {
    const keys = new Uint32Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#slots = new Uint32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      const at = 4 * number;
      let slot = hashOf(keys[at] ^ keys[at + 2], keys[at + 1] ^ keys[at + 3]) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

function hashOf(high: number, low: number): number {
  const x = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
  return (x ^ (x >>> 15)) >>> 0;
}
