/**
 * What a Parquet schema says values are, and a decoded value as {@link RawValue}.
 *
 * Pages are decoded without regard to logical types, so that no digit is lost on the way: what an integer or a byte array means is worked
 * out here. Invariant: the type follows from the schema alone.
 */
import type { SchemaElement, SchemaTree } from "hyparquet/src/types.js";
import { halfFloat } from "../../kernels/half-float.ts";
import type { RawValue, ValueType } from "./value-types.ts";

/** A leaf: its type, and what turns a value as a page holds it into one of the type. */
export interface LeafType {
  readonly type: ValueType;
  readonly toRaw: (stored: unknown) => RawValue;
  /** Whether a stored value is one of the type; absent where all are. */
  readonly fits?: (stored: unknown) => boolean;
}

const asIs = (stored: unknown): RawValue => stored as RawValue;
const bigIntOf = (stored: unknown): bigint => BigInt(stored as number | bigint);

export function leafType({ element }: SchemaTree): LeafType {
  const { type, type_length: length, converted_type: converted, logical_type: logical } = element;
  if (logical?.type === "NULL") return { type: { type: "null" }, toRaw: asIs };
  const isNumber = type !== "BOOLEAN" && type !== "FLOAT" && type !== "DOUBLE" && type !== "INT96";
  if (isNumber && (converted === "DECIMAL" || logical?.type === "DECIMAL")) {
    const scale = (logical?.type === "DECIMAL" ? logical.scale : element.scale) ?? 0;
    return { type: { type: "decimal", scale }, toRaw: decimalOf };
  }
  if (type === "INT32" && (converted === "DATE" || logical?.type === "DATE"))
    return { type: { type: "date" }, toRaw: asIs };
  const time = timeType(element);
  if (time !== undefined) return { type: time, toRaw: bigIntOf };
  switch (type) {
    case "BOOLEAN":
      return { type: { type: "bool" }, toRaw: asIs };
    case "INT32":
      return integerType(element, 32);
    case "INT64":
      return integerType(element, 64);
    case "INT96":
      return { type: { type: "instant", digits: 9, zone: "" }, toRaw: asIs, fits: isCivil };
    case "FLOAT":
      return { type: { type: "float", bits: 32 }, toRaw: asIs };
    case "DOUBLE":
      return { type: { type: "float", bits: 64 }, toRaw: asIs };
    case "FIXED_LEN_BYTE_ARRAY":
      if (logical?.type === "FLOAT16" && length === 2) return { type: { type: "float", bits: 16 }, toRaw: halfOf };
      if (logical?.type === "UUID" && length === 16) return { type: { type: "uuid" }, toRaw: asIs };
      if (converted === "INTERVAL" && length === 12)
        return { type: { type: "interval", digits: 3 }, toRaw: intervalOf };
      return { type: { type: "fixed" }, toRaw: asIs };
    default:
      return { type: { type: bytesType(element) }, toRaw: asIs };
  }
}

/** Nanoseconds since 1970 at the start of the years 1 and 10000. */
const FIRST_NS = BigInt(Date.parse("0001-01-01T00:00:00Z")) * 1_000_000n;
const END_NS = BigInt(Date.parse("+010000-01-01T00:00:00Z")) * 1_000_000n;

/** Instants of 96 bits: writers count days in 32 bits and let them overflow, so only those of the years 1 to 9999 are what they seem. */
function isCivil(stored: unknown): boolean {
  return typeof stored === "bigint" && stored >= FIRST_NS && stored < END_NS;
}

function bytesType({ converted_type: converted, logical_type: logical }: SchemaElement): "string" | "json" | "binary" {
  if (converted === "JSON" || logical?.type === "JSON") return "json";
  const isText = converted === "UTF8" || converted === "ENUM" || logical?.type === "STRING" || logical?.type === "ENUM";
  return isText ? "string" : "binary";
}

const UNIT_DIGITS = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;

function timeType({ type, converted_type: converted, logical_type: logical }: SchemaElement): ValueType | undefined {
  if (type !== "INT32" && type !== "INT64") return undefined;
  if (logical?.type === "TIMESTAMP") {
    return { type: "instant", digits: UNIT_DIGITS[logical.unit], zone: logical.isAdjustedToUTC ? "Z" : "" };
  }
  if (logical?.type === "TIME") return { type: "time", digits: UNIT_DIGITS[logical.unit] };
  if (converted === "TIMESTAMP_MILLIS") return { type: "instant", digits: 3, zone: "Z" };
  if (converted === "TIMESTAMP_MICROS") return { type: "instant", digits: 6, zone: "Z" };
  if (converted === "TIME_MILLIS") return { type: "time", digits: 3 };
  if (converted === "TIME_MICROS") return { type: "time", digits: 6 };
  return undefined;
}

function integerType({ converted_type: converted, logical_type: logical }: SchemaElement, stored: 32 | 64): LeafType {
  const named = /^(U?)INT_(8|16|32|64)$/.exec(converted ?? "");
  const signed = logical?.type === "INTEGER" ? logical.isSigned : named?.[1] !== "U";
  const bits = Number((logical?.type === "INTEGER" ? logical.bitWidth : named?.[2]) ?? stored);
  const type: ValueType = { type: "int", bits: bits === 8 || bits === 16 || bits === 32 ? bits : 64, signed };
  if (stored === 64 && bits !== 64) return { type, toRaw: (value) => Number(value) };
  if (signed) return { type, toRaw: asIs };
  return stored === 64
    ? { type, toRaw: (value) => BigInt.asUintN(64, value as bigint) }
    : { type, toRaw: (value) => (value as number) >>> 0 };
}

/** Integers, or big-endian two's complement of any length. */
function decimalOf(stored: unknown): bigint {
  if (!(stored instanceof Uint8Array)) return bigIntOf(stored);
  if (stored.length === 0) return 0n;
  const hex = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString("hex");
  return BigInt.asIntN(8 * stored.length, BigInt(`0x${hex}`));
}

function halfOf(stored: unknown): number {
  const bytes = stored as Uint8Array;
  return halfFloat(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(0, true));
}

function intervalOf(stored: unknown): RawValue {
  const bytes = stored as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [view.getUint32(0, true), view.getUint32(4, true), BigInt(view.getUint32(8, true))];
}
