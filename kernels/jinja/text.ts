/**
 * Values as text: Python's `str`, which templates print, and `repr`, which lists print of their items.
 *
 * Invariant: characters that `repr` escapes are those that are not printable in Unicode 14.0, the database of Python 3.11, whatever Node has.
 * Price: plain text is scanned once by a regular expression.
 */
import { JsonNumber } from "../json/value.ts";
import { categorySet, inCategories } from "../unicode/tables.ts";
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

/** What `str.isprintable` refuses; of the separators the plain space is printable. */
const NOT_PRINTABLE = categorySet("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs");
const PLAIN = /^[ !#-&(-[\]-~]*$/;
const SPACE = 0x20;

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
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  if (PLAIN.test(text)) return `'${text}'`;
  let out = quote;
  for (const character of text) out += escaped(character, quote);
  return out + quote;
}

function escaped(character: string, quote: string): string {
  switch (character) {
    case quote:
    case "\\":
      return `\\${character}`;
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
  }
  const code = character.codePointAt(0) ?? 0;
  if (code === SPACE || !inCategories(code, NOT_PRINTABLE)) return character;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
