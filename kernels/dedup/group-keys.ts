/**
 * Which documents share a key: records are dealt into buckets by a hash of the key, and each bucket is sorted in cache.
 *
 * Invariant: records come in ascending order of documents; groups leave in the order of (hash, key), each with its documents
 * ascending. So the sequence of groups depends on the records alone, never on how many parts they were taken in.
 *
 * Use: `count` all records, then for each of `parts`: `open` it, `place` all records again, `visit` its groups. Records are
 * read twice, so that memory is exact: a part's records are held once, and nothing grows while they come.
 * Price: 40 to 65 ns a record from a partition's worth to ten million, uniting its group included; n log n for whatever keys; `key_words + 1` words a record of the largest part, and 8 bytes a
 * record of the largest bucket (about a thousand records, unless one key has more).
 */
import { BUCKET_RECORDS, cutParts, type KeyPart, KeySlots, SLOT_BITS } from "./key-slots.ts";

/** A set of documents. */
export interface DocumentSet {
  has(document: number): boolean;
}

/**
 * The documents of one key: entries `[0, count)` of `documents`, at least two, ascending, without repeats. Valid during
 * the call.
 */
export type GroupVisitor = (documents: Uint32Array, count: number) => void;

/** What takes the records of a partition, one part after the other. */
export interface KeyRecords {
  /** Memory of a record of the open part. */
  readonly record_bytes: number;
  /** Memory it holds, between uses too. */
  readonly memory_bytes: number;
  /** Forgets all records, not the memory they had. */
  reset(): void;
  /**
   * Counts records: `key_words` words, then the document counted from `firstDocument`. Documents in `skip` do not take
   * part, here and in {@link place}.
   */
  count(records: Uint32Array, firstDocument: number, skip?: DocumentSet): void;
  /** The parts to take all counted records in, each of at most `maxRecords` unless a single slot has more. */
  parts(maxRecords: number): KeyPart[];
  /** Makes room for the records of `part`. */
  open(part: KeyPart): void;
  /** Takes those of `records` that belong to the open part. The same records as were counted must come, in any pieces. */
  place(records: Uint32Array, firstDocument: number, skip?: DocumentSet): void;
  /** Shows what the open part comes to. */
  visit(visitor: GroupVisitor): void;
}

const MAX_BIN_BITS = 32 - SLOT_BITS;
/** Records up to which a bin is sorted by insertion. */
const SMALL_BIN = 16;

export class KeyGroups implements KeyRecords {
  readonly record_bytes: number;
  readonly #keyWords: number;
  readonly #slots = new KeySlots();
  /** Words of the records of the open part, bucket by bucket. */
  #records = new Uint32Array(0);
  // Scratch of a bucket: hash and order of its records, end of every bin, documents of a group.
  #hashes = new Uint32Array(0);
  #order = new Uint32Array(0);
  #bins = new Uint32Array(0);
  #group = new Uint32Array(0);

  constructor(keyBytes: 8 | 16) {
    this.record_bytes = keyBytes + 4;
    this.#keyWords = keyBytes / 4;
  }

