/**
 * Where a document can be cut so that its parts, encoded one by one, have the ids of the whole.
 *
 * Every known pre-tokenizer ends a word behind a letter or number that whitespace or a symbol follows, whatever stands before or behind,
 * and none looks back. Apostrophes may belong to a contraction, marks to the letter before them: they are no place to cut.
 */
import { charAt, LETTER, NUMBER, OTHER, WHITESPACE } from "./char-class.ts";

const APOSTROPHE = 0x27;

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Whether `bytes[start, end)` can be cut at `at`; needs `start < at < end`. */
function isSafe(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  if (bytes[at] === APOSTROPHE || isContinuation(bytes[at])) return false;
  if ((charAt(bytes, at, end) & (WHITESPACE | OTHER)) === 0) return false;
  let before = at - 1;
  while (before > start && isContinuation(bytes[before])) before--;
  const char = charAt(bytes, before, at);
  return (char & (LETTER | NUMBER)) !== 0 && before + (char >> 8) === at;
}

/** The last place in `(start, limit]` to cut `bytes[start, end)` at, -1 where there is none; needs `limit < end`. */
export function lastSafeCut(bytes: Uint8Array, start: number, limit: number, end: number): number {
  for (let at = limit; at > start; at--) if (isSafe(bytes, start, at, end)) return at;
  return -1;
}

/** The first place in `(start, end)` to cut `bytes[start, end)` at, `end` where there is none. */
export function nextSafeCut(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) if (isSafe(bytes, start, at, end)) return at;
  return end;
}
