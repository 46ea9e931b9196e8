/**
 * The pre-tokenizer of cl100k and Llama 3, and with one digit a word of Qwen:
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
 */
import { apostrophes, blanks, digits, inside, letters, newlines, size, skipLetters, spaces, trail } from "./blocks";
import { charAt, LETTER, MARK, NEWLINE, NUMBER, OTHER, skip, SPACE } from "./characters";
import { contractionInAnyCase } from "./contractions";
import { blanksAndLines, newlinesOf, numbersOfThree, settled } from "./starts";
import { blankOrLineWord, numberWord } from "./plain-words";

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
  const numbers = mostDigits == 1 ? digits : numbersOfThree();
  let starts = 1 | words | symbolRuns | numbers | blanksAndLines(white, newlinesOf(symbols));
  const quotes = apostrophes & symbolRuns & (letters >> 1);
  if (quotes != 0) starts |= behindContractions(p, quotes);
  return settled(starts & inside, white);
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
  if ((char & NUMBER) != 0) return numberWord(after, end, mostDigits);
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
