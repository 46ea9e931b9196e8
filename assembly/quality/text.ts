/**
 * The document under measure: its memory, its characters, its white space and line ends.
 *
 * Memory: static tables, then from TEXT on the text, at least 64 zero bytes, the words (u32 starts, then u32 ends, as positions of
 * the caller: address + shift), then SCRATCH for whoever runs. Invariant: whoever writes past a point calls `reserve` first; 64 zero bytes
 * stand before TEXT and behind the text, so vectors may be loaded over both edges. White space, lines and decoding are Python's, as
 * in kernels/lines.ts and kernels/unicode/utf8.ts. Budget: the host hands over at most 2 MiB of text; with one word a byte, the
 * worst case, 110 MB of memory suffice, with `unicode` words 55 MB.
 */

/** Bits of `properties`. The low three bits are the class of the `unicode` word rules. */
export const WORD_CLASS: u32 = 7;
/** A letter that is none of the symbol marks. */
export const ALPHABETIC: u32 = 8;
export const SYMBOL: u32 = 16;
export const TERMINAL: u32 = 32;
export const SPACE: u32 = 64;
export const DECIMAL_DIGIT: u32 = 128;

/** What `decode` returns: the code point, and above it the length in bytes. */
export const LENGTH_SHIFT: u32 = 21;
export const CODE_POINT: u32 = (1 << LENGTH_SHIFT) - 1;
const INVALID: u32 = 0xfffd | (1 << LENGTH_SHIFT);

/** u32 each: what the last measure counted, from 0 on, as its head says; then what holds for the open document. */
const RESULTS = memory.data(64, 64);
const CHARS: usize = 8;
const NEWLINES: usize = 9;
const WORD_STARTS: usize = 10;
const WORD_ENDS: usize = 11;
/** u16 per block of 256 code points: which row of 256 bytes in VALUES. */
const BLOCKS = memory.data(0x1100 * 2, 64);
const MAX_ROWS: i32 = 256;
const VALUES = memory.data(MAX_ROWS * 256, 64);
/** Masks that keep the first 0 to 16 bytes of a vector: load at FIRST_BYTES + 16 - n. */
const FIRST_BYTES = memory.data(32, 64);
/** Vectors of equal bytes, by byte. Engines build a constant vector anew at every use, which costs more than this load. */
const SPLATS = memory.data(256 * 16, 64);
const EDGE = 64;

export let TEXT: usize = 0;
export let textEnd: usize = 0;
/** What has to be added to an address to get the caller's position. */
export let shift: u32 = 0;
export let wordStarts: usize = 0;
export let wordEnds: usize = 0;
export let wordCount: u32 = 0;
export let scratch: usize = 0;
/** Whether the text is all ASCII, and its U+000A. */
export let isAscii: bool = true;
export let newlineCount: u32 = 0;

export function results(): usize {
  return RESULTS;
}
export function blocks(): usize {
  return BLOCKS;
}
export function values(): usize {
  return VALUES;
}

export function setResult(index: usize, value: u32): void {
  store<u32>(RESULTS + (index << 2), value);
}

export function aligned(address: usize): usize {
  return (address + 63) & ~63;
}

/** Makes all memory below `end` usable; may detach the host's views. */
export function reserve(end: usize): void {
  const missing = <i32>((end + 0xffff) >> 16) - memory.size();
  if (missing > 0) memory.grow(missing);
}

/** Makes room for a text of `length` bytes, which stands at `position` for the caller. Returns where to put it. */
export function open(length: u32, position: u32): usize {
  if (TEXT == 0) {
    TEXT = aligned(__heap_base) + EDGE;
    v128.store(FIRST_BYTES, i8x16.splat(-1));
    for (let byte: usize = 0; byte < 256; byte++) v128.store(SPLATS + (byte << 4), i8x16.splat(<i8>byte));
  }
  textEnd = TEXT + length;
  shift = position - <u32>TEXT;
  reserve(textEnd + 2 * EDGE);
  memory.fill(textEnd, 0, EDGE);
  setWords(0);
  return TEXT;
}

/** Makes room for `count` words. The caller writes starts and ends. */
export function setWords(count: u32): void {
  const size = aligned(((<usize>count) << 2) + EDGE);
  wordStarts = aligned(textEnd + EDGE);
  wordEnds = wordStarts + size;
  wordCount = count;
  scratch = wordEnds + size;
  reserve(scratch);
  setResult(WORD_STARTS, <u32>wordStarts);
  setResult(WORD_ENDS, <u32>wordEnds);
}

