/**
 * The LZ4 decompressor. Twin: assembly/lz4/decompress.ts.
 *
 * Invariant: every length and distance is measured against what is there before it is used.
 */
const MIN_MATCH = 4;
/** Four bits of a token that say: more bytes of this length follow. */
const LONG = 15;

/** Whether `block` is a block of exactly `content.length` bytes, which then lie in `content`. */
export function decompressBlock(block: Uint8Array, content: Uint8Array): boolean {
  const end = block.length;
  const room = content.length;
  let at = 0;
  let to = 0;
  while (at < end) {
    const token = block[at++];
    let literals = token >> 4;
    if (literals === LONG) {
      let more = 255;
      while (more === 255) {
        if (at === end) return false;
        more = block[at++];
        literals += more;
      }
    }
    if (literals > end - at || literals > room - to) return false;
    for (const stop = at + literals; at < stop; ) content[to++] = block[at++];
    if (at === end) return to === room;
    if (end - at < 2) return false;
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    if (distance === 0 || distance > to) return false;
    let length = (token & LONG) + MIN_MATCH;
    if (length === LONG + MIN_MATCH) {
      let more = 255;
      while (more === 255) {
        if (at === end) return false;
        more = block[at++];
        length += more;
      }
    }
    if (length > room - to) return false;
    // Byte by byte: a match may overlap what it makes.
    for (const stop = to + length; to < stop; to++) content[to] = content[to - distance];
  }
  // A block ends with literals, and the empty one still has a token.
  return false;
}
