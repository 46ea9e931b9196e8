/**
 * Numbers as JSON spells them, with every digit that matters.
 *
 * Invariant: an integer is exact whatever its size: a `bigint` where a double could not hold it. Price: a few nanoseconds for integers of up to 15
 * digits, which need no string; others are read as strings.
 */

const MINUS = 0x2d;
const ZERO = 0x30;
/** So many digits are exact in a double whatever they are. */
const EXACT_DIGITS = 15;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const INTEGER = /^-?[0-9]+$/;
/** Nobody writes a longer one, and making a bigint of it would take quadratic time. */
const MAX_INTEGER_CHARS = 400;

/** The number that `bytes[start, end)` spells, undefined where it spells none. */
export function parseJsonNumber(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const digits = end - first;
  if (digits <= 0) return undefined;
  if (digits > EXACT_DIGITS || (bytes[first] === ZERO && digits > 1)) return parseSlowly(bytes, start, end);
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return parseSlowly(bytes, start, end);
    value = value * 10 + digit;
  }
  return first === start ? value : 0 - value;
}

/** The number that `text` spells, undefined where it spells none. */
export function parseNumberText(text: string): number | bigint | undefined {
  if (!NUMBER.test(text)) return undefined;
  if (INTEGER.test(text) && text.length <= MAX_INTEGER_CHARS) return exactNumber(BigInt(text));
  const value = Number(text);
  return Number.isFinite(value) ? exactNumber(value) : undefined;
}

/** One form for equal numbers: a double where it is exact, a bigint for integers beyond 2^53. */
export function exactNumber(value: number | bigint): number | bigint {
  if (typeof value === "bigint") {
    const double = Number(value);
    return Number.isSafeInteger(double) ? double : value;
  }
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

function parseSlowly(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  if (end - start > MAX_INTEGER_CHARS) return undefined;
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return parseNumberText(text);
}
