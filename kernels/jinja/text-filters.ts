/**
 * Filters of text and numbers.
 *
 * Invariant: a filter of text takes any value as the text that it prints as, and markup stays markup, as in Jinja.
 */
import { isPythonSpace } from "../lines.ts";
import { type Arguments, type Builtin, builtin } from "./arguments.ts";
import { typeError, unsupported, valueError } from "./errors.ts";
import { escapeHtml } from "./html.ts";
import { type DumpOptions, dumpJson } from "./json-dump.ts";
import { capitalize, lower, upper } from "./letter-case.ts";
import {
  arithmetic,
  compareNumbers,
  doubleOf,
  exact,
  indexOf,
  negative,
  numericOf,
  parseFloatText,
  parseInteger,
} from "./numbers.ts";
import { formatPercent } from "./printf.ts";
import { roundFloat } from "./rounding.ts";
import type { Run } from "./run.ts";
import { replaceText } from "./string-methods.ts";
import { codePointLength, splitLines, strip } from "./strings.ts";
import { strOf } from "./text.ts";
import {
  isDict,
  isList,
  isTrue,
  listOf,
  Markup,
  PyFloat,
  Tuple,
  textOf,
  typeName,
  undefinedError,
  type Value,
} from "./values.ts";

/** What words of `title` begin behind, beside white space. */
const WORD_BORDERS = "-({[<";

function textFilter(spelled: string, body: (text: string, args: Arguments, run: Run) => string): Builtin<Value> {
  return builtin(spelled, (value, args, run) => {
    const text = strOf(value, run);
    run.spend(text.length);
    const result = body(text, args, run);
    return value instanceof Markup ? new Markup(result) : result;
  });
}

