/**
 * Python's numbers: integers of any size, floats, and booleans, which count as integers.
 *
 * Invariant: an integer is a `number` where a double holds it, else a `bigint`, so that equal integers are equal values. Division and remainder
 * round down. Floats print as Python's `repr`: the shortest digits, `.0` where whole, an exponent from 1e16 on and below 1e-4.
 */
import { floatText } from "../json/python-text.ts";
import { JsonNumber } from "../json/value.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { PyFloat, typeName, undefinedError, type Value } from "./values.ts";

/** An integer, or a float. */
export type Numeric = number | bigint | PyFloat;

/** Python turns no longer digits into integers, and ours stay below what is slow. */
const MAX_DIGITS = 4300;
const MAX_BITS = 14_000n;

/** The number that a value counts as, undefined where it counts as none. */
export function numericOf(value: Value): Numeric | undefined {
  if (typeof value === "number" || typeof value === "bigint" || value instanceof PyFloat) return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof JsonNumber ? numberOfText(value) : undefined;
}

/** The integer that a value is, undefined where it is none. */
export function integerOf(value: Value): number | bigint | undefined {
  const number = numericOf(value);
  return number instanceof PyFloat ? undefined : number;
}

/** The index or count that a value is; integers that no list is as long as are the greatest ones. */
export function indexOf(value: Value): number | undefined {
  const integer = integerOf(value);
  if (typeof integer !== "bigint") return integer;
  return integer < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
}

function numberOfText({ text, isInteger }: JsonNumber): Numeric {
  if (!isInteger) return new PyFloat(Number(text));
  if (text.length > MAX_DIGITS) throw valueError(`an integer of more than ${MAX_DIGITS} digits`);
  return exact(BigInt(text));
}

/** The value of an integer. */
export function exact(value: bigint): number | bigint {
  if (value > MAX_BITS_VALUE || value < -MAX_BITS_VALUE) {
    throw new TemplateError("limit", `the template makes an integer of more than ${MAX_DIGITS} digits`);
  }
  const double = Number(value);
  return Number.isSafeInteger(double) ? double : value;
}
const MAX_BITS_VALUE = 1n << MAX_BITS;

/** The double nearest to a number. */
export function doubleOf(value: Numeric): number {
  return value instanceof PyFloat ? value.value : Number(value);
}

