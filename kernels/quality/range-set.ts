/**
 * Exact sets of byte ranges: which lines, paragraphs or n-grams of one text were seen before.
 *
 * Owns {@link RangeSet} and the range hash. Invariant: a range counts as seen only when its bytes are equal; a hash alone never
 * decides. Price: one multiply per four bytes, 16 bytes of table per distinct range, nothing allocated once grown.
 */

const MIN_SLOTS = 64;

/** Finishes a 32-bit hash: every input bit reaches every output bit. */
export function mix32(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  return h ^ (h >>> 16);
}

/** Whether two ranges of `bytes`, both `length` long, hold the same bytes. */
export function sameBytes(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (bytes[a + i] !== bytes[b + i]) return false;
  }
  return true;
}

export class RangeSet {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** Entry number + 1, 0 for a free slot. Only the first `#mask + 1` slots are in use. */
  #slots = new Int32Array(MIN_SLOTS);
  #mask = MIN_SLOTS - 1;
  #hashes = new Int32Array(MIN_SLOTS);
  #starts = new Int32Array(MIN_SLOTS);
  #ends = new Int32Array(MIN_SLOTS);
  #count = 0;

  /** Empties the set; ranges added from now on are positions in `bytes`. */
  reset(bytes: Uint8Array): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#slots.fill(0, 0, this.#mask + 1);
    this.#mask = MIN_SLOTS - 1;
    this.#count = 0;
  }

  /** Adds `bytes[start, end)` and tells whether equal bytes were in the set already. */
  seen(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const hash = this.#hash(start, end);
    let slot = hash & this.#mask;
    for (;;) {
      const entry = this.#slots[slot] - 1;
      if (entry < 0) break;
      if (
        this.#hashes[entry] === hash &&
        this.#ends[entry] - this.#starts[entry] === end - start &&
        sameBytes(bytes, this.#starts[entry], start, end - start)
      ) {
        return true;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#slots[slot] = this.#count + 1;
    this.#hashes[this.#count] = hash;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count++;
    if (this.#count * 2 > this.#mask) this.#grow();
    return false;
  }

  #hash(start: number, end: number): number {
    let h = end - start;
    let p = start;
    for (; p + 4 <= end; p += 4) {
      h = Math.imul(h ^ this.#view.getInt32(p, true), 0x9e3779b1);
      h ^= h >>> 15;
    }
    for (; p < end; p++) h = Math.imul(h ^ this.#bytes[p], 0x01000193);
    return mix32(h);
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2;
    if (size > this.#slots.length) {
      this.#slots = new Int32Array(size);
      this.#hashes = widen(this.#hashes, size);
      this.#starts = widen(this.#starts, size);
      this.#ends = widen(this.#ends, size);
    } else {
      this.#slots.fill(0, 0, size);
    }
    this.#mask = size - 1;
    for (let entry = 0; entry < this.#count; entry++) {
      let slot = this.#hashes[entry] & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = entry + 1;
    }
  }
}

/** A copy of `values` with room for `size` of them. */
function widen(values: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(size);
  wider.set(values);
  return wider;
}
