/**
 * Where in a text an added token may begin, sixteen bytes at a time.
 *
 * Each of the first three bytes of a token is looked up by its halves: a table of sixteen says, for a half of a byte, which of eight groups
 * of tokens have it there. A place is one where a group has all six halves. No token is missed; what is found is checked by the host.
 * Where tokens begin with at most two different bytes, blocks without them are passed over.
 */

/** Text in one call. */
export const SCAN_BYTES: i32 = 1 << 15;

const SCAN: usize = memory.data(SCAN_BYTES + 128, 64);
const PLACES: usize = memory.data(4 * (SCAN_BYTES + 64), 64);
/** Low and high halves of the first byte, the second, the third. */
const HALVES: usize = memory.data(96, 16);

let few: bool = false;
let first: u8 = 0;
let second: u8 = 0;

/** Where the host writes the text. */
export function scanArea(): usize {
  return SCAN;
}

/** Where {@link findPlaces} writes places, as offsets from the text's start. */
export function placesArea(): usize {
  return PLACES;
}

/** Where the host writes the six tables. */
export function halvesArea(): usize {
  return HALVES;
}

/** Says that all tokens begin with one of two bytes. */
export function setFirstBytes(a: u32, b: u32): void {
  few = true;
  first = <u8>a;
  second = <u8>b;
}

@inline
function isFirst(x: v128): v128 {
  return v128.or(i8x16.eq(x, i8x16.splat(first)), i8x16.eq(x, i8x16.splat(second)));
}

/** Groups that have the halves of each byte of `x`, by the tables at `tables`. */
@inline
function groups(x: v128, tables: usize): v128 {
  const nibble = i8x16.splat(15);
  const low = i8x16.swizzle(v128.load(tables), v128.and(x, nibble));
  return v128.and(low, i8x16.swizzle(v128.load(tables, 16), v128.and(i16x8.shr_u(x, 4), nibble)));
}

/** Writes the places among the sixteen at `p` from `out` on; returns where they end. */
@inline
function findSixteen(p: usize, out: usize): usize {
  const two = v128.and(groups(v128.load(p), HALVES), groups(v128.load(p, 1), HALVES + 32));
  const three = v128.and(two, groups(v128.load(p, 2), HALVES + 64));
  for (let bits = i8x16.bitmask(i8x16.ne(three, i8x16.splat(0))); bits != 0; bits &= bits - 1) {
    store<u32>(out, <u32>(p - SCAN) + <u32>ctz(bits));
    out += 4;
  }
  return out;
}

/** Writes the places in the first `length` bytes of the text, and perhaps a few behind; returns how many. */
export function findPlaces(length: u32): u32 {
  const end = SCAN + length;
  let out = PLACES;
  for (let p = SCAN; p < end; p += 64) {
    if (few) {
      const low = v128.or(isFirst(v128.load(p)), isFirst(v128.load(p, 16)));
      const high = v128.or(isFirst(v128.load(p, 32)), isFirst(v128.load(p, 48)));
      if (!v128.any_true(v128.or(low, high))) continue;
    }
    out = findSixteen(p, out);
    out = findSixteen(p + 16, out);
    out = findSixteen(p + 32, out);
    out = findSixteen(p + 48, out);
  }
  return <u32>((out - PLACES) >> 2);
}
