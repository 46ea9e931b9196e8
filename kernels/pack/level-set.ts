/**
 * A set of integers below a bound that answers "the smallest member of at least x": how packers find the fullest row that still has room.
 *
 * Invariant: members are at least 0 and below the bound. Price: seven words looked at for bounds up to 2^20; a bit a value.
 */

export class LevelSet {
  // One level per power of 32; three hold windows of up to 2^20 tokens, and each further one multiplies that by 32.
  readonly #words: Uint32Array[] = [];

  constructor(bound: number) {
    for (let bits = bound; ; bits = Math.ceil(bits / 32)) {
      this.#words.push(new Uint32Array(Math.ceil(bits / 32)));
      if (bits <= 32) break;
    }
  }

  add(value: number): void {
    for (let level = 0, at = value; level < this.#words.length; level++, at >>>= 5) {
      this.#words[level][at >>> 5] |= 1 << (at & 31);
    }
  }

  remove(value: number): void {
    for (let level = 0, at = value; level < this.#words.length; level++, at >>>= 5) {
      const words = this.#words[level];
      words[at >>> 5] &= ~(1 << (at & 31));
      if (words[at >>> 5] !== 0) return;
    }
  }

  /** The smallest member of at least `value`, or -1. */
  atLeast(value: number): number {
    const sets = this.#words;
    for (let level = 0, at = value; level < sets.length; level++) {
      const index = at >>> 5;
      if (index >= sets[level].length) return -1;
      const found = sets[level][index] & (-1 << (at & 31));
      if (found !== 0) {
        let member = (index << 5) | (31 - Math.clz32(found & -found));
        while (level-- > 0) {
          const word = sets[level][member];
          member = (member << 5) | (31 - Math.clz32(word & -word));
        }
        return member;
      }
      at = index + 1;
    }
    return -1;
  }
}
