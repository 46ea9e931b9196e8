/**
 * XXH64 (Yann Collet's xxHash, 64 bit).
 *
 * Owns the hash that names rows in dedup keys and checks zstd frames that are written. Invariant: equal to the reference implementation for every
 * length and seed. 64-bit values are pairs of 32-bit integers, so nothing is allocated per call. Price: about 450 MB/s on long input, 90 ns for 20 bytes.
 */

const P1_LO = 0x85ebca87 | 0;
const P1_HI = 0x9e3779b1 | 0;
const P2_LO = 0x27d4eb4f;
const P2_HI = 0xc2b2ae3d | 0;
const P3_LO = 0x9e3779f9 | 0;
const P3_HI = 0x165667b1;
const P4_LO = 0xc2b2ae63 | 0;
const P4_HI = 0x85ebca77 | 0;
const P5_LO = 0x165667c5;
const P5_HI = 0x27d4eb2f;

/** Bytes taken by one turn of the four lanes. */
const STRIPE = 32;
const scratch = new Int32Array(8);
const laneWord = new Int32Array(2);

/** High half of the unsigned product of two 32-bit integers. */
export function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const mid = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
  const carry = (Math.imul(a0, b1) + (mid & 0xffff)) | 0;
  return (Math.imul(a1, b1) + (mid >>> 16) + (carry >>> 16)) | 0;
}

