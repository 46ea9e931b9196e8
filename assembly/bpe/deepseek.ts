/**
 * The pre-tokenizer of DeepSeek V3, character by character: `kernels/bpe/deepseek-scanner.ts` says what it stands for.
 */
import { charAt, LETTER, MARK, NEWLINE, NUMBER, OTHER, WHITESPACE } from "./characters";
import { blankOrLineWord, numberWord } from "./plain-words";

const BLANK: u32 = 0x20;
/** What a character is, in the low eight bits; its length in bytes above them. 0 at the end of the text. */
const DIGIT: u32 = 1;
const WORD: u32 = 2;
const SYMBOL: u32 = 4;
const SPACE: u32 = 8;
const LINE: u32 = 16;
const REST: u32 = 32;
/** Beside one of these: of the characters that the second split takes. */
const HAN_OR_KANA: u32 = 64;

/** 1 for every code point of `[\p{P}\p{S}]`. */
let symbols: usize = 0;

export function setSymbols(table: usize): void {
  symbols = table;
}

@inline
function trail(p: usize, at: usize): u32 {
  return <u32>load<u8>(p + at) & 0x3f;
}

function codePointOf(p: usize, size: u32): u32 {
  const lead: u32 = load<u8>(p);
  if (size == 1) return lead < 0x80 ? lead : 0xfffd;
  if (size == 2) return ((lead & 0x1f) << 6) | trail(p, 1);
  if (size == 3) return ((lead & 0x0f) << 12) | (trail(p, 1) << 6) | trail(p, 2);
  return ((lead & 0x07) << 18) | (trail(p, 1) << 12) | (trail(p, 2) << 6) | trail(p, 3);
}

function isHanOrKana(codePoint: u32): bool {
  return codePoint - 0x4e00 <= 0x9fa5 - 0x4e00 || codePoint - 0x3040 <= 0x30ff - 0x3040;
}

function kindAt(p: usize, end: usize): u32 {
  if (p == end) return 0;
  const char = charAt(p, end);
  const size = char & ~0xff;
  if ((char & NUMBER) != 0) return size | DIGIT;
  const group = size == 0x300 && isHanOrKana(codePointOf(p, 3)) ? size | HAN_OR_KANA : size;
  if ((char & (LETTER | MARK)) != 0) return group | WORD;
  if ((char & OTHER) != 0) return group | (load<u8>(symbols + codePointOf(p, size >> 8)) == 1 ? SYMBOL : REST);
  return size | ((char & NEWLINE) != 0 ? LINE : SPACE);
}

/** The character at `p` to the third split: 0 where its text, of Han and kana or of neither, has ended. */
function kindWithin(p: usize, end: usize, group: u32): u32 {
  const kind = kindAt(p, end);
  return (kind & DIGIT) != 0 || (kind & HAN_OR_KANA) != group ? 0 : kind;
}

@inline
function isLetter(byte: u32): bool {
  return (byte | 0x20) - 0x61 < 26;
}

function run(p: usize, end: usize, group: u32, kinds: u32): usize {
  while (true) {
    const kind = kindWithin(p, end, group);
    if ((kind & kinds) == 0) return p;
    p += kind >> 8;
  }
}

/** `[\p{L}\p{M}]+` whose first character ends at `p`. */
function word(p: usize, end: usize, group: u32): usize {
  if (group == 0) while (p < end && isLetter(load<u8>(p))) p++;
  return run(p, end, group, WORD);
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function deepSeekWord(p: usize, end: usize): usize {
  const kind = kindAt(p, end);
  const group = kind & HAN_OR_KANA;
  const after = p + (kind >> 8);
  if ((kind & WORD) != 0) return word(after, end, group);
  if ((kind & DIGIT) != 0) return numberWord(after, end, 3);
  if ((kind & SYMBOL) != 0) {
    if (load<u8>(p) >= 0x80 || after == end || !isLetter(load<u8>(after))) {
      return run(run(after, end, group, SYMBOL), end, group, LINE);
    }
    let q = after + 1;
    while (q < end && isLetter(load<u8>(q))) q++;
    return q;
  }
  const next = kindWithin(after, end, group);
  if ((kind & LINE) == 0 && (next & WORD) != 0) return word(after + (next >> 8), end, group);
  if (load<u8>(p) == BLANK && (next & SYMBOL) != 0) return run(run(after, end, group, SYMBOL), end, group, LINE);
  return (kind & REST) != 0 ? gap(after, end, group) : whitespace(p, end);
}

/** What no alternative takes, up to where one begins. */
function gap(p: usize, end: usize, group: u32): usize {
  while (true) {
    const kind = kindWithin(p, end, group);
    if ((kind & REST) == 0) return p;
    const after = p + (kind >> 8);
    if ((kindWithin(after, end, group) & WORD) != 0) return p;
    p = after;
  }
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` at whitespace: the blank that is left for what follows is taken where the third split's text ends behind it. */
function whitespace(start: usize, end: usize): usize {
  const word = blankOrLineWord(start, end);
  if (word == end || isNewline(load<u8>(word - 1))) return word;
  const left = charAt(word, end);
  if ((left & WHITESPACE) == 0) return word;
  const after = word + (left >> 8);
  return kindWithin(after, end, 0) == 0 ? after : word;
}

@inline
function isNewline(byte: u32): bool {
  return byte == 0x0a || byte == 0x0d;
}
