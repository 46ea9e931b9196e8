/** Paths of attributes as filters take them: `function.name`, `0`, `a.0.b`. */
import { itemOf } from "./attributes.ts";
import type { Run } from "./run.ts";
import { textOf, type Value } from "./values.ts";

/** Reads the value at a path of keys and positions; brackets, not dots. `fallback` stands for what is undefined on the way. */
export function attributePath(path: Value, run: Run, fallback?: Value): (item: Value) => Value {
  const text = textOf(path);
  const keys = text === undefined ? [path] : text.split(".").map((key) => (/^[0-9]+$/.test(key) ? Number(key) : key));
  return (item) =>
    keys.reduce((value: Value, key) => {
      const found = itemOf(value, key, run);
      return found === undefined ? fallback : found;
    }, item);
}
