/**
 * GPT-2's byte alphabet: the 256 visible characters that stand for bytes in vocabularies written as JSON.
 *
 * Printable Latin-1 stands for itself; the 68 other bytes, in order, are U+0100 and up.
 */

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

function buildByteOf(): Int16Array {
  const byteOf = new Int16Array(0x144).fill(-1);
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) byteOf[isPrintable(byte) ? byte : next++] = byte;
  return byteOf;
}

const BYTE_OF = buildByteOf();

/** The character that stands for each byte. */
export const ALPHABET: Readonly<Uint16Array> = Uint16Array.from({ length: 256 }, (_, byte) => BYTE_OF.indexOf(byte));

/**
 * Writes the bytes that `text` stands for to `out` from `at` on; returns where they end, or -1 where a character is not of the
 * alphabet. `out` needs room for `text.length`.
 */
export function writeByteLevel(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const byte = unit < BYTE_OF.length ? BYTE_OF[unit] : -1;
    if (byte === -1) return -1;
    out[at + i] = byte;
  }
  return at + text.length;
}
