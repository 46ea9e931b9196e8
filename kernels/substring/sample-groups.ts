/**
 * What the records of a partition come to: which runs of fragments have a copy before them, and which may have one.
 *
 * Records that share a k-gram are a group; those of them whose whole run is the same are a class. A group of one class: all but its first record are
 * copies. A group of several: records that are not the first of their class are copies, and first ones are *unsettled*, for a part of their fragments may
 * stand in an earlier one. Everything else is unique, and nothing is told of it.
 *
 * Use: `count` all records, then for each of `parts`: `open` it, `place` all records again, `visit`. Invariant: records come in ascending order of
 * addresses (input, number), and the verdicts do not depend on the parts. Price: 100 ns a record; 24 bytes a record of the largest part, and 20 a
 * record of its largest bucket, which has a thousand unless they share a k-gram. A part of more records than it may have is for LargeSamples.
 */
import { BUCKET_RECORDS, cutParts, type KeyPart, KeySlots, SLOT_BITS } from "../dedup/key-slots.ts";

/** Records that take no part, by number. */
export interface RecordSet {
  has(record: number): boolean;
}

/** Is told of a record that has, or may have, an earlier copy. */
export type VerdictVisitor = (input: number, record: number, isSettled: boolean) => void;

/** Words of a record of a key file, and of one that is placed: key, input, number. */
const RECORD_WORDS = 5;
const PLACED_WORDS = 6;

export class SampleGroups {
  /** What a record takes at most, where all of a part are one bucket. */
  readonly record_bytes = 4 * PLACED_WORDS + 21;
  /** Groups of more than one record so far, their records, and those of the largest. */
  groups = 0;
  members = 0;
  largest = 0;
  readonly #slots = new KeySlots();
  #placed = new Uint32Array(0);
  // Scratch of a bucket: per record its group's first one, per group its records and classes; tables of groups and classes.
  #groupOf = new Uint32Array(0);
  #sizes = new Uint32Array(0);
  #classes = new Uint32Array(0);
  #isFirst = new Uint8Array(0);
  #table = new Uint32Array(0);

  /** Counts records: four words of key, then the number. */
  count(records: Uint32Array, skip?: RecordSet): void {
    const { counts } = this.#slots;
    for (let at = 0; at < records.length; at += RECORD_WORDS) {
      if (skip?.has(records[at + 4])) continue;
      counts[records[at + 1] >>> (32 - SLOT_BITS)]++;
    }
  }

  parts(maxRecords: number): KeyPart[] {
    return cutParts(this.#slots.counts, maxRecords);
  }

  open(part: KeyPart): void {
    this.#slots.open(part, PLACED_WORDS);
    if (this.#placed.length < part.records * PLACED_WORDS) this.#placed = new Uint32Array(part.records * PLACED_WORDS);
  }

  /** Takes those of `records` that belong to the open part. */
  place(records: Uint32Array, input: number, skip?: RecordSet): void {
    const placed = this.#placed;
    const { ends, shift, part } = this.#slots;
    const { from, to } = part;
    const firstBucket = from >> shift;
    for (let at = 0; at < records.length; at += RECORD_WORDS) {
      const slot = records[at + 1] >>> (32 - SLOT_BITS);
      if (slot < from || slot >= to || skip?.has(records[at + 4])) continue;
      const bucket = (slot >> shift) - firstBucket;
      const into = ends[bucket];
      placed[into] = records[at];
      placed[into + 1] = records[at + 1];
      placed[into + 2] = records[at + 2];
      placed[into + 3] = records[at + 3];
      placed[into + 4] = input;
      placed[into + 5] = records[at + 4];
      ends[bucket] = into + PLACED_WORDS;
    }
  }

  visit(visitor: VerdictVisitor): void {
    let start = 0;
    for (const end of this.#slots.ends) {
      const count = (end - start) / PLACED_WORDS;
      if (count > 1) this.#visitBucket(start, count, visitor);
      start = end;
    }
  }

  #visitBucket(start: number, count: number, visitor: VerdictVisitor): void {
    this.#reserve(count);
    const mask = this.#table.length - 1;
    const placed = this.#placed;
    const [groupOf, sizes, classes, isFirst, table] = [
      this.#groupOf,
      this.#sizes.fill(0, 0, count),
      this.#classes.fill(0, 0, count),
      this.#isFirst,
      this.#table.fill(0),
    ];
    for (let i = 0, at = start; i < count; i++, at += PLACED_WORDS) {
      const group = this.#find(table, start, at, hashOf(placed[at], placed[at + 1]) & mask, 2, i);
      groupOf[i] = group;
      sizes[group]++;
    }
    table.fill(0);
    for (let i = 0, at = start; i < count; i++, at += PLACED_WORDS) {
      const group = groupOf[i];
      if (sizes[group] === 1) continue;
      const hash = hashOf(placed[at] ^ placed[at + 2], placed[at + 1] ^ placed[at + 3]) & mask;
      const first = this.#find(table, start, at, hash, 4, i);
      isFirst[i] = first === i ? 1 : 0;
      if (first === i) classes[group]++;
    }
    for (let i = 0, at = start; i < count; i++, at += PLACED_WORDS) {
      const group = groupOf[i];
      if (sizes[group] === 1) continue;
      if (group === i) {
        this.groups++;
        this.members += sizes[group];
        this.largest = Math.max(this.largest, sizes[group]);
      }
      if (isFirst[i] === 0) visitor(placed[at + 4], placed[at + 5], true);
      else if (classes[group] > 1) visitor(placed[at + 4], placed[at + 5], false);
    }
  }

  /** The first record of the bucket at `start` whose key has the same first `words` words as the one at `at`, which is put in where there is none. */
  #find(table: Uint32Array, start: number, at: number, hash: number, words: 2 | 4, own: number): number {
    const placed = this.#placed;
    const mask = table.length - 1;
    for (let slot = hash; ; slot = (slot + 1) & mask) {
      const entry = table[slot];
      if (entry === 0) {
        table[slot] = own + 1;
        return own;
      }
      const other = start + (entry - 1) * PLACED_WORDS;
      if (placed[other] !== placed[at] || placed[other + 1] !== placed[at + 1]) continue;
      if (words === 2 || (placed[other + 2] === placed[at + 2] && placed[other + 3] === placed[at + 3]))
        return entry - 1;
    }
  }

  #reserve(count: number): void {
    if (this.#groupOf.length < count) {
      const room = Math.max(2 * BUCKET_RECORDS, count);
      this.#groupOf = new Uint32Array(room);
      this.#sizes = new Uint32Array(room);
      this.#classes = new Uint32Array(room);
      this.#isFirst = new Uint8Array(room);
    }
    const slots = 2 ** (33 - Math.clz32(count));
    if (this.#table.length !== slots) this.#table = new Uint32Array(slots);
  }
}

function hashOf(high: number, low: number): number {
  const x = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
  return (x ^ (x >>> 15)) >>> 0;
}
