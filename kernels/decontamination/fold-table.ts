/**
 * What a character is to n-grams of words: a separator, nothing, or what it counts as.
 *
 * Owns the layout, which threads and WebAssembly share: a word of 32 bits for each code point below {@link TABLE_END}, and lists for those that become several characters.
 * Invariant: it depends on the project's own tables of Unicode 14, so that every version of Node has the same. Texts that a word form calls equal are equal here too; for `lower`
 * and `simplified` more may be, so that what is not found here needs no second look. Price: some 50 ms once a thread, 0.8 MiB.
 */
import { isLower, lowerWords } from "../lower-case.ts";
import { isSimple, simplifyText, TextBuffer } from "../normalize.ts";
import { CODE_POINT_MASK, decodeAt, encodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import type { WordForm } from "./text-words.ts";

/** Code points from here on stand for themselves and are written without spaces: rare ideographs. */
export const TABLE_END = 0x20000;
/** Ends a word. */
export const SEPARATOR = 1 << 30;
/** Counts for nothing: a mark above a letter. */
export const IGNORED = 1 << 29;
/** Of what is written without spaces between words: bits that a hash of two neighbours has clear where a word ends, less one. */
export const UNSPACED_SHIFT = 24;
/** The low bits are where the list of its characters begins: their number, then they. */
export const SEVERAL = 1 << 28;
/** What is left of an entry without flags. */
export const VALUE_MASK = (1 << UNSPACED_SHIFT) - 1;

/** Words are cut at one in two characters, and at one in four: about as long as words are there. */
const CUT_AT_HALF = 1 << UNSPACED_SHIFT;
const CUT_AT_QUARTER = 3 << UNSPACED_SHIFT;

/** Scripts without spaces between words. */
const UNSPACED: readonly (readonly [first: number, last: number, flag: number])[] = [
  [0x0e00, 0x0eff, CUT_AT_QUARTER], // Thai, Lao
  [0x1000, 0x109f, CUT_AT_QUARTER], // Burmese
  [0x1780, 0x17ff, CUT_AT_QUARTER], // Khmer
  [0x2e80, 0x2fdf, CUT_AT_HALF],
  [0x3005, 0x3007, CUT_AT_HALF],
  [0x3040, 0x30ff, CUT_AT_HALF], // kana
  [0x31f0, 0x31ff, CUT_AT_HALF],
  [0x3400, 0x4dbf, CUT_AT_HALF], // ideographs
  [0x4e00, 0x9fff, CUT_AT_HALF],
  [0xf900, 0xfaff, CUT_AT_HALF],
  [0xff66, 0xff9f, CUT_AT_HALF],
];
/** What is not seen: soft hyphens, joiners, marks of direction, byte order marks. They count for nothing where words are folded. */
const INVISIBLE: readonly (readonly [first: number, last: number])[] = [
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
];

/** Letters and digits of double width, which Chinese and Japanese texts have. */
const WIDE_FIRST = 0xff10;
const WIDE_LAST = 0xff5a;
const WIDE_SHIFT = 0xfee0;
const LIST_WORDS = 1 << 16;
export const FOLD_BYTES = 4 * (TABLE_END + LIST_WORDS);

const A = 0x61;
const B = 0x62;
const SPACE = 0x20;
const FINAL_SIGMA = 0x3c2;
const SIGMA = 0x3c3;
/** Marks that are kept and that canonical order moves (Unicode 14). They count for nothing, so that their order does not matter. */
const MOVABLE_MARKS: ReadonlySet<number> = new Set([
  0x1715, 0x1734, 0x1b44, 0x1baa, 0x1bf2, 0x1bf3, 0x302e, 0x302f, 0xa953, 0xa9c0, 0x111c0, 0x11235, 0x1134d, 0x116b6,
  0x1193d, 0x16ff0, 0x16ff1, 0x1d165, 0x1d166, 0x1d16d, 0x1d16e, 0x1d16f, 0x1d170, 0x1d171, 0x1d172,
]);

const made = new Map<WordForm, Int32Array>();

/** The table of a word form, of {@link FOLD_BYTES}: made once a thread. */
export function foldTable(form: WordForm): Int32Array {
  const table = made.get(form) ?? makeTable(form);
  made.set(form, table);
  return table;
}

/** What a code point beyond the table is, added to it; or {@link IGNORED}: some of those are equal by decomposition. */
export function rareEntry(form: WordForm): number {
  return form === "folded" ? CUT_AT_HALF : form === "lower" ? 0 : IGNORED;
}

function makeTable(form: WordForm): Int32Array {
  const table = new Int32Array(FOLD_BYTES / 4).fill(SEPARATOR);
  const out = new TextBuffer();
  const bytes = new Uint8Array(16);
  let list = TABLE_END;
  const normalized = (...points: number[]): number[] => {
    let length = 0;
    for (const point of points) length = encodeAt(bytes, length, point);
    if (form === "lower") lowerWords(bytes, 0, length, out);
    else simplifyText(bytes, 0, length, out, "keep");
    const found: number[] = [];
    for (let at = 0; at < out.length; ) {
      const decoded = decodeAt(out.bytes, at, out.length);
      found.push(decoded & CODE_POINT_MASK);
      at += decoded >> LENGTH_SHIFT;
    }
    return found;
  };
  for (let point = 0; point < TABLE_END; point++) {
    if (point >= 0xd800 && point < 0xe000) continue;
    if (form === "folded" && INVISIBLE.some(([first, last]) => point >= first && point <= last)) {
      table[point] = IGNORED;
      continue;
    }
    const flag = form === "folded" ? flagOf(point) : 0;
    const isWide = form === "folded" && point >= WIDE_FIRST && point <= WIDE_LAST;
    if (!isWide && !isOdd(point) && (form === "lower" ? isLower(point) : isSimple(point))) {
      table[point] = point | flag;
      continue;
    }
    const [, ...rest] = normalized(A, isWide ? point - WIDE_SHIFT : point, B);
    if (rest[0] === SPACE) continue;
    const points = rest.slice(0, -1).map((each) => (each === FINAL_SIGMA ? SIGMA : each));
    const kept = form === "lower" ? points : points.filter((each) => !MOVABLE_MARKS.has(each));
    if (kept.length === 0) table[point] = IGNORED;
    else if (kept.length === 1) table[point] = (kept[0] ?? 0) | flag;
    else {
      table[point] = SEVERAL | (list - TABLE_END);
      table[list++] = kept.length;
      for (const each of kept) table[list++] = each;
    }
  }
  return table;
}

/** Characters that need a second look although nothing becomes of them. */
function isOdd(point: number): boolean {
  return point === FINAL_SIGMA || MOVABLE_MARKS.has(point);
}

function flagOf(point: number): number {
  return UNSPACED.find(([first, last]) => point >= first && point <= last)?.[2] ?? 0;
}
