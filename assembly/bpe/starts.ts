/**
 * Word starts that several pre-tokenizers share, as bit sets over the block that was read last: numbers, whitespace, and what the block's
 * end leaves open.
 */
import { blanks, digits, inside, newlines } from "./blocks";

/** `\p{N}{1,3}`: every third digit of a run. */
@inline
export function numbersOfThree(): u64 {
  let starts = digits & ~(digits << 1);
  const fourths = digits & (digits << 1) & (digits << 2) & (digits << 3);
  if (fourths != 0) {
    for (let more = (starts << 3) & fourths; more != 0; more = (more << 3) & fourths) starts |= more;
  }
  return starts;
}

/** Newlines right behind symbols belong to them, with those that follow. */
@inline
export function newlinesOf(symbols: u64): u64 {
  const glued = newlines & (symbols << 1);
  return glued == 0 ? 0 : newlines & ~(newlines + glued);
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+`, where `taken` are {@link newlinesOf} symbols. */
@inline
export function blanksAndLines(white: u64, taken: u64): u64 {
  const firsts = white & ~(white << 1) & ~taken;
  // The last blank of a run goes with what follows it.
  const lasts = blanks & (blanks << 1) & ~(white >> 1);
  return firsts | lasts | blanksBehindLines(taken);
}

/** Blanks behind newlines start a word, unless newlines follow them: then they go with those. */
@inline
function blanksBehindLines(taken: u64): u64 {
  let starts = blanks & (newlines << 1);
  let lines = (blanks + starts) & ~blanks & newlines; // newlines behind such blanks
  if (lines == 0) return starts;
  // Newlines that belong to symbols are over: blanks behind them start a word all the same.
  const kept = starts & (taken << 1);
  for (; lines != 0; lines &= lines - 1) {
    const before = starts & ((lines & (0 - lines)) - 1);
    starts &= ~(<u64>1 << (63 - clz(before)));
  }
  return starts | kept;
}

/** Of the starts in whitespace at the block's end only the first is certain: the rest depends on what follows. */
@inline
export function settled(starts: u64, white: u64): u64 {
  const open = ~(white | ~inside);
  const first = 64 - (open == 0 ? 64 : <u32>clz(open));
  return first < 63 ? starts & ((<u64>2 << first) - 1) : starts;
}
