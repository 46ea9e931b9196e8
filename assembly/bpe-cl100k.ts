/**
 * The pre-tokenizer of cl100k and Llama 3, and with one digit a word of Qwen:
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
 */
import { apostrophes, blanks, digits, inside, letters, newlines, settled, size, skipLetters, spaces, trail } from "./bpe-blocks";
import { charAt, LETTER, MARK, NEWLINE, NUMBER, OTHER, skip, SPACE } from "./bpe-characters";
import { contractionInAnyCase } from "./bpe-contractions";
import { blankOrLineWord } from "./bpe-whitespace";

const BLANK: u32 = 0x20;
const APOSTROPHE: u32 = 0x27;
const SYMBOL: u32 = OTHER | MARK;

/** Digits a number word holds at most: 1 or 3. */
let mostDigits: u32 = 3;

export function setMostDigits(count: u32): void {
  mostDigits = count;
}

/** Word starts in the block at `p`, bit 0 among them; where the last word ends is not known. */
@inline
export function cl100kStarts(p: usize): u64 {
  const white = blanks | newlines;
  const symbols = inside & ~(letters | digits | white);
  // A run of symbols is a word, with a U+0020 before it and the newlines behind it.
  const symbolRuns = symbols & ~(symbols << 1) & ~(spaces << 1);
  // One symbol, or one blank, and letters behind it are one word.
  const behindFirstSymbol = ((symbolRuns << 1) + trail) & ~trail;
  const words = letters & ~(letters << 1) & ~(blanks << 1) & ~behindFirstSymbol;
  let starts = 1 | words | symbolRuns | numberStarts() | whiteStarts(white, symbols);
  const quotes = apostrophes & symbolRuns & (letters >> 1);
  if (quotes != 0) starts |= behindContractions(p, quotes);
  return settled(starts & inside, white);
}

@inline
function numberStarts(): u64 {
  if (mostDigits == 1) return digits;
  let starts = digits & ~(digits << 1);
  const fourths = digits & (digits << 1) & (digits << 2) & (digits << 3);
  if (fourths != 0) {
    for (let more = (starts << 3) & fourths; more != 0; more = (more << 3) & fourths) starts |= more;
  }
  return starts;
}

@inline
function whiteStarts(white: u64, symbols: u64): u64 {
  const glued = newlines & (symbols << 1); // newlines right behind symbols belong to them
  const firsts = white & ~(white << 1) & ~glued;
  // The last blank of a run goes with what follows it.
  const lasts = blanks & (blanks << 1) & ~(white >> 1);
  return firsts | lasts | blanksBehindLines(glued);
}

/** Blanks behind newlines start a word, unless newlines follow them: then they go with those. */
@inline
function blanksBehindLines(glued: u64): u64 {
  let starts = blanks & (newlines << 1);
  let lines = (blanks + starts) & ~blanks & newlines; // newlines behind such blanks
  if (lines == 0) return starts;
  // Newlines that belong to symbols are over: blanks behind them start a word all the same.
  const gluedRuns = glued == 0 ? 0 : newlines & ~(newlines + glued);
  const kept = starts & (gluedRuns << 1);
  for (; lines != 0; lines &= lines - 1) {
    const before = starts & ((lines & (0 - lines)) - 1);
    starts &= ~(<u64>1 << (63 - clz(before)));
  }
  return starts | kept;
}

/** Letters behind a contraction start a word; `quotes` are apostrophes that start a word and have a letter behind them. */
function behindContractions(p: usize, quotes: u64): u64 {
  let starts: u64 = 0;
  for (; quotes != 0; quotes &= quotes - 1) {
    const at = <u32>ctz(quotes);
    const behind = at + contractionInAnyCase(p + at, p + size);
    if (behind != at && behind < size) starts |= letters & (<u64>1 << behind);
  }
  return starts;
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function cl100kWord(p: usize, end: usize): usize {
  const char = charAt(p, end);
  const after = p + (char >> 8);
  if ((char & LETTER) != 0) return skipLetters(after, end);
  if ((char & NUMBER) != 0) return numbers(after, end);
  if ((char & NEWLINE) != 0) return blankOrLineWord(p, end);
  const byte: u32 = load<u8>(p);
  if (byte == APOSTROPHE) {
    const length = contractionInAnyCase(p, end);
    if (length != 0) return p + length;
  }
  if (after == end) return end;
  const next = charAt(after, end);
  if ((next & LETTER) != 0) return skipLetters(after + (next >> 8), end);
  if ((char & SPACE) != 0 && (byte != BLANK || (next & SYMBOL) == 0)) return blankOrLineWord(p, end);
  return skip(skip(after, end, SYMBOL), end, NEWLINE);
}

function numbers(p: usize, end: usize): usize {
  for (let count: u32 = 1; count < mostDigits && p < end; count++) {
    const char = charAt(p, end);
    if ((char & NUMBER) == 0) break;
    p += char >> 8;
  }
  return p;
}
