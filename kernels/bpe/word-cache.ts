/**
 * Tokens of words seen before, by the words' bytes.
 *
 * Words of at most {@link SHORT_BYTES} bytes are their own key: sixteen bytes with the length on top, beside up to four tokens, in one
 * 32-byte slot. Longer words, up to {@link LONG_BYTES}, are hashed and compared. Invariant: never more memory than the budget: the
 * tables grow to it, then the whole generation is dropped. A hit gives the tokens a miss would: the cache cannot change output.
 */

export const SHORT_BYTES = 15;
export const LONG_BYTES = 256;
/** Ids a short word's slot holds; a word with more keeps them in the arena. */
const INLINE_IDS = 4;
const SLOT_WORDS = 8;
const FIRST_SLOTS = 1 << 14;
const FIRST_ARENA = 1 << 14;
/** First word of a slot's value: `count << ID_BITS | id`, or this where the ids are in the arena. */
const IN_ARENA = -1;
export const ID_BITS = 28;
export const ID_MASK = (1 << ID_BITS) - 1;

/** Hash of a short word's key. Products are summed, then the high bits, which every input bit reaches, are folded down. */
export function hashShort(k0: number, k1: number, k2: number, k3: number): number {
  const sum =
    Math.imul(k0, 0x9e3779b1) + Math.imul(k1, 0x85ebca77) + Math.imul(k2, 0xc2b2ae3d) + Math.imul(k3, 0x27d4eb2f);
  const mixed = Math.imul(sum ^ (sum >>> 16), 0x7feb352d);
  return mixed ^ (mixed >>> 15);
}

