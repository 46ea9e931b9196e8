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
import { entryAt } from "../../batch/entry.ts";
import { uint8At } from "../../batch/numbers.ts";
import { halfFloat } from "../../kernels/half-float.ts";
import { bytesReader, checkLength, checkOffsets, isStringType } from "./arrow-strings.ts";
import { Unsupported } from "./decoder-faults.ts";
import type { RawValue, ValueType } from "./value-types.ts";

const DAY_MS = 86_400_000;
/** Digits that no decimal of the format has. */
const MAX_SCALE = 1000;

/** The type of a column's values. Throws on types that have no text. */
export function valueType(type: DataType): ValueType {
  if (DataType.isDictionary(type)) return valueType(type.dictionary as DataType);
  if (DataType.isNull(type)) return { type: "null" };
  if (DataType.isBool(type)) return { type: "bool" };
  if (DataType.isInt(type)) return { type: "int", bits: type.bitWidth, signed: type.isSigned };
  if (DataType.isFloat(type)) return { type: "float", bits: FLOAT_BITS[type.precision] };
  if (DataType.isDecimal(type)) {
    if (Math.abs(type.scale) > MAX_SCALE) throw new Error(`a decimal of scale ${type.scale}`);
    return { type: "decimal", scale: type.scale };
  }
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
    const { keyType, valueType: held } = type;
    return { type: "map", key: valueType(keyType), value: valueType(held) };
  }
  if (DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type)) {
    return { type: "list", element: valueType(type.valueType) };
  }
  if (DataType.isStruct(type)) {
    return {
      type: "struct",
      fields: children.map((field) => ({ name: field.name ?? "", value: valueType(field.type) })),
    };
  }
  if (DataType.isUnion(type)) return { type: "union", members: children.map((field) => valueType(field.type)) };
  throw new Unsupported(`values of type ${type}`);
}

const FLOAT_BITS = { [Precision.HALF]: 16, [Precision.SINGLE]: 32, [Precision.DOUBLE]: 64 } as const;
/** By unit: seconds, milliseconds, microseconds, nanoseconds. */
const TIME_DIGITS = [0, 3, 6, 9] as const;

/** Reads one column of one record batch by row. Throws where its buffers are too short for its rows. */
function rawReader(data: Data): (row: number) => RawValue {
  const { type } = data;
  if (DataType.isNull(type)) return () => null;
  checkNulls(data);
  const read = valueReader(data);
  // A union has no validity of its own.
  return DataType.isUnion(type) ? read : (row) => (data.getValid(row) ? read(row) : null);
}

/** A count of nulls that is not that of the bits is damage in one of them. */
function checkNulls(data: Data): void {
  const { nullBitmap, nullCount, length } = data;
  // A union has no validity of its own.
  if (DataType.isUnion(data.type)) return;
  if (nullBitmap === undefined || nullBitmap.length === 0) {
    if (nullCount > 0) throw new Error(`${nullCount} nulls, and nothing says where`);
    return;
  }
  checkLength(nullBitmap.length * 8, length, "validity");
  const found = length - countBits(nullBitmap, length);
  if (found !== nullCount) throw new Error(`a column says it has ${nullCount} nulls, and has ${found}`);
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
  const values = data.values as StoredNumbers | undefined;
  if (values === undefined) throw new Error("a column has no values");
  checkLength(DataType.isBool(type) ? values.length * 8 : values.length / data.stride, data.length, "values");
  return plainReader(type, values, data.stride);
}

/** What Arrow lays over the bytes of a column of numbers: one array, whose kind follows from the type. */
type StoredNumbers = Uint8Array & ArrayLike<number | bigint>;

