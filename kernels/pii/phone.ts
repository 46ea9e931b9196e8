/**
 * Phone numbers in text, by two rules.
 *
 * International: `+`, a digit that is not 0, then digits, 8 to 15 in all, in groups with at most two of space, hyphen,
 * full stop, slash and parentheses between them. North American: `(NXX) NXX-XXXX`, `NXX-NXX-XXXX`, `NXX.NXX.XXXX` or
 * `NXX NXX XXXX`, N from 2 to 9, perhaps with `1` before them. Neither has a letter, digit or one of `_ . - + /`
 * directly before it, nor a digit, nor a hyphen or full stop and a digit, behind it. Ten digits without separators are
 * no phone number here, though Dolma takes them for one: they are more often something else.
 */

const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const PLUS = 0x2b;
const HYPHEN = 0x2d;
const FULL_STOP = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const MIN_DIGITS = 8;
const MAX_DIGITS = 15;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** Whether `byte` before a number makes it a part of something else. */
function isGlue(byte: number): boolean {
  const letter = byte | 0x20;
  if (isDigit(byte) || (letter >= 0x61 && letter <= 0x7a) || byte >= 0x80) return true;
  return byte === 0x5f || byte === FULL_STOP || byte === HYPHEN || byte === PLUS || byte === SLASH;
}

/** Whether a number may end at `at`. */
function mayEnd(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return true;
  if (isDigit(bytes[at])) return false;
  return !((bytes[at] === HYPHEN || bytes[at] === FULL_STOP) && at + 1 < end && isDigit(bytes[at + 1]));
}

/** The end of the international number whose `+` is at `plus`, or -1. */
export function internationalEnd(bytes: Uint8Array, from: number, plus: number, end: number): number {
  if (plus > from && isGlue(bytes[plus - 1])) return -1;
  if (plus + 1 >= end || !isDigit(bytes[plus + 1]) || bytes[plus + 1] === ZERO) return -1;
  let digits = 0;
  let stop = -1;
  let between = 0;
  for (let p = plus + 1; p < end; p++) {
    const byte = bytes[p];
    if (isDigit(byte)) {
      digits++;
      if (digits > MAX_DIGITS) return -1;
      between = 0;
      stop = p + 1;
      continue;
    }
    const isSeparator =
      byte === SPACE || byte === HYPHEN || byte === FULL_STOP || byte === SLASH || byte === OPEN || byte === CLOSE;
    if (!isSeparator || ++between > 2) break;
  }
  return digits >= MIN_DIGITS && mayEnd(bytes, stop, end) ? stop : -1;
}

/** Three digits before `at`, the first of them 2 to 9. */
function isCodeBefore(bytes: Uint8Array, from: number, at: number): boolean {
  return (
    at - 3 >= from && isDigit(bytes[at - 1]) && isDigit(bytes[at - 2]) && isDigit(bytes[at - 3]) && bytes[at - 3] > 0x31
  );
}

/**
 * Where the North American number begins whose last separator is at `separator`, not before `from`; -1 where there is
 * none. It ends five bytes behind the separator.
 */
export function northAmericanStart(bytes: Uint8Array, from: number, separator: number, end: number): number {
  const sign = bytes[separator];
  if (separator + 5 > end || !mayEnd(bytes, separator + 5, end)) return -1;
  for (let p = separator + 1; p < separator + 5; p++) if (!isDigit(bytes[p])) return -1;
  if (!isCodeBefore(bytes, from, separator)) return -1;
  let start = separator - 3;
  // Before the exchange: `(NXX) `, `(NXX)`, or `NXX` and the same separator.
  if (start - 1 >= from && bytes[start - 1] === SPACE && start - 2 >= from && bytes[start - 2] === CLOSE) start--;
  if (start - 1 >= from && bytes[start - 1] === CLOSE) {
    if (!isCodeBefore(bytes, from, start - 1) || start - 5 < from || bytes[start - 5] !== OPEN) return -1;
    start -= 5;
  } else {
    if (start - 1 < from || bytes[start - 1] !== sign || !isCodeBefore(bytes, from, start - 1)) return -1;
    start -= 4;
  }
  const before = start - 1;
  if (before - 1 >= from && isCountryCode(bytes, from, before)) return before - 1;
  return before >= from && isGlue(bytes[before]) ? -1 : start;
}

/** Whether `1` stands before the separator at `at`, and nothing that it would be a part of. */
function isCountryCode(bytes: Uint8Array, from: number, at: number): boolean {
  if (bytes[at] !== SPACE && bytes[at] !== HYPHEN && bytes[at] !== FULL_STOP) return false;
  return bytes[at - 1] === 0x31 && (at - 2 < from || !isGlue(bytes[at - 2]));
}
