/**
 * The header of a gzip member (RFC 1952): where its deflate stream begins.
 *
 * Invariant: a header is only judged when all of it is there. Price: some bytes.
 */
import { uint8At } from "../batch/numbers.ts";

const HEADER_BYTES = 10;
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

/** Behind the deflate stream: the checksum and the length. */
export const GZIP_TRAILER_BYTES = 8;

/** The first bytes of every member whose method is deflate. */
export const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b, 0x08);

/**
 * Where the deflate stream of the member at `at` begins; `cut` where `bytes` end before it, `none` where no member begins there.
 */
export function gzipStream(bytes: Uint8Array, at: number): number | "cut" | "none" {
  if (bytes.length < at + HEADER_BYTES) {
    const isPossible = GZIP_MAGIC.every((byte, i) => at + i >= bytes.length || bytes[at + i] === byte);
    return isPossible ? "cut" : "none";
  }
  if (GZIP_MAGIC.some((byte, i) => bytes[at + i] !== byte)) return "none";
  const flags = uint8At(bytes, at + 3);
  if ((flags & RESERVED) !== 0) return "none";
  let end = at + HEADER_BYTES;
  if (flags & EXTRA) {
    if (bytes.length < end + 2) return "cut";
    end += 2 + uint8At(bytes, end) + 256 * uint8At(bytes, end + 1);
  }
  for (const flag of [NAME, COMMENT]) {
    if (!(flags & flag)) continue;
    const zero = bytes.indexOf(0, end);
    if (zero < 0) return "cut";
    end = zero + 1;
  }
  if (flags & HEADER_CRC) end += 2;
  return end <= bytes.length ? end : "cut";
}
