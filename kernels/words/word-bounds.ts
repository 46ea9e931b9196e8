/**
 * The word boundaries of Unicode Standard Annex 29, as DCLM's Bloom filter has them: all that stands between two boundaries and is not white space alone is a word, punctuation too.
 *
 * Invariant: as WordRanges; classes are those of Unicode 17.0, not of 16.0 as in uax29.ts, whose words are those of
 * Python's uniseg, for DCLM's page filter. A malformed byte is a word of its own. Price: about 15 ns a character of ASCII.
 */
import { decodeRuns } from "../unicode/two-stage.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WORD_BREAK_RUNS } from "../unicode/word-breaks.gen.ts";
import type { WordRanges } from "./types.ts";

// Shared with unicode/generate-word-breaks.py.
const CR = 1;
const LF = 2;
const NEWLINE = 3;
const EXTEND = 4;
const ZWJ = 5;
const FORMAT = 6;
const KATAKANA = 7;
const HEBREW = 8;
const LETTER = 9;
const SINGLE_QUOTE = 10;
const DOUBLE_QUOTE = 11;
const MID_NUM_LET = 12;
const MID_LETTER = 13;
const MID_NUM = 14;
const NUMERIC = 15;
const EXTEND_NUM_LET = 16;
const REGIONAL = 17;
const SPACE_RUN = 18;
const CLASS_MASK = 31;
const PICTOGRAPH = 32;
const WHITE_SPACE = 64;
/** There is no character. */
const NONE = -1;

const classes = decodeRuns(WORD_BREAK_RUNS, (length) => new Uint8Array(length));
const { blocks, values } = classes;

/** Sets of classes as bits. */
const bit = (...of: number[]): number => of.reduce((set, each) => set | (1 << each), 0);
const AH_LETTER = bit(LETTER, HEBREW);
const MID_OF_LETTERS = bit(MID_LETTER, MID_NUM_LET, SINGLE_QUOTE);
const MID_OF_NUMBERS = bit(MID_NUM, MID_NUM_LET, SINGLE_QUOTE);
const IGNORED = bit(EXTEND, FORMAT, ZWJ);
const LINE_ENDS = bit(CR, LF, NEWLINE);
const JOINED_BY_EXTEND_NUM_LET = bit(LETTER, HEBREW, NUMERIC, KATAKANA, EXTEND_NUM_LET);

function isIn(kind: number, set: number): boolean {
  return kind >= 0 && (set & (1 << kind)) !== 0;
}

/** Replaces `out` by the words of `bytes[start, end)`. */
export function segmentWordBounds(bytes: Uint8Array, start: number, end: number, out: WordRanges): void {
  out.clear();
  let wordStart = start;
  let isBlank = true;
  /** Class of the character before, of the last one that is not ignored, and of the one before that. */
  let previous = NONE;
  let last = NONE;
  let beforeLast = NONE;
  let regionals = 0;
  for (let at = start; at < end; ) {
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    const value = values[blocks[codePoint >> 8] + (codePoint & 0xff)];
    const kind = value & CLASS_MASK;
    const next = at + (decoded >> LENGTH_SHIFT);
    const joins =
      previous !== NONE &&
      joined(previous, last, beforeLast, kind, (value & PICTOGRAPH) !== 0, regionals, bytes, next, end);
    if (!joins && at > wordStart) {
      if (!isBlank) out.push(wordStart, at);
      wordStart = at;
      isBlank = true;
    }
    if ((value & WHITE_SPACE) === 0) isBlank = false;
    // Extending characters count for nothing, but for what follows a line end or begins the text.
    if (!isIn(kind, IGNORED) || last === NONE || isIn(previous, LINE_ENDS)) {
      beforeLast = last;
      last = kind;
      regionals = kind === REGIONAL ? (joins ? regionals + 1 : 1) : 0;
    }
    previous = kind;
    at = next;
  }
  if (end > wordStart && !isBlank) out.push(wordStart, end);
}

/** Whether there is no boundary before a character of class `kind`, behind which `bytes[next, end)` come. */
function joined(
  previous: number,
  last: number,
  beforeLast: number,
  kind: number,
  isPictograph: boolean,
  regionals: number,
  bytes: Uint8Array,
  next: number,
  end: number,
): boolean {
  // WB3 to WB3d.
  if (previous === CR && kind === LF) return true;
  if (isIn(previous, LINE_ENDS) || isIn(kind, LINE_ENDS)) return false;
  if (previous === ZWJ && isPictograph) return true;
  if (previous === SPACE_RUN && kind === SPACE_RUN) return true;
  // WB4.
  if (isIn(kind, IGNORED)) return true;
  // WB5 to WB7c.
  if (isIn(last, AH_LETTER)) {
    if (isIn(kind, AH_LETTER)) return true;
    if (isIn(kind, MID_OF_LETTERS) && isIn(following(bytes, next, end), AH_LETTER)) return true;
    if (last === HEBREW && kind === SINGLE_QUOTE) return true;
    if (last === HEBREW && kind === DOUBLE_QUOTE && following(bytes, next, end) === HEBREW) return true;
    if (kind === NUMERIC) return true;
  }
  if (isIn(kind, AH_LETTER)) {
    if (isIn(last, MID_OF_LETTERS) && isIn(beforeLast, AH_LETTER)) return true;
    if (last === DOUBLE_QUOTE && beforeLast === HEBREW && kind === HEBREW) return true;
    if (last === NUMERIC) return true;
  }
  // WB8 to WB12.
  if (last === NUMERIC) {
    if (kind === NUMERIC) return true;
    if (isIn(kind, MID_OF_NUMBERS) && following(bytes, next, end) === NUMERIC) return true;
  }
  if (kind === NUMERIC && beforeLast === NUMERIC && isIn(last, MID_OF_NUMBERS)) return true;
  // WB13 to WB13b.
  if (last === KATAKANA && kind === KATAKANA) return true;
  if (kind === EXTEND_NUM_LET) return isIn(last, JOINED_BY_EXTEND_NUM_LET);
  if (last === EXTEND_NUM_LET) return isIn(kind, bit(LETTER, HEBREW, NUMERIC, KATAKANA));
  // WB15 and WB16: flags are pairs.
  return kind === REGIONAL && last === REGIONAL && regionals % 2 === 1;
}

/** Class of the first character of `bytes[at, end)` that is not ignored. */
function following(bytes: Uint8Array, at: number, end: number): number {
  for (let next = at; next < end; ) {
    const decoded = decodeAt(bytes, next, end);
    const codePoint = decoded & CODE_POINT_MASK;
    const kind = values[blocks[codePoint >> 8] + (codePoint & 0xff)] & CLASS_MASK;
    if (!isIn(kind, IGNORED)) return kind;
    next += decoded >> LENGTH_SHIFT;
  }
  return NONE;
}
