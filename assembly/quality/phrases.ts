/**
 * The phrases C4 looks for in a line. Twin: kernels/quality/c4-phrases.ts.
 *
 * Invariant: what the twin finds. Price: 0.3 ns a byte: a phrase is compared only where three of its letters stand together.
 */
import { equals, isAscii, lowBits, mask64, splat } from "./text";

/** Bits of what `findPhrases` returns. */
export const HAS_LOREM_IPSUM: u32 = 1;
export const HAS_JAVASCRIPT: u32 = 2;
export const HAS_CURLY_BRACKET: u32 = 4;
export const HAS_POLICY: u32 = 8;

/** Which phrases, and whether a `{`, the line holds. */
export function findPhrases(start: usize, end: usize): u32 {
  let found: u32 = 0;
  for (let at = start; at < end; at += 64) {
    const hits = mask64(anchors(at), anchors(at + 16), anchors(at + 32), anchors(at + 48));
    for (let rest = hits & lowBits(min(<usize>64, end - at)); rest != 0; rest &= rest - 1) {
      found |= phraseAt(at + <usize>ctz(rest), start, end);
    }
  }
  return found;
}

/**
 * Bytes around which to look: `{`, `j`, the middle of `oki`, `iva`, `rms` and `ips`, and the first byte of U+212A, the Kelvin sign,
 * whose lower case is `k`. Bytes before and behind the line do no harm.
 */
function anchors(at: usize): v128 {
  const bytes = v128.load(at);
  const fold = splat(0x20);
  const before = v128.or(v128.load(at - 1), fold);
  const here = v128.or(bytes, fold);
  const behind = v128.or(v128.load(at + 1), fold);
  const cookie = v128.and(v128.and(equals(before, 0x6f), equals(here, 0x6b)), equals(behind, 0x69));
  const isS = equals(behind, 0x73);
  const terms = v128.and(v128.and(equals(before, 0x72), equals(here, 0x6d)), isS);
  const privacy = v128.and(equals(here, 0x76), equals(behind, 0x61));
  const ipsum = v128.and(equals(here, 0x70), isS);
  const afterI = v128.and(equals(before, 0x69), v128.or(privacy, ipsum));
  const found = v128.or(v128.or(cookie, terms), v128.or(afterI, v128.or(equals(here, 0x6a), equals(bytes, 0x7b))));
  if (isAscii) return found;
  return v128.or(found, v128.and(equals(bytes, 0xe2), equals(v128.load(at + 1), 0x84)));
}

function phraseAt(at: usize, start: usize, end: usize): u32 {
  const byte = load<u8>(at);
  if (byte == 0x7b) return HAS_CURLY_BRACKET;
  if (byte == 0xe2) return at + 2 < end && load<u8>(at, 2) == 0xaa ? cookiesAt(at, 3, start, end) : 0;
  const letter = byte | 0x20;
  if (letter == 0x6b) return cookiesAt(at, 1, start, end);
  if (letter == 0x6a) return isPhrase("javascript", 0, at, 1, start, end) ? HAS_JAVASCRIPT : 0;
  if (letter == 0x70) return isPhrase("lorem ipsum", 7, at, 1, start, end) ? HAS_LOREM_IPSUM : 0;
  if (letter == 0x6d) return isPhrase("terms of use", 3, at, 1, start, end) ? HAS_POLICY : 0;
  return isPhrase("privacy policy", 3, at, 1, start, end) ? HAS_POLICY : 0;
}

function cookiesAt(at: usize, length: usize, start: usize, end: usize): u32 {
  const found =
    isPhrase("cookie policy", 3, at, length, start, end) ||
    isPhrase("uses cookies", 8, at, length, start, end) ||
    isPhrase("use of cookies", 10, at, length, start, end) ||
    isPhrase("use cookies", 7, at, length, start, end);
  return found ? HAS_POLICY : 0;
}

/** Whether the phrase stands in the line, ASCII case aside, with the character `anchor` of it being the `length` bytes at `at`. */
function isPhrase(phrase: string, anchor: usize, at: usize, length: usize, start: usize, end: usize): bool {
  const after = at + length;
  const rest = <usize>phrase.length - anchor - 1;
  if (at < start + anchor || after + rest > end) return false;
  for (let i: usize = 0; i < anchor; i++) {
    if (!isFolded(load<u8>(at - anchor + i), phrase.charCodeAt(<i32>i))) return false;
  }
  for (let i: usize = 0; i < rest; i++) {
    if (!isFolded(load<u8>(after + i), phrase.charCodeAt(<i32>(anchor + 1 + i)))) return false;
  }
  return true;
}

function isFolded(byte: u32, character: i32): bool {
  return byte == <u32>character || (character != 0x20 && (byte | 0x20) == <u32>character);
}
