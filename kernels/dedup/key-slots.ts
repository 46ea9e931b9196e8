/**
 * How records are dealt into parts and buckets by 32 bits of a hash: what groups of keys and of samples have in common.
 *
 * Records are counted by slot, its high bits. A part is consecutive slots; an open one has buckets, slots put together to about a thousand records, whose
 * room is known from the counts. Memory: 16 KiB, and 4 bytes a bucket of the open part.
 */

/** A share of the hash space that is grouped at once. */
export interface KeyPart {
  /** Slots `[from, to)` of the hash space. */
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

/** Slots of the hash space: the finest buckets, and the finest parts. Their cursors fit the first cache. */
export const SLOT_BITS = 12;
/** Records of a bucket: they and their order stay in the first two caches. */
export const BUCKET_RECORDS = 1024;

export class KeySlots {
  /** Records by slot. */
  readonly counts = new Uint32Array(1 << SLOT_BITS);
  part: KeyPart = { from: 0, to: 0, records: 0 };
  /** A slot's bucket is the slot shifted by this. */
  shift = 0;
  /** Per bucket of the open part where its next record goes, in words: its start when the part is opened, behind its last record when all are placed. */
  ends = new Uint32Array(1);

  /** Opens `part`, whose records have `stride` words each. */
  open(part: KeyPart, stride: number): void {
    const slots = part.to - part.from;
    const buckets = Math.max(1, Math.min(slots, part.records / BUCKET_RECORDS));
    const shift = Math.ceil(Math.log2(slots / buckets));
    this.part = part;
    this.shift = shift;
    const firstBucket = part.from >> shift;
    this.ends = new Uint32Array(((part.to - 1) >> shift) - firstBucket + 1);
    let words = 0;
    let last = -1;
    for (let slot = part.from; slot < part.to; slot++) {
      const bucket = (slot >> shift) - firstBucket;
      if (bucket !== last) this.ends[bucket] = words;
      last = bucket;
      words += this.counts[slot] * stride;
    }
  }
}

/** Consecutive slots that have at most `maxRecords` records together, or are one. Parts without records are left out. */
export function cutParts(slotCounts: Uint32Array | Float64Array, maxRecords: number): KeyPart[] {
  const parts: KeyPart[] = [];
  let from = 0;
  let records = 0;
  for (let slot = 0; slot < slotCounts.length; slot++) {
    const count = slotCounts[slot];
    if (records > 0 && records + count > maxRecords) {
      parts.push({ from, to: slot, records });
      from = slot;
      records = 0;
    }
    records += count;
  }
  if (records > 0) parts.push({ from, to: slotCounts.length, records });
  return parts;
}