export const textFilters: readonly Builtin<Value>[] = [
  textFilter("capitalize()", capitalize),
  textFilter("center(width?)", (text, args, run) => {
    const missing = Math.max(0, wantCount(args.or(0, 80)) - codePointLength(text));
    run.reserve(missing);
    // Python puts the odd blank to the left where the width is odd.
    const left = Math.floor(missing / 2) + (missing & wantCount(args.or(0, 80)) & 1);
    return " ".repeat(left) + text + " ".repeat(missing - left);
  }),
  builtin("e()", (value, _, run) => escaped(value, run)),
  builtin("escape()", (value, _, run) => escaped(value, run)),
  builtin("indent(width?, first?, blank?)", indent),
  textFilter("lower()", lower),
  builtin("replace(old, new, count?)", (value, args, run) => {
    const count = args.or(2, null);
    const [text, old, by] = [value, args.at(0), args.at(1)].map((each) => strOf(each, run));
    run.spend(text.length);
    return replaceText(text, old, by, count === null ? -1 : wantCount(count), run);
  }),
  builtin("safe()", (value, _, run) => (value instanceof Markup ? value : new Markup(strOf(value, run)))),
  builtin("string()", (value, _, run) => (value instanceof Markup ? value : strOf(value, run))),
  textFilter("title()", (text, _, run) => titleWords(text, run)),
  textFilter("trim(chars?)", (text, args) => {
    const characters = args.or(0, null);
    if (characters !== null && textOf(characters) === undefined) throw typeError("strip arg must be None or str");
    return strip(text, textOf(characters) ?? null, "both");
  }),
  builtin("truncate(length?, killwords?, end?, leeway?)", (value, args, run) => {
    const text = textOf(value);
    if (text !== undefined) return truncate(text, args, run);
    if (value === undefined) return value;
    throw unsupported(`the filter truncate of a ${typeName(value)}`);
  }),
  textFilter("upper()", upper),
  builtin("wordcount()", (value, _, run) => strOf(value, run).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  builtin("tojson(ensure_ascii?, indent?, separators?, sort_keys?)", (value, args, run) =>
    dumpJson(value, dumpOptions(args), run),
  ),
];

export const numberFilters: readonly Builtin<Value>[] = [
  builtin("abs()", (value) => {
    const number = wantNumber(value, "abs");
    if (number instanceof PyFloat) return new PyFloat(Math.abs(number.value));
    return compareNumbers(number, 0) < 0 ? negative(number) : number;
  }),
  builtin("float(default?)", (value, args) => {
    const text = textOf(value);
    const number = numericOf(value);
    if (value === undefined) throw undefinedError("float");
    const double = text !== undefined ? parseFloatText(text) : number === undefined ? undefined : doubleOf(number);
    return double === undefined ? args.or(0, new PyFloat(0)) : new PyFloat(double);
  }),
  builtin("int(default?, base?)", (value, args) => {
    if (value === undefined) throw undefinedError("int");
    if (args.or(1, 10) !== 10) throw unsupported("the filter int with a base");
    return integerFrom(value) ?? args.or(0, 0);
  }),
  builtin("round(precision?, method?)", round),
];

/** Upper case behind a dash, a bracket or white space, lower case elsewhere. */
function titleWords(text: string, run: Run): string {
  run.spendEach(text.length);
  let out = "";
  let word = "";
  const flush = (): void => {
    const first = Array.from(word.slice(0, 2))[0] ?? "";
    out += upper(first) + lower(word.slice(first.length));
    word = "";
  };
  for (const character of text) {
    if (WORD_BORDERS.includes(character) || isPythonSpace(character.codePointAt(0) ?? 0)) {
      flush();
      out += character;
    } else word += character;
  }
  flush();
  return out;
}

function escaped(value: Value, run: Run): Markup {
  return value instanceof Markup ? value : new Markup(escapeHtml(strOf(value, run), run));
}

function indent(value: Value, args: Arguments, run: Run): Value {
  const text = textOf(value);
  if (text === undefined) throw typeError(`indent needs a string, not ${typeName(value)}`);
  const width = args.or(0, 4);
  const pad = textOf(width) ?? " ".repeat(reserved(wantCount(width), run));
  const blank = isTrue(args.or(2, false));
  const lines = splitLines(`${text}\n`, false);
  run.reserve(text.length + lines.length * pad.length);
  const [first = "", ...rest] = lines;
  const indented = rest.map((line) => (line !== "" || blank ? pad + line : line));
  return (isTrue(args.or(1, false)) ? pad : "") + [first, ...indented].join("\n");
}

function reserved(length: number, run: Run): number {
  run.reserve(Math.max(0, length));
  return Math.max(0, length);
}

function truncate(text: string, args: Arguments, run: Run): string {
  const length = wantCount(args.or(0, 255));
  const end = strOf(args.or(2, "..."), run);
  const leeway = wantCount(args.or(3, 5));
  const kept = length - codePointLength(end);
  if (kept < 0 || leeway < 0) throw valueError("truncate to less than its end");
  const characters = Array.from(text);
  if (characters.length <= length + leeway) return text;
  const cut = characters.slice(0, kept).join("");
  if (isTrue(args.or(1, false))) return cut + end;
  const space = cut.lastIndexOf(" ");
  return (space < 0 ? cut : cut.slice(0, space)) + end;
}

function dumpOptions(args: Arguments): DumpOptions {
  const indent = args.or(1, null);
  const indentText =
    indent === null ? undefined : (textOf(indent) ?? " ".repeat(Math.min(1000, Math.max(0, wantCount(indent)))));
  const separators = args.or(2, null);
  const items =
    separators === null
      ? undefined
      : isList(separators) || separators instanceof Tuple
        ? listOf(separators).map(textOf)
        : [];
  const [item, key] = items ?? [indentText === undefined ? ", " : ",", ": "];
  if (item === undefined || key === undefined) throw typeError("separators must be two strings");
  return {
    ascii: isTrue(args.or(0, false)),
    indent: indentText,
    separators: [item, key],
    sortKeys: isTrue(args.or(3, false)),
  };
}

function wantCount(value: Value): number {
  const index = indexOf(value);
  if (index === undefined) throw typeError(`an integer is required, not ${typeName(value)}`);
  return index;
}

function wantNumber(value: Value, filter: string): number | bigint | PyFloat {
  const number = numericOf(value);
  if (number !== undefined) return number;
  if (value === undefined) throw undefinedError(filter);
  throw typeError(`${filter} needs a number, not ${typeName(value)}`);
}

/** The integer that a number or text is cut down to, undefined where there is none. */
function integerFrom(value: Value): number | bigint | undefined {
  const text = textOf(value);
  const number = text === undefined ? numericOf(value) : (parseInteger(text) ?? floatFrom(text));
  if (!(number instanceof PyFloat)) return number;
  return Number.isFinite(number.value) ? exact(BigInt(Math.trunc(number.value))) : undefined;
}

function floatFrom(text: string): PyFloat | undefined {
  const double = parseFloatText(text);
  return double === undefined ? undefined : new PyFloat(double);
}

function round(value: Value, args: Arguments): Value {
  const number = wantNumber(value, "round");
  const precision = wantCount(args.or(0, 0));
  const method = args.or(1, "common");
  if (method === "common") {
    if (number instanceof PyFloat) return new PyFloat(roundFloat(number.value, precision));
    if (precision >= 0) return number;
    throw unsupported("the filter round of an integer to tens");
  }
  if (method !== "ceil" && method !== "floor") throw valueError("method must be common, ceil or floor");
  const unit = precision < 0 ? new PyFloat(10 ** precision) : 10 ** precision;
  const scaled = arithmetic("*", number, unit);
  if (!(scaled instanceof PyFloat)) return arithmetic("/", scaled, unit);
  const whole = method === "ceil" ? Math.ceil(scaled.value) : Math.floor(scaled.value);
  return arithmetic("/", exact(BigInt(whole)), unit);
}

/** `value|format(…)`; a mapping of named arguments or positional ones. */
export function formatFilter(
  value: Value,
  positional: readonly Value[],
  named: ReadonlyMap<string, Value>,
  run: Run,
): Value {
  if (positional.length > 0 && named.size > 0) throw valueError("positional and named arguments at the same time");
  return formatPercent(strOf(value, run), isDict(named) && named.size > 0 ? named : new Tuple(positional), run);
}
