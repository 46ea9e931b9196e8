/** Tests of expressions (`value is name`), by name. Invariant: as Jinja 3.1 has them; one it does not have is an error when it is asked. */
import { type Builtin, builtin, byName, callBuiltin } from "./arguments.ts";
import { compare, contains, isEqual } from "./compare.ts";
import { TemplateError } from "./errors.ts";
import { isAll } from "./letter-case.ts";
import { arithmetic, integerOf, numericOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import { strOf } from "./text.ts";
import {
  type CallArguments,
  Callable,
  DictView,
  isDict,
  isList,
  isTrue,
  Loop,
  Markup,
  Range,
  Stream,
  Tuple,
  textOf,
  typeName,
  type Value,
} from "./values.ts";

type Check = (value: Value, run: Run) => boolean;
type Comparison = (value: Value, other: Value, run: Run) => boolean;

function alone(name: string, check: Check): Builtin<Value> {
  return builtin(`${name}()`, (value, _, run) => check(value, run));
}

function against(names: string, check: Comparison): Builtin<Value>[] {
  return names.split(" ").map((name) => builtin(`${name}(other)`, (value, args, run) => check(value, args.at(0), run)));
}

function order(sign: string, test: (order: number) => boolean): Comparison {
  return (value, other, run) => test(compare(value, other, sign, run));
}

const isInteger = (value: Value): boolean => typeof value !== "boolean" && integerOf(value) !== undefined;
const isSized = (value: Value): boolean =>
  value === undefined || textOf(value) !== undefined || isList(value) || isDict(value) || value instanceof Tuple;

const tests = byName<Value>(
  alone("boolean", (value) => typeof value === "boolean"),
  // Undefined can be called, and is then an error.
  alone("callable", (value) => value === undefined || value instanceof Callable),
  alone("defined", (value) => value !== undefined),
  alone("escaped", (value) => value instanceof Markup),
  alone("even", (value) => isEqualToZero(arithmetic("%", value, 2))),
  alone("false", (value) => value === false),
  alone("float", (value) => typeName(value) === "float"),
  alone("integer", isInteger),
  alone("iterable", (value) => isSized(value) || [Range, Stream, DictView, Loop].some((each) => value instanceof each)),
  alone("lower", (value, run) => isAll(strOf(value, run), "lower")),
  alone("mapping", isDict),
  alone("none", (value) => value === null),
  alone("number", (value) => numericOf(value) !== undefined),
  alone("odd", (value, run) => isEqual(arithmetic("%", value, 2), 1, run)),
  alone("sequence", (value) => isSized(value) || value instanceof Range),
  alone("string", (value) => textOf(value) !== undefined),
  alone("true", (value) => value === true),
  alone("undefined", (value) => value === undefined),
  alone("upper", (value, run) => isAll(strOf(value, run), "upper")),
  ...against("divisibleby", (value, other) => isEqualToZero(arithmetic("%", value, other))),
  ...against("eq equalto ==", isEqual),
  ...against("ne !=", (value, other, run) => !isEqual(value, other, run)),
  ...against(
    "lt lessthan <",
    order("<", (sign) => sign < 0),
  ),
  ...against(
    "le <=",
    order("<=", (sign) => sign <= 0),
  ),
  ...against(
    "gt greaterthan >",
    order(">", (sign) => sign > 0),
  ),
  ...against(
    "ge >=",
    order(">=", (sign) => sign >= 0),
  ),
  ...against("in", (value, other, run) => contains(other, value, run)),
  ...against("sameas", (value, other) => value === other),
);

function isEqualToZero(value: Value): boolean {
  return !isTrue(value);
}

/** Whether `value is name(args)`. Throws where there is no such test. */
export function isOfTest(name: string, value: Value, args: CallArguments, run: Run): boolean {
  const test = tests.get(name);
  if (test === undefined) throw new TemplateError("unsupported", `there is no test '${name}'`);
  run.step();
  return isTrue(callBuiltin(test, value, args, run));
}
