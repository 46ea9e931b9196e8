/**
 * Methods of text that templates can call: Python's `str`, by name.
 *
 * Invariant: a method that Python has and this table lacks is told as not supported, not as undefined. Price: each call pays for the length of its
 * text.
 */
import { type Arguments, type Builtin, builtin, byName } from "./arguments.ts";
import { typeError, valueError } from "./errors.ts";
import { capitalize, isAll, isAlphabetic, isDigits, lower, swapCase, title, upper } from "./letter-case.ts";
import { indexOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import {
  charactersOf,
  codePointLength,
  countOf,
  replace,
  type Side,
  split,
  splitLines,
  splitRight,
  strip,
} from "./strings.ts";
import { iterate, Tuple, textOf, typeName, type Value } from "./values.ts";

type Body = (text: string, args: Arguments, run: Run) => Value;

/** A method that goes through its text once. */
function method(spelled: string, body: Body): Builtin<string> {
  return builtin(spelled, (text, args, run) => {
    run.spend(text.length);
    return body(text, args, run);
  });
}

/** A method that looks at each character by itself. */
function slowMethod(spelled: string, body: Body): Builtin<string> {
  return builtin(spelled, (text, args, run) => {
    run.spendEach(text.length);
    return body(text, args, run);
  });
}

const methods: ReadonlyMap<string, Builtin<string>> = byName(
  method("capitalize()", capitalize),
  method("count(sub, start?, end?)", (text, args) => countOf(partOf(text, args).part, wantText(args.at(0)))),
  method("endswith(suffix, start?, end?)", (text, args) =>
    isAt(args.at(0), (each) => partOf(text, args).part.endsWith(each)),
  ),
  method("find(sub, start?, end?)", (text, args) => findIn(text, args)),
  method("index(sub, start?, end?)", (text, args) => {
    const found = findIn(text, args);
    if (found < 0) throw valueError("substring not found");
    return found;
  }),
  slowMethod("isalpha()", isAlphabetic),
  slowMethod("isdigit()", isDigits),
  slowMethod("islower()", (text) => isAll(text, "lower")),
  method("isspace()", (text) => text !== "" && strip(text, null, "both") === ""),
  slowMethod("isupper()", (text) => isAll(text, "upper")),
  method("join(iterable)", (text, args, run) => joinTexts(text, args.at(0), run)),
  method("ljust(width, fillchar?)", (text, args, run) => justify(text, args, run, "left")),
  method("lower()", lower),
  method("lstrip(chars?)", stripMethod("left")),
  method("partition(sep)", (text, args) => partition(text, wantText(args.at(0)), text.indexOf(wantText(args.at(0))))),
  method("removeprefix(prefix)", (text, args) => {
    const prefix = wantText(args.at(0));
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  }),
  method("removesuffix(suffix)", (text, args) => {
    const suffix = wantText(args.at(0));
    return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  }),
  method("replace(old, new, count?)", (text, args, run) =>
    replaceText(text, wantText(args.at(0)), wantText(args.at(1)), count(args, 2), run),
  ),
  method("rfind(sub)", (text, args) => lastPlace(text, wantText(args.at(0)))),
  method("rjust(width, fillchar?)", (text, args, run) => justify(text, args, run, "right")),
  method("rpartition(sep)", (text, args) => {
    const separator = wantText(args.at(0));
    const found = text.lastIndexOf(separator);
    return found < 0 ? new Tuple(["", "", text]) : partition(text, separator, found);
  }),
  method("rsplit(sep?, maxsplit?)", (text, args, run) =>
    splitRight(text, optionalText(args, 0), count(args, 1), (parts) => run.reserveItems(parts)),
  ),
  method("rstrip(chars?)", stripMethod("right")),
  method("split(sep?, maxsplit?)", (text, args, run) =>
    split(text, optionalText(args, 0), count(args, 1), (parts) => run.reserveItems(parts)),
  ),
  method("splitlines(keepends?)", (text, args) => splitLines(text, args.or(0, false) === true)),
  method("startswith(prefix, start?, end?)", (text, args) =>
    isAt(args.at(0), (each) => partOf(text, args).part.startsWith(each)),
  ),
  method("strip(chars?)", stripMethod("both")),
  slowMethod("swapcase()", swapCase),
  slowMethod("title()", title),
  method("upper()", upper),
  method("zfill(width)", (text, args, run) => {
    const sign = /^[+-]/.exec(text)?.[0] ?? "";
    const missing = wantCount(args.at(0)) - codePointLength(text);
    run.reserve(Math.max(0, missing));
    return sign + "0".repeat(Math.max(0, missing)) + text.slice(sign.length);
  }),
);

/** Methods of `str` that are not here. */
const MISSING: ReadonlySet<string> = new Set(
  "casefold center encode expandtabs format format_map isalnum isascii isdecimal isidentifier isnumeric isprintable istitle maketrans rindex translate".split(
    " ",
  ),
);

export function stringMethod(name: string): Builtin<string> | undefined {
  return methods.get(name);
}

export function isMissingStringMethod(name: string): boolean {
  return MISSING.has(name);
}

export function replaceText(text: string, old: string, by: string, limit: number, run: Run): string {
  if (by.length > old.length) run.reserve(text.length + countOf(text, old) * by.length);
  return replace(text, old, by, limit);
}

function joinTexts(separator: string, items: Value, run: Run): string {
  const parts: string[] = [];
  let length = 0;
  for (const item of iterate(items)) {
    const text = wantText(item);
    length += text.length + separator.length;
    run.step();
    parts.push(text);
  }
  run.reserve(length);
  return parts.join(separator);
}

function stripMethod(side: Side): Body {
  return (text, args) => strip(text, optionalText(args, 0), side);
}

function wantText(value: Value): string {
  const text = textOf(value);
  if (text === undefined) throw typeError(`a string is required, not ${typeName(value)}`);
  return text;
}

function wantCount(value: Value): number {
  const index = indexOf(value);
  if (index === undefined) throw typeError(`an integer is required, not ${typeName(value)}`);
  return index;
}

/** The text at `index`, null where it is None or left out. */
function optionalText(args: Arguments, index: number): string | null {
  const value = args.or(index, null);
  return value === null ? null : wantText(value);
}

/** The count at `index`, -1 where it is left out. */
function count(args: Arguments, index: number): number {
  return wantCount(args.or(index, -1));
}

function isAt(wanted: Value, test: (text: string) => boolean): boolean {
  if (wanted instanceof Tuple) return wanted.items.some((each) => test(wantText(each)));
  return test(wantText(wanted));
}

/** `text[start:end]` of the arguments behind the first, and where it starts. */
function partOf(text: string, args: Arguments): { readonly part: string; readonly start: number } {
  if (!args.has(1)) return { part: text, start: 0 };
  const characters = Array.from(text);
  const bound = (index: number, whole: number): number => {
    const value = args.or(index, null);
    const at = value === null ? whole : wantCount(value);
    return Math.max(0, at < 0 ? at + characters.length : at);
  };
  const start = bound(1, 0);
  return { part: characters.slice(start, bound(2, characters.length)).join(""), start };
}

function findIn(text: string, args: Arguments): number {
  const { part, start } = partOf(text, args);
  const found = part.indexOf(wantText(args.at(0)));
  return found < 0 ? -1 : start + codePointLength(part.slice(0, found));
}

function lastPlace(text: string, wanted: string): number {
  const found = text.lastIndexOf(wanted);
  return found < 0 ? -1 : codePointLength(text.slice(0, found));
}

function partition(text: string, separator: string, found: number): Tuple {
  if (separator === "") throw valueError("empty separator");
  if (found < 0) return new Tuple([text, "", ""]);
  return new Tuple([text.slice(0, found), separator, text.slice(found + separator.length)]);
}

function justify(text: string, args: Arguments, run: Run, side: "left" | "right"): string {
  const fill = wantText(args.or(1, " "));
  if (charactersOf(fill).length !== 1) throw typeError("the fill character must be one character long");
  const missing = Math.max(0, wantCount(args.at(0)) - codePointLength(text));
  run.reserve(missing);
  return side === "left" ? text + fill.repeat(missing) : fill.repeat(missing) + text;
}
