/**
 * The pre-tokenizer of DeepSeek V3, character by character: `kernels/bpe/deepseek-scanner.ts` says what it stands for.
 */
import { charAt, LETTER, MARK, NEWLINE, NUMBER, OTHER, WHITESPACE } from "./characters";

const BLANK: u32 = 0x20;
/** What a character is, in the low eight bits; its length in bytes above them. 0 at the end of the text. */
const DIGIT: u32 = 1;
const HAN_OR_KANA: u32 = 2;
const WORD: u32 = 4;
const SYMBOL: u32 = 8;
const SPACE: u32 = 16;
const LINE: u32 = 32;
const REST: u32 = 64;
/** What ends the text for the third split. */
const STOP: u32 = DIGIT | HAN_OR_KANA;

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
  if (size == 0x300 && isHanOrKana(codePointOf(p, 3))) return size | HAN_OR_KANA;
  if ((char & (LETTER | MARK)) != 0) return size | WORD;
  if ((char & OTHER) != 0) return size | (load<u8>(symbols + codePointOf(p, size >> 8)) == 1 ? SYMBOL : REST);
  return size | ((char & NEWLINE) != 0 ? LINE : SPACE);
}

@inline
function isLetter(byte: u32): bool {
  return (byte | 0x20) - 0x61 < 26;
}

function run(p: usize, end: usize, kinds: u32): usize {
  for (let kind = kindAt(p, end); (kind & kinds) != 0; kind = kindAt(p, end)) p += kind >> 8;
  return p;
}

/** `[\p{L}\p{M}]+` whose first character ends at `p`. */
function word(p: usize, end: usize): usize {
  while (p < end && isLetter(load<u8>(p))) p++;
  return run(p, end, WORD);
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function deepSeekWord(p: usize, end: usize): usize {
  const kind = kindAt(p, end);
  const after = p + (kind >> 8);
  if ((kind & WORD) != 0) return word(after, end);
  if ((kind & HAN_OR_KANA) != 0) return run(after, end, HAN_OR_KANA);
  if ((kind & DIGIT) != 0) return digits(after, end);
  if ((kind & SYMBOL) != 0) {
    if (load<u8>(p) >= 0x80 || after == end || !isLetter(load<u8>(after))) return run(run(after, end, SYMBOL), end, LINE);
    let q = after + 1;
    while (q < end && isLetter(load<u8>(q))) q++;
    return q;
  }
  const next = kindAt(after, end);
  if ((kind & LINE) == 0 && (next & WORD) != 0) return word(after + (next >> 8), end);
  if (load<u8>(p) == BLANK && (next & SYMBOL) != 0) return run(run(after, end, SYMBOL), end, LINE);
  return (kind & REST) != 0 ? gap(after, end) : whitespace(p, end);
}

function digits(p: usize, end: usize): usize {
  for (let count: u32 = 1; count < 3; count++) {
    const kind = kindAt(p, end);
    if ((kind & DIGIT) == 0) break;
    p += kind >> 8;
  }
  return p;
}

/** What no alternative takes, up to where one begins. */
function gap(p: usize, end: usize): usize {
  while (true) {
    const kind = kindAt(p, end);
    if ((kind & REST) == 0) return p;
    const after = p + (kind >> 8);
    if ((kindAt(after, end) & WORD) != 0) return p;
    p = after;
  }
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+` at whitespace; what ends the text for the third split ends it here. */
function whitespace(start: usize, end: usize): usize {
  let p = start;
  let last = start;
  let lineEnd: usize = 0;
  while (p < end) {
    const char = charAt(p, end);
    if ((char & WHITESPACE) == 0) break;
    last = p;
    p += char >> 8;
    if ((char & NEWLINE) != 0) lineEnd = p;
  }
  if (lineEnd != 0) return lineEnd;
  const isLast = p == end || (kindAt(p, end) & STOP) != 0;
  return isLast || last == start ? p : last;
}