/** 1 where the unsigned sum `a + b = sum` left 32 bits. */
function carryOf(sum: number, a: number): number {
  return sum >>> 0 < a >>> 0 ? 1 : 0;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** `lane = rotl(lane + input * P2, 31) * P1`, where `lane` is the pair (low, high) at `at`. */
function round(lanes: Int32Array, at: number, inputLo: number, inputHi: number): void {
  const productLo = Math.imul(inputLo, P2_LO);
  const productHi = (multiplyHigh(inputLo, P2_LO) + Math.imul(inputLo, P2_HI) + Math.imul(inputHi, P2_LO)) | 0;
  const lo = (lanes[at] + productLo) | 0;
  const hi = (lanes[at + 1] + productHi + carryOf(lo, productLo)) | 0;
  const turnedLo = (lo << 31) | (hi >>> 1);
  const turnedHi = (hi << 31) | (lo >>> 1);
  lanes[at] = Math.imul(turnedLo, P1_LO);
  lanes[at + 1] = (multiplyHigh(turnedLo, P1_LO) + Math.imul(turnedLo, P1_HI) + Math.imul(turnedHi, P1_LO)) | 0;
}

function seedLanes(lanes: Int32Array, seedLo: number, seedHi: number): void {
  const p2Lo = (seedLo + P2_LO) | 0;
  const p2Hi = (seedHi + P2_HI + carryOf(p2Lo, P2_LO)) | 0;
  lanes[0] = (p2Lo + P1_LO) | 0;
  lanes[1] = (p2Hi + P1_HI + carryOf(lanes[0], P1_LO)) | 0;
  lanes[2] = p2Lo;
  lanes[3] = p2Hi;
  lanes[4] = seedLo;
  lanes[5] = seedHi;
  lanes[6] = (seedLo - P1_LO) | 0;
  lanes[7] = (seedHi - P1_HI - (seedLo >>> 0 < P1_LO >>> 0 ? 1 : 0)) | 0;
}

/** Runs the lanes over whole stripes of `bytes[start, end)`; returns where the rest starts. */
function stripes(lanes: Int32Array, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (const last = end - STRIPE; at <= last; at += STRIPE) {
    round(lanes, 0, word(bytes, at), word(bytes, at + 4));
    round(lanes, 2, word(bytes, at + 8), word(bytes, at + 12));
    round(lanes, 4, word(bytes, at + 16), word(bytes, at + 20));
    round(lanes, 6, word(bytes, at + 24), word(bytes, at + 28));
  }
  return at;
}

/** The lanes joined into one state, written to `out` as [high, low]. */
function joinLanes(lanes: Int32Array, out: Uint32Array): void {
  let lo = 0;
  let hi = 0;
  for (let lane = 0; lane < 4; lane++) {
    const turn = lane === 0 ? 1 : lane === 1 ? 7 : lane === 2 ? 12 : 18;
    const a = lanes[lane * 2];
    const b = lanes[lane * 2 + 1];
    const turnedLo = (a << turn) | (b >>> (32 - turn));
    lo = (lo + turnedLo) | 0;
    hi = (hi + ((b << turn) | (a >>> (32 - turn))) + carryOf(lo, turnedLo)) | 0;
  }
  for (let lane = 0; lane < 4; lane++) {
    laneWord[0] = 0;
    laneWord[1] = 0;
    round(laneWord, 0, lanes[lane * 2], lanes[lane * 2 + 1]);
    const a = lo ^ laneWord[0];
    const b = hi ^ laneWord[1];
    const scaled = Math.imul(a, P1_LO);
    hi = (multiplyHigh(a, P1_LO) + Math.imul(a, P1_HI) + Math.imul(b, P1_LO)) | 0;
    lo = (scaled + P4_LO) | 0;
    hi = (hi + P4_HI + carryOf(lo, scaled)) | 0;
  }
  out[0] = hi;
  out[1] = lo;
}

/**
 * Mixes `total` and the last bytes `[start, end)`, fewer than a stripe, into the state and writes [high, low].
 *
 * Short input is all in here, so nothing in it touches memory but the bytes.
 */
function finish(
  stateHi: number,
  stateLo: number,
  total: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint32Array,
): void {
  const length = total | 0;
  let lo = (stateLo + length) | 0;
  let hi = (stateHi + Math.floor(total / 0x1_0000_0000) + carryOf(lo, length)) | 0;

  let at = start;
  for (; at + 8 <= end; at += 8) {
    const inputLo = word(bytes, at);
    const productLo = Math.imul(inputLo, P2_LO);
    const productHi =
      (multiplyHigh(inputLo, P2_LO) + Math.imul(inputLo, P2_HI) + Math.imul(word(bytes, at + 4), P2_LO)) | 0;
    const turnedLo = (productLo << 31) | (productHi >>> 1);
    const turnedHi = (productHi << 31) | (productLo >>> 1);
    const a = lo ^ Math.imul(turnedLo, P1_LO);
    const b = hi ^ ((multiplyHigh(turnedLo, P1_LO) + Math.imul(turnedLo, P1_HI) + Math.imul(turnedHi, P1_LO)) | 0);
    const c = (a << 27) | (b >>> 5);
    const d = (b << 27) | (a >>> 5);
    const scaled = Math.imul(c, P1_LO);
    lo = (scaled + P4_LO) | 0;
    hi = (multiplyHigh(c, P1_LO) + Math.imul(c, P1_HI) + Math.imul(d, P1_LO) + P4_HI + carryOf(lo, scaled)) | 0;
  }
  finishBytes(hi, lo, bytes, at, end, out);
}

/** The same for fewer than 8 last bytes, with `total` mixed in. Apart, so that each half fits the compiler's inlining. */
function finishBytes(
  stateHi: number,
  stateLo: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint32Array,
): void {
  let lo = stateLo;
  let hi = stateHi;
  let at = start;
  if (at + 4 <= end) {
    const input = word(bytes, at);
    const a = lo ^ Math.imul(input, P1_LO);
    const b = hi ^ ((multiplyHigh(input, P1_LO) + Math.imul(input, P1_HI)) | 0);
    const c = (a << 23) | (b >>> 9);
    const d = (b << 23) | (a >>> 9);
    const scaled = Math.imul(c, P2_LO);
    lo = (scaled + P3_LO) | 0;
    hi = (multiplyHigh(c, P2_LO) + Math.imul(c, P2_HI) + Math.imul(d, P2_LO) + P3_HI + carryOf(lo, scaled)) | 0;
    at += 4;
  }
  for (; at < end; at++) {
    const input = bytes[at];
    const a = lo ^ Math.imul(input, P5_LO);
    // Below 2^40: exact.
    const b = hi ^ ((Math.floor((input * P5_LO) / 0x1_0000_0000) + Math.imul(input, P5_HI)) | 0);
    const c = (a << 11) | (b >>> 21);
    const d = (b << 11) | (a >>> 21);
    lo = Math.imul(c, P1_LO);
    hi = (multiplyHigh(c, P1_LO) + Math.imul(c, P1_HI) + Math.imul(d, P1_LO)) | 0;
  }

  lo ^= hi >>> 1;
  hi = (multiplyHigh(lo, P2_LO) + Math.imul(lo, P2_HI) + Math.imul(hi, P2_LO)) | 0;
  lo = Math.imul(lo, P2_LO);
  lo ^= (lo >>> 29) | (hi << 3);
  hi ^= hi >>> 29;
  hi = (multiplyHigh(lo, P3_LO) + Math.imul(lo, P3_HI) + Math.imul(hi, P3_LO)) | 0;
  lo = Math.imul(lo, P3_LO);
  lo ^= hi;
  out[0] = hi;
  out[1] = lo;
}

/** Hashes `bytes[start, end)` and writes the 64 bits to `out` as [high, low]. The seed is given in 32-bit halves. */
export function xxh64(
  bytes: Uint8Array,
  start: number,
  end: number,
  seedLo: number,
  seedHi: number,
  out: Uint32Array,
): void {
  const total = end - start;
  if (total < STRIPE) {
    const lo = (seedLo + P5_LO) | 0;
    finish((seedHi + P5_HI + carryOf(lo, P5_LO)) | 0, lo, total, bytes, start, end, out);
    return;
  }
  seedLanes(scratch, seedLo | 0, seedHi | 0);
  const rest = stripes(scratch, bytes, start, end);
  joinLanes(scratch, out);
  finish(out[0] | 0, out[1] | 0, total, bytes, rest, end, out);
}
