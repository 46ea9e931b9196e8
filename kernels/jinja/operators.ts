/**
 * Operators of expressions on values of any kind.
 *
 * Invariant: what Python refuses to add or multiply is an error. A text or list that is made is paid for before it is there. Price: adding text
 * costs no copy, whatever its length.
 */
import { compare, contains, isEqual } from "./compare.ts";
import { typeError } from "./errors.ts";
import { escapeHtml } from "./html.ts";
import { arithmetic, indexOf, negative, numericOf } from "./numbers.ts";
import { formatPercent } from "./printf.ts";
import type { Run } from "./run.ts";
import { strOf } from "./text.ts";
import { isList, Markup, Tuple, textOf, typeName, undefinedError, type Value } from "./values.ts";

export type BinaryOperator = (left: Value, right: Value, run: Run) => Value;

export function add(left: Value, right: Value, run: Run): Value {
  if (typeof left === "string" && typeof right === "string") return joined(left, right, run);
  if (typeof left === "number" && typeof right === "number") return arithmetic("+", left, right);
  if (left instanceof Markup || right instanceof Markup) return addMarkup(left, right, run);
  if (isList(left) && isList(right)) return concatenated(left, right, run);
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple(concatenated(left.items, right.items, run));
  return arithmetic("+", left, right);
}

function joined(left: string, right: string, run: Run): string {
  run.grow(left.length, right.length);
  return left + right;
}

function addMarkup(left: Value, right: Value, run: Run): Value {
  const [a, b] = [left, right].map((value) =>
    value instanceof Markup ? value.text : typeof value === "string" ? escapeHtml(value, run) : undefined,
  );
  if (a === undefined || b === undefined) return arithmetic("+", left, right);
  return new Markup(joined(a, b, run));
}

function concatenated(left: readonly Value[], right: readonly Value[], run: Run): readonly Value[] {
  run.reserveItems(left.length + right.length);
  return [...left, ...right];
}

/** `left ~ right`. */
export function concatenate(left: Value, right: Value, run: Run): Value {
  return joined(strOf(left, run), strOf(right, run), run);
}

function multiply(left: Value, right: Value, run: Run): Value {
  if (numericOf(left) !== undefined && numericOf(right) === undefined) return multiply(right, left, run);
  const times = Math.max(0, indexOf(right) ?? 0);
  const text = textOf(left);
  const items = isList(left) ? left : left instanceof Tuple ? left.items : undefined;
  if (indexOf(right) === undefined || (text === undefined && items === undefined)) return arithmetic("*", left, right);
  if (text !== undefined) {
    run.reserve(times * text.length);
    return text.repeat(times);
  }
  run.reserveItems(times * (items ?? []).length);
  const repeated = Array.from({ length: times }, () => items ?? []).flat();
  return left instanceof Tuple ? new Tuple(repeated) : repeated;
}

function remainder(left: Value, right: Value, run: Run): Value {
  const text = textOf(left);
  return text === undefined ? arithmetic("%", left, right) : formatPercent(text, right, run);
}

const order = (sign: string, test: (order: number) => boolean): BinaryOperator => {
  return (left, right, run) => test(compare(left, right, sign, run));
};

export const BINARY_OPERATORS: ReadonlyMap<string, BinaryOperator> = new Map<string, BinaryOperator>([
  ["+", add],
  ["-", (left, right) => arithmetic("-", left, right)],
  ["*", multiply],
  ["/", (left, right) => arithmetic("/", left, right)],
  ["//", (left, right) => arithmetic("//", left, right)],
  ["%", remainder],
  ["**", (left, right) => arithmetic("**", left, right)],
  ["~", concatenate],
  ["==", isEqual],
  ["!=", (left, right, run) => !isEqual(left, right, run)],
  ["<", order("<", (sign) => sign < 0)],
  [">", order(">", (sign) => sign > 0)],
  ["<=", order("<=", (sign) => sign <= 0)],
  [">=", order(">=", (sign) => sign >= 0)],
  ["in", (left, right, run) => contains(right, left, run)],
  ["not in", (left, right, run) => !contains(right, left, run)],
]);

/** `-value` or `+value`. */
export function signed(operator: string, value: Value): Value {
  const number = numericOf(value);
  if (number === undefined) {
    if (value === undefined) throw undefinedError(`'${operator}'`);
    throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  }
  return operator === "-" ? negative(number) : number;
}
