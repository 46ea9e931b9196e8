/** Recognises UTF-16 by its look, because as bytes it often passes for other things. */

const SAMPLE_BYTES = 4096;

/**
 * The byte order of UTF-16 text at the start of a file, undefined if it does not look like UTF-16: a byte order mark,
 * or NULs in a third of the bytes that all lie at odd (little-endian) or all at even (big-endian) positions.
 */
export function utf16ByteOrder(head: Uint8Array): "little-endian" | "big-endian" | undefined {
  if (head.length >= 2) {
    if (head[0] === 0xff && head[1] === 0xfe) return "little-endian";
    if (head[0] === 0xfe && head[1] === 0xff) return "big-endian";
  }
  const length = Math.min(head.length, SAMPLE_BYTES);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < length; i++) {
    if (head[i] !== 0) continue;
    if (i & 1) odd++;
    else even++;
  }
  if (even + odd < length / 3 || length < 4) return undefined;
  if (even === 0) return "little-endian";
  if (odd === 0) return "big-endian";
  return undefined;
}
