/**
 * Functions that every template has: `range`, `dict`, `namespace`, and those that transformers adds.
 *
 * Invariant: time is the moment that the caller gives, never a clock; chance is not supported.
 */
import { bindArguments } from "./arguments.ts";
import { TemplateError, typeError, unsupported, valueError } from "./errors.ts";
import { indexOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import { strftime } from "./strftime.ts";
import { strOf } from "./text.ts";
import {
  type CallArguments,
  Callable,
  isDict,
  iterate,
  listOf,
  Namespace,
  ownKey,
  Range,
  textOf,
  typeName,
  type Value,
} from "./values.ts";

/** As in Jinja's sandbox. */
const MAX_RANGE = 100_000;

const functions: readonly Callable[] = [
  new Callable("range", (_, args) => range(args)),
  new Callable("dict", (run, args) => dictOf(args, run)),
  new Callable("namespace", (run, args) => {
    const attributes = dictOf(args, run);
    const named = new Map<string, Value>();
    for (const [key, value] of attributes) setAttribute(named, strOf(key, run), value);
    return new Namespace(named);
  }),
  new Callable("raise_exception", (run, args) => {
    const bound = bindArguments({ name: "raise_exception", parameters: ["message"], required: 1 }, args);
    throw new TemplateError("raised", strOf(bound.at(0), run));
  }),
  new Callable("strftime_now", (run, args) => {
    const bound = bindArguments({ name: "strftime_now", parameters: ["format"], required: 1 }, args);
    const format = textOf(bound.at(0));
    if (format === undefined) throw typeError(`strftime() argument 1 must be str, not ${typeName(bound.at(0))}`);
    if (run.date === undefined) throw new TemplateError("value", "the template asks for the date, and none is given");
    run.reserve(format.length);
    return strftime(format, run.date);
  }),
  ...["cycler", "joiner", "lipsum"].map(
    (name) =>
      new Callable(name, () => {
        throw unsupported(`the function ${name}`);
      }),
  ),
];

export const GLOBALS: ReadonlyMap<string, Value> = new Map(functions.map((each) => [each.name, each]));

/** `namespace.name = value`. */
export function setAttribute(attributes: Map<string, Value>, name: string, value: Value): void {
  if (name.startsWith("_")) {
    throw new TemplateError("security", `a namespace takes no attribute that starts with an underscore: '${name}'`);
  }
  attributes.set(name, value);
}

function range({ positional, named }: CallArguments): Range {
  if (named.size > 0 || positional.length < 1 || positional.length > 3) throw typeError("range takes 1 to 3 integers");
  const numbers = positional.map((value) => {
    const number = indexOf(value);
    if (number === undefined) throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
    return number;
  });
  const [start = 0, stop = 0, step = 1] = numbers.length === 1 ? [0, ...numbers] : numbers;
  if (step === 0) throw valueError("range() arg 3 must not be zero");
  const made = new Range(start, stop, step);
  if (made.length > MAX_RANGE) throw new TemplateError("limit", `a range of more than ${MAX_RANGE} numbers`);
  return made;
}

function dictOf({ positional, named }: CallArguments, run: Run): Map<Value, Value> {
  if (positional.length > 1) throw typeError("dict expected at most 1 argument");
  const dict = new Map<Value, Value>();
  const [source] = positional;
  if (source !== undefined) {
    for (const [key, value] of isDict(source) ? source : pairs(source)) {
      run.step();
      dict.set(ownKey(key), value);
    }
  }
  for (const [key, value] of named) dict.set(key, value);
  return dict;
}

function* pairs(source: Value): Generator<readonly [Value, Value]> {
  for (const item of iterate(source)) {
    const pair = listOf(item);
    if (pair.length !== 2) throw valueError("a dict is made of pairs");
    yield [pair[0], pair[1]];
  }
}
