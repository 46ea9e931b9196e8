/** Canonical Huffman codes of bzip2: lengths of 1 to 20 bits. Price: one look-up for codes of up to 10 bits. */
import { type BitReader, OutOfBits } from "./bits.ts";

export const MAX_CODE_BITS = 20;
const FAST_BITS = 10;

export class HuffmanTable {
  /** By the next bits: symbol and length of a short code, 0 where the code is longer. */
  readonly #fast = new Uint16Array(1 << FAST_BITS);
  /** Symbols by code. */
  readonly #symbols = new Uint16Array(258);
  /** By length: the first code that is longer, and what turns a code into a position in `#symbols`. */
  readonly #limit = new Int32Array(MAX_CODE_BITS + 1);
  readonly #base = new Int32Array(MAX_CODE_BITS + 1);
  #used = 0;

  /** Takes the code with these lengths; it need not be complete, as the format has it. */
  set(lengths: Uint8Array, size: number): void {
    this.#fast.fill(0);
    this.#used = 0;
    let code = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      this.#base[length] = this.#used - code;
      for (let symbol = 0; symbol < size; symbol++) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[this.#used++] = symbol;
        if (length <= FAST_BITS && code < 1 << length) {
          const from = code << (FAST_BITS - length);
          this.#fast.fill((symbol << 5) | length, from, from + (1 << (FAST_BITS - length)));
        }
        code++;
      }
      this.#limit[length] = code;
      code <<= 1;
    }
  }

  /** The next symbol; -1 where the bits are no code. */
  next(bits: BitReader): number {
    const fast = this.#fast[bits.peek(FAST_BITS)];
    if (fast !== 0) {
      bits.skip(fast & 31);
      return fast >> 5;
    }
    const code = bits.peek(MAX_CODE_BITS);
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      const start = code >> (MAX_CODE_BITS - length);
      const at = this.#base[length] + start;
      if (start >= this.#limit[length] || at < 0 || at >= this.#used) continue;
      bits.skip(length);
      return this.#symbols[at];
    }
    if (bits.left < MAX_CODE_BITS) throw new OutOfBits();
    return -1;
  }
}
