/**
 * Sixty-four bytes of text at a time, as sets: bit `i` of a mask speaks of byte `p + i`.
 *
 * Invariant: every byte of a character has its character's bits; `trail` marks the bytes that are not a character's first. A block ends
 * (`inside`) before the first character that masks cannot speak of: whitespace or numbers beyond ASCII, malformed bytes, what
 * the block or the text cuts. `starts` functions make word starts of these sets; a block begins where a word begins.
 */
import { CASELESS, charAt, LETTER, MARK, NUMBER, UPPER, WHITESPACE } from "./characters";
import { is, mask, within } from "./lanes";

export let letters: u64 = 0;
/** Letters that are capital or titlecase, and those without case; only where {@link tellCase} asks for it. */
export let capitals: u64 = 0;
export let caseless: u64 = 0;
/** ASCII digits. */
export let digits: u64 = 0;
/** U+0020. */
export let spaces: u64 = 0;
/** ASCII whitespace other than newlines, U+0020 included. */
export let blanks: u64 = 0;
/** Carriage returns and line feeds. */
export let newlines: u64 = 0;
export let apostrophes: u64 = 0;
export let trail: u64 = 0;
export let inside: u64 = 0;
/** How many bytes {@link inside} holds. */
export let size: u32 = 0;
let cased: bool = false;

/** Also tells case from now on, and then a mark behind a letter is a letter without case; elsewhere a mark ends the block. */
export function tellCase(): void {
  cased = true;
}

@inline
function lower(x: v128): v128 {
  return v128.or(x, i8x16.splat(0x20));
}

@inline
function newline(x: v128): v128 {
  return v128.or(is(x, 0x0a), is(x, 0x0d));
}

/** The first `count` bits. */
@inline
export function below(count: u32): u64 {
  return count >= 64 ? ~(<u64>0) : (<u64>1 << count) - 1;
}

/** Reads the block at `p`; the text ends at `end`. */
export function readBlock(p: usize, end: usize): void {
  const a = v128.load(p);
  const b = v128.load(p, 16);
  const c = v128.load(p, 32);
  const d = v128.load(p, 48);
  size = <u32>min<usize>(end - p, 64);
  inside = below(size);
  letters = mask(within(lower(a), 97, 26), within(lower(b), 97, 26), within(lower(c), 97, 26), within(lower(d), 97, 26));
  trail = 0;
  if (cased) {
    capitals = mask(within(a, 65, 26), within(b, 65, 26), within(c, 65, 26), within(d, 65, 26));
    caseless = 0;
  }
  const high = mask(a, b, c, d) & inside;
  if (high != 0) {
    readWide(p, a, b, c, d, high);
    inside = below(size);
    trail &= inside;
  }
  letters &= inside;
  digits = mask(within(a, 48, 10), within(b, 48, 10), within(c, 48, 10), within(d, 48, 10)) & inside;
  spaces = mask(is(a, 32), is(b, 32), is(c, 32), is(d, 32)) & inside;
  newlines = mask(newline(a), newline(b), newline(c), newline(d)) & inside;
  blanks = spaces | (mask(within(a, 9, 5), within(b, 9, 5), within(c, 9, 5), within(d, 9, 5)) & inside & ~newlines);
  apostrophes = mask(is(a, 39), is(b, 39), is(c, 39), is(d, 39)) & inside;
}

/** Leads of two bytes that only letters have: U+0100 to U+02BF, U+0400 to U+047F. */
@inline
function twoByteLetter(x: v128): v128 {
  return v128.or(within(x, 0xc4, 7), within(x, 0xd0, 2));
}

/** Leads of three bytes that only letters have: U+5000 to U+9FFF, U+B000 to U+CFFF. */
@inline
function threeByteLetter(x: v128): v128 {
  return v128.or(within(x, 0xe5, 5), within(x, 0xeb, 2));
}

@inline
function continuation(x: v128): v128 {
  return i8x16.lt_s(x, i8x16.splat(-64));
}

