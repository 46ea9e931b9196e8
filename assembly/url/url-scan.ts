// module
/**
 * What is asked of every byte of a URL, for many URLs in one call. Host: kernels/wasm/url-scan.ts.
 *
 * Of each URL: whether it may have a listed word or part of one, its hash, and, where its host is a plain one under a suffix of the tables, where its registrable domain begins and the
 * hashes of both. What is not plain, and what may be listed, the host looks at again. Order of use: filters and tables of suffixes, then URLs back to back at `textAddress`, their
 * ends (u32) at `endsAddress` and starts at `startsAddress`, and `scan`.
 *
 * Invariant: reads up to 63 bytes behind the last URL, which may be anything. Price: about 1 ns a byte.
 */
import { flagsOfHost, hashOf } from "./url-host";

const MAX_URLS: usize = 256;
/** Bytes of all URLs of a call. */
const MAX_TEXT: usize = 1 << 18;
/** Bytes of the longest URL. */
const MAX_URL: usize = 1 << 13;
/** Letters and digits of a URL, capitals small, without what stands between them. */
const LETTERS: usize = memory.data((1 << 13) + 64, 16);
/** The URL with small letters for capitals. */
const FOLDED: usize = memory.data((1 << 13) + 64, 16);
const STARTS: usize = memory.data(4 * 256, 16);
const ENDS: usize = memory.data(4 * 256, 16);
const FLAGS: usize = memory.data(4 * 256, 16);
const HOST_HASHES: usize = memory.data(8 * 256, 16);
const URL_HASHES: usize = memory.data(4 * 256, 16);
const WORD_FILTER: usize = memory.data(1 << 13, 16);
const PART_FILTER: usize = memory.data(1 << 13, 16);
/** Of the first letters of parts, as many as the shortest has, at most 8. */
const HEAD_FILTER: usize = memory.data(1 << 13, 16);
/** By mask of 8 bytes: the positions of those that it has, then 0x80 for the rest. */
const PACKED: usize = memory.data(8 * 256, 16);
const TEXT: usize = memory.data((1 << 18) + 64, 16);

const MAYBE_WORD: u32 = 1;
const MAYBE_PART: u32 = 2;

/** Of the first 64 bytes of a URL: which are of a plain host, and which of those are dots. */
let plainBytes: u64 = 0;
let dots: u64 = 0;

for (let mask: u32 = 0; mask < 256; mask++) {
  let to = PACKED + ((<usize>mask) << 3);
  store<u64>(to, 0x8080808080808080);
  for (let i: u32 = 0; i < 8; i++) if (((mask >> i) & 1) != 0) store<u8>(to++, <u8>i);
}

export function textAddress(): usize {
  return TEXT;
}
export function maxText(): usize {
  return MAX_TEXT;
}
export function maxUrls(): usize {
  return MAX_URLS;
}
/** A URL may have as many bytes. */
export function maxUrl(): usize {
  return MAX_URL;
}
export function startsAddress(): usize {
  return STARTS;
}
export function endsAddress(): usize {
  return ENDS;
}
/** A word a URL: {@link MAYBE_WORD}, {@link MAYBE_PART}, and what `flagsOfHost` says. */
export function flagsAddress(): usize {
  return FLAGS;
}
/** Two words a URL: of its registrable domain, and of its host. */
export function hostHashesAddress(): usize {
  return HOST_HASHES;
}
export function urlHashesAddress(): usize {
  return URL_HASHES;
}
export function wordFilterAddress(): usize {
  return WORD_FILTER;
}
export function partFilterAddress(): usize {
  return PART_FILTER;
}
export function headFilterAddress(): usize {
  return HEAD_FILTER;
}
export { pairFilterAddress, suffixesAddress, suffixSlots } from "./url-host";

/** Scans `count` URLs. Every `stride`-th four letters are held against the parts, and where they are of one, the `head` letters that it would begin with; with a stride of 0 each URL may have one. */
export function scan(count: u32, stride: u32, head: u32): void {
  for (let url: usize = 0; url < <usize>count; url++) {
    const start = TEXT + <usize>load<u32>(STARTS + (url << 2));
    const end = TEXT + <usize>load<u32>(ENDS + (url << 2));
    const flags = lookAtWords(start, end, stride, head);
    store<u32>(FLAGS + (url << 2), flags | flagsOfHost(start, end, plainBytes, dots, HOST_HASHES + (url << 3)));
    store<u32>(URL_HASHES + (url << 2), hashOf(start, end));
  }
}

