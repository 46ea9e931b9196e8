/**
 * Exponential and logarithm by arithmetic alone.
 *
 * Why: a language's own may change with its version, and scores are output. Invariant: additions, multiplications and divisions of doubles in a fixed
 * order, so every machine gives the same bits. Error: below 1e-15 of the result. Price: some ten nanoseconds.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const double = new Float64Array(1);
/** Low and high word; every machine that runs Node.js is little endian. */
const words = new Uint32Array(double.buffer);

/** 2 to the power of an integer between -1022 and 1023. */
function powerOfTwo(exponent: number): number {
  words[0] = 0;
  words[1] = (exponent + 1023) << 20;
  return double[0];
}

/** 1 / n! and 1 / n, as doubles. */
const [E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => {
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  return 1 / factorial;
});
const [L3, L5, L7, L9, L11, L13, L15, L17, L19] = [3, 5, 7, 9, 11, 13, 15, 17, 19].map((n) => 1 / n);

/** e to the power of `x`; 0 below -708. `x` is at most 709. */
export function exp(x: number): number {
  if (x < -708) return 0;
  const k = Math.round(x * Math.LOG2E);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  // Taylor's series: |r| is below 0.35, and the next term below 2e-16.
  const high = E7 + r * (E8 + r * (E9 + r * (E10 + r * (E11 + r * E12))));
  const low = 1 + r * (1 + r * (E2 + r * (E3 + r * (E4 + r * (E5 + r * E6)))));
  const cube = r * r * r;
  return (low + cube * cube * r * high) * powerOfTwo(k);
}

/** Natural logarithm of `x`, which is above 1e-300 and finite. */
export function log(x: number): number {
  double[0] = x;
  let exponent = (words[1] >>> 20) - 1023;
  words[1] = (words[1] & 0xfffff) | (1023 << 20);
  let m = double[0];
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const q = s * s;
  // ln m = 2 artanh s, |s| is below 0.172, and the next term below 3e-17.
  const high = L11 + q * (L13 + q * (L15 + q * (L17 + q * L19)));
  const low = 1 + q * (L3 + q * (L5 + q * (L7 + q * L9)));
  const square = q * q;
  return exponent * LN2_HIGH + (2 * s * (low + square * square * q * high) + exponent * LN2_LOW);
}
