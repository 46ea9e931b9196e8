/**
 * JSON values that are neither strings nor containers, and what kinds of value there are.
 *
 * Owns the grammar of numbers and literals: RFC 8259, and the three words for numbers that are not finite (`NaN`, `Infinity`, `-Infinity`),
 * which Python's writer puts out and JSON does not have. Invariant: a position that is returned is where the value ends; a
 * negative one is `~at` of the byte at `at` that cannot be there. Nothing is read past the first byte that does not belong.
 */

export const JsonKind = {
  missing: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  string: 5,
  array: 6,
  object: 7,
  /** A number that JSON cannot say. */
  notFinite: 8,
} as const;
export type JsonKind = (typeof JsonKind)[keyof typeof JsonKind];

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_E = 0x65;
const CAPITAL_I = 0x49;

const encoder = new TextEncoder();
const LITERALS = [
  { bytes: encoder.encode("null"), kind: JsonKind.null },
  { bytes: encoder.encode("true"), kind: JsonKind.true },
  { bytes: encoder.encode("false"), kind: JsonKind.false },
  { bytes: encoder.encode("NaN"), kind: JsonKind.notFinite },
  { bytes: encoder.encode("Infinity"), kind: JsonKind.notFinite },
] as const;

/** First position at or after `at` that is not JSON whitespace within a line. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++;
  return at;
}

/** Kind of the number or literal at `at`: right where {@link skipAtom} finds one. */
export function atomKind(bytes: Uint8Array, at: number): JsonKind {
  const first = bytes[at] === MINUS && bytes[at + 1] === CAPITAL_I ? CAPITAL_I : bytes[at];
  for (const { bytes, kind } of LITERALS) if (bytes[0] === first) return kind;
  return JsonKind.number;
}

/** End of the number or literal at `at`. */
export function skipAtom(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  return first === MINUS || isDigit(first) ? skipNumber(bytes, at) : skipLiteral(bytes, at);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  if (bytes[at] === CAPITAL_I) return skipLiteral(bytes, at);
  if (bytes[at] === ZERO) at++;
  else {
    at = skipDigits(bytes, at);
    if (at < 0) return at;
  }
  if (bytes[at] === POINT) {
    at = skipDigits(bytes, at + 1);
    if (at < 0) return at;
  }
  if ((bytes[at] | 0x20) === LETTER_E) {
    at++;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
    at = skipDigits(bytes, at);
  }
  return at;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return at === start ? ~at : at;
}

function skipLiteral(bytes: Uint8Array, at: number): number {
  for (const literal of LITERALS) {
    if (bytes[at] !== literal.bytes[0]) continue;
    for (let i = 1; i < literal.bytes.length; i++) {
      if (bytes[at + i] !== literal.bytes[i]) return ~(at + i);
    }
    return at + literal.bytes.length;
  }
  return ~at;
}
