/**
 * SHA-1 of short byte ranges, its first 8 bytes as a little-endian integer: the shingle hash of FineWeb's
 * deduplication.
 *
 * Owns a message block and its schedule. Not for security. Price: one compression of 80 rounds per started 64 bytes, no
 * allocation; a call into native crypto costs more than hashing a shingle here.
 */

const block = new Uint8Array(64);
const blockView = new DataView(block.buffer);
const schedule = new Int32Array(80);
const state = new Int32Array(5);

/** Writes the halves [high, low] of the 64-bit hash of `bytes[start, end)` to `out`. */
export function sha1Prefix64(bytes: Uint8Array, start: number, end: number, out: Uint32Array): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  const length = end - start;
  let at = start;
  for (; end - at >= 64; at += 64) {
    for (let i = 0; i < 64; i++) block[i] = bytes[at + i];
    compress();
  }
  const rest = end - at;
  for (let i = 0; i < rest; i++) block[i] = bytes[at + i];
  block[rest] = 0x80;
  block.fill(0, rest + 1);
  if (rest >= 56) {
    compress();
    block.fill(0);
  }
  blockView.setUint32(56, Math.floor(length / 0x20000000));
  blockView.setUint32(60, length << 3);
  compress();
  out[0] = swap(state[1]);
  out[1] = swap(state[0]);
}

function compress(): void {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = blockView.getInt32(i * 4);
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  for (let i = 0; i < 80; i++) {
    let f: number;
    if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const t = (((a << 5) | (a >>> 27)) + f + e + w[i]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

function swap(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