function hashLong(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let p = start; p < end; p++) hash = Math.imul(hash ^ bytes[p], 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function powerOfTwoUpTo(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}

export class WordCache {
  /** Slots of {@link SLOT_WORDS} words: key (4), then value (4); a value of 0 marks a free slot. Replaced when the table grows. */
  slots: Int32Array;
  /** Slot count less one. */
  mask: number;
  /** Generations dropped because the budget was used up. */
  generations = 0;
  #used = 0;
  readonly #maxSlots: number;
  /** Hash and arena position of every long word; position 0 marks a free place. */
  #long: Int32Array;
  #longUsed = 0;
  readonly #maxLong: number;
  /** Records of long words (byte length, id count, ids, bytes) and the ids of short words with many. Position 0 is unused. */
  #arena: Int32Array;
  #arenaBytes: Uint8Array;
  #arenaUsed = 1;
  readonly #maxArena: number;

  /** @param budgetBytes upper bound of the tables' size; while one grows, its predecessor is alive beside it */
  constructor(budgetBytes: number) {
    const words = Math.max(budgetBytes, 1 << 16) / 4;
    this.#maxSlots = powerOfTwoUpTo(words / 2 / SLOT_WORDS);
    this.#maxLong = powerOfTwoUpTo(words / 16 / 2);
    this.#maxArena = Math.floor((words * 3) / 8);
    const slots = Math.min(FIRST_SLOTS, this.#maxSlots);
    this.slots = new Int32Array(slots * SLOT_WORDS);
    this.mask = slots - 1;
    this.#long = new Int32Array(2 * Math.min(FIRST_SLOTS, this.#maxLong));
    this.#arena = new Int32Array(Math.min(FIRST_ARENA, this.#maxArena));
    this.#arenaBytes = new Uint8Array(this.#arena.buffer);
  }

  /** Copies the ids of a slot whose value is {@link IN_ARENA}; returns how many. */
  copyFromArena(slot: number, out: Uint32Array, at: number): number {
    const position = this.slots[slot + 5];
    const count = this.slots[slot + 6];
    for (let i = 0; i < count; i++) out[at + i] = this.#arena[position + i];
    return count;
  }

  /** Remembers a short word that is not in the table; its ids are `ids[at, at + count)`. */
  addShort(k0: number, k1: number, k2: number, k3: number, ids: Uint32Array, at: number, count: number): void {
    if (this.#used * 2 > this.mask) this.#growSlots();
    const position = count > INLINE_IDS ? this.#reserve(count) : 0;
    const slot = this.#freeSlot(hashShort(k0, k1, k2, k3));
    const { slots } = this;
    slots[slot] = k0;
    slots[slot + 1] = k1;
    slots[slot + 2] = k2;
    slots[slot + 3] = k3;
    if (count <= INLINE_IDS) {
      for (let i = 0; i < count; i++) slots[slot + 4 + i] = ids[at + i];
      slots[slot + 4] |= count << ID_BITS;
    } else {
      for (let i = 0; i < count; i++) this.#arena[position + i] = ids[at + i];
      slots[slot + 4] = IN_ARENA;
      slots[slot + 5] = position;
      slots[slot + 6] = count;
    }
    this.#used++;
  }

  /** Copies the ids of the long word `bytes[start, end)` to `out`; returns how many, 0 where it is unknown. */
  copyLong(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    const hash = hashLong(bytes, start, end);
    const long = this.#long;
    const mask = long.length - 1;
    for (let place = (hash << 1) & mask; long[place + 1] !== 0; place = (place + 2) & mask) {
      const position = long[place + 1];
      if (long[place] !== hash || !this.#isWord(position, bytes, start, end)) continue;
      const count = this.#arena[position + 1];
      for (let i = 0; i < count; i++) out[at + i] = this.#arena[position + 2 + i];
      return count;
    }
    return 0;
  }

  /** Remembers a long word that is not in the table. */
  addLong(bytes: Uint8Array, start: number, end: number, ids: Uint32Array, at: number, count: number): void {
    if (this.#longUsed * 4 >= this.#long.length) this.#growLong();
    const length = end - start;
    const position = this.#reserve(2 + count + ((length + 3) >> 2));
    this.#arena[position] = length;
    this.#arena[position + 1] = count;
    for (let i = 0; i < count; i++) this.#arena[position + 2 + i] = ids[at + i];
    this.#arenaBytes.set(bytes.subarray(start, end), (position + 2 + count) * 4);
    this.#placeLong(hashLong(bytes, start, end), position);
  }

  #isWord(position: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#arena[position] !== length) return false;
    const from = (position + 2 + this.#arena[position + 1]) * 4;
    for (let i = 0; i < length; i++) if (this.#arenaBytes[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #placeLong(hash: number, position: number): void {
    const mask = this.#long.length - 1;
    let place = (hash << 1) & mask;
    while (this.#long[place + 1] !== 0) place = (place + 2) & mask;
    this.#long[place] = hash;
    this.#long[place + 1] = position;
    this.#longUsed++;
  }

  #freeSlot(hash: number): number {
    let index = hash & this.mask;
    while (this.slots[index * SLOT_WORDS + 4] !== 0) index = (index + 1) & this.mask;
    return index * SLOT_WORDS;
  }

  #growSlots(): void {
    if (this.mask + 1 >= this.#maxSlots) {
      this.#drop();
      return;
    }
    const old = this.slots;
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array((this.mask + 1) * SLOT_WORDS);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from + 4] === 0) continue;
      const slot = this.#freeSlot(hashShort(old[from], old[from + 1], old[from + 2], old[from + 3]));
      for (let i = 0; i < SLOT_WORDS; i++) this.slots[slot + i] = old[from + i];
    }
  }

  #growLong(): void {
    if (this.#long.length >= this.#maxLong * 2) {
      this.#drop();
      return;
    }
    const old = this.#long;
    this.#long = new Int32Array(old.length * 2);
    this.#longUsed = 0;
    for (let place = 0; place < old.length; place += 2) {
      if (old[place + 1] !== 0) this.#placeLong(old[place], old[place + 1]);
    }
  }

  /** Room for `words` in the arena; drops the generation where there is none. */
  #reserve(words: number): number {
    if (this.#arenaUsed + words > this.#arena.length) {
      if (this.#arenaUsed + words > this.#maxArena) this.#drop();
      else this.#growArena(words);
    }
    const position = this.#arenaUsed;
    this.#arenaUsed += words;
    return position;
  }

  #growArena(words: number): void {
    const length = Math.min(this.#maxArena, Math.max(this.#arena.length * 2, this.#arenaUsed + words));
    const grown = new Int32Array(length);
    grown.set(this.#arena);
    this.#arena = grown;
    this.#arenaBytes = new Uint8Array(grown.buffer);
  }

  #drop(): void {
    this.slots.fill(0);
    this.#long.fill(0);
    this.#used = this.#longUsed = 0;
    this.#arenaUsed = 1;
    this.generations++;
  }
}
