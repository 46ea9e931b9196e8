/**
 * Exponential and logarithm by arithmetic alone.
 *
 * Why: a language's own may change with its version, and scores are output. Invariant: additions, multiplications and divisions of doubles in a fixed
 * order, so every machine gives the same bits. Error: below 1e-15 of the result. Price: some ten nanoseconds.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT2 = Math.SQRT2;

const double = new Float64Array(1);
/** Low and high word; every machine that runs Node.js is little endian. */
const words = new Uint32Array(double.buffer);

/** 2 to the power of an integer between -1022 and 1023. */
function powerOfTwo(exponent: number): number {
  words[0] = 0;
  words[1] = (exponent + 1023) << 20;
  return double[0];
}

/** e to the power of `x`; 0 below -708. `x` is at most 709. */
export function exp(x: number): number {
  if (x < -708) return 0;
  const k = Math.round(x * Math.LOG2E);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  // Taylor's series: |r| is below 0.35, and the fourteenth term below 1e-17.
  for (let n = 14; n > 0; n--) sum = 1 + (r * sum) / n;
  return sum * powerOfTwo(k);
}

/** Natural logarithm of `x`, which is above 1e-300 and finite. */
export function log(x: number): number {
  double[0] = x;
  let exponent = (words[1] >>> 20) - 1023;
  words[1] = (words[1] & 0xfffff) | (1023 << 20);
  let m = double[0];
  if (m > SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  // ln m = 2 artanh s, and |s| is below 0.172.
  let sum = 1 / 21;
  for (let n = 19; n > 0; n -= 2) sum = 1 / n + square * sum;
  return exponent * LN2_HIGH + (2 * s * sum + exponent * LN2_LOW);
}
