/**
 * The pre-tokenizer of GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
 */
import { apostrophes, blanks, digits, inside, letters, newlines, size, skipLetters, spaces } from "./blocks";
import { charAt, LETTER, MARK, NUMBER, OTHER, skip, WHITESPACE } from "./characters";
import { contraction } from "./contractions";
import { blankWord } from "./plain-words";
import { settled } from "./starts";

const BLANK: u32 = 0x20;
const APOSTROPHE: u32 = 0x27;
const SYMBOL: u32 = OTHER | MARK;

/** Word starts in the block at `p`, bit 0 among them; where the last word ends is not known. */
@inline
export function gpt2Starts(p: usize): u64 {
  const white = blanks | newlines;
  const symbols = inside & ~(letters | digits | white);
  const joined = spaces << 1; // a run goes with the U+0020 before it
  const symbolRuns = symbols & ~(symbols << 1) & ~joined;
  let words = letters & ~(letters << 1) & ~joined;
  const quotes = apostrophes & symbolRuns & (letters >> 1);
  if (quotes != 0) words = afterContractions(p, quotes, words);
  const numbers = digits & ~(digits << 1) & ~joined;
  // A run of whitespace is a word, and its last character another where something follows.
  const whites = white & (~(white << 1) | ~(white >> 1));
  return settled((1 | words | symbolRuns | numbers | whites) & inside, white);
}

/** `words` where contractions take their letters; `quotes` are apostrophes that start a word and have a letter behind them. */
function afterContractions(p: usize, quotes: u64, words: u64): u64 {
  for (; quotes != 0; quotes &= quotes - 1) {
    const at = <u32>ctz(quotes);
    const behind = at + contraction(p + at, p + size);
    // Where the block ends too early to tell, the apostrophe's word is left open.
    if (behind == at && at + 3 <= size) continue;
    words &= ~(<u64>2 << at);
    if (behind != at && behind < size) words |= letters & (<u64>1 << behind);
  }
  return words;
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function gpt2Word(p: usize, end: usize): usize {
  const start = p;
  let char = charAt(p, end);
  if (load<u8>(p) == BLANK) {
    if (++p == end) return p;
    char = charAt(p, end);
    if ((char & WHITESPACE) != 0) return blankWord(start, end);
  } else if ((char & WHITESPACE) != 0) {
    return blankWord(start, end);
  } else if (load<u8>(p) == APOSTROPHE) {
    const length = contraction(p, end);
    if (length != 0) return p + length;
  }
  if ((char & LETTER) != 0) return skipLetters(p, end);
  return skip(p, end, (char & NUMBER) != 0 ? NUMBER : SYMBOL);
}