/** Settles how many words were written into the room of `setWords`. */
export function keepWords(count: u32): void {
  wordCount = count;
}

/** Reads over the text once: counts its code points (bytes that are no continuations) and newlines. */
export function survey(): void {
  let nonAscii = i8x16.splat(0);
  let continuations: u32 = 0;
  let newlines: u32 = 0;
  for (let at = TEXT; at < textEnd; at += 16) {
    const bytes = v128.load(at);
    nonAscii = v128.or(nonAscii, bytes);
    continuations += popcnt(i8x16.bitmask(isContinuation(bytes)));
    newlines += popcnt(i8x16.bitmask(equals(bytes, 0x0a)));
  }
  isAscii = i8x16.bitmask(nonAscii) == 0;
  newlineCount = newlines;
  setResult(CHARS, <u32>(textEnd - TEXT) - continuations);
  setResult(NEWLINES, newlines);
}

/** The vector at `at` with all but its first `length` bytes (at most 16) zero. */
export function firstBytes(at: usize, length: usize): v128 {
  return v128.and(v128.load(at), v128.load(FIRST_BYTES + 16 - length));
}

export function mask64(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = <u64>(<u32>i8x16.bitmask(a) | ((<u32>i8x16.bitmask(b)) << 16));
  return low | ((<u64>(<u32>i8x16.bitmask(c) | ((<u32>i8x16.bitmask(d)) << 16))) << 32);
}

export function splat(byte: usize): v128 {
  return v128.load(SPLATS + (byte << 4));
}

/** Which bytes are `byte`. */
export function equals(bytes: v128, byte: usize): v128 {
  return i8x16.eq(bytes, splat(byte));
}

/** Which bytes are UTF-8 continuation bytes. */
export function isContinuation(bytes: v128): v128 {
  return i8x16.lt_s(bytes, splat(0xc0));
}

/** Which bytes are one of the `count` values from `first` on. */
export function inRange(bytes: v128, first: usize, count: usize): v128 {
  return i8x16.le_u(i8x16.sub(bytes, splat(first)), splat(count - 1));
}

/** The first `length` bits, of 1 to 64. */
export function lowBits(length: usize): u64 {
  return ~(<u64>0) >> (64 - length);
}

export function properties(codePoint: u32): u32 {
  return load<u8>(VALUES + ((<usize>load<u16>(BLOCKS + ((codePoint >> 8) << 1))) << 8) + (codePoint & 0xff));
}

/** The character at `at < end`. */
export function decode(at: usize, end: usize): u32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0x80) return lead | (1 << LENGTH_SHIFT);
  const b = <u32>load<u8>(at, 1) ^ 0x80;
  if (lead < 0xe0) {
    if (lead < 0xc2 || at + 1 >= end || b > 0x3f) return INVALID;
    return ((lead & 0x1f) << 6) | b | (2 << LENGTH_SHIFT);
  }
  const c = <u32>load<u8>(at, 2) ^ 0x80;
  if (lead < 0xf0) {
    if (at + 2 >= end || (b | c) > 0x3f) return INVALID;
    const codePoint = ((lead & 0x0f) << 12) | (b << 6) | c;
    if (codePoint < 0x800 || (codePoint & 0xf800) == 0xd800) return INVALID;
    return codePoint | (3 << LENGTH_SHIFT);
  }
  const d = <u32>load<u8>(at, 3) ^ 0x80;
  if (lead > 0xf4 || at + 3 >= end || (b | c | d) > 0x3f) return INVALID;
  const codePoint = ((lead & 0x07) << 18) | (b << 12) | (c << 6) | d;
  if (codePoint < 0x10000 || codePoint > 0x10ffff) return INVALID;
  return codePoint | (4 << LENGTH_SHIFT);
}

/** The character that ends at `at > start`. */
export function decodeBefore(start: usize, at: usize): u32 {
  for (let back: usize = 1; back <= 4 && start + back <= at; back++) {
    if ((load<u8>(at - back) & 0xc0) == 0x80) continue;
    const decoded = decode(at - back, at);
    return <usize>(decoded >> LENGTH_SHIFT) == back ? decoded : INVALID;
  }
  return INVALID;
}

