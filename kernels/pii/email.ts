/**
 * E-mail addresses, by the rule of datatrove 0.10.1.
 *
 * Local part: runs of letters, digits and some signs, joined by single full stops. Behind the `@` at least two labels
 * of letters, digits and inner hyphens, or a literal in brackets. It begins where a word begins or ends, in any script.
 * Price: a few ns a byte around an `@`.
 */
import { isWordCharacter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeBefore } from "../unicode/utf8.ts";
import { octetEnd } from "./ipv4.ts";

const LETTER_OR_DIGIT = 1;
/** Of a local part, but for full stops. */
const ATOM = 2;
/** Of a label. */
const LABEL = 4;
const kinds = new Uint8Array(256);
for (const [first, last] of [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x61, 0x7a],
])
  kinds.fill(LETTER_OR_DIGIT | ATOM | LABEL, first, last + 1);
for (const sign of "!#$%&'*+/=?^_`{|}~-") kinds[sign.charCodeAt(0)] = ATOM;
kinds[0x2d] = ATOM | LABEL;

const FULL_STOP = 0x2e;
const UNDERSCORE = 0x5f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COLON = 0x3a;

/**
 * Where the address begins whose `@` is at `at`, not before `from`; -1 where there is none. `start` is that of the
 * text.
 */
export function emailStart(bytes: Uint8Array, start: number, from: number, at: number): number {
  let first = at;
  while (first > from) {
    const before = first - 1;
    if ((kinds[bytes[before]] & ATOM) !== 0) first = before;
    // A full stop stands between two atoms: behind it there is one already.
    else if (bytes[before] === FULL_STOP && first < at && before > from && (kinds[bytes[before - 1]] & ATOM) !== 0)
      first = before - 1;
    else break;
  }
  for (let p = first; p < at; p++) {
    if (bytes[p] === FULL_STOP) continue;
    if (isWord(bytes, p) !== (p > start && isWordBefore(bytes, start, p))) return p;
  }
  return -1;
}

/** Where the address ends whose `@` is at `at`; -1 where no host follows. */
export function emailEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 < end && bytes[at + 1] === OPEN) return literalEnd(bytes, at + 2, end);
  let labels = 0;
  let hostEnd = -1;
  for (let p = at + 1; ; ) {
    if (p >= end || (kinds[bytes[p]] & LETTER_OR_DIGIT) === 0) return labels > 1 ? hostEnd : -1;
    let stop = p;
    while (stop < end && (kinds[bytes[stop]] & LABEL) !== 0) stop++;
    const isWhole = (kinds[bytes[stop - 1]] & LETTER_OR_DIGIT) !== 0;
    if (isWhole && stop < end && bytes[stop] === FULL_STOP) {
      labels++;
      hostEnd = stop;
      p = stop + 1;
      continue;
    }
    while ((kinds[bytes[stop - 1]] & LETTER_OR_DIGIT) === 0) stop--;
    return labels > 0 ? stop : -1;
  }
}

/** The end of `1.2.3.4]` or `1.2.3.tag:]` at `at`, or -1. */
function literalEnd(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  for (let i = 0; i < 3; i++) {
    p = octetEnd(bytes, p, end, FULL_STOP) + 1;
    if (p === 0) return -1;
  }
  const last = octetEnd(bytes, p, end, CLOSE);
  if (last >= 0) return last + 1;
  let stop = p;
  while (stop < end && (kinds[bytes[stop]] & LABEL) !== 0) stop++;
  const isTag = stop > p && (kinds[bytes[stop - 1]] & LETTER_OR_DIGIT) !== 0;
  return isTag && stop + 1 < end && bytes[stop] === COLON && bytes[stop + 1] === CLOSE ? stop + 2 : -1;
}

/** Whether the ASCII character at `at` is of words, as Python's `\w` has it. */
function isWord(bytes: Uint8Array, at: number): boolean {
  return (kinds[bytes[at]] & LETTER_OR_DIGIT) !== 0 || bytes[at] === UNDERSCORE;
}

function isWordBefore(bytes: Uint8Array, start: number, at: number): boolean {
  return isWordCharacter(decodeBefore(bytes, start, at) & CODE_POINT_MASK);
}
