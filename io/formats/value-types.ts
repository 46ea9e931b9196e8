/**
 * Types of values in table files, whatever the format, and a value's JSON text with every digit it has.
 *
 * Owns the rules of nested metadata. Integers and decimals are JSON numbers with all digits; floats the shortest text that reads back as
 * the same double; NaN and infinities, which JSON cannot say, are null; strings and enums are text, other bytes base64; dates, times,
 * instants and durations ISO 8601 with the digits of their unit, an instant that is tied to UTC ends in Z. A struct is an object in
 * the order of its schema, a map an object in the order of the file with its keys as text, a list an array, an absent value null.
 * Invariant: the text depends on type and value alone.
 */
import { isUtf8 } from "node:buffer";
import { entryAt } from "../../batch/entry.ts";
import { isoDate, isoDuration, isoInstant, isoTime, type TimeDigits } from "../../kernels/iso-time.ts";

/** What a value is. In brackets: how readers hand one over; null is an absent value. */
export type ValueType =
  /** [never] */
  | { readonly type: "null" }
  /** [boolean] */
  | { readonly type: "bool" }
  /** [number, bigint where it has 64 bits] */
  | { readonly type: "int"; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  /** [number] */
  | { readonly type: "float"; readonly bits: 16 | 32 | 64 }
  /** [bigint: the value × 10^scale] */
  | { readonly type: "decimal"; readonly scale: number }
  /** [number: days since 1970] */
  | { readonly type: "date" }
  /** [bigint] */
  | { readonly type: "time" | "duration"; readonly digits: TimeDigits }
  /** [bigint] */
  | { readonly type: "instant"; readonly digits: TimeDigits; readonly zone: "Z" | "" }
  /** [months, days, `10^-digits` seconds] */
  | { readonly type: "interval"; readonly digits: TimeDigits }
  /** [bytes] `json` is text that holds JSON, `binary` bytes of any length that may be text, `fixed` bytes of one length. */
  | { readonly type: "string" | "json" | "binary" | "fixed" | "uuid" }
  /** [array] */
  | { readonly type: "list"; readonly element: ValueType }
  /** [array of pairs] */
  | { readonly type: "map"; readonly key: ValueType; readonly value: ValueType }
  /** [array in the order of the fields] */
  | { readonly type: "struct"; readonly fields: readonly { readonly name: string; readonly value: ValueType }[] }
  /** [pair of a member's position and its value] */
  | { readonly type: "union"; readonly members: readonly ValueType[] };

export function isNested({ type }: ValueType): boolean {
  return type === "list" || type === "map" || type === "struct" || type === "union";
}

/** Months, days and parts of a second. */
export type Interval = readonly [months: number, days: number, seconds: bigint];

/** A value as a reader hands it over. */
export type RawValue = null | boolean | number | bigint | Uint8Array | Interval | readonly RawValue[];

/** JSON text of one value that is there. */
export type JsonWriter = (value: RawValue) => string;

/** Makes the function that writes values of `type`. Reader and type must fit: the casts below are that contract. */
export function jsonWriter(type: ValueType): JsonWriter {
  switch (type.type) {
    case "null":
      return () => "null";
    case "bool":
    case "int":
      return String;
    case "float":
      return (value) => jsonFloat(value as number);
    case "decimal":
      return (value) => decimalText(value as bigint, type.scale);
    case "json":
      return (value) => {
        const text = textOf(value as Uint8Array);
        return isJson(text) ? text : JSON.stringify(text);
      };
    case "binary":
    case "fixed":
      return (value) => `"${bufferOf(value as Uint8Array).toString("base64")}"`;
    case "list": {
      const element = orNull(jsonWriter(type.element));
      return (value) => `[${(value as readonly RawValue[]).map(element).join(",")}]`;
    }
    case "map": {
      const key = flatText(type.key) ?? jsonWriter(type.key);
      const member = orNull(jsonWriter(type.value));
      return (value) => {
        const pairs = value as readonly (readonly [RawValue, RawValue])[];
        return `{${pairs.map(([name, held]) => `${JSON.stringify(key(name))}:${member(held)}`).join(",")}}`;
      };
    }
    case "struct": {
      const members = type.fields.map(({ name, value }) => ({
        name: JSON.stringify(name),
        write: orNull(jsonWriter(value)),
      }));
      return (value) => {
        const held = value as readonly RawValue[];
        return `{${members.map(({ name, write }, i) => `${name}:${write(held[i] ?? null)}`).join(",")}}`;
      };
    }
    case "union": {
      const members = type.members.map((member) => orNull(jsonWriter(member)));
      return (value) => {
        const [member, held] = value as readonly [number, RawValue];
        return entryAt(members, member, "member")(held);
      };
    }
    default: {
      const text = flatText(type);
      if (text === undefined) throw new Error(`${type.type} has no text`);
      return (value) => JSON.stringify(text(value));
    }
  }
}

/** Text of one flat value, as a utf8 column has it; undefined for nested types. */
export function flatText(type: ValueType): ((value: RawValue) => string) | undefined {
  switch (type.type) {
    case "null":
      return () => "";
    case "bool":
    case "int":
      return String;
    case "float":
      return (value) => (Object.is(value, -0) ? "-0" : String(value));
    case "decimal":
      return (value) => decimalText(value as bigint, type.scale);
    case "date":
      return (value) => isoDate(value as number);
    case "time":
      return (value) => isoTime(value as bigint, type.digits);
    case "duration":
      return (value) => isoDuration(0, 0, value as bigint, type.digits);
    case "instant":
      return (value) => isoInstant(value as bigint, type.digits, type.zone);
    case "interval":
      return (value) => isoDuration(...(value as Interval), type.digits);
    case "string":
    case "json":
    case "binary":
      return (value) => textOf(value as Uint8Array);
    case "fixed":
      return (value) => bufferOf(value as Uint8Array).toString("hex");
    case "uuid":
      return (value) =>
        bufferOf(value as Uint8Array)
          .toString("hex")
          .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    default:
      return undefined;
  }
}

/** `value × 10^-scale` with all its digits. */
export function decimalText(value: bigint, scale: number): string {
  if (scale <= 0) return value === 0n ? "0" : `${value}${"0".repeat(-scale)}`;
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Whether a text is one JSON value. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function jsonFloat(value: number): string {
  if (!Number.isFinite(value)) return "null";
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}

function orNull(write: JsonWriter): JsonWriter {
  return (value) => (value === null ? "null" : write(value));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Text that is no text: it would have to be changed to be written. */
export class NotUtf8 extends Error {}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new NotUtf8("text is not valid UTF-8");
  return bufferOf(bytes).toString("utf8");
}
