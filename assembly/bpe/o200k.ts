/**
 * The pre-tokenizer of o200k, which minds case. With U for `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, W for `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` and C for
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)` it is
 * `[^\r\n\p{L}\p{N}]?U*W+C?|[^\r\n\p{L}\p{N}]?U+W*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
 * and Mistral's Tekken, which is the same without C and with numbers of one digit.
 */
import {
  apostrophes,
  below,
  blanks,
  capitals,
  caseless,
  digits,
  inside,
  letters,
  newlines,
  size,
  spaces,
  trail,
} from "./blocks";
import { CASELESS, charAt, LETTER, LOWER, MARK, NEWLINE, NUMBER, OTHER, skip, SPACE, UPPER } from "./characters";
import { contractionInAnyCase } from "./contractions";
import { blankOrLineWord, numberWord } from "./plain-words";
import { blanksAndLines, newlinesOf, numbersOfThree, settled } from "./starts";

const BLANK: u32 = 0x20;
const SLASH: u32 = 0x2f;
const APOSTROPHE: u32 = 0x27;
const SYMBOL: u32 = OTHER | MARK;
const CAPITALS: u32 = UPPER | CASELESS | MARK;
const SMALLS: u32 = LOWER | CASELESS | MARK;

let tekken: bool = false;

/** Cuts as Tekken from now on. */
export function setTekken(): void {
  tekken = true;
}

/** Word starts in the block at `p`, bit 0 among them; where the last word ends is not known. */
@inline
export function o200kStarts(p: usize): u64 {
  const white = blanks | newlines;
  const symbols = inside & ~(letters | digits | white);
  const symbolRuns = symbols & ~(symbols << 1) & ~(spaces << 1);
  const behindFirstSymbol = ((symbolRuns << 1) + trail) & ~trail;
  const words = letters & ~(letters << 1) & ~(blanks << 1) & ~behindFirstSymbol;
  const humps = capitals & letters & ((letters & ~capitals & ~caseless) << 1);
  const taken = newlinesOf(symbols);
  const numbers = tekken ? digits : numbersOfThree();
  let starts = 1 | words | humps | symbolRuns | numbers | blanksAndLines(white, taken);
  const mixed = capitals & (caseless << 1);
  if (mixed != 0) starts = withMixedCase(mixed, starts);
  const quotes = apostrophes & (letters << 1) & ((letters >> 1) | lastOf(inside));
  if (quotes != 0 && !tekken) starts = withContractions(p, quotes, starts);
  const slashes = symbols & (taken << 1);
  if (slashes != 0) starts = withSlashes(p, slashes, starts);
  return settled(starts & inside, white) | 1;
}

/**
 * Capitals right behind letters without case, `mixed`. Behind small letters and those a word starts with the capital. Else letters
 * without case count as capitals, if a small letter comes after all of them, and as small ones, if none does.
 */
function withMixedCase(mixed: u64, starts: u64): u64 {
  for (; mixed != 0; mixed &= mixed - 1) {
    const first = mixed & (0 - mixed);
    const before = ~caseless & (first - 1);
    const small = letters & ~capitals & ~caseless;
    if (before != 0 && (small & (<u64>1 << (63 - clz(before)))) != 0) {
      starts |= first;
      continue;
    }
    const behind = ((capitals & letters) + first) & ~(capitals & letters) & (0 - first);
    const next = behind & (0 - behind);
    if ((next & inside) == 0) return starts & (first - 1); // it depends on what follows the block
    if ((next & letters) == 0) starts |= first;
  }
  return starts;
}

/** The bit of the block's last byte. */
@inline
function lastOf(bits: u64): u64 {
  return bits & ~(bits >> 1);
}

/** Contractions go with the word before them; `quotes` are apostrophes behind letters, with letters or what is unknown behind them. */
function withContractions(p: usize, quotes: u64, starts: u64): u64 {
  let over: u32 = 0; // a contraction ended here: an apostrophe starts a word
  for (; quotes != 0; quotes &= quotes - 1) {
    const at = <u32>ctz(quotes);
    if (at + 3 > size) return starts & below(at);
    if (at == over) continue;
    const length = contractionInAnyCase(p + at, p + size);
    if (length == 0) continue;
    over = at + length;
    starts &= ~(below(length) << at);
    // Letters behind it start afresh: what the block says of them counted on the letters before.
    if (over < size && (letters & (<u64>1 << over)) != 0) return (starts & below(over)) | (<u64>1 << over);
  }
  return starts;
}

/** Slashes behind the newlines of symbols belong to those symbols: what follows is left for the next block. */
function withSlashes(p: usize, symbols: u64, starts: u64): u64 {
  for (; symbols != 0; symbols &= symbols - 1) {
    const at = <u32>ctz(symbols);
    if (load<u8>(p + at) == SLASH) return starts & below(at);
  }
  return starts;
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function o200kWord(p: usize, end: usize): usize {
  const char = charAt(p, end);
  const after = p + (char >> 8);
  if ((char & NUMBER) != 0) return numberWord(after, end, tekken ? 1 : 3);
  if ((char & NEWLINE) != 0) return blankOrLineWord(p, end);
  const word = casedWord(p, after, char, end);
  if (word != 0) return word;
  if (after == end) return end;
  if ((char & SPACE) != 0 && (load<u8>(p) != BLANK || (charAt(after, end) & SYMBOL) == 0)) return blankOrLineWord(p, end);
  p = skip(after, end, SYMBOL);
  while (p < end && isSlashOrNewline(load<u8>(p))) p++;
  return p;
}

@inline
function isSlashOrNewline(byte: u32): bool {
  return byte == SLASH || byte == 0x0a || byte == 0x0d;
}

/** End of the first two alternatives at `p`, 0 where neither matches; `after` is behind the first character, `char`. */
function casedWord(p: usize, after: usize, char: u32, end: usize): usize {
  const prefixed = (char & LETTER) == 0;
  let stop = prefixed ? capitalsThenSmalls(after, end) : 0;
  if (stop == 0 && (char & (LETTER | MARK)) != 0) stop = capitalsThenSmalls(p, end);
  if (stop == 0) {
    // No small letter follows: the second alternative, which then is a run of capitals.
    const from = prefixed ? after : p;
    stop = skip(from, end, CAPITALS);
    if (stop == from) return 0;
  }
  return stop < end && !tekken && load<u8>(stop) == APOSTROPHE ? stop + contractionInAnyCase(stop, end) : stop;
}

/** End of `U*W+` at `p`; 0 where it fails, which leaves capitals only. */
function capitalsThenSmalls(p: usize, end: usize): usize {
  let lastShared: usize = 0; // end of the last character both sets have: where backtracking out of the capitals stops
  while (p < end) {
    const char = charAt(p, end);
    if ((char & CAPITALS) == 0) return (char & LOWER) != 0 ? skip(p, end, SMALLS) : lastShared;
    p += char >> 8;
    if ((char & SMALLS) != 0) lastShared = p;
  }
  return lastShared;
}
