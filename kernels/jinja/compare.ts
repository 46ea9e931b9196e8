/**
 * Which values are equal, which comes first, and what holds what, as Python has it.
 *
 * Invariant: numbers of different kinds are equal by value, texts are ordered by code point, and values that Python cannot order are an error.
 * Price: as deep as the smaller value, a step of the rendering for each pair of containers.
 */
import { JsonNumber } from "../json/value.ts";
import { typeError } from "./errors.ts";
import { compareNumbers, numericOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import {
  DictView,
  dictKey,
  isDict,
  isList,
  iterate,
  listOf,
  PyFloat,
  Range,
  Tuple,
  textOf,
  typeName,
  undefinedError,
  type Value,
} from "./values.ts";

/** `a == b`. */
export function isEqual(a: Value, b: Value, run: Run): boolean {
  if (a === b) return !(a instanceof PyFloat && Number.isNaN(a.value));
  if (typeof a === "string" && typeof b === "string") return false;
  const number = isNumber(a) ? numericOf(a) : undefined;
  if (number !== undefined) {
    const other = isNumber(b) ? numericOf(b) : undefined;
    return other !== undefined && compareNumbers(number, other) === 0;
  }
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  run.step();
  if (isList(a)) return isList(b) && areEqual(a, b, run);
  if (a instanceof Tuple) return b instanceof Tuple && areEqual(a.items, b.items, run);
  if (isDict(a)) {
    if (!isDict(b) || a.size !== b.size) return false;
    for (const [key, value] of a) if (!b.has(key) || !isEqual(value, b.get(key), run)) return false;
    return true;
  }
  if (a instanceof Range) return b instanceof Range && areEqual(listOf(a), listOf(b), run);
  if (a instanceof DictView && a.kind === "keys") {
    return b instanceof DictView && b.kind === "keys" && isSameSet(a.dict, b.dict);
  }
  return false;
}

function isNumber(value: Value): boolean {
  const type = typeof value;
  return (
    type === "number" ||
    type === "boolean" ||
    type === "bigint" ||
    value instanceof PyFloat ||
    value instanceof JsonNumber
  );
}

function areEqual(a: readonly Value[], b: readonly Value[], run: Run): boolean {
  return a.length === b.length && a.every((item, index) => isEqual(item, b[index], run));
}

function isSameSet(a: ReadonlyMap<Value, Value>, b: ReadonlyMap<Value, Value>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}

/** Less than 0 where `a < b`, more where `a > b`; NaN where a number is none. Throws where Python cannot order them. */
export function compare(a: Value, b: Value, sign: string, run: Run): number {
  const left = textOf(a);
  const right = textOf(b);
  if (left !== undefined && right !== undefined) return compareTexts(left, right);
  const first = numericOf(a);
  const second = numericOf(b);
  if (first !== undefined && second !== undefined) return compareNumbers(first, second);
  if (isList(a) && isList(b)) return compareLists(a, b, sign, run);
  if (a instanceof Tuple && b instanceof Tuple) return compareLists(a.items, b.items, sign, run);
  if (a === undefined || b === undefined) throw undefinedError(`'${sign}'`);
  throw typeError(`'${sign}' not supported between '${typeName(a)}' and '${typeName(b)}'`);
}

function compareLists(a: readonly Value[], b: readonly Value[], sign: string, run: Run): number {
  run.step();
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (!isEqual(a[index], b[index], run)) return compare(a[index], b[index], sign, run);
  }
  return a.length - b.length;
}

/** By code points; units of surrogate pairs would come before U+E000 to U+FFFF. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2000 : unit >= 0xe000 ? unit - 0x800 : unit;
}

/** `item in container`. */
export function contains(container: Value, item: Value, run: Run): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined) throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    run.spend(text.length);
    return text.includes(part);
  }
  if (isDict(container)) return container.has(dictKey(item));
  if (container instanceof DictView && container.kind === "keys") return container.dict.has(dictKey(item));
  if (container === undefined) return false;
  for (const each of iterate(container)) {
    run.step();
    if (isEqual(each, item, run)) return true;
  }
  return false;
}