/** Operators of numbers by their sign. */
export type Arithmetic = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** `left operator right`; both must be numbers. */
export function arithmetic(operator: Arithmetic, left: Value, right: Value): Numeric {
  const a = numericOf(left);
  const b = numericOf(right);
  if (a === undefined || b === undefined) {
    if (left === undefined || right === undefined) throw undefinedError(`'${operator}'`);
    throw typeError(`unsupported operand types for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
  }
  if (operator === "/" && !(a instanceof PyFloat) && !(b instanceof PyFloat)) return new PyFloat(quotient(a, b));
  if (a instanceof PyFloat || b instanceof PyFloat || operator === "/") {
    return new PyFloat(floatOperation(operator, doubleOf(a), doubleOf(b)));
  }
  if (typeof a === "number" && typeof b === "number") {
    const quick = smallOperation(operator, a, b);
    if (Number.isSafeInteger(quick)) return quick;
  }
  return bigOperation(operator, BigInt(a), BigInt(b));
}

export function negative(value: Numeric): Numeric {
  if (value instanceof PyFloat) return new PyFloat(-value.value);
  return typeof value === "bigint" ? exact(-value) : 0 - value;
}

/** Exact where the result is a safe integer; the caller asks. */
function smallOperation(operator: Exclude<Arithmetic, "/">, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b + 0;
    case "%":
      return modulo(a, nonZero(b));
    case "//":
      return (a - modulo(a, nonZero(b))) / b + 0;
    case "**":
      return Number.NaN;
  }
}

function bigOperation(operator: Exclude<Arithmetic, "/">, a: bigint, b: bigint): Numeric {
  switch (operator) {
    case "+":
      return exact(a + b);
    case "-":
      return exact(a - b);
    case "*":
      return exact(a * b);
    case "%":
      return exact(bigModulo(a, b));
    case "//":
      return exact((a - bigModulo(a, b)) / b);
    case "**":
      return power(a, b);
  }
}

function bigModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) throw zeroDivision();
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function power(a: bigint, b: bigint): Numeric {
  if (b < 0n) {
    if (a === 0n) throw zeroDivision();
    return new PyFloat(Number(a) ** Number(b));
  }
  const bits = BigInt(bitLength(a < 0n ? -a : a));
  if (bits > 1n && bits * b > 2n * MAX_BITS) {
    throw new TemplateError("limit", `the template makes an integer of more than ${MAX_DIGITS} digits`);
  }
  return exact(a ** b);
}

function floatOperation(operator: Arithmetic, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / nonZero(b);
    case "%":
      return floatModulo(a, nonZero(b));
    case "//": {
      const quotient = Math.round((a - floatModulo(a, nonZero(b))) / b);
      return quotient === 0 ? withSign(0, a / b) : quotient;
    }
    case "**":
      if (a === 0 && b < 0) throw zeroDivision();
      return a ** b;
  }
}

function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest + 0;
}

/** A remainder of nothing has the sign of the divisor. */
function floatModulo(a: number, b: number): number {
  const rest = modulo(a, b);
  return rest === 0 ? withSign(0, b) : rest;
}

function withSign(size: number, sign: number): number {
  return sign < 0 || Object.is(sign, -0) ? -size : size;
}

/** `a / b` of integers of any size, rounded once. */
function quotient(a: number | bigint, b: number | bigint): number {
  if (typeof a === "number" && typeof b === "number") return a / nonZero(b);
  const [dividend, divisor] = [BigInt(a), BigInt(b)].map((each) => (each < 0n ? -each : each));
  if (divisor === 0n) throw zeroDivision();
  const shift = Math.max(0, 66 + bitLength(divisor) - bitLength(dividend));
  const scaled = dividend << BigInt(shift);
  const exactly = scaled % divisor === 0n ? scaled / divisor : (scaled / divisor) | 1n;
  const size = Number(exactly) / 2 ** shift;
  return a < 0 !== b < 0 ? -size : size;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function nonZero(divisor: number): number {
  if (divisor === 0) throw zeroDivision();
  return divisor;
}

function zeroDivision(): TemplateError {
  return valueError("division by zero");
}

/** Less than 0, 0 or more than 0; NaN where one of them is NaN. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = a instanceof PyFloat ? a.value : a;
  const right = b instanceof PyFloat ? b.value : b;
  // The engine compares a bigint with a double exactly.
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(Number(left)) || Number.isNaN(Number(right)) ? Number.NaN : 0;
}

/** A number as Python prints it. */
export function numberText(value: Numeric): string {
  return value instanceof PyFloat ? floatText(value.value) : String(value);
}

/** The integer that a text spells in Python, undefined where it spells none. */
export function parseInteger(text: string): number | bigint | undefined {
  const digits = /^\s*([+-]?)([0-9](?:_?[0-9])*)\s*$/.exec(text);
  if (digits === null) return undefined;
  const plain = digits[2].replaceAll("_", "");
  if (plain.length > MAX_DIGITS) return undefined;
  return exact(BigInt(plain) * (digits[1] === "-" ? -1n : 1n));
}

/** The double that a text spells in Python, undefined where it spells none. */
export function parseFloatText(text: string): number | undefined {
  const plain = text.trim().toLowerCase();
  const word = /^([+-]?)(inf|infinity|nan)$/.exec(plain);
  if (word !== null) return word[2] === "nan" ? Number.NaN : word[1] === "-" ? -Infinity : Infinity;
  if (!/^[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:e[+-]?[0-9]+)?$/.test(plain)) {
    return undefined;
  }
  return Number(plain.replaceAll("_", ""));
}
