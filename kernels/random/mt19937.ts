/**
 * The Mersenne Twister MT19937 as numpy's legacy `RandomState` seeds and reads it.
 *
 * Owns one generator's state. It exists for parity only: MinHash permutations must be the ones datatrove draws, and
 * traces must find documents where Megatron's shuffle puts them. New randomness in this project is keyed by (seed, stage,
 * source, shard) instead. Price: 4 ns a word, 15 ns an entry that is shuffled.
 */

const SIZE = 624;
const SHIFT = 397;

export class Mt19937 {
  readonly #state = new Uint32Array(SIZE);
  #next = SIZE;

  /** `seed` is an unsigned 32-bit integer. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const previous = state[i - 1];
      state[i] = Math.imul(previous ^ (previous >>> 30), 1812433253) + i;
    }
  }

  nextU32(): number {
    if (this.#next === SIZE) this.#twist();
    let word = this.#state[this.#next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A number from 0 to `max`, both included, below 2^32: words under the smallest mask that holds `max`, until one fits. */
  upTo(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffff_ffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.nextU32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /** Shuffles `values` as `RandomState.shuffle` does: every entry from the last on trades places with one at or before it. */
  shuffle(values: Uint32Array | Int32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.upTo(i);
      const value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const word = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE] ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
