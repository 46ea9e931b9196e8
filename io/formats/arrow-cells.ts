/**
 * Values of Arrow columns: what their types are, and one value of one row as {@link RawValue}.
 *
 * Invariant: the type follows from the schema alone; strings are views of their bytes, and one whose offsets leave its buffer is an error, not
 * a shorter string. Dictionaries are looked through: their type is that of their entries.
 */
import {
  type Data,
  DataType,
  DateUnit,
  type Field,
  IntervalUnit,
  Precision,
  type Union,
  UnionMode,
} from "apache-arrow";
import { halfFloat } from "../../kernels/half-float.ts";
import { bytesReader, checkLength, isStringType } from "./arrow-strings.ts";
import type { RawValue, ValueType } from "./value-types.ts";

const DAY_MS = 86_400_000;

/** The type of a column's values. Throws on types that have no text. */
export function valueType(type: DataType): ValueType {
  if (DataType.isDictionary(type)) return valueType(type.dictionary as DataType);
  if (DataType.isNull(type)) return { type: "null" };
  if (DataType.isBool(type)) return { type: "bool" };
  if (DataType.isInt(type)) return { type: "int", bits: type.bitWidth, signed: type.isSigned };
  if (DataType.isFloat(type)) return { type: "float", bits: FLOAT_BITS[type.precision] };
  if (DataType.isDecimal(type)) return { type: "decimal", scale: type.scale };
  if (DataType.isDate(type)) return { type: "date" };
  if (DataType.isTime(type)) return { type: "time", digits: TIME_DIGITS[type.unit] };
  if (DataType.isDuration(type)) return { type: "duration", digits: TIME_DIGITS[type.unit] };
  if (DataType.isTimestamp(type))
    return { type: "instant", digits: TIME_DIGITS[type.unit], zone: type.timezone ? "Z" : "" };
  if (DataType.isInterval(type)) return { type: "interval", digits: 9 };
  if (DataType.isFixedSizeBinary(type)) return { type: "fixed" };
  if (isStringType(type)) {
    const isBinary = DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isBinaryView(type);
    return { type: isBinary ? "binary" : "string" };
  }
  const children: readonly { readonly name: string | null; readonly type: DataType }[] = type.children ?? [];
  if (DataType.isMap(type)) {
    const [key, value] = (children[0].type as DataType).children;
    return { type: "map", key: valueType(key.type), value: valueType(value.type) };
  }
  if (DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type)) {
    return { type: "list", element: valueType(children[0].type) };
  }
  if (DataType.isStruct(type)) {
    return {
      type: "struct",
      fields: children.map((field) => ({ name: field.name ?? "", value: valueType(field.type) })),
    };
  }
  if (DataType.isUnion(type)) return { type: "union", members: children.map((field) => valueType(field.type)) };
  throw new Error(`values of type ${type} cannot be read`);
}

const FLOAT_BITS = { [Precision.HALF]: 16, [Precision.SINGLE]: 32, [Precision.DOUBLE]: 64 } as const;
/** By unit: seconds, milliseconds, microseconds, nanoseconds. */
const TIME_DIGITS = [0, 3, 6, 9] as const;

/** Reads one column of one record batch by row. Throws where its buffers are too short for its rows. */
function rawReader(data: Data): (row: number) => RawValue {
  const { nullBitmap, type } = data;
  if (DataType.isNull(type)) return () => null;
  if (nullBitmap && nullBitmap.length > 0) checkLength(nullBitmap.length * 8, data.length, "validity");
  const read = valueReader(data);
  // A union has no validity of its own.
  return DataType.isUnion(type) ? read : (row) => (data.getValid(row) ? read(row) : null);
}

function valueReader(data: Data): (row: number) => RawValue {
  const { type } = data;
  if (DataType.isDictionary(type)) return dictionaryReader(data);
  if (isStringType(type)) return bytesReader(data);
  if (DataType.isStruct(type)) {
    const members = data.children.map((child) => {
      checkLength(child.length, data.length, "members");
      return rawReader(child);
    });
    return (row) => members.map((read) => read(row));
  }
  if (DataType.isUnion(type)) return unionReader(data);
  if (data.children.length > 0) return listReader(data);
  const values = data.values as ArrayLike<number> & ArrayLike<bigint> & Uint8Array;
  if (values)
    checkLength(DataType.isBool(type) ? values.length * 8 : values.length / data.stride, data.length, "values");
  return plainReader(type, values, data.stride);
}