function plainReader(type: DataType, values: StoredNumbers, stride: number): (row: number) => RawValue {
  const stored: ArrayLike<number | bigint> = values;
  const numberAt = (index: number): number => Number(entryAt(stored, index, "number"));
  if (DataType.isBool(type)) return (row) => (numberAt(row >> 3) & (1 << (row & 7))) !== 0;
  if (DataType.isFloat(type) && type.precision === Precision.HALF) return (row) => halfFloat(numberAt(row));
  if (DataType.isDate(type)) {
    const perDay = type.unit === DateUnit.DAY ? 1 : DAY_MS;
    return (row) => Math.floor(numberAt(row) / perDay);
  }
  if (DataType.isTimestamp(type) || DataType.isTime(type) || DataType.isDuration(type)) {
    return (row) => BigInt(entryAt(stored, row, "number"));
  }
  if (DataType.isDecimal(type)) return (row) => decimal(values.subarray(stride * row, stride * (row + 1)));
  if (DataType.isFixedSizeBinary(type)) return (row) => values.subarray(stride * row, stride * (row + 1));
  if (DataType.isInterval(type)) {
    if (type.unit === IntervalUnit.YEAR_MONTH) return (row) => [numberAt(row), 0, 0n];
    if (type.unit === IntervalUnit.DAY_TIME)
      return (row) => [0, numberAt(2 * row), BigInt(numberAt(2 * row + 1)) * 1_000_000n];
    return (row) => [
      numberAt(4 * row),
      numberAt(4 * row + 1),
      nanoseconds(numberAt(4 * row + 2), numberAt(4 * row + 3)),
    ];
  }
  return (row) => entryAt(stored, row, "number");
}

/** Bits that are set, of the first `length`. */
function countBits(bitmap: Uint8Array, length: number): number {
  let total = 0;
  for (let bit = 0; bit < length; bit += 8) {
    const byte = uint8At(bitmap, bit >> 3);
    for (let bits = length - bit < 8 ? byte & ((1 << (length - bit)) - 1) : byte; bits !== 0; bits &= bits - 1) total++;
  }
  return total;
}

/** Lists of any length, and maps, which are lists of pairs. */
function listReader(data: Data): (row: number) => RawValue {
  const child = entryAt(data.children, 0, "member");
  const read = rawReader(child);
  const { stride } = data;
  const offsets = data.valueOffsets as ArrayLike<number | bigint> | undefined;
  const isFixed = DataType.isFixedSizeList(data.type);
  if (isFixed) checkLength(child.length, data.length * stride, "entries");
  else checkOffsets(offsets ?? [], data.length, child.length);
  return (row) => {
    const start = isFixed ? row * stride : Number(offsets?.[row]);
    const end = isFixed ? start + stride : Number(offsets?.[row + 1]);
    return Array.from({ length: end - start }, (_, i) => read(start + i));
  };
}

function unionReader(data: Data): (row: number) => RawValue {
  const typeIds = data.typeIds as ArrayLike<number> | undefined;
  const valueOffsets = (data.valueOffsets ?? []) as ArrayLike<number>;
  const type = data.type as Union;
  const members = data.children.map((child) => ({ length: child.length, read: rawReader(child) }));
  if (typeIds === undefined) throw new Error("a union has no type ids");
  checkLength(typeIds.length, data.length, "type ids");
  const isDense = type.mode === UnionMode.Dense;
  return (row) => {
    const id = entryAt(typeIds, row, "type id");
    const position = type.typeIdToChildIndex[id];
    const member = position === undefined ? undefined : members[position];
    const at = isDense ? entryAt(valueOffsets, row, "offset") : row;
    if (position === undefined || member === undefined || !(at >= 0 && at < member.length)) {
      throw new Error(`member ${id} of a union has no value ${at}`);
    }
    return [position, member.read(at)];
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
function decimal(words: Iterable<number> & { readonly length: number }): bigint {
  let value = 0n;
  let shift = 0n;
  for (const word of words) {
    value |= BigInt(word) << shift;
    shift += 32n;
  }
  return BigInt.asIntN(words.length * 32, value);
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
  const type = fields[index]?.type;
  if (type === undefined) return undefined;
  if (rest.length === 0) {
    return { type, values: valueType(type), reader: (columns) => rawReader(entryAt(columns, index, "column")) };
  }
  if (!DataType.isStruct(type)) return undefined;
  const inner = findField(type.children, rest);
  return (
    inner && {
      ...inner,
      reader: (columns) => {
        const struct = entryAt(columns, index, "column");
        for (const child of struct.children) checkLength(child.length, struct.length, "members");
        const read = inner.reader(struct.children);
        return (row) => (struct.getValid(row) ? read(row) : null);
      },
    }
  );
}
