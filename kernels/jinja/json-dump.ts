/**
 * The filter `tojson`: `json.dumps(value, ensure_ascii=False)` of Python, with its other options.
 *
 * Invariant: numbers are written as Python writes them (`1.0`, `1e+20`, `NaN`), keys in their order or by code point. What Python cannot
 * serialise is an error. Price: one text a value; the engine escapes strings.
 */

import { compare } from "./compare.ts";
import { typeError } from "./errors.ts";
import { numberText, numericOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import { type Dict, isDict, isList, PyFloat, Tuple, textOf, typeName, type Value } from "./values.ts";

export interface DumpOptions {
  readonly ascii: boolean;
  /** Undefined is one line. */
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
  readonly sortKeys: boolean;
}

/** `newline` is what stands between members of the value's container. */
export function dumpJson(value: Value, options: DumpOptions, run: Run, newline = "\n"): string {
  const scalar = scalarText(value, options, run);
  if (scalar !== undefined) return scalar;
  run.step();
  const inner = options.indent === undefined ? "" : newline + options.indent;
  const outer = options.indent === undefined ? "" : newline;
  const dump = (item: Value): string => dumpJson(item, options, run, inner);
  const items = isList(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items !== undefined) return wrap("[", items.map(dump), "]");
  if (!isDict(value)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  const members = sorted(value, options, run).map(
    ([key, member]) => keyText(key, options, run) + options.separators[1] + dump(member),
  );
  return wrap("{", members, "}");

  function wrap(open: string, parts: readonly string[], close: string): string {
    if (parts.length === 0) return open + close;
    const text = open + inner + parts.join(options.separators[0] + inner) + outer + close;
    run.reserve(text.length);
    return text;
  }
}

function scalarText(value: Value, { ascii }: DumpOptions, run: Run): string | undefined {
  const text = textOf(value);
  if (text !== undefined) {
    run.spend(text.length);
    return stringText(text, ascii);
  }
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  const number = numericOf(value);
  if (number === undefined) return undefined;
  if (number instanceof PyFloat && !Number.isFinite(number.value)) {
    return Number.isNaN(number.value) ? "NaN" : number.value < 0 ? "-Infinity" : "Infinity";
  }
  return numberText(number);
}

function stringText(text: string, ascii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ascii) return quoted;
  return quoted.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function keyText(key: Value, options: DumpOptions, run: Run): string {
  const text = key === undefined ? undefined : scalarText(key, options, run);
  if (text === undefined) throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
  return typeof key === "string" ? text : `"${text}"`;
}

function sorted(dict: Dict, { sortKeys }: DumpOptions, run: Run): (readonly [Value, Value])[] {
  const members = [...dict];
  return sortKeys ? members.sort(([a], [b]) => compare(a, b, "<", run)) : members;
}
