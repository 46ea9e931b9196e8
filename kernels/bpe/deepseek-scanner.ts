/**
 * DeepSeek V3's three splits as one scanner: numbers by three, then runs of Han and kana, then in what is left
 * `[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, and what no alternative takes.
 *
 * Invariant: the words are those of the splits one after the other. The third sees runs of Han and kana, and what lies between those and numbers, each
 * as a text of its own: whitespace before a number is a word whole. Price: a class load a character, for symbols a second one; a table of 1.1 MB.
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
import { blanksOrLines, numbers } from "./plain-words.ts";

const BLANK = 0x20;
const CODE_POINTS = 0x110000;

/** What a character is to the scanner, in the low eight bits; its length in bytes above them. 0 at the end of the text. */
const DIGIT = 1;
const WORD = 2;
const SYMBOL = 4;
const SPACE = 8;
const LINE = 16;
const REST = 32;
/** Beside one of these: of the characters that the second split takes. */
const HAN_OR_KANA = 64;

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
  const group = size === 0x300 && isHanOrKana(codePointOf(bytes, p, 3)) ? size | HAN_OR_KANA : size;
  if ((char & (LETTER | MARK)) !== 0) return group | WORD;
  if ((char & OTHER) !== 0) return group | (table[codePointOf(bytes, p, size >> 8)] === 1 ? SYMBOL : REST);
  return size | ((char & NEWLINE) !== 0 ? LINE : SPACE);
}

/** The character at `p` to the third split: 0 where its text, of Han and kana or of neither, has ended. */
function kindWithin(table: Uint8Array, bytes: Uint8Array, p: number, end: number, group: number): number {
  const kind = kindAt(table, bytes, p, end);
  return (kind & DIGIT) !== 0 || (kind & HAN_OR_KANA) !== group ? 0 : kind;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function deepSeekWord(bytes: Uint8Array, p: number, end: number): number {
  const table = symbolTable();
  const kind = kindAt(table, bytes, p, end);
  const group = kind & HAN_OR_KANA;
  const run = (at: number, kinds: number) => {
    for (;;) {
      const next = kindWithin(table, bytes, at, end, group);
      if ((next & kinds) === 0) return at;
      at += next >> 8;
    }
  };
  const after = p + (kind >> 8);
  if ((kind & WORD) !== 0) return run(after, WORD);
  if ((kind & DIGIT) !== 0) return numbers(bytes, after, end, 2);
  if ((kind & SYMBOL) !== 0) {
    if (bytes[p] >= 0x80 || after === end || !isLetter(bytes[after])) return run(run(after, SYMBOL), LINE);
    let q = after + 1;
    while (q < end && isLetter(bytes[q])) q++;
    return q;
  }
  const next = kindWithin(table, bytes, after, end, group);
  if ((kind & LINE) === 0 && (next & WORD) !== 0) return run(after + (next >> 8), WORD);
  if (bytes[p] === BLANK && (next & SYMBOL) !== 0) return run(run(after, SYMBOL), LINE);
  return (kind & REST) !== 0 ? gap(table, bytes, after, end, group) : blanks(table, bytes, p, end);
}

/** What no alternative takes, up to where one begins. */
function gap(table: Uint8Array, bytes: Uint8Array, p: number, end: number, group: number): number {
  for (;;) {
    const kind = kindWithin(table, bytes, p, end, group);
    if ((kind & REST) === 0) return p;
    const after = p + (kind >> 8);
    if ((kindWithin(table, bytes, after, end, group) & WORD) !== 0) return p;
    p = after;
  }
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` at whitespace: the blank that is left for what follows is taken where the third split's text ends behind it. */
function blanks(table: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  const word = blanksOrLines(bytes, start, end);
  if (word === end || isNewline(bytes[word - 1])) return word;
  const left = charAt(bytes, word, end);
  if ((left & WHITESPACE) === 0) return word;
  const after = word + (left >> 8);
  return kindWithin(table, bytes, after, end, 0) === 0 ? after : word;
}

function isNewline(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d;
}
