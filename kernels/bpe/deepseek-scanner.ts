/**
 * DeepSeek V3's three splits as one scanner: numbers by three, then runs of Han and kana, then in what is left
 * `[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, and what no alternative takes.
 *
 * Invariant: the words are those of the splits one after the other. A number, Han or kana ends the text for the third, so whitespace before it is a
 * word whole. Price: a class load a character, for symbols a second one; a table of 1.1 MB.
 */
import {
  charAt,
  codePointOf,
  forEachCategoryRun,
  LETTER,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  WHITESPACE,
} from "./char-class.ts";

const BLANK = 0x20;
const CODE_POINTS = 0x110000;

/** What a character is to the scanner, in the low eight bits; its length in bytes above them. 0 at the end of the text. */
const DIGIT = 1;
const HAN_OR_KANA = 2;
const WORD = 4;
const SYMBOL = 8;
const SPACE = 16;
const LINE = 32;
const REST = 64;
/** What ends the text for the third split. */
const STOP = DIGIT | HAN_OR_KANA;

let symbols: Uint8Array | undefined;

/** 1 for every code point of `[\p{P}\p{S}]`. */
export function symbolTable(): Uint8Array {
  if (symbols !== undefined) return symbols;
  const table = new Uint8Array(CODE_POINTS);
  forEachCategoryRun((category, start, end) => {
    if (category[0] === "P" || category[0] === "S") table.fill(1, start, end);
  });
  symbols = table;
  return table;
}

function isHanOrKana(codePoint: number): boolean {
  return (codePoint >= 0x4e00 && codePoint <= 0x9fa5) || (codePoint >= 0x3040 && codePoint <= 0x30ff);
}

function kindAt(table: Uint8Array, bytes: Uint8Array, p: number, end: number): number {
  if (p === end) return 0;
  const char = charAt(bytes, p, end);
  const size = char & ~0xff;
  if ((char & NUMBER) !== 0) return size | DIGIT;
  if (size === 0x300 && isHanOrKana(codePointOf(bytes, p, 3))) return size | HAN_OR_KANA;
  if ((char & (LETTER | MARK)) !== 0) return size | WORD;
  if ((char & OTHER) !== 0) return size | (table[codePointOf(bytes, p, size >> 8)] === 1 ? SYMBOL : REST);
  return size | ((char & NEWLINE) !== 0 ? LINE : SPACE);
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function deepSeekWord(bytes: Uint8Array, p: number, end: number): number {
  const table = symbolTable();
  const run = (at: number, kinds: number) => {
    for (let kind = kindAt(table, bytes, at, end); (kind & kinds) !== 0; kind = kindAt(table, bytes, at, end)) {
      at += kind >> 8;
    }
    return at;
  };
  const kind = kindAt(table, bytes, p, end);
  const after = p + (kind >> 8);
  if ((kind & (HAN_OR_KANA | WORD)) !== 0) return run(after, kind & 0xff);
  if ((kind & DIGIT) !== 0) return digits(table, bytes, after, end);
  if ((kind & SYMBOL) !== 0) {
    if (bytes[p] >= 0x80 || after === end || !isLetter(bytes[after])) return run(run(after, SYMBOL), LINE);
    let q = after + 1;
    while (q < end && isLetter(bytes[q])) q++;
    return q;
  }
  const next = kindAt(table, bytes, after, end);
  if ((kind & LINE) === 0 && (next & WORD) !== 0) return run(after + (next >> 8), WORD);
  if (bytes[p] === BLANK && (next & SYMBOL) !== 0) return run(run(after, SYMBOL), LINE);
  return (kind & REST) !== 0 ? gap(table, bytes, after, end) : blanks(table, bytes, p, end);
}

function digits(table: Uint8Array, bytes: Uint8Array, p: number, end: number): number {
  for (let count = 1; count < 3; count++) {
    const kind = kindAt(table, bytes, p, end);
    if ((kind & DIGIT) === 0) break;
    p += kind >> 8;
  }
  return p;
}

/** What no alternative takes, up to where one begins. */
function gap(table: Uint8Array, bytes: Uint8Array, p: number, end: number): number {
  for (;;) {
    const kind = kindAt(table, bytes, p, end);
    if ((kind & REST) === 0) return p;
    const after = p + (kind >> 8);
    if ((kindAt(table, bytes, after, end) & WORD) !== 0) return p;
    p = after;
  }
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` at whitespace. */
function blanks(table: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
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
  const isLast = p === end || (kindAt(table, bytes, p, end) & STOP) !== 0;
  return isLast || last === start ? p : last;
}
