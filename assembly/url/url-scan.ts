// module
/**
 * What is asked of every byte of a URL, for many URLs in one call. Host: kernels/wasm/url-scan.ts.
 *
 * Of each URL: whether it may have a listed word or part of one, its hash, and, where its host is a plain one under a suffix of one label, the hashes of its registrable domain and
 * host. What is not plain, and what may be listed, the host looks at again. Order of use: filters at `wordFilterAddress` and `partFilterAddress`, then
 * URLs back to back at `textAddress`, their ends (u32) at `endsAddress` and starts at `startsAddress`, `scan`, and four words a URL at `resultsAddress`.
 *
 * Invariant: reads up to 7 bytes behind the last URL, which may be anything. Price: about 2 ns a byte.
 */

const MAX_URLS: usize = 256;
/** Bytes of all URLs of a call. */
const MAX_TEXT: usize = 1 << 18;
const LETTERS: usize = memory.data(1 << 18, 16);
const BORDERS: usize = memory.data(1 << 20, 16);
const STARTS: usize = memory.data(4 * 256, 16);
const ENDS: usize = memory.data(4 * 256, 16);
const RESULTS: usize = memory.data(16 * 256, 16);
const WORD_FILTER: usize = memory.data(1 << 13, 16);
const PART_FILTER: usize = memory.data(1 << 13, 16);
/** Of the first letters of parts, as many as the shortest has, at most 8. */
const HEAD_FILTER: usize = memory.data(1 << 13, 16);
/** By byte: number of its letter or digit, 0 for any other. */
const LETTER_OF: usize = memory.data(256, 16);
/** By byte: 1 in a plain host, 2 where a host ends, 0 for any other. */
const HOST_CLASS: usize = memory.data(256, 16);
const TEXT: usize = memory.data((1 << 18) + 64, 16);

const MAYBE_WORD: u32 = 1;
const MAYBE_PART: u32 = 2;
const ODD_HOST: u32 = 4;

for (let byte: u32 = 0; byte < 256; byte++) {
  const small = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  let letter: u32 = 0;
  if (small >= 0x30 && small <= 0x39) letter = small - 0x30 + 1;
  else if (small >= 0x61 && small <= 0x7a) letter = small - 0x61 + 11;
  store<u8>(LETTER_OF + byte, <u8>letter);
  const plain = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte == 0x2d || byte == 0x2e;
  store<u8>(HOST_CLASS + byte, <u8>(plain ? 1 : byte == 0x2f || byte == 0x3f || byte == 0x23 ? 2 : 0));
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
export function startsAddress(): usize {
  return STARTS;
}
export function endsAddress(): usize {
  return ENDS;
}
export function resultsAddress(): usize {
  return RESULTS;
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

/** Scans `count` URLs. Every `stride`-th four letters are held against the parts, and where they are of one, the `head` letters that it would begin with; with a stride of 0 each URL may have one. */
export function scan(count: u32, stride: u32, head: u32): void {
  for (let url: usize = 0; url < <usize>count; url++) {
    const start = TEXT + <usize>load<u32>(STARTS + (url << 2));
    const end = TEXT + <usize>load<u32>(ENDS + (url << 2));
    const result = RESULTS + (url << 4);
    store<u32>(result, lookAtWords(start, end, stride, head) | lookAtHost(start, end, result));
    store<u32>(result, hashOf(start, end), 12);
  }
}

function lookAtWords(start: usize, end: usize, stride: u32, head: u32): u32 {
  let letters = LETTERS;
  let borders = BORDERS;
  for (let at = start; at < end; at++) {
    const letter = <u32>load<u8>(LETTER_OF + <usize>load<u8>(at));
    store<u8>(letters, <u8>letter);
    store<u32>(borders, <u32>(at - start));
    const is = <usize>(letter != 0);
    letters += is;
    borders += (is ^ 1) << 2;
  }
  store<u32>(borders, <u32>(end - start));
  let flags: u32 = 0;
  let wordStart: u32 = 0;
  let word = LETTERS;
  for (let border = BORDERS; border <= borders; border += 4) {
    const wordEnd = load<u32>(border);
    const length = wordEnd - wordStart;
    const gram = load<u32>(word) & (length >= 4 ? 0xffffffff : (1 << (length << 3)) - 1);
    if (bit(WORD_FILTER, gram ^ (length * 0x85ebca6b)) != 0) flags |= MAYBE_WORD;
    word += length;
    wordStart = wordEnd + 1;
  }
  if (stride == 0) return flags | MAYBE_PART;
  for (let at = LETTERS + stride - 1; at + 4 <= letters; at += stride) {
    if (bit(PART_FILTER, load<u32>(at)) != 0 && mayBegin(at, letters, stride, head)) return flags | MAYBE_PART;
  }
  return flags;
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

function lookAtHost(start: usize, end: usize, result: usize): u32 {
  store<u64>(result, 0, 4);
  if (end - start < 12 || load<u32>(start) != 0x70747468) return ODD_HOST;
  // `://`, behind an `s` or not.
  const from = start + (load<u8>(start, 4) == 0x73 ? 8 : 7);
  if ((load<u32>(from - 4) & 0xffffff00) != 0x2f2f3a00) return ODD_HOST;
  let at = from;
  let dot = from - 1;
  let before = from - 1;
  while (at < end) {
    const byte = load<u8>(at);
    const kind = load<u8>(HOST_CLASS + <usize>byte);
    if (kind != 1) {
      if (kind == 0) return ODD_HOST;
      break;
    }
    if (byte == 0x2e) {
      // No label is empty.
      if (dot == at - 1) return ODD_HOST;
      before = dot;
      dot = at;
    }
    at++;
  }
  if (at - dot != 4 || dot < from) return ODD_HOST;
  const suffix = load<u32>(dot);
  // .com, .org, .net, .edu, .gov: no suffix is longer.
  if (
    suffix != 0x6d6f632e &&
    suffix != 0x67726f2e &&
    suffix != 0x74656e2e &&
    suffix != 0x7564652e &&
    suffix != 0x766f672e
  ) {
    return ODD_HOST;
  }
  store<u32>(result, hashOf(before + 1, at), 4);
  store<u32>(result, hashOf(from, at), 8);
  return 0;
}

/** As lineHash of kernels/url/line-set.ts. */
function hashOf(start: usize, end: usize): u32 {
  let hash = <u32>(end - start);
  let at = start;
  let other: u32 = 0x01000193;
  for (; at + 8 <= end; at += 8) {
    hash = (hash ^ load<u32>(at)) * 0x85ebca6b;
    hash ^= hash >>> 15;
    other = (other ^ load<u32>(at, 4)) * 0x9e3779b1;
    other ^= other >>> 15;
  }
  if (at + 4 <= end) {
    hash = (hash ^ load<u32>(at)) * 0x85ebca6b;
    hash ^= hash >>> 15;
    at += 4;
  }
  hash = (hash * 0x01000193) ^ other;
  for (; at < end; at++) hash = hash * 0x01000193 + <u32>load<u8>(at) + 1;
  hash = (hash ^ (hash >>> 16)) * 0xc2b2ae35;
  hash = (hash ^ (hash >>> 13)) * 0x9e3779b1;
  return hash ^ (hash >>> 16);
}