/** Bytes in `[from, to)` that are no continuation bytes. */
export function countCodePoints(from: usize, to: usize): u32 {
  let continuations: u32 = 0;
  let at = from;
  for (; at + 16 <= to; at += 16) {
    continuations += popcnt(i8x16.bitmask(isContinuation(v128.load(at))));
  }
  const rest = firstBytes(at, to - at);
  continuations += popcnt(i8x16.bitmask(isContinuation(rest)));
  return <u32>(to - from) - continuations;
}

/** The same of a word, which is mostly short. */
export function wordCodePoints(start: usize, end: usize): u32 {
  const size = <u32>(end - start);
  if (size > 16) return countCodePoints(start, end);
  return size - <u32>popcnt(i8x16.bitmask(isContinuation(v128.load(start))) & ((1 << size) - 1));
}

export function skipSpace(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const byte = <u32>load<u8>(at);
    // No white space begins with another lead.
    if (byte >= 0x80 && byte != 0xc2 && (byte < 0xe1 || byte > 0xe3)) break;
    const decoded = decode(at, end);
    if ((properties(decoded & CODE_POINT) & SPACE) == 0) break;
    at += decoded >> LENGTH_SHIFT;
  }
  return at;
}

export function trimSpace(start: usize, end: usize): usize {
  let at = end;
  while (at > start) {
    const decoded = decodeBefore(start, at);
    if ((properties(decoded & CODE_POINT) & SPACE) == 0) break;
    at -= decoded >> LENGTH_SHIFT;
  }
  return at;
}

/** Address of the first U+000A at or after `from`, or `end`. */
export function findNewline(from: usize, end: usize): usize {
  for (let at = from; at < end; at += 16) {
    const found = i8x16.bitmask(equals(v128.load(at), 0x0a));
    if (found != 0) return min(at + ctz(found), end);
  }
  return end;
}

/** Line ends of `str.splitlines` whose first byte is in the 64 bytes at `at`. */
export function lineEndMask(at: usize): u64 {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  let ends: u64 = 0;
  if (v128.any_true(i8x16.le_u(i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d)), splat(0x1e)))) {
    ends = mask64(asciiLineEnds(a), asciiLineEnds(b), asciiLineEnds(c), asciiLineEnds(d));
  }
  if (i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d))) != 0) {
    ends |= mask64(wideLineEnds(at), wideLineEnds(at + 16), wideLineEnds(at + 32), wideLineEnds(at + 48));
  }
  return ends;
}

function asciiLineEnds(bytes: v128): v128 {
  return v128.or(inRange(bytes, 0x0a, 4), inRange(bytes, 0x1c, 3));
}

/** U+0085, U+2028, U+2029. */
function wideLineEnds(at: usize): v128 {
  const first = v128.load(at);
  const second = v128.load(at, 1);
  const third = v128.load(at, 2);
  const nextLine = v128.and(equals(first, 0xc2), equals(second, 0x85));
  const separator = v128.and(
    v128.and(equals(first, 0xe2), equals(second, 0x80)),
    equals(v128.and(third, splat(0xfe)), 0xa8),
  );
  return v128.or(nextLine, separator);
}

/**
 * Writes the lines of `str.splitlines()` as pairs of u32 addresses, start and end, to `out`, for which there must be room for a pair
 * per byte, and returns their number.
 */
export function splitLines(out: usize): u32 {
  let lineStart = TEXT;
  let next = out;
  for (let block = TEXT; block < textEnd; block += 64) {
    for (let ends = lineEndMask(block); ends != 0; ends &= ends - 1) {
      const at = block + <usize>ctz(ends);
      if (at >= textEnd) break;
      const byte = load<u8>(at);
      // The second half of \r\n ends nothing.
      if (byte != 0x0a || at == TEXT || load<u8>(at - 1) != 0x0d) {
        store<u32>(next, <u32>lineStart);
        store<u32>(next, <u32>at, 4);
        next += 8;
      }
      lineStart = at + (byte < 0x80 ? 1 : byte == 0xc2 ? 2 : 3);
    }
  }
  if (lineStart < textEnd) {
    store<u32>(next, <u32>lineStart);
    store<u32>(next, <u32>textEnd, 4);
    next += 8;
  }
  return <u32>((next - out) >> 3);
}
