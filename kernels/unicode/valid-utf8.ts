/**
 * UTF-8 without what is none: bytes that are part of no character are left out, as Python's `errors="ignore"` does.
 *
 * Invariant: what is valid stays, byte for byte. Price: a look at each byte, for texts that are not valid as they are.
 */

/** Copies the characters of `bytes` and returns them. */
export function validUtf8(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = characterBytes(bytes, at);
    for (let i = 0; i < size; i++) out[length++] = bytes[at + i];
    at += Math.max(1, size);
  }
  return out.subarray(0, length);
}

/** Bytes of the character at `at`; 0 where there is none. */
function characterBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + size > bytes.length) return 0;
  const next = bytes[at + 1];
  // No longer form than needed, no surrogates, nothing beyond U+10FFFF.
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (next < least || next > most) return 0;
  for (let i = 2; i < size; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  return size;
}