function plainReader(
  type: DataType,
  values: ArrayLike<number> & ArrayLike<bigint> & Uint8Array,
  stride: number,
): (row: number) => RawValue {
  if (DataType.isBool(type)) return (row) => (values[row >> 3] & (1 << (row & 7))) !== 0;
  if (DataType.isFloat(type) && type.precision === Precision.HALF) return (row) => halfFloat(values[row]);
  if (DataType.isDate(type)) {
    const perDay = type.unit === DateUnit.DAY ? 1 : DAY_MS;
    return (row) => Math.floor(Number(values[row]) / perDay);
  }
  if (DataType.isTimestamp(type) || DataType.isTime(type) || DataType.isDuration(type)) {
    return (row) => BigInt(values[row]);
  }
  if (DataType.isDecimal(type)) return (row) => decimal(values, stride * row, stride);
  if (DataType.isFixedSizeBinary(type)) return (row) => values.subarray(stride * row, stride * (row + 1));
  if (DataType.isInterval(type)) {
    if (type.unit === IntervalUnit.YEAR_MONTH) return (row) => [values[row], 0, 0n];
    if (type.unit === IntervalUnit.DAY_TIME)
      return (row) => [0, values[2 * row], BigInt(values[2 * row + 1]) * 1_000_000n];
    return (row) => [values[4 * row], values[4 * row + 1], nanoseconds(values[4 * row + 2], values[4 * row + 3])];
  }
  return (row) => values[row];
}

/** Lists of any length, and maps, which are lists of pairs. */
function listReader(data: Data): (row: number) => RawValue {
  const [child] = data.children;
  const read = rawReader(child);
  const { stride } = data;
  const offsets = data.valueOffsets as ArrayLike<number | bigint> | undefined;
  const isFixed = DataType.isFixedSizeList(data.type);
  if (!isFixed) checkLength((offsets?.length ?? 0) - 1, data.length, "offsets");
  return (row) => {
    const start = isFixed ? row * stride : Number(offsets?.[row]);
    const end = isFixed ? start + stride : Number(offsets?.[row + 1]);
    if (!(start >= 0 && start <= end && end <= child.length))
      throw new Error(`list at ${start} to ${end} leaves its values`);
    return Array.from({ length: end - start }, (_, i) => read(start + i));
  };
}

function unionReader(data: Data): (row: number) => RawValue {
  const { typeIds, valueOffsets } = data;
  const type = data.type as Union;
  const members = data.children.map(rawReader);
  const lengths = data.children.map((child) => child.length);
  checkLength(typeIds?.length ?? 0, data.length, "type ids");
  const isDense = type.mode === UnionMode.Dense;
  return (row) => {
    const member = type.typeIdToChildIndex[typeIds[row]];
    const at = isDense ? valueOffsets[row] : row;
    if (!(at >= 0 && at < lengths[member])) throw new Error(`member ${typeIds[row]} of a union has no value ${at}`);
    return [member, members[member](at)];
  };
}

function dictionaryReader(data: Data): (row: number) => RawValue {
  const indices = data.values as ArrayLike<number | bigint>;
  checkLength(indices.length, data.length, "indices");
  const dictionary = data.dictionary;
  if (!dictionary) throw new Error("a dictionary is missing");
  const parts = dictionary.data.map((part) => ({ length: part.length, read: rawReader(part) }));
  return (row) => {
    let index = Number(indices[row]);
    for (const part of parts) {
      if (index >= 0 && index < part.length) return part.read(index);
      index -= part.length;
    }
    throw new Error(`index ${indices[row]} is not in its dictionary`);
  };
}

/** Two's complement in little-endian words. */
function decimal(words: ArrayLike<number>, start: number, count: number): bigint {
  let value = 0n;
  for (let i = start + count - 1; i >= start; i--) value = (value << 32n) | BigInt(words[i]);
  return BigInt.asIntN(count * 32, value);
}

function nanoseconds(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** A field that the keys of a path lead to through structs. */
export interface ArrowField {
  readonly type: DataType;
  readonly values: ValueType;
  /** Its values in a record batch whose columns are `columns`. */
  readonly reader: (columns: readonly Data[]) => (row: number) => RawValue;
}

export function findField(fields: readonly Field[], path: readonly string[]): ArrowField | undefined {
  const [key, ...rest] = path;
  const index = fields.findIndex((field) => field.name === key);
  if (index < 0) return undefined;
  const { type } = fields[index];
  if (rest.length === 0) {
    return { type, values: valueType(type), reader: (columns) => rawReader(columns[index]) };
  }
  if (!DataType.isStruct(type)) return undefined;
  const inner = findField(type.children, rest);
  return (
    inner && {
      ...inner,
      reader: (columns) => {
        const struct = columns[index];
        for (const child of struct.children) checkLength(child.length, struct.length, "members");
        const read = inner.reader(struct.children);
        return (row) => (struct.getValid(row) ? read(row) : null);
      },
    }
  );
}
