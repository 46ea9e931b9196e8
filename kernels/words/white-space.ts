/**
 * Words as what stands between white space: Python's `text.split()`, and fastText's tokens.
 *
 * Invariant: ranges ascend, are apart, and none is empty. Price: 2 ns a byte.
 */
import { spaceLength } from "../lines.ts";
import type { WordRanges } from "./types.ts";

/** Replaces `out` by the words of Python's `str.split()`. */
export function splitWords(bytes: Uint8Array, start: number, end: number, out: WordRanges): void {
  out.clear();
  let from = -1;
  for (let at = start; at < end; ) {
    const space = spaceLength(bytes, at, end);
    if (space === 0) {
      if (from < 0) from = at;
      at++;
      continue;
    }
    if (from >= 0) out.push(from, at);
    from = -1;
    at += space;
  }
  if (from >= 0) out.push(from, end);
}

/** Space, line end, return, tab, vertical tab, form feed, and the zero byte. */
const FASTTEXT_SPACE = new Uint8Array(256);
for (const byte of [0x20, 0x0a, 0x0d, 0x09, 0x0b, 0x0c, 0x00]) FASTTEXT_SPACE[byte] = 1;

/** Replaces `out` by the words that fastText cuts a text into, but for the ends of lines that it counts as words. */
export function splitFasttextWords(bytes: Uint8Array, start: number, end: number, out: WordRanges): void {
  out.clear();
  let from = -1;
  for (let at = start; at < end; at++) {
    if (FASTTEXT_SPACE[bytes[at]] === 0) {
      if (from < 0) from = at;
      continue;
    }
    if (from >= 0) out.push(from, at);
    from = -1;
  }
  if (from >= 0) out.push(from, end);
}
