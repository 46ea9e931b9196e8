/**
 * Which two tokens merge into which, and how early.
 *
 * Invariant: one entry per pair; a lower rank merges first. An entry is eight bytes in an open-addressing table at most two thirds full,
 * so a look-up is nearly always one cache line. Limits: {@link MAX_TOKEN_IDS} ids, {@link MAX_MERGES} merges.
 */

export const MAX_TOKEN_IDS = 1 << 21;
export const MAX_MERGES = (1 << 22) - 1;
/** Rank of a pair that does not merge: above every rank. */
export const NO_MERGE = 0x7fffffff;

const ID_BITS = 21;
const ID_MASK = MAX_TOKEN_IDS - 1;
const EMPTY = -1;

export class MergeTable {
  /** Pairs of words: right id and low rank bits, left id and high rank bits; {@link EMPTY} twice in a free place. */
  readonly entries: Int32Array;
  /** The table has `1 << bits` entries. */
  readonly bits: number;
  /** Token made by the merge of each rank. */
  readonly merged: Int32Array;

  /**
   * @param merges left, right, rank, merged id of every merge; of two entries for one pair the later counts
   * @param ranks one more than the largest rank
   */
  constructor(merges: Int32Array, ranks: number) {
    let bits = 10;
    while ((1 << bits) * 2 < (merges.length / 4) * 3) bits++;
    this.bits = bits;
    this.entries = new Int32Array(2 << bits).fill(EMPTY);
    this.merged = new Int32Array(ranks);
    for (let i = 0; i < merges.length; i += 4) {
      const rank = merges[i + 2];
      const slot = this.#slot(merges[i], merges[i + 1]);
      this.entries[slot] = merges[i + 1] | (rank << ID_BITS);
      this.entries[slot + 1] = merges[i] | ((rank >>> (32 - ID_BITS)) << ID_BITS);
      this.merged[rank] = merges[i + 3];
    }
  }

  /** Rank of the pair, {@link NO_MERGE} where it does not merge. */
  rank(left: number, right: number): number {
    const slot = this.#slot(left, right);
    const high = this.entries[slot + 1];
    if (high === EMPTY) return NO_MERGE;
    return (this.entries[slot] >>> ID_BITS) | ((high >>> ID_BITS) << (32 - ID_BITS));
  }

  /** Calls `visit(left, right, rank)` for every pair that merges. */
  forEach(visit: (left: number, right: number, rank: number) => void): void {
    for (let slot = 0; slot < this.entries.length; slot += 2) {
      const low = this.entries[slot];
      const high = this.entries[slot + 1];
      if (high === EMPTY) continue;
      visit(high & ID_MASK, low & ID_MASK, (low >>> ID_BITS) | ((high >>> ID_BITS) << (32 - ID_BITS)));
    }
  }

  /** Where the pair is, or the free place where it would go. */
  #slot(left: number, right: number): number {
    const entries = this.entries;
    const mask = entries.length - 1;
    const hash = Math.imul(Math.imul(left, 0x9e3779b1) + right, 0x85ebca77);
    let slot = (hash >>> (32 - this.bits)) << 1;
    for (;;) {
      const high = entries[slot + 1];
      if (high === EMPTY || ((high & ID_MASK) === left && (entries[slot] & ID_MASK) === right)) return slot;
      slot = (slot + 2) & mask;
    }
  }
}
