/**
 * Words of the fast family: UTF-8 to one 64-bit hash per word. Twin of assembly/minhash/fast-words.ts, which says what a word is.
 *
 * Invariant: the same hashes as the WebAssembly for every input. 64-bit arithmetic is in halves. Price: about 60 ns a word
 * and 5 ns a character; this is the fallback and the oracle.
 */

import { multiplyHigh } from "../hash/xxh64.ts";
import { CODE_POINT_MASK, decodeAt, encodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { FAST_KIND, FAST_KIND_BITS, fastTable, tableViews } from "./character-tables.ts";

/** Takes the halves of a 64-bit integer. */
export type PairSink = (high: number, low: number) => void;

const KIND_MASK = (1 << FAST_KIND_BITS) - 1;
const CHUNK = 16;
const LOW_FACTOR = { high: 0x9e3779b9 | 0, low: 0x7f4a7c15 } as const;
const HIGH_FACTOR = { high: 0xc2b2ae3d | 0, low: 0x27d4eb4f } as const;
const MIX_FACTOR = { high: 0xd6e8feb8 | 0, low: 0x6659fd93 } as const;

export class FastWords {
  readonly #table = tableViews(fastTable());
  /** The end of the open word: at most a chunk, and 4 bytes of a character more. */
  readonly #rest = new Uint8Array(CHUNK + 4);
  readonly #words = new Int32Array(this.#rest.buffer, 0, CHUNK / 4);
  #high = 0;
  #low = 0;

  /** Gives the hash of every word of `bytes[start, end)` to `sink`. */
  scan(bytes: Uint8Array, start: number, end: number, sink: PairSink): void {
    const { stage, values } = this.#table;
    let rest = 0;
    for (let at = start; at < end; ) {
      const decoded = decodeAt(bytes, at, end);
      const codePoint = decoded & CODE_POINT_MASK;
      at += decoded >> LENGTH_SHIFT;
      const value = values[(stage[codePoint >> 8] << 8) + (codePoint & 0xff)];
      const kind = value & KIND_MASK;
      if (kind === FAST_KIND.drop) continue;
      if (rest > 0 && (kind === FAST_KIND.separator || kind === FAST_KIND.alone)) {
        this.#finish(rest, sink);
        rest = 0;
      }
      if (kind === FAST_KIND.separator) continue;
      rest = encodeAt(this.#rest, rest, codePoint + (value >> FAST_KIND_BITS));
      if (kind === FAST_KIND.alone) {
        this.#finish(rest, sink);
        rest = 0;
      } else if (rest > CHUNK) {
        this.#absorb();
        this.#rest.copyWithin(0, CHUNK);
        rest -= CHUNK;
      }
    }
    if (rest > 0) this.#finish(rest, sink);
  }

  #finish(rest: number, sink: PairSink): void {
    this.#rest.fill(0, rest);
    this.#absorb();
    sink(this.#high, this.#low);
    this.#high = 0;
    this.#low = 0;
  }

  /** hash = mix((first 8 bytes ^ hash) * LOW_FACTOR ^ rotl((last 8 bytes + hash) * HIGH_FACTOR, 31)). */
  #absorb(): void {
    const words = this.#words;
    const firstLow = words[0] ^ this.#low;
    const firstHigh = words[1] ^ this.#high;
    const sum = (words[2] >>> 0) + (this.#low >>> 0);
    const lastLow = sum | 0;
    const lastHigh = (words[3] + this.#high + (sum > 0xffffffff ? 1 : 0)) | 0;
    const turnLow = Math.imul(lastLow, HIGH_FACTOR.low);
    const turnHigh = productHigh(lastHigh, lastLow, HIGH_FACTOR);
    let low = Math.imul(firstLow, LOW_FACTOR.low) ^ ((turnLow << 31) | (turnHigh >>> 1));
    let high = productHigh(firstHigh, firstLow, LOW_FACTOR) ^ ((turnHigh << 31) | (turnLow >>> 1));
    low ^= high;
    high = productHigh(high, low, MIX_FACTOR);
    low = Math.imul(low, MIX_FACTOR.low);
    this.#low = low ^ ((low >>> 29) | (high << 3));
    this.#high = high ^ (high >>> 29);
  }
}

/** The high half of (high, low) * factor mod 2^64; the low one is the 32-bit product of the lows. */
export function productHigh(
  high: number,
  low: number,
  factor: { readonly high: number; readonly low: number },
): number {
  return (multiplyHigh(low, factor.low) + Math.imul(low, factor.high) + Math.imul(high, factor.low)) | 0;
}