/**
 * Arabic leads, D8 to DB, before the second byte of a letter; `next` is the text one byte on. Taken are, by lead, U+0620 to U+063F,
 * U+0671 to U+067F and U+0640 to U+064A, U+0680 to U+06BF, U+06C0 to U+06D3, all without case: an interval of second bytes each, which
 * for D9 wraps around. What is added takes its last byte to 127, so that one signed comparison tells it from all other second bytes.
 */
@inline
function arabicLetter(x: v128, next: v128): v128 {
  const lead = i8x16.sub(x, i8x16.splat(<i8>0xd8));
  const added = i8x16.swizzle(i8x16(-0x40, -0x0b, -0x40, -0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), lead);
  // Zeros, which other leads get, are above every second byte.
  const above = i8x16.swizzle(i8x16(0x5f, -0x5b, 0x3f, 0x6b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), lead);
  return i8x16.gt_s(i8x16.add(next, added), above);
}

/** Bits of {@link arabicLetter}; means something only before second bytes. */
function arabicLetters(p: usize, a: v128, b: v128, c: v128, d: v128): u64 {
  return mask(
    arabicLetter(a, v128.load(p, 1)),
    arabicLetter(b, v128.load(p, 17)),
    arabicLetter(c, v128.load(p, 33)),
    arabicLetter(d, v128.load(p, 49)),
  );
}

/** Characters beyond ASCII: common letters as sets, the others one by one. */
function readWide(p: usize, a: v128, b: v128, c: v128, d: v128, high: u64): void {
  const second = (mask(continuation(a), continuation(b), continuation(c), continuation(d)) & inside) >> 1;
  const twos = cased ? 0 : mask(twoByteLetter(a), twoByteLetter(b), twoByteLetter(c), twoByteLetter(d)) & second;
  const threes =
    mask(threeByteLetter(a), threeByteLetter(b), threeByteLetter(c), threeByteLetter(d)) & second & (second >> 1);
  let trails = (twos << 1) | (threes << 1) | (threes << 2);
  let known = twos | threes | trails;
  const others = high & ~known;
  // Other scripts do not pay for Arabic: it is looked for where the first of what is left is.
  if (others != 0 && (load<u8>(p + <usize>ctz(others)) & 0xfc) == 0xd8) {
    const pairs = arabicLetters(p, a, b, c, d) & second;
    trails |= pairs << 1;
    known |= pairs | (pairs << 1);
  }
  letters |= known;
  caseless = known;
  trail = trails;
  for (let rest = high & ~known; rest != 0; ) {
    const at = <u32>ctz(rest);
    if (at >= size) return;
    const char = charAt(p + at, p + size);
    const length = char >> 8;
    if (length == 1 || (char & (NUMBER | WHITESPACE)) != 0) {
      size = at;
      return;
    }
    const bytes = below(length) << at;
    trail |= bytes & (bytes << 1);
    if ((char & LETTER) != 0) letters |= bytes;
    if (cased && !addCased(at, char, bytes)) return;
    rest &= ~bytes;
  }
}

/** Notes the case of the character at bit `at`; false where the block ends before it. */
@inline
function addCased(at: u32, char: u32, bytes: u64): bool {
  if ((char & MARK) != 0) {
    if ((letters & ((<u64>1 << at) >> 1)) == 0) {
      size = at;
      return false;
    }
    letters |= bytes;
  }
  if ((char & UPPER) != 0) capitals |= bytes;
  else if ((char & (CASELESS | MARK)) != 0) caseless |= bytes;
  return true;
}

/** The end of a run of letters that goes on at `p`. */
export function skipLetters(p: usize, end: usize): usize {
  while (p < end) {
    readBlock(p, end);
    const others = ~letters & inside;
    if (others != 0) return p + <usize>ctz(others);
    if (size < 64 && p + size < end) {
      const char = charAt(p + size, end);
      p += size;
      if ((char & LETTER) == 0) return p;
      p += char >> 8;
    } else p += size;
  }
  return end;
}
