/**
 * Characters, words and lines of a text, counted in one walk over its bytes.
 *
 * A character is a code point. A word is a run without White_Space (Unicode 17, property White_Space: 25 characters that no version has changed since
 * 6.3). Lines are separated by LF; a text that ends in one has no empty line after it, and the empty text has none. Price: about a nanosecond a byte.
 */
import { uint8At } from "../../batch/numbers.ts";

export interface TextMeasures {
  characters: number;
  words: number;
  lines: number;
}

const LF = 0x0a;

/** Measures `data[start, end)`, which is UTF-8, into `out`. */
export function measureText(data: Uint8Array, start: number, end: number, out: TextMeasures): void {
  let characters = 0;
  let words = 0;
  let lines = 0;
  let inWord = false;
  for (let i = start; i < end; i++) {
    const byte = uint8At(data, i);
    if (byte < 0x80) {
      characters++;
      if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) {
        inWord = false;
        if (byte === LF) lines++;
      } else if (!inWord) {
        inWord = true;
        words++;
      }
      continue;
    }
    if (byte < 0xc0) continue;
    characters++;
    if (isWhiteSpace(data, i, end, byte)) inWord = false;
    else if (!inWord) {
      inWord = true;
      words++;
    }
  }
  out.characters = characters;
  out.words = words;
  out.lines = end > start && uint8At(data, end - 1) !== LF ? lines + 1 : lines;
}

/** U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000. */
function isWhiteSpace(data: Uint8Array, at: number, end: number, lead: number): boolean {
  const second = at + 1 < end ? uint8At(data, at + 1) : 0;
  if (lead === 0xc2) return second === 0x85 || second === 0xa0;
  const third = at + 2 < end ? uint8At(data, at + 2) : 0;
  if (lead === 0xe1) return second === 0x9a && third === 0x80;
  if (lead === 0xe3) return second === 0x80 && third === 0x80;
  if (lead !== 0xe2) return false;
  if (second === 0x81) return third === 0x9f;
  return second === 0x80 && ((third >= 0x80 && third <= 0x8a) || third === 0xa8 || third === 0xa9 || third === 0xaf);
}
