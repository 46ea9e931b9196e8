/** Bits of a byte array, most significant first. Price: a few ns a read. */

/** More bits were asked for than there are. */
export class OutOfBits extends Error {}

export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Bits before `at` are in `#held` or were taken. */
  #at = 0;
  #end = 0;
  #held = 0;
  #count = 0;

  /** Goes to bit `bit` of `bytes[0, end)`. */
  seek(bytes: Uint8Array, end: number, bit: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = Math.floor(bit / 8);
    this.#held = 0;
    this.#count = 0;
    if (bit % 8 > 0) this.take(bit % 8);
  }

  /** Position of the next bit. */
  get bit(): number {
    return this.#at * 8 - this.#count;
  }

  get left(): number {
    return (this.#end - this.#at) * 8 + this.#count;
  }

  /** The next `count` bits, 24 at most, as a number. */
  take(count: number): number {
    const value = this.peek(count);
    if (this.#count < count) throw new OutOfBits();
    this.skip(count);
    return value;
  }

  /** The same without taking them; behind the end there are zeros. */
  peek(count: number): number {
    while (this.#count < count && this.#at < this.#end) {
      this.#held = (this.#held << 8) | this.#bytes[this.#at++];
      this.#count += 8;
    }
    const missing = count - this.#count;
    const mask = (1 << count) - 1;
    return missing <= 0 ? (this.#held >>> -missing) & mask : (this.#held << missing) & mask;
  }

  /** Takes `count` bits that were looked at. */
  skip(count: number): void {
    if (this.#count < count) throw new OutOfBits();
    this.#count -= count;
    // Taken bits would be pushed out at the top by and by; without them a look stays below 32 bits.
    this.#held &= (1 << this.#count) - 1;
  }
}
