/** Paths of attributes as filters take them: `function.name`, `0`, `a.0.b`. */
import { itemOf } from "./attributes.ts";
import type { Run } from "./run.ts";
import { textOf, type Value } from "./values.ts";

/** Reads the value at a path of keys and positions; brackets, not dots. */
export function attributePath(path: Value, run: Run): (item: Value) => Value {
  const text = textOf(path);
  const keys = text === undefined ? [path] : text.split(".").map((key) => (/^[0-9]+$/.test(key) ? Number(key) : key));
  return (item) => keys.reduce((value: Value, key) => itemOf(value, key, run), item);
}
