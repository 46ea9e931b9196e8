/**
 * The bytes that an e-mail address, an IP address or a phone number cannot be without: where a closer look pays.
 *
 * Owns the rule for each kind: `@`; a full stop between digits; a colon beside another or between hexadecimal digits; a
 * plus sign before a digit, or one of space, hyphen, full stop between digits. Price: a nanosecond a byte; the
 * WebAssembly twin (assembly/pii) a tenth.
 */

/** Kinds of anchors, bits. */
export const AT_SIGN = 1;
export const DOTTED = 2;
export const COLON = 4;
export const PHONE = 8;

export interface AnchorScanner {
  /** Looks for anchors in `bytes[start, end)` and returns their number. */
  readonly scan: (bytes: Uint8Array, start: number, end: number) => number;
  /** Those that were found last, ascending, counted from the text's start. */
  readonly positions: Int32Array | Uint32Array;
}

/** Bits of bytes. */
const DIGIT = 1;
const HEX = 2;
const COLON_OR_HEX = 4;
const INTERESTING = 8;
const SPACE = 0x20;
const PLUS = 0x2b;
const HYPHEN = 0x2d;
const FULL_STOP = 0x2e;
const COLON_BYTE = 0x3a;
const AT = 0x40;

export class PlainAnchorScanner implements AnchorScanner {
  positions = new Int32Array(64);
  readonly #kinds = new Uint8Array(256);

  /** Looks for anchors of the kinds that `wanted` adds up. */
  constructor(wanted: number) {
    const kinds = this.#kinds;
    for (let byte = 0x30; byte <= 0x39; byte++) kinds[byte] = DIGIT | HEX | COLON_OR_HEX;
    for (let byte = 0x41; byte <= 0x46; byte++) kinds[byte] = kinds[byte | 0x20] = HEX | COLON_OR_HEX;
    kinds[COLON_BYTE] = COLON_OR_HEX;
    for (const [byte, bits] of [
      [AT, AT_SIGN],
      [FULL_STOP, DOTTED | PHONE],
      [COLON_BYTE, COLON],
      [SPACE, PHONE],
      [HYPHEN, PHONE],
      [PLUS, PHONE],
    ]) {
      if ((bits & wanted) !== 0) kinds[byte] |= INTERESTING;
    }
  }

  scan(bytes: Uint8Array, start: number, end: number): number {
    const kinds = this.#kinds;
    let count = 0;
    for (let at = start; at < end; at++) {
      if ((kinds[bytes[at]] & INTERESTING) === 0 || !this.#isAnchor(bytes, at, start, end)) continue;
      if (count === this.positions.length) {
        const grown = new Int32Array(count * 2);
        grown.set(this.positions);
        this.positions = grown;
      }
      this.positions[count++] = at - start;
    }
    return count;
  }

  #isAnchor(bytes: Uint8Array, at: number, start: number, end: number): boolean {
    const byte = bytes[at];
    if (byte === AT) return true;
    if (at + 1 >= end) return false;
    const after = this.#kinds[bytes[at + 1]];
    if (byte === PLUS) return (after & DIGIT) !== 0;
    if (at === start) return false;
    const before = this.#kinds[bytes[at - 1]];
    if (byte === COLON_BYTE) return (before & after & COLON_OR_HEX) !== 0;
    return (before & after & DIGIT) !== 0;
  }
}
