/**
 * JSON text of values that table readers produce. Invariant: 64-bit integers keep every digit, and the text depends on
 * the value alone. What JSON cannot say (NaN, infinities, undefined) is null.
 */

/** Serialises plain data; `bigint` becomes a JSON number, bytes base64, dates ISO 8601, anything with `toJSON` that. */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  switch (typeof value) {
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : "null";
    case "string":
      return JSON.stringify(value);
    case "object":
      break;
    default:
      return "null";
  }
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  if (value instanceof Date) return JSON.stringify(value);
  if (ArrayBuffer.isView(value)) return `[${Array.from(value as unknown as ArrayLike<number>, jsonText).join(",")}]`;
  if (value instanceof Map) return jsonText(Object.fromEntries(value));
  const { toJSON } = value as { toJSON?: () => unknown };
  if (typeof toJSON === "function") return jsonText(toJSON.call(value));
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`);
  return `{${members.join(",")}}`;
}
