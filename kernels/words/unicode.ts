/**
 * The `unicode` word rules: fast, for every script, words only.
 *
 * A word is a run of letters and numbers. Marks stay in the word they follow; ' and the right single quote join two letters
 * ("don't"); invisible format characters (soft hyphen, joiners) join two letters or numbers. Scripts written without spaces (Han, kana,
 * Bopomofo, Thai, Lao, Khmer, Myanmar) give one word per character with its marks; Hangul words are what its spaces say. Punctuation,
 * symbols, `_` and malformed bytes separate and are never words. Character classes: Unicode 14.0.
 *
 * Invariant: as WordRanges; every span begins with a letter or number. Price: one pass, about 260 MB/s of English on one core.
 */

import { WORD_CLASS_RUNS } from "../unicode/tables.gen.ts";
import { decodeRuns } from "../unicode/two-stage.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import type { WordRanges, WordSegmenter } from "./types.ts";

const OTHER = 0;
const LETTER = 1;
const NUMBER = 2;
const MARK = 3;
const FORMAT = 4;
const APOSTROPHE = 5;
const ALONE = 6;
/** In the byte table only: the byte belongs to a multi-byte character. */
const MULTI_BYTE = 7;
/** No word is open. */
const NONE = -1;

const classes = decodeRuns(WORD_CLASS_RUNS, (length) => new Uint8Array(length));
const byteClasses = new Uint8Array(256).fill(MULTI_BYTE);
byteClasses.set(classes.values.subarray(classes.blocks[0], classes.blocks[0] + 0x80));

function segment(bytes: Uint8Array, start: number, end: number, out: WordRanges): void {
  out.clear();
  let at = start;
  while (at < end) {
    let kind = byteClasses[bytes[at]];
    if (kind === LETTER || kind === NUMBER) {
      const wordStart = at;
      for (;;) {
        let last = kind;
        do {
          last = kind;
          at++;
          kind = at < end ? byteClasses[bytes[at]] : OTHER;
        } while (kind === LETTER || kind === NUMBER);
        if (kind === OTHER) {
          out.push(wordStart, at);
          at++;
          break;
        }
        const next = at + 1 < end ? byteClasses[bytes[at + 1]] : OTHER;
        if (kind === MULTI_BYTE || next === MULTI_BYTE) {
          at = segmentSlowly(bytes, at, end, out, wordStart, last);
          break;
        }
        if (last !== LETTER || next !== LETTER) {
          out.push(wordStart, at);
          at++;
          break;
        }
        at++;
        kind = LETTER;
      }
    } else if (kind === MULTI_BYTE) {
      at = segmentSlowly(bytes, at, end, out, NONE, 0);
    } else {
      at++;
    }
  }
}

/**
 * Goes on from `at` character by character, with a word open from `open` (NONE: no word) whose last letter or number was `last`, until an
 * ASCII separator stands outside a word. Returns the position after it.
 */
function segmentSlowly(
  bytes: Uint8Array,
  from: number,
  end: number,
  out: WordRanges,
  open: number,
  openLast: number,
): number {
  const { blocks, values } = classes;
  let at = from;
  let wordStart = open;
  let wordEnd = from;
  let last = openLast;
  let joiner = 0;
  while (at < end) {
    const byte = bytes[at];
    let next = at + 1;
    let kind = byteClasses[byte];
    if (kind === MULTI_BYTE) {
      const decoded = decodeAt(bytes, at, end);
      const codePoint = decoded & CODE_POINT_MASK;
      next = at + (decoded >> LENGTH_SHIFT);
      kind = values[blocks[codePoint >> 8] + (codePoint & 0xff)];
    }
    let closes = false;
    if (kind === LETTER || kind === NUMBER) {
      const goesOn = last !== ALONE && (joiner !== APOSTROPHE || kind === LETTER);
      if (wordStart !== NONE && !goesOn) {
        out.push(wordStart, wordEnd);
        wordStart = NONE;
      }
      if (wordStart === NONE) wordStart = at;
      wordEnd = next;
      last = kind;
      joiner = 0;
    } else if (kind === ALONE) {
      if (wordStart !== NONE) out.push(wordStart, wordEnd);
      wordStart = at;
      wordEnd = next;
      last = ALONE;
      joiner = 0;
    } else if (wordStart !== NONE) {
      if (kind === MARK && joiner !== APOSTROPHE) {
        wordEnd = next;
        joiner = 0;
      } else if (kind === FORMAT && joiner !== APOSTROPHE) joiner = FORMAT;
      else if (kind === APOSTROPHE && joiner === 0 && last === LETTER) joiner = APOSTROPHE;
      else closes = true;
    }
    at = next;
    if (closes) {
      out.push(wordStart, wordEnd);
      wordStart = NONE;
    }
    if (wordStart === NONE && byte < 0x80) return at;
  }
  if (wordStart !== NONE) out.push(wordStart, wordEnd);
  return at;
}

/** Words of every script; see the head of this file. Holds no state. */
export const unicodeSegmenter: WordSegmenter = { rules: "unicode", segment };
