/**
 * Scores as the reference reads them: not the nearest double of what the file says, but that of its digits, divided or multiplied by a power of ten.
 *
 * The last bit differs in a fourth of all scores, and decides between sums that are nearly equal. Invariant: holds for numbers in the fewest digits
 * that tell them, which is how `tokenizers`, Python and JavaScript write them.
 */
import { unsupported } from "./values.ts";

const LARGEST_POWER = 308;

/** @param value as it was parsed by JSON */
export function readScore(value: number): number {
  const size = Math.abs(value);
  if (size > Number.MAX_SAFE_INTEGER) throw unsupported(`the score ${value}`);
  const [mantissa, power = "0"] = String(size).split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  let exponent = Number(power) - fraction.length;
  let read = Number(whole + fraction);
  for (; exponent < -LARGEST_POWER; exponent += LARGEST_POWER) read /= 1e308;
  read = exponent < 0 ? read / Number(`1e${-exponent}`) : read * Number(`1e${exponent}`);
  return value < 0 ? -read : read;
}
