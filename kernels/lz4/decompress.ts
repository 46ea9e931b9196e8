/**
 * The LZ4 decompressor. Twin for whole blocks: assembly/lz4/decompress.ts.
 *
 * Invariant: every length and distance is measured against what is there before it is used.
 */
import { uint8At } from "../../batch/numbers.ts";

const MIN_MATCH = 4;
/** Four bits of a token that say: more bytes of this length follow. */
const LONG = 15;
/** From this many bytes on one copy beats a loop. */
const BULK_BYTES = 24;

/** Whether `block` is a block of exactly `content.length` bytes, which then lie in `content`. */
export function decompressBlock(block: Uint8Array, content: Uint8Array): boolean {
  return decompressInto(block, content, 0) === content.length;
}

/**
 * Decompresses `block` to `content` from `start` on, where matches may reach back to `content[0]`; returns where it ends there, or -1 where it is
 * no block or too long for `content`.
 */
export function decompressInto(block: Uint8Array, content: Uint8Array, start: number): number {
  const end = block.length;
  const room = content.length;
  let at = 0;
  let to = start;
  while (at < end) {
    const token = uint8At(block, at++);
    let literals = token >> 4;
    if (literals === LONG) {
      let more = 255;
      while (more === 255) {
        if (at === end) return -1;
        more = uint8At(block, at++);
        literals += more;
      }
    }
    if (literals > end - at || literals > room - to) return -1;
    if (literals >= BULK_BYTES) {
      content.set(block.subarray(at, at + literals), to);
      at += literals;
      to += literals;
    } else for (const stop = at + literals; at < stop; ) content[to++] = uint8At(block, at++);
    if (at === end) return to;
    if (end - at < 2) return -1;
    const distance = uint8At(block, at) | (uint8At(block, at + 1) << 8);
    at += 2;
    if (distance === 0 || distance > to) return -1;
    let length = (token & LONG) + MIN_MATCH;
    if (length === LONG + MIN_MATCH) {
      let more = 255;
      while (more === 255) {
        if (at === end) return -1;
        more = uint8At(block, at++);
        length += more;
      }
    }
    if (length > room - to) return -1;
    if (length >= BULK_BYTES && length <= distance) {
      content.copyWithin(to, to - distance, to - distance + length);
      to += length;
    } else {
      // Byte by byte: a match may overlap what it makes.
      for (const stop = to + length; to < stop; to++) content[to] = uint8At(content, to - distance);
    }
  }
  // A block ends with literals, and the empty one still has a token.
  return -1;
}