  get memory_bytes(): number {
    const { ends, counts } = this.#slots;
    const arrays = [this.#records, ends, this.#hashes, this.#order, this.#bins, this.#group, counts];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  reset(): void {
    this.#slots.counts.fill(0);
  }

  count(records: Uint32Array, firstDocument: number, skip?: DocumentSet): void {
    const keyWords = this.#keyWords;
    const counts = this.#slots.counts;
    for (let at = 0; at < records.length; at += keyWords + 1) {
      if (skip?.has(firstDocument + records[at + keyWords])) continue;
      counts[hashOf(records, at, keyWords) >>> (32 - SLOT_BITS)]++;
    }
  }

  parts(maxRecords: number): KeyPart[] {
    return cutParts(this.#slots.counts, maxRecords);
  }

  open(part: KeyPart): void {
    const stride = this.#keyWords + 1;
    this.#slots.open(part, stride);
    if (this.#records.length < part.records * stride) this.#records = new Uint32Array(part.records * stride);
  }

  place(records: Uint32Array, firstDocument: number, skip?: DocumentSet): void {
    const keyWords = this.#keyWords;
    const placed = this.#records;
    const { ends, shift, part } = this.#slots;
    const { from, to } = part;
    const firstBucket = from >> shift;
    for (let at = 0; at < records.length; at += keyWords + 1) {
      const slot = hashOf(records, at, keyWords) >>> (32 - SLOT_BITS);
      if (slot < from || slot >= to) continue;
      const document = firstDocument + records[at + keyWords];
      if (skip?.has(document)) continue;
      const bucket = (slot >> shift) - firstBucket;
      const into = ends[bucket];
      placed[into] = records[at];
      placed[into + 1] = records[at + 1];
      if (keyWords === 4) {
        placed[into + 2] = records[at + 2];
        placed[into + 3] = records[at + 3];
      }
      placed[into + keyWords] = document;
      ends[bucket] = into + keyWords + 1;
    }
  }

  /** Shows every group of the open part. */
  visit(visitor: GroupVisitor): void {
    const stride = this.#keyWords + 1;
    let start = 0;
    for (const end of this.#slots.ends) {
      const count = (end - start) / stride;
      if (count > 1) this.#visitBucket(start, count, visitor);
      start = end;
    }
  }

  #visitBucket(start: number, count: number, visitor: GroupVisitor): void {
    if (this.#hashes.length < count) {
      this.#hashes = new Uint32Array(Math.max(count, 2 * BUCKET_RECORDS));
      this.#order = new Uint32Array(this.#hashes.length);
    }
    const binBits = Math.min(MAX_BIN_BITS, 32 - Math.clz32(count));
    const bins = 1 << binBits;
    if (this.#bins.length < bins) this.#bins = new Uint32Array(bins);
    const ends = this.#bins.fill(0, 0, bins);
    const order = this.#order;
    this.#countBins(start, count, binBits);
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) {
      const size = ends[bin];
      ends[bin] = sum;
      sum += size;
    }
    this.#fillBins(count, binBits);
    const hashes = this.#hashes;
    let from = 0;
    for (let bin = 0; bin < bins; bin++) {
      const end = ends[bin];
      const size = end - from;
      // Two records of one bin are most often of two keys: the hash says so at once.
      if (size > 2 || (size === 2 && hashes[order[from]] === hashes[order[from + 1]])) {
        this.#visitBin(start, order, from, end, visitor);
      }
      from = end;
    }
  }

  #countBins(start: number, count: number, binBits: number): void {
    const keyWords = this.#keyWords;
    const records = this.#records;
    const hashes = this.#hashes;
    const sizes = this.#bins;
    // The bits of the hash below those that the whole bucket shares.
    const shared = SLOT_BITS - this.#slots.shift;
    const rest = 32 - binBits;
    for (let i = 0, at = start; i < count; i++, at += keyWords + 1) {
      const hash = hashOf(records, at, keyWords);
      hashes[i] = hash;
      sizes[(hash << shared) >>> rest]++;
    }
  }

  #fillBins(count: number, binBits: number): void {
    const hashes = this.#hashes;
    const order = this.#order;
    const ends = this.#bins;
    const shared = SLOT_BITS - this.#slots.shift;
    const rest = 32 - binBits;
    for (let i = 0; i < count; i++) order[ends[(hashes[i] << shared) >>> rest]++] = i;
  }

  /** Groups the records `order[from, end)` of the bucket at `start`; they come with documents ascending. */
  #visitBin(start: number, order: Uint32Array, from: number, end: number, visitor: GroupVisitor): void {
    if (end - from > 2 || !this.#sameKey(start, order[from], order[from + 1])) this.#sortBin(start, order, from, end);
    for (let first = from; first < end; ) {
      let next = first + 1;
      while (next < end && this.#sameKey(start, order[first], order[next])) next++;
      if (next - first > 1) this.#visitGroup(start, order, first, next, visitor);
      first = next;
    }
  }

  #visitGroup(start: number, order: Uint32Array, from: number, end: number, visitor: GroupVisitor): void {
    if (this.#group.length < end - from) this.#group = new Uint32Array(2 * (end - from));
    const group = this.#group;
    const stride = this.#keyWords + 1;
    let length = 0;
    for (let i = from; i < end; i++) {
      const document = this.#records[start + order[i] * stride + this.#keyWords];
      // A document may hold a key twice, in two slots that a stage did not keep apart.
      if (length === 0 || group[length - 1] !== document) group[length++] = document;
    }
    if (length > 1) visitor(group, length);
  }

  /** By (hash, key, document). */
  #sortBin(start: number, order: Uint32Array, from: number, end: number): void {
    if (end - from > SMALL_BIN) {
      // Merge sort: n log n for any keys, and stable.
      order.subarray(from, end).sort((a, b) => this.#compare(start, a, b));
      return;
    }
    for (let i = from + 1; i < end; i++) {
      const record = order[i];
      let at = i;
      for (; at > from && this.#compare(start, order[at - 1], record) > 0; at--) order[at] = order[at - 1];
      order[at] = record;
    }
  }

  #sameKey(start: number, a: number, b: number): boolean {
    return this.#hashes[a] === this.#hashes[b] && this.#compareKeys(start, a, b) === 0;
  }

  #compare(start: number, a: number, b: number): number {
    return this.#hashes[a] - this.#hashes[b] || this.#compareKeys(start, a, b);
  }

  #compareKeys(start: number, a: number, b: number): number {
    const records = this.#records;
    const keyWords = this.#keyWords;
    const left = start + a * (keyWords + 1);
    const right = start + b * (keyWords + 1);
    const difference = records[left] - records[right] || records[left + 1] - records[right + 1];
    if (difference !== 0 || keyWords === 2) return difference;
    return records[left + 2] - records[right + 2] || records[left + 3] - records[right + 3];
  }
}

/** An unsigned 32-bit mix of a key: all its bits move the high ones, so that keys with much in common spread too. */
function hashOf(records: Uint32Array, at: number, keyWords: number): number {
  let x = Math.imul(records[at], 0x9e3779b1) ^ Math.imul(records[at + 1], 0x85ebca6b);
  if (keyWords === 4) x ^= Math.imul(records[at + 2], 0xc2b2ae35) ^ Math.imul(records[at + 3], 0x27d4eb2f);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  return (x ^ (x >>> 15)) >>> 0;
}
