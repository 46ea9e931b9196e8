/**
 * Words of vocabularies of characters: a text is cut at every pair of bytes that no merge crosses, and nowhere else.
 *
 * The host gives the pairs (`character-cuts.ts` says why they are exact). Bytes of ASCII are cut by what they are, sixty-four at a time: two
 * kinds side by side are cut where no pair of them may join. Of what is beyond ASCII, letters of two bytes that behave as those of one script
 * do (Cyrillic, Greek) are cut by what they are too; the rest is looked up, pair by pair. Cutting too seldom is exact: merging cuts again.
 */

import { copyCuts, cutsAny, mayCut } from "./cuts";
import { is, mask, within } from "./lanes";
import { apart } from "./word-tokens";

const BLANK: u32 = 0x20;

/** Kinds of ASCII: letters, digits, the blank, other visible characters, controls. */
const KINDS: u32 = 5;
/** Where kind `a` may join kind `b` behind it all bits of entry `a * KINDS + b` are set. */
const JOINS: usize = memory.data(8 * 25, 16);

/** For each kind: all bits set where it is always cut from a byte of 0x80 to 0xbf before it. */
const CUT_BEHIND_TRAIL: usize = memory.data(8 * 5, 16);

/**
 * For each byte from 0xc0 to 0xdf: 0xff where it is a plain lead, which hardly is cut from a byte of 0x80 to 0xbf before it, never from a blank,
 * and always from any other byte of ASCII.
 */
const PLAIN_LEADS: usize = memory.data(32, 16);
/** Of the 64 pairs of such bytes with a plain lead, the most that could be cut and are not. */
const MOST_MISSED: u32 = 4;

function kindOf(byte: u32): u32 {
  if ((byte | 0x20) - 97 < 26) return 0;
  if (byte - 48 < 10) return 1;
  if (byte == BLANK) return 2;
  return byte < BLANK || byte == 0x7f ? 4 : 3;
}

/** Takes the host's set of pairs. */
export function setCuts(pairs: usize): void {
  copyCuts(pairs);
  memory.fill(JOINS, 0, 8 * KINDS * KINDS);
  for (let left: u32 = 0; left < 128; left++) {
    for (let right: u32 = 0; right < 128; right++) {
      if (!mayCut(left, right)) store<u64>(JOINS + ((kindOf(left) * KINDS + kindOf(right)) << 3), ~(<u64>0));
    }
  }
  memory.fill(CUT_BEHIND_TRAIL, 0xff, 8 * KINDS);
  for (let right: u32 = 0; right < 128; right++) {
    if (cutsBehindTrails(right) < 64) store<u64>(CUT_BEHIND_TRAIL + (kindOf(right) << 3), 0);
  }
  for (let lead: u32 = 0; lead < 32; lead++) store<u8>(PLAIN_LEADS + lead, isPlainLead(0xc0 + lead) ? 0xff : 0);
}

/** How many bytes from 0x80 to 0xbf are cut from `right` behind them. */
function cutsBehindTrails(right: u32): u32 {
  let count: u32 = 0;
  for (let left: u32 = 0x80; left < 0xc0; left++) count += u32(mayCut(left, right));
  return count;
}

function isPlainLead(lead: u32): bool {
  for (let left: u32 = 0; left < 128; left++) if (mayCut(left, lead) == (left == BLANK)) return false;
  return cutsBehindTrails(lead) <= MOST_MISSED;
}

@inline
function letter(x: v128): v128 {
  return within(v128.or(x, i8x16.splat(0x20)), 97, 26);
}

@inline
function digit(x: v128): v128 {
  return within(x, 48, 10);
}

@inline
function blank(x: v128): v128 {
  return is(x, <u8>BLANK);
}

/** Controls of ASCII less U+007F: signed comparison takes what is beyond ASCII too. */
@inline
function belowBlank(x: v128): v128 {
  return i8x16.lt_s(x, i8x16.splat(0x20));
}

@inline
function isDelete(x: v128): v128 {
  return i8x16.eq(x, i8x16.splat(0x7f));
}

