/**
 * Values as text: Python's `str`, which templates print, and `repr`, which lists print of their items.
 *
 * Invariant: texts and floats inside of other values are those of `python-text.ts`. Price: a step of the run for each list and dict, and the
 * length of what is quoted.
 */
import { quotedText } from "../json/python-text.ts";
import { JsonNumber } from "../json/value.ts";
import { unsupported } from "./errors.ts";
import { numberText, numericOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import {
  Callable,
  DictView,
  isDict,
  isList,
  listOf,
  Markup,
  Namespace,
  PyFloat,
  Range,
  Tuple,
  typeName,
  type Value,
} from "./values.ts";

/** `str(value)`. */
export function strOf(value: Value, run: Run): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  return value instanceof Markup ? value.text : reprOf(value, run);
}

/** `repr(value)`. */
export function reprOf(value: Value, run: Run): string {
  if (typeof value === "string") return quoted(value, run);
  if (value === undefined) return "Undefined";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint" || value instanceof PyFloat || value instanceof JsonNumber) {
    return numberText(numericOf(value) ?? 0);
  }
  run.step();
  if (isList(value)) return `[${reprs(value, run)}]`;
  if (isDict(value)) return `{${entries(value, run)}}`;
  if (value instanceof Tuple) return tupleText(value, run);
  if (value instanceof Markup) return `Markup(${quoted(value.text, run)})`;
  if (value instanceof DictView) return `dict_${value.kind}([${reprs(listOf(value), run)}])`;
  if (value instanceof Range) {
    const step = value.step === 1 ? "" : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof Namespace) return `<Namespace {${entries(value.attributes, run)}}>`;
  // Python prints where these lie in its memory.
  throw unsupported(`printing a ${value instanceof Callable ? "function" : typeName(value)}`);
}

function reprs(items: readonly Value[], run: Run): string {
  let text = "";
  for (const item of items) {
    text += text === "" ? reprOf(item, run) : `, ${reprOf(item, run)}`;
    run.reserve(text.length & 63);
  }
  return text;
}

function entries(dict: ReadonlyMap<Value, Value>, run: Run): string {
  let text = "";
  for (const [key, value] of dict) {
    text += `${text === "" ? "" : ", "}${reprOf(key, run)}: ${reprOf(value, run)}`;
  }
  return text;
}

function tupleText({ items }: Tuple, run: Run): string {
  return items.length === 1 ? `(${reprs(items, run)},)` : `(${reprs(items, run)})`;
}

function quoted(text: string, run: Run): string {
  run.spend(text.length);
  return quotedText(text);
}
