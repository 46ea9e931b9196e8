/**
 * Words of whitespace and of numbers, which several scanners cut alike.
 *
 * Invariant: each function is a part of a regular expression, which stands above it. Price: one class load a character.
 */
import { charAt, NEWLINE, NUMBER, WHITESPACE } from "./char-class.ts";

/** `\s+(?!\S)|\s+` at whitespace: the run less its last character, unless the text ends there or there is only one. */
export function blanks(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  let last = start;
  while (p < end) {
    const char = charAt(bytes, p, end);
    if ((char & WHITESPACE) === 0) break;
    last = p;
    p += char >> 8;
  }
  return p === end || last === start ? p : last;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` at whitespace: up to the run's last newline where it has one. */
export function blanksOrLines(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  let last = start;
  let lineEnd = 0;
  while (p < end) {
    const char = charAt(bytes, p, end);
    if ((char & WHITESPACE) === 0) break;
    last = p;
    p += char >> 8;
    if ((char & NEWLINE) !== 0) lineEnd = p;
  }
  if (lineEnd !== 0) return lineEnd;
  return p === end || last === start ? p : last;
}

/** The end of at most `limit` numbers from `p` on. */
export function numbers(bytes: Uint8Array, p: number, end: number, limit: number): number {
  for (let count = 0; count < limit && p < end; count++) {
    const char = charAt(bytes, p, end);
    if ((char & NUMBER) === 0) break;
    p += char >> 8;
  }
  return p;
}
