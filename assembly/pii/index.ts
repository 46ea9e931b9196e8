// module
/**
 * The anchors of e-mail addresses, IP addresses and phone numbers. Host: kernels/wasm/pii.ts. Twin:
 * kernels/pii/anchors.ts.
 *
 * Order of use: `reserve`, the text at the address that gives; `scan` then writes the anchors' offsets (u32) to
 * `anchorsAddress` and returns their number. Invariant: the anchors of the twin. Memory: the text with 16 bytes before
 * and behind it that count for nothing, then 4 bytes for each of its bytes. Price: 0.1 ns a byte where nothing is
 * found.
 */

const AT_SIGN: u32 = 1;
const DOTTED: u32 = 2;
const COLON: u32 = 4;
const PHONE: u32 = 8;
const TEXT: usize = (__heap_base + 16 + 63) & ~63;

export function anchorsAddress(length: usize): usize {
  return (TEXT + length + 16 + 3) & ~3;
}

/** Where the caller writes `length` bytes of text. May move every view of the memory. */
export function reserve(length: usize): usize {
  const pages = <i32>((anchorsAddress(length) + 4 * length + 0xffff) >> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  v128.store(TEXT - 16, i64x2.splat(0));
  return TEXT;
}

/** Writes the offsets of the anchors of the kinds that `wanted` adds up. */
export function scan(length: usize, wanted: u32): u32 {
  const end = TEXT + length;
  const anchors = anchorsAddress(length);
  v128.store(end, i64x2.splat(0));
  const at = sign(wanted, AT_SIGN, 0x40);
  const stop = sign(wanted, DOTTED | PHONE, 0x2e);
  const space = sign(wanted, PHONE, 0x20);
  const hyphen = sign(wanted, PHONE, 0x2d);
  const plus = sign(wanted, PHONE, 0x2b);
  const hasPhones = (wanted & PHONE) != 0;
  const hasNumbers = (wanted & (DOTTED | PHONE)) != 0;
  const hasColons = (wanted & COLON) != 0;
  let to = anchors;
  for (let p = TEXT; p < end; p += 16) {
    const bytes = v128.load(p);
    let found = i8x16.eq(bytes, at);
    if (hasNumbers) {
      const after = isDigit(v128.load(p, 1));
      let separators = i8x16.eq(bytes, stop);
      if (hasPhones) {
        separators = v128.or(separators, v128.or(i8x16.eq(bytes, space), i8x16.eq(bytes, hyphen)));
        found = v128.or(found, v128.and(i8x16.eq(bytes, plus), after));
      }
      separators = v128.and(separators, after);
      if (v128.any_true(separators)) found = v128.or(found, v128.and(separators, isDigit(v128.load(p - 1))));
    }
    if (hasColons) {
      const colons = i8x16.eq(bytes, i8x16.splat(0x3a));
      if (v128.any_true(colons)) {
        const both = v128.and(isColonOrHex(v128.load(p - 1)), isColonOrHex(v128.load(p, 1)));
        found = v128.or(found, v128.and(colons, both));
      }
    }
    for (let mask = i8x16.bitmask(found); mask != 0; mask &= mask - 1) {
      const anchor = p + ctz(mask);
      if (anchor >= end) break;
      store<u32>(to, <u32>(anchor - TEXT));
      to += 4;
    }
  }
  return <u32>((to - anchors) >> 2);
}

/** Sixteen times `byte` where one of `kinds` is wanted, else a byte that no text has. */
function sign(wanted: u32, kinds: u32, byte: u32): v128 {
  return i8x16.splat(<i8>((wanted & kinds) != 0 ? byte : 0xff));
}

function isDigit(bytes: v128): v128 {
  return i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
}

function isColonOrHex(bytes: v128): v128 {
  // `0` to `:`, then letters of either case.
  const low = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(11));
  const letter = i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61));
  return v128.or(low, i8x16.lt_u(letter, i8x16.splat(6)));
}
