let high = 0;
function mul(ah: number, al: number, bh: number, bl: number): number {
  const a0 = al & 0xffff;
  const a1 = al >>> 16;
  const b0 = bl & 0xffff;
  const b1 = bl >>> 16;
  const p00 = Math.imul(a0, b0) >>> 0;
  const p01 = Math.imul(a0, b1) >>> 0;
  const p10 = Math.imul(a1, b0) >>> 0;
  const m = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
  high = (Math.imul(a1, b1) + (p01 >>> 16) + (p10 >>> 16) + (m >>> 16) + Math.imul(ah, bl) + Math.imul(al, bh)) | 0;
  return (p00 & 0xffff) | (m << 16);
}
function rotl(ah: number, al: number, n: number): number {
  if (n < 32) {
    high = (ah << n) | (al >>> (32 - n));
    return (al << n) | (ah >>> (32 - n));
  }
  high = (al << (n - 32)) | (ah >>> (64 - n));
  return (ah << (n - 32)) | (al >>> (64 - n));
}
function add(ah: number, al: number, bh: number, bl: number): number {
  const s = (al >>> 0) + (bl >>> 0);
  high = (ah + bh + (s > 0xffffffff ? 1 : 0)) | 0;
  return s | 0;
}
const P1H = 0x9e3779b1,
  P1L = 0x85ebca87,
  P2H = 0xc2b2ae3d,
  P2L = 0x27d4eb4f,
  P3H = 0x165667b1,
  P3L = 0x9e3779f9;
const P4H = 0x85ebca77,
  P4L = 0xc2b2ae63,
  P5H = 0x27d4eb2f,
  P5L = 0x165667c5;
function u32(b: Uint8Array, i: number): number {
  return b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24);
}
function round(h: number, l: number, ih: number, il: number): number {
  let x = mul(ih, il, P2H, P2L);
  x = add(h, l, high, x);
  x = rotl(high, x, 31);
  return mul(high, x, P1H, P1L);
}
const H = new Int32Array(4),
  L = new Int32Array(4);
export function xxh64(b: Uint8Array, start: number, end: number, out: Uint32Array): void {
  const n = end - start;
  let i = start,
    h: number,
    l: number;
  if (n >= 32) {
    L[0] = add(P1H, P1L, P2H, P2L);
    H[0] = high;
    L[1] = P2L;
    H[1] = P2H;
    L[2] = 0;
    H[2] = 0;
    L[3] = add(0, 0, ~P1H, -P1L | 0);
    H[3] = high;
    for (; i + 32 <= end; i += 32)
      for (let k = 0; k < 4; k++) {
        L[k] = round(H[k], L[k], u32(b, i + 8 * k + 4), u32(b, i + 8 * k));
        H[k] = high;
      }
    l = rotl(H[0], L[0], 1);
    h = high;
    for (let k = 1; k < 4; k++) {
      const r = rotl(H[k], L[k], k === 1 ? 7 : k === 2 ? 12 : 18);
      l = add(h, l, high, r);
      h = high;
    }
    for (let k = 0; k < 4; k++) {
      const r = round(0, 0, H[k], L[k]);
      l ^= r;
      h ^= high;
      l = mul(h, l, P1H, P1L);
      l = add(high, l, P4H, P4L);
      h = high;
    }
  } else {
    h = P5H;
    l = P5L;
  }
  l = add(h, l, 0, n);
  h = high;
  for (; i + 8 <= end; i += 8) {
    const r = round(0, 0, u32(b, i + 4), u32(b, i));
    l ^= r;
    h ^= high;
    l = rotl(h, l, 27);
    l = mul(high, l, P1H, P1L);
    l = add(high, l, P4H, P4L);
    h = high;
  }
  if (i + 4 <= end) {
    const r = mul(0, u32(b, i), P1H, P1L);
    l ^= r;
    h ^= high;
    l = rotl(h, l, 23);
    l = mul(high, l, P2H, P2L);
    l = add(high, l, P3H, P3L);
    h = high;
    i += 4;
  }
  for (; i < end; i++) {
    const r = mul(0, b[i], P5H, P5L);
    l ^= r;
    h ^= high;
    l = rotl(h, l, 11);
    l = mul(high, l, P1H, P1L);
    h = high;
  }
  l ^= h >>> 1;
  l = mul(h, l, P2H, P2L);
  h = high;
  l ^= (h << 3) | (l >>> 29);
  h ^= h >>> 29;
  l = mul(h, l, P3H, P3L);
  h = high;
  l ^= h;
  out[0] = h;
  out[1] = l;
}
