/**
 * Which hashes may occur more than once, without a table of them.
 *
 * Owns {@link Sketch}: counters by hash, eight for every hash expected. Invariant: a count is never too low, so what it calls single is
 * single; about one single hash in eight looks repeated. Price: one byte a counter, one multiply and one load a question.
 */

export class Sketch {
  #counters = new Uint8Array(1 << 10);
  #shift = 0;

  /** Empties the sketch and makes room for `count` hashes. */
  reset(count: number): void {
    const bits = Math.min(24, Math.max(10, 35 - Math.clz32(count)));
    const size = 1 << bits;
    if (size > this.#counters.length) this.#counters = new Uint8Array(size);
    else this.#counters.fill(0, 0, size);
    this.#shift = 32 - bits;
  }

  add(hash: number): void {
    const slot = Math.imul(hash, 0x85ebca6b) >>> this.#shift;
    const counter = this.#counters[slot];
    if (counter < 255) this.#counters[slot] = counter + 1;
  }

  /** At least how often `hash` was added. */
  countOf(hash: number): number {
    const counter = this.#counters[Math.imul(hash, 0x85ebca6b) >>> this.#shift];
    return counter === 255 ? Number.POSITIVE_INFINITY : counter;
  }

  /** Keeps, in order, the first `count` positions whose hash may occur more than once; returns how many are left. */
  keepRepeated(positions: Int32Array, count: number, hashes: Int32Array): number {
    this.reset(count);
    for (let i = 0; i < count; i++) this.add(hashes[positions[i]]);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = positions[i];
      if (this.countOf(hashes[position]) > 1) positions[kept++] = position;
    }
    return kept;
  }
}
