/**
 * JSON as Python's `json.dumps(value, sort_keys=True)` writes it: some readers hash or cache those bytes, and goldens compare them.
 *
 * Sorted keys, `", "` and `": "` between, ASCII only. Numbers must be whole: the two languages write fractions differently.
 */

export type PythonJson =
  | null
  | boolean
  | number
  | string
  | readonly PythonJson[]
  | { readonly [key: string]: PythonJson };

/** Throws a RangeError for a number that is not whole. Keys are sorted by code unit, as Python sorts those in the basic plane. */
export function pythonJson(value: PythonJson): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return asciiString(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number`);
    return String(value);
  }
  if (isList(value)) return `[${value.map(pythonJson).join(", ")}]`;
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${asciiString(key)}: ${pythonJson(value[key])}`);
  return `{${entries.join(", ")}}`;
}

function isList(value: readonly PythonJson[] | object): value is readonly PythonJson[] {
  return Array.isArray(value);
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
