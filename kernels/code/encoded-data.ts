/**
 * Data that is written out in code: base64, rows of hexadecimal bytes, escaped characters.
 *
 * Owns {@link EncodedData}: what the three expressions of StarCoder2 match, one after the other. Base64 is 64 letters,
 * digits, `+`, `/`, `=` and newlines or more; hexadecimal is eight bytes of two digits or more, with `0x` or `\x` or
 * without, a comma or white space behind each; escapes are eight `\uXXXX` or more. Invariant: the characters that
 * Python's `re` matches. Price: 2 ns a byte.
 */
import { spaceLength } from "../lines.ts";
import { isWordCharacter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, decodeBefore } from "../unicode/utf8.ts";

const MIN_BASE64 = 64;
const MIN_UNITS = 8;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

const BASE64 = new Uint8Array(256);
const HEX = new Uint8Array(256);
for (const byte of Buffer.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=\n")) BASE64[byte] = 1;
for (const byte of Buffer.from("0123456789abcdefABCDEF")) HEX[byte] = 1;

export class EncodedData {
  /** Characters that are matched, those of each expression added up, and of the longest match. */
  matched = 0;
  longest = 0;

  measure(bytes: Uint8Array, start: number, end: number): void {
    this.matched = 0;
    this.longest = 0;
    this.#base64(bytes, start, end);
    this.#hexadecimal(bytes, start, end);
    this.#escapes(bytes, start, end);
  }

  #add(length: number): void {
    this.matched += length;
    if (length > this.longest) this.longest = length;
  }

  #base64(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    for (let at = start; at <= end; at++) {
      if (at < end && BASE64[bytes[at]] === 1) continue;
      if (at - from >= MIN_BASE64) this.#add(at - from);
      from = at + 1;
    }
  }

  #escapes(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      let to = at;
      let units = 0;
      for (let next = escapeEnd(bytes, to, end); next > to; next = escapeEnd(bytes, to, end)) {
        to = next;
        units++;
      }
      if (units >= MIN_UNITS) this.#add(to - at);
      at = Math.max(to, at + 1);
    }
  }

  #hexadecimal(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      let to = at;
      let units = 0;
      let chars = 0;
      for (let next = unitEnd(bytes, start, to, end); next > to; next = unitEnd(bytes, start, to, end)) {
        for (let i = to; i < next; i++) if ((bytes[i] & 0xc0) !== 0x80) chars++;
        to = next;
        units++;
      }
      if (units < MIN_UNITS) {
        at++;
        continue;
      }
      this.#add(chars);
      at = to;
    }
  }
}

/** The end of `\uXXXX` at `at`, or `at`. */
function escapeEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at] !== BACKSLASH || bytes[at + 1] !== 0x75) return at;
  for (let i = at + 2; i < at + 6; i++) if (HEX[bytes[i]] === 0) return at;
  return at + 6;
}

/** The end of a hexadecimal byte at `at` with what stands behind it, or `at`. */
function unitEnd(bytes: Uint8Array, start: number, at: number, end: number): number {
  const byte = bytes[at];
  if (at >= end || (HEX[byte] === 0 && byte !== BACKSLASH)) return at;
  if (!isBoundary(bytes, start, at, end)) return at;
  const hasPrefix = at + 1 < end && bytes[at + 1] === 0x78 && (byte === 0x30 || byte === BACKSLASH);
  const digits = hasPrefix ? at + 2 : at;
  if (digits + 2 > end || HEX[bytes[digits]] === 0 || HEX[bytes[digits + 1]] === 0) return at;
  let to = digits + 2;
  if (to < end && bytes[to] === COMMA) return to + 1;
  if (!isBoundary(bytes, start, to, end)) return at;
  for (let space = 0; to < end; to += space) {
    space = spaceLength(bytes, to, end);
    if (space === 0) break;
  }
  return to;
}

/** Python's `\b`: one of the two characters at `at` is of `\w`, the other is not or not there. */
function isBoundary(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  const before = at > start && isWordCharacter(decodeBefore(bytes, start, at) & CODE_POINT_MASK);
  const after = at < end && isWordCharacter(decodeAt(bytes, at, end) & CODE_POINT_MASK);
  return before !== after;
}
