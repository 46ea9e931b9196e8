/**
 * One text per value: the JSON that is hashed, compared and committed.
 *
 * Invariant: two values that are equal as data give the same bytes, and a value JSON cannot hold exactly is refused instead of
 * being changed quietly (`undefined`, NaN, a Date, a Map, a sparse array, a cycle). Key order is by UTF-16 code unit, as in RFC 8785.
 */

/** Compact JSON with sorted keys. Throws a TypeError that names the path of a value that has no exact JSON. */
export function canonicalJson(value: unknown): string {
  return write(value, "$", []);
}

function write(value: unknown, path: string, ancestors: readonly object[]): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw unstable(path, String(value));
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw unstable(path, typeof value);
  if (ancestors.includes(value)) throw unstable(path, "a cycle");
  const inside = [...ancestors, value];
  if (Array.isArray(value)) {
    // Array.from visits holes, which `map` would skip and `join` would turn into an empty element.
    return `[${Array.from(value as unknown[], (item, i) => write(item, `${path}[${i}]`, inside)).join(",")}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw unstable(path, `a ${value.constructor.name}`);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${write(item, `${path}.${key}`, inside)}`).join(",")}}`;
}

function unstable(path: string, what: string): TypeError {
  return new TypeError(`canonical JSON cannot hold ${what} at ${path}`);
}
