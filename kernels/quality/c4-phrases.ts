/**
 * The phrases C4 looks for in a line, found in one pass.
 *
 * Invariant: equal to looking for them in Python's `line.lower()`. The only character outside ASCII whose lower case is part of a phrase is
 * U+212A, the Kelvin sign, which becomes `k`. Price: one table load a byte: each phrase is looked for only around a letter
 * that is rare in English (j, k, m, v) or the bracket itself.
 */

/** Bits of what {@link findC4Phrases} returns. */
export const C4_LOREM_IPSUM = 1;
export const C4_JAVASCRIPT = 2;
export const C4_CURLY_BRACKET = 4;
export const C4_POLICY = 8;

interface Phrase {
  readonly bytes: Uint8Array;
  /** Position of the rare letter. */
  readonly anchor: number;
  readonly bit: number;
}

const PHRASES: readonly (readonly [text: string, anchor: string, bit: number])[] = [
  ["lorem ipsum", "m", C4_LOREM_IPSUM],
  ["javascript", "j", C4_JAVASCRIPT],
  ["terms of use", "m", C4_POLICY],
  ["privacy policy", "v", C4_POLICY],
  ["cookie policy", "k", C4_POLICY],
  ["uses cookies", "k", C4_POLICY],
  ["use of cookies", "k", C4_POLICY],
  ["use cookies", "k", C4_POLICY],
];

const CURLY = 0x7b;
const KELVIN_LEAD = 0xe2;
/** 1 for a byte that may stand at an anchor. */
const isAnchor = new Uint8Array(256);
const byAnchor: Phrase[][] = Array.from({ length: 256 }, () => []);
for (const [text, letter, bit] of PHRASES) {
  const code = letter.charCodeAt(0);
  const phrase = { bytes: new TextEncoder().encode(text), anchor: text.indexOf(letter), bit };
  byAnchor[code].push(phrase);
  isAnchor[code] = 1;
  isAnchor[code - 0x20] = 1;
}
isAnchor[CURLY] = 1;
isAnchor[KELVIN_LEAD] = 1;

/** Which phrases, and whether a `{`, `text[start, end)` holds: a sum of the bits above. */
export function findC4Phrases(text: Uint8Array, start: number, end: number): number {
  let found = 0;
  for (let at = start; at < end; at++) {
    const byte = text[at];
    if (isAnchor[byte] === 0) continue;
    if (byte === CURLY) {
      found |= C4_CURLY_BRACKET;
    } else if (byte !== KELVIN_LEAD) {
      found |= matchAround(text, start, end, at, 1, byte | 0x20);
    } else if (at + 2 < end && text[at + 1] === 0x84 && text[at + 2] === 0xaa) {
      found |= matchAround(text, start, end, at, 3, 0x6b);
    }
  }
  return found;
}

/** Bits of the phrases whose anchor `letter` is the character of `length` bytes at `at`. */
function matchAround(text: Uint8Array, start: number, end: number, at: number, length: number, letter: number): number {
  let found = 0;
  const phrases = byAnchor[letter];
  for (let i = 0; i < phrases.length; i++) {
    const { bytes, anchor, bit } = phrases[i];
    const after = at + length - anchor - 1;
    if (at - anchor < start || after + bytes.length > end) continue;
    if (equalFolded(text, at - anchor, bytes, 0, anchor) && equalFolded(text, after, bytes, anchor + 1, bytes.length)) {
      found |= bit;
    }
  }
  return found;
}

/** Whether `text[shift + i]` is `phrase[i]`, ASCII case aside, for `i` in `[from, to)`. */
function equalFolded(text: Uint8Array, shift: number, phrase: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = text[shift + i];
    if (byte !== phrase[i] && (phrase[i] === 0x20 || (byte | 0x20) !== phrase[i])) return false;
  }
  return true;
}
