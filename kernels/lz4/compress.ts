/**
 * The greedy LZ4 compressor: one hash table of positions, the first match taken, longer steps where nothing matches.
 *
 * Invariant: every decision depends on the content alone, so a block has one form. Twin: assembly/lz4/compress.ts.
 */
const HASH_BITS = 15;
export const TABLE_SLOTS = 1 << HASH_BITS;
const MIN_MATCH = 4;
/** The format's own: a block ends with so many literals, and no match begins later than so long before its end. */
const LAST_LITERALS = 5;
const LAST_MATCH_START = 12;
const MAX_DISTANCE = 0xffff;
/** After so many misses (64, then 64 more, …) the search goes one byte faster. */
const SKIP_SHIFT = 6;
const HASH_FACTOR = 0x9e3779b1;
const NEXT_FACTOR = 0x85ebca6b;
/** Of a length that is written in a token's four bits or, from this on, behind it. */
const LONG = 15;

/**
 * Compresses `content` to `out` from `start` on; returns the end of the block there. `table` is scratch: the low 16 bits
 * of the last position with a hash, because no match reaches back further than they tell.
 */
export function compressBlock(content: Uint8Array, out: Uint8Array, start: number, table: Uint16Array): number {
  const end = content.length;
  let anchor = 0;
  let to = start;
  if (end > LAST_MATCH_START) {
    table.fill(0);
    const lastStart = end - LAST_MATCH_START;
    const matchEnd = end - LAST_LITERALS;
    let at = 1;
    while (at <= lastStart) {
      let step = 1 << SKIP_SHIFT;
      let distance = 0;
      for (; at <= lastStart; at += step++ >> SKIP_SHIFT) {
        const word = wordAt(content, at);
        const slot = slotOf(word, content[at + 4] | (content[at + 5] << 8));
        distance = (at - table[slot]) & MAX_DISTANCE;
        table[slot] = at;
        if (distance !== 0 && wordAt(content, at - distance) === word) break;
      }
      if (at > lastStart) break;
      let matched = at + MIN_MATCH;
      while (matched < matchEnd && content[matched] === content[matched - distance]) matched++;
      while (at > anchor && at > distance && content[at - 1] === content[at - 1 - distance]) at--;
      to = putSequence(content, anchor, at, out, to, distance, matched - at);
      at = matched;
      anchor = at;
      if (at <= lastStart) table[slotOf(wordAt(content, at - 2), content[at + 2] | (content[at + 3] << 8))] = at - 2;
    }
  }
  return putLiterals(content, anchor, end, out, to, 0);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/**
 * Of six bytes: matches of four or five are hardly worth the three bytes and the mispredicted branches that they cost.
 */
function slotOf(word: number, next: number): number {
  return (Math.imul(word, HASH_FACTOR) + Math.imul(next, NEXT_FACTOR)) >>> (32 - HASH_BITS);
}

function putSequence(
  content: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  at: number,
  distance: number,
  length: number,
): number {
  const more = length - MIN_MATCH;
  let to = putLiterals(content, from, end, out, at, Math.min(more, LONG));
  out[to++] = distance;
  out[to++] = distance >> 8;
  return more >= LONG ? putLength(out, to, more - LONG) : to;
}

/** A token with the low four bits `match`, and the literals `content[from, end)`. */
function putLiterals(
  content: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  at: number,
  match: number,
): number {
  const literals = end - from;
  out[at] = (Math.min(literals, LONG) << 4) | match;
  let to = at + 1;
  if (literals >= LONG) to = putLength(out, to, literals - LONG);
  for (let read = from; read < end; read++) out[to++] = content[read];
  return to;
}

function putLength(out: Uint8Array, at: number, length: number): number {
  let to = at;
  let left = length;
  for (; left >= 255; left -= 255) out[to++] = 255;
  out[to++] = left;
  return to;
}
