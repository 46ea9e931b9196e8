/** Decimal text of whole numbers to 64 bits, as two words. Invariant: every digit counts, or there is no result. */

const DIGITS = /^-?\d+$/;
const HIGH = 2 ** 32;

export interface Int64 {
  readonly low: number;
  readonly high: number;
}

/** The words of a signed 64-bit number, undefined where `text` is none. */
export function parseInt64(text: string): Int64 | undefined {
  if (!DIGITS.test(text)) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return { low: value | 0, high: Math.floor(value / HIGH) | 0 };
  // Beyond 2^53, which is rare enough for a BigInt.
  const exact = BigInt(text);
  if (BigInt.asIntN(64, exact) !== exact) return undefined;
  return { low: Number(BigInt.asIntN(32, exact)), high: Number(exact >> 32n) };
}