@inline
function second(x: v128): v128 {
  return i8x16.lt_s(x, i8x16.splat(-64));
}

@inline
function plainLead(x: v128): v128 {
  const low = i8x16.swizzle(v128.load(PLAIN_LEADS), i8x16.sub(x, i8x16.splat(-64)));
  return v128.or(low, i8x16.swizzle(v128.load(PLAIN_LEADS, 16), i8x16.sub(x, i8x16.splat(-48))));
}

/** Of what stands before each byte, the bytes that may join kind `kind`. */
@inline
function joining(kind: usize, letters: u64, digits: u64, blanks: u64, signs: u64, controls: u64): u64 {
  const at = JOINS + (kind << 3);
  return (
    ((letters & load<u64>(at)) |
      (digits & load<u64>(at, 40)) |
      (blanks & load<u64>(at, 80)) |
      (signs & load<u64>(at, 120)) |
      (controls & load<u64>(at, 160))) <<
    1
  );
}

/** Word starts in the block at `p`, bit 0 among them; where the last word ends is not known. */
export function characterStarts(p: usize, end: usize): u64 {
  const a = v128.load(p);
  const b = v128.load(p, 16);
  const c = v128.load(p, 32);
  const d = v128.load(p, 48);
  const size = <u32>min<usize>(end - p, 64);
  const inside = size == 64 ? ~(<u64>0) : (<u64>1 << size) - 1;
  const high = mask(a, b, c, d);
  const letters = mask(letter(a), letter(b), letter(c), letter(d));
  const digits = mask(digit(a), digit(b), digit(c), digit(d));
  const blanks = mask(blank(a), blank(b), blank(c), blank(d));
  const deletes = mask(isDelete(a), isDelete(b), isDelete(c), isDelete(d));
  const controls = (mask(belowBlank(a), belowBlank(b), belowBlank(c), belowBlank(d)) & ~high) | deletes;
  const signs = ~(high | letters | digits | blanks | controls);
  const joined =
    (letters & joining(0, letters, digits, blanks, signs, controls)) |
    (digits & joining(1, letters, digits, blanks, signs, controls)) |
    (blanks & joining(2, letters, digits, blanks, signs, controls)) |
    (signs & joining(3, letters, digits, blanks, signs, controls)) |
    (controls & joining(4, letters, digits, blanks, signs, controls));
  let starts = ~(high | (high << 1) | joined) & inside;
  if ((high & inside) != 0) {
    const trails = mask(second(a), second(b), second(c), second(d));
    const leads = mask(plainLead(a), plainLead(b), plainLead(c), plainLead(d));
    const behindHigh = high << 1;
    const behindTrail = trails << 1;
    const cut =
      behindTrail &
      ((letters & load<u64>(CUT_BEHIND_TRAIL)) |
        (digits & load<u64>(CUT_BEHIND_TRAIL, 8)) |
        (blanks & load<u64>(CUT_BEHIND_TRAIL, 16)) |
        (signs & load<u64>(CUT_BEHIND_TRAIL, 24)) |
        (controls & load<u64>(CUT_BEHIND_TRAIL, 32)));
    starts |= (cut | (leads & ~(behindHigh | (blanks << 1)))) & inside;
    const told = cut | (leads & (behindTrail | ~behindHigh));
    for (let open = ((high & ~trails) | (~high & behindHigh)) & ~told & inside & ~(<u64>1); open != 0; open &= open - 1) {
      const at = <usize>ctz(open);
      const right: u32 = load<u8>(p + at);
      if (mayCut(load<u8>(p + at - 1), right) || (right >> 4 == 0xe && cutsAny && apart(p + at))) {
        starts |= open & (0 - open);
      }
    }
  }
  return starts | 1;
}

/** The end of the word that starts at `p`; needs `p < end`. */
export function characterWord(p: usize, end: usize): usize {
  let left: u32 = load<u8>(p++);
  while (p < end) {
    const right: u32 = load<u8>(p);
    if (mayCut(left, right)) return p;
    left = right;
    p++;
  }
  return p;
}