function lookAtWords(start: usize, end: usize, stride: u32, head: u32): u32 {
  const small = i8x16.splat(0x20);
  let letters = LETTERS;
  let flags: u32 = 0;
  /** Whether a word goes on from the block before, and where it begins in the folded text; 0 where none does. */
  let goesOn: u64 = 0;
  let open: usize = 0;
  plainBytes = 0;
  dots = 0;
  let folded = FOLDED;
  for (let base = start; base < end; base += 64) {
    let mask: u64 = 0;
    let plain: u64 = 0;
    let dot: u64 = 0;
    const left = end - base;
    const length = min<usize>(left, 64);
    for (let at: usize = 0; at < length; at += 16) {
      const bytes = v128.load(base + at);
      const isCapital = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(26));
      const lower = v128.or(bytes, v128.and(isCapital, small));
      const isLetter = v128.or(
        i8x16.lt_u(i8x16.sub(lower, i8x16.splat(0x61)), i8x16.splat(26)),
        i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10)),
      );
      v128.store(folded + at, lower);
      let bits = <u32>i8x16.bitmask(isLetter);
      const rest = length - at;
      if (rest < 16) bits &= (1 << (<u32>rest)) - 1;
      if (base == start) {
        const isDot = i8x16.eq(bytes, i8x16.splat(0x2e));
        dot |= (<u64>i8x16.bitmask(isDot)) << (<u64>at);
        const isSign = v128.or(isDot, i8x16.eq(bytes, i8x16.splat(0x2d)));
        plain |= (<u64>i8x16.bitmask(v128.or(v128.andnot(isLetter, isCapital), isSign))) << (<u64>at);
      }
      mask |= (<u64>bits) << (<u64>at);
      const first = <usize>(bits & 255);
      const second = <usize>(bits >> 8);
      v128.store64_lane(letters, i8x16.swizzle(lower, v128.load64_zero(PACKED + (first << 3))), 0);
      letters += <usize>popcnt(first);
      const upper = i8x16.add(v128.load64_zero(PACKED + (second << 3)), i8x16.splat(8));
      v128.store64_lane(letters, i8x16.swizzle(lower, upper), 0);
      letters += <usize>popcnt(second);
    }
    if (base == start) {
      const within = length == 64 ? ~0 : ((<u64>1) << (<u64>length)) - 1;
      plainBytes = plain & within;
      dots = dot & within;
    }
    const before = (mask << 1) | goesOn;
    let starts = mask & ~before;
    let ends = before & ~mask;
    goesOn = mask >> 63;
    if (open != 0 && ends != 0) {
      flags |= lookAtWord(open, folded + <usize>ctz(ends));
      ends &= ends - 1;
      open = 0;
    }
    while (ends != 0) {
      flags |= lookAtWord(folded + <usize>ctz(starts), folded + <usize>ctz(ends));
      starts &= starts - 1;
      ends &= ends - 1;
    }
    if (starts != 0) open = folded + <usize>ctz(starts);
    folded += 64;
  }
  // One that ends with the URL, where that is a border of blocks.
  if (goesOn != 0) flags |= lookAtWord(open, folded);
  if (stride == 0) return flags | MAYBE_PART;
  for (let at = LETTERS + stride - 1; at + 4 <= letters; at += stride) {
    if (bit(PART_FILTER, load<u32>(at)) != 0 && mayBegin(at, letters, stride, head)) return flags | MAYBE_PART;
  }
  return flags;
}

/** The flag of a word that may be listed. */
function lookAtWord(start: usize, end: usize): u32 {
  const length = <u32>(end - start);
  const gram = load<u32>(start) & (length >= 4 ? 0xffffffff : (1 << (length << 3)) - 1);
  return bit(WORD_FILTER, gram ^ (length * 0x85ebca6b)) * MAYBE_WORD;
}

/** Whether a part may begin so that the letters at `at` are among its first ones. */
function mayBegin(at: usize, end: usize, stride: u32, head: u32): bool {
  const mask: u64 = head >= 8 ? ~0 : ((<u64>1) << ((<u64>head) << 3)) - 1;
  for (let before: usize = 0; before < <usize>stride; before++) {
    const from = at - before;
    if (from < LETTERS || from + head > end) continue;
    const letters = load<u64>(from) & mask;
    if (bit(HEAD_FILTER, <u32>letters ^ (<u32>(letters >>> 32) * 0xc2b2ae35)) != 0) return true;
  }
  return false;
}

/** Whether the bit of a gram is set: 0 or 1. */
function bit(filter: usize, gram: u32): u32 {
  const at = (gram * 0x9e3779b1) >>> 16;
  return (<u32>load<u8>(filter + (at >>> 3)) >>> (at & 7)) & 1;
}
