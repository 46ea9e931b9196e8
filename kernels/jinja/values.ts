/**
 * The values of templates: Python's, in the shape that costs least here.
 *
 * Invariant: what Python tells apart is apart: `1` is a number and `1.0` a {@link PyFloat}, a list is an array and a tuple a {@link Tuple},
 * a generator is read once. Values of JSON are values as they are, so that a conversation is not copied; a {@link JsonNumber} is one with
 * its text until something counts with it. Nothing can be written to, as in Jinja's immutable sandbox, but namespaces.
 * `undefined` is Jinja's undefined, which no value of JSON is.
 */
import { JsonNumber } from "../json/value.ts";
import { TemplateError, typeError, unsupported } from "./errors.ts";
import type { Run } from "./run.ts";

/** A float. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class Tuple {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** Integers from `start` on, `length` of them. */
export class Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly length: number;

  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }

  at(index: number): number {
    return this.start + index * this.step;
  }
}

/** What a lazy filter gives: it can be read once, is always true, and has no length. */
export class Stream {
  readonly items: Iterator<Value>;

  constructor(items: Iterator<Value>) {
    this.items = items;
  }
}

/** `keys()`, `values()` or `items()` of a dict. */
export class DictView {
  readonly kind: "keys" | "values" | "items";
  readonly dict: Dict;

  constructor(kind: "keys" | "values" | "items", dict: Dict) {
    this.kind = kind;
    this.dict = dict;
  }
}

export class Namespace {
  readonly attributes: Map<string, Value>;

  constructor(attributes: Map<string, Value>) {
    this.attributes = attributes;
  }
}

/** Text that is HTML already: `+` escapes what it is added to. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can be called: a macro, a method of a value, a function that templates have. */
export class Callable {
  readonly name: string;
  readonly call: (run: Run, args: CallArguments) => Value;

  constructor(name: string, call: (run: Run, args: CallArguments) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** `loop` in a `for`. */
export class Loop {
  readonly items: readonly Value[];
  index0 = 0;
  /** What `loop.changed` saw last. */
  seen: readonly Value[] | undefined;

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export interface CallArguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export const NO_NAMED: ReadonlyMap<string, Value> = new Map();
export const NO_ARGUMENTS: CallArguments = { positional: [], named: NO_NAMED };

/** Keys of a dict: JSON has strings, a template's own may be numbers. */
export type Dict = ReadonlyMap<Value, Value>;
export type Scalar = null | undefined | boolean | string | number | bigint | PyFloat | JsonNumber | Markup;
export type Value = Scalar | readonly Value[] | Tuple | Dict | Range | Stream | DictView | Namespace | Callable | Loop;

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isDict(value: Value): value is Dict {
  return value instanceof Map;
}

/** The text of a string or of markup, undefined for other values. */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Markup ? value.text : undefined;
}

/** Python's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === undefined) return "Undefined";
  if (value === null) return "NoneType";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "string":
      return "str";
    case "number":
    case "bigint":
      return "int";
  }
  if (value instanceof JsonNumber) return value.isInteger ? "int" : "float";
  if (value instanceof PyFloat) return "float";
  if (isList(value)) return "list";
  if (isDict(value)) return "dict";
  if (value instanceof DictView) return `dict_${value.kind}`;
  return value.constructor.name.toLowerCase();
}

/** The error of doing something with undefined that it does not bear. */
export function undefinedError(doing: string): TemplateError {
  return new TemplateError("undefined", `${doing} of an undefined value`);
}

/** Whether a value counts as true. */
export function isTrue(value: Value): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  if (isList(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  if (value instanceof Markup) return value.text !== "";
  if (value instanceof PyFloat) return value.value !== 0;
  if (value instanceof JsonNumber) return Number(value.text) !== 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Range) return value.length > 0;
  if (value instanceof DictView) return value.dict.size > 0;
  return true;
}

/** What a `for` runs over. Throws where Python's `iter` does. */
export function iterate(value: Value): Iterable<Value> {
  if (isList(value)) return value;
  if (value === undefined) return [];
  const text = textOf(value);
  if (text !== undefined) return text;
  if (isDict(value)) return value.keys();
  if (value instanceof Tuple) return value.items;
  if (value instanceof Stream) return { [Symbol.iterator]: () => value.items };
  if (value instanceof Range) return Array.from({ length: value.length }, (_, index) => value.at(index));
  if (value instanceof DictView) return viewed(value);
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** All items at once. */
export function listOf(value: Value): readonly Value[] {
  return isList(value) ? value : [...iterate(value)];
}

/** The key of an entry that is made. */
export function ownKey(value: Value): Value {
  const key = dictKey(value);
  if (typeof key === "object" && key !== null) throw unsupported(`a ${typeName(value)} as the key of a dict`);
  return key;
}

function viewed({ kind, dict }: DictView): Iterable<Value> {
  if (kind === "keys") return dict.keys();
  if (kind === "values") return dict.values();
  return Array.from(dict, (entry) => new Tuple(entry));
}

/**
 * The key under which a dict keeps a value. Throws where Python cannot hash it. A fraction or a tuple is the key of nothing: dicts of templates
 * that have such keys are refused.
 */
export function dictKey(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof PyFloat || value instanceof JsonNumber) {
    const number = value instanceof PyFloat ? value.value : Number(value.text);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (isList(value) || isDict(value)) throw typeError(`unhashable type: '${typeName(value)}'`);
  return value;
}
