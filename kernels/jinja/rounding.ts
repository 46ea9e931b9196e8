/**
 * Floats rounded to decimals, half to even, from their exact value.
 *
 * Invariant: as Python's `round` and `%.2f`. Price: a text of up to a hundred digits.
 */

/** As many decimals as the engine writes exactly. */
const MAX_DECIMALS = 100;

/** A finite float with `decimals` digits behind the point. */
export function roundedText(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const kept = Math.min(decimals, MAX_DECIMALS);
  // From 1e21 on the engine writes exponents, and every double is whole.
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${kept > 0 ? `.${"0".repeat(kept)}` : ""}`;
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  const text = size.toFixed(kept);
  return sign + (isTie(size, kept) && /[13579]$/.test(text) ? stepDown(text) : text);
}

/** Whether a value lies in the middle of two neighbours, where `toFixed` takes the greater one. */
function isTie(size: number, decimals: number): boolean {
  if (decimals >= MAX_DECIMALS) return false;
  const exact = size.toFixed(MAX_DECIMALS);
  return /^50*$/.test(exact.slice(exact.indexOf(".") + 1 + decimals));
}

/** One less in the last digit, which is odd. */
function stepDown(text: string): string {
  return text.slice(0, -1) + String(Number(text.slice(-1)) - 1);
}

/** `round(value, decimals)`. */
export function roundFloat(value: number, decimals: number): number {
  if (decimals >= 0) return Number.isFinite(value) ? Number(roundedText(value, decimals)) : value;
  const unit = 10 ** -decimals;
  return Number(roundedText(value / unit, 0)) * unit;
}
