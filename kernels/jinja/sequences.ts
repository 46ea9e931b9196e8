/**
 * Elements and slices of lists, tuples, ranges and text.
 *
 * Invariant: text counts code points, negative positions count from the end, and a position out of bounds is undefined for an element and
 * cut for a slice. Price: the length of a text, not of a list.
 */
import { typeError, valueError } from "./errors.ts";
import { indexOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import { charactersOf, isPlain } from "./strings.ts";
import { isList, listOf, Markup, Range, Tuple, textOf, typeName, undefinedError, type Value } from "./values.ts";

/** The elements of a sequence, undefined where a value is none. */
function elementsOf(value: Value, run: Run): ArrayLike<Value> | undefined {
  if (isList(value)) return value;
  if (value instanceof Tuple) return value.items;
  if (value instanceof Range) return listOf(value);
  const text = textOf(value);
  if (text === undefined) return undefined;
  run.spend(text.length);
  if (!isPlain(text)) run.reserveItems(text.length >>> 1);
  return charactersOf(text);
}

/** `value[key]` of a sequence; undefined where the value is none, or has no such element. */
export function elementOf(value: Value, key: Value, run: Run): Value {
  const index = indexOf(key);
  if (index === undefined) return undefined;
  if (index === 0 && typeof value === "string") return firstOf(value);
  const elements = elementsOf(value, run);
  return elements === undefined ? undefined : elements[index < 0 ? index + elements.length : index];
}

function firstOf(text: string): Value {
  const code = text.codePointAt(0);
  return code === undefined ? undefined : String.fromCodePoint(code);
}

/** `value[start:stop:step]`. */
export function sliceOf(value: Value, start: Value, stop: Value, step: Value, run: Run): Value {
  if (value === undefined) throw undefinedError("a slice");
  // A range stays one: only its length is asked for.
  const elements = value instanceof Range ? value : elementsOf(value, run);
  if (elements === undefined) throw typeError(`'${typeName(value)}' object cannot be sliced`);
  const by = boundOf(step) ?? 1;
  if (by === 0) throw valueError("slice step cannot be zero");
  const { length } = elements;
  const border = (bound: Value, fallback: number): number => {
    const at = boundOf(bound);
    if (at === undefined) return fallback;
    const fromStart = at < 0 ? at + length : at;
    return by > 0 ? Math.min(Math.max(fromStart, 0), length) : Math.min(Math.max(fromStart, -1), length - 1);
  };
  const first = border(start, by > 0 ? 0 : length - 1);
  const end = border(stop, by > 0 ? length : -1);
  if (elements instanceof Range) {
    return new Range(elements.at(first), elements.at(end), elements.step * by);
  }
  if (typeof elements === "string" && by === 1 && !(value instanceof Markup))
    return elements.slice(first, Math.max(first, end));
  const picked: Value[] = [];
  for (let at = first; by > 0 ? at < end : at > end; at += by) picked.push(elements[at]);
  run.reserveItems(picked.length);
  if (value instanceof Markup) return new Markup(picked.join(""));
  if (typeof value === "string") return picked.join("");
  return value instanceof Tuple ? new Tuple(picked) : picked;
}

/** A border that is given. */
function boundOf(value: Value): number | undefined {
  if (value === null) return undefined;
  const bound = indexOf(value);
  if (bound === undefined) throw typeError(`slice indices must be integers or None, not ${typeName(value)}`);
  return bound;
}
