/**
 * The greedy LZ4 compressor, decision for decision as kernels/lz4/compress.ts, so that the bytes are the same.
 *
 * Loads look up to 8 bytes before and behind the content, stores go up to 16 bytes behind the block. Price: 64 KB of
 * table cleared a block; two or three mispredicted branches a match.
 */
const HASH_BITS: u32 = 15;
const MIN_MATCH: usize = 4;
const LAST_LITERALS: usize = 5;
const LAST_MATCH_START: usize = 12;
const MAX_DISTANCE: usize = 0xffff;
const SKIP_SHIFT: usize = 6;
const HASH_FACTOR: u32 = 0x9e3779b1;
const NEXT_FACTOR: u32 = 0x85ebca6b;
const LONG: usize = 15;

/** The low 16 bits of the last position with a hash: no match reaches back further than they tell. */
const TABLE: usize = memory.data(2 << HASH_BITS, 16);

/** Compresses `[start, end)` to `out`; returns the end of what was written. */
export function compressBlock(start: usize, end: usize, out: usize): usize {
  let anchor = start;
  let to = out;
  if (end - start > LAST_MATCH_START) {
    memory.fill(TABLE, 0, 2 << HASH_BITS);
    const lastStart = end - LAST_MATCH_START;
    const matchEnd = end - LAST_LITERALS;
    let at = start + 1;
    while (at <= lastStart) {
      let step: usize = 1 << SKIP_SHIFT;
      let distance: usize = 0;
      for (; at <= lastStart; at += step++ >> SKIP_SHIFT) {
        const word = load<u32>(at);
        const entry = TABLE + (slotOf(word, at) << 1);
        const position = at - start;
        distance = (position - <usize>load<u16>(entry)) & MAX_DISTANCE;
        store<u16>(entry, <u16>position);
        if (load<u32>(at - distance) == word && distance != 0) break;
      }
      if (at > lastStart) break;
      const matched = matchTo(at + MIN_MATCH, distance, matchEnd);
      at -= reachBack(at, distance, min(at - anchor, at - distance - start));
      to = putSequence(to, anchor, at - anchor, distance, matched - at - MIN_MATCH);
      at = matched;
      anchor = at;
      if (at <= lastStart) store<u16>(TABLE + (slotOf(load<u32>(at - 2), at - 2) << 1), <u16>(at - 2 - start));
    }
  }
  return putLastLiterals(to, anchor, end);
}

/**
 * Of six bytes: matches of four or five are hardly worth the three bytes and the mispredicted branches that they cost.
 */
@inline
function slotOf(word: u32, at: usize): usize {
  return <usize>((word * HASH_FACTOR + <u32>load<u16>(at, 4) * NEXT_FACTOR) >> (32 - HASH_BITS));
}

/** How far the bytes from `from` on equal those `distance` before them, at most to `limit`. */
@inline
function matchTo(from: usize, distance: usize, limit: usize): usize {
  let to = from;
  let differing: u64 = 0;
  do {
    differing = load<u64>(to) ^ load<u64>(to - distance);
    if (differing != 0) {
      to += <usize>(ctz(differing) >> 3);
      break;
    }
    to += 8;
  } while (to < limit);
  return min(to, limit);
}

/** How many of at most `limit` bytes before `at` equal those `distance` before them. */
@inline
function reachBack(at: usize, distance: usize, limit: usize): usize {
  let back: usize = 0;
  let differing: u64 = 0;
  do {
    differing = load<u64>(at - back - 8) ^ load<u64>(at - back - 8 - distance);
    if (differing != 0) {
      back += <usize>(clz(differing) >> 3);
      break;
    }
    back += 8;
  } while (back < limit);
  return min(back, limit);
}

@inline
function putSequence(out: usize, from: usize, literals: usize, distance: usize, more: usize): usize {
  let to = out + 1;
  store<u8>(out, (min(literals, LONG) << 4) | min(more, LONG));
  if (literals >= LONG) to = putLength(to, literals - LONG);
  v128.store(to, v128.load(from));
  for (let done: usize = 16; done < literals; done += 16) v128.store(to + done, v128.load(from + done));
  to += literals;
  store<u16>(to, <u16>distance);
  to += 2;
  return more >= LONG ? putLength(to, more - LONG) : to;
}

function putLastLiterals(out: usize, from: usize, end: usize): usize {
  const literals = end - from;
  let to = out + 1;
  store<u8>(out, min(literals, LONG) << 4);
  if (literals >= LONG) to = putLength(to, literals - LONG);
  memory.copy(to, from, literals);
  return to + literals;
}

function putLength(out: usize, length: usize): usize {
  let to = out;
  let left = length;
  for (; left >= 255; left -= 255) store<u8>(to++, 255);
  store<u8>(to++, <u8>left);
  return to;
}
