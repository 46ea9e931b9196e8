/**
 * Cells of Arrow columns: strings as views of their bytes, everything else as `cells.ts` has it.
 *
 * Invariant: the kind follows from the type alone, and a string whose offsets leave its buffer is an error, not a
 * shorter string.
 */
import { type Data, DataType, DateUnit, Precision, TimeUnit, Vector } from "apache-arrow";
import { isoDate, isoInstant } from "../../kernels/iso-time.ts";
import { jsonText } from "../../kernels/json/json-text.ts";
import type { Cell, CellKind } from "./cells.ts";

const DAY_MS = 86_400_000;
const TIME_DIGITS = {
  [TimeUnit.SECOND]: 0,
  [TimeUnit.MILLISECOND]: 3,
  [TimeUnit.MICROSECOND]: 6,
  [TimeUnit.NANOSECOND]: 9,
} as const;

/** Whether the column holds strings (or bytes that may be strings). */
export function isStringType(type: DataType): boolean {
  if (DataType.isDictionary(type)) return isStringType(type.dictionary as DataType);
  return (
    DataType.isUtf8(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isUtf8View(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeBinary(type) ||
    DataType.isBinaryView(type)
  );
}

export function cellKind(type: DataType): CellKind {
  if (DataType.isBool(type)) return "bool";
  if (DataType.isFloat(type)) return type.precision === Precision.DOUBLE ? "float64" : "float32";
  if (DataType.isDecimal(type)) return "float64";
  if (DataType.isInt(type)) {
    if (type.bitWidth === 64) return type.isSigned ? "int64" : "utf8";
    return type.bitWidth === 32 && !type.isSigned ? "int64" : "int32";
  }
  return "utf8";
}

/** Reads one column of one record batch by row. Throws where its buffers are too short for its rows. */
export function cellReader(data: Data): (row: number) => Cell {
  const { nullBitmap } = data;
  if (nullBitmap && nullBitmap.length > 0) need(nullBitmap.length * 8, data.length, "validity");
  const read = valueReader(data);
  return (row) => (data.getValid(row) ? read(row) : null);
}

function valueReader(data: Data): (row: number) => Cell {
  const { type } = data;
  if (DataType.isDictionary(type)) return dictionaryReader(data);
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) return viewReader(data);
  if (isStringType(type)) return stringReader(data);
  const values = data.values as ArrayLike<number> & ArrayLike<bigint>;
  if (values) need(DataType.isBool(type) ? values.length * 8 : values.length / data.stride, data.length, "values");
  if (DataType.isTimestamp(type)) {
    const digits = TIME_DIGITS[type.unit];
    return (row) => isoInstant(BigInt(values[row]), digits, type.timezone ? "Z" : "");
  }
  if (DataType.isDate(type)) {
    const perDay = type.unit === DateUnit.DAY ? 1 : DAY_MS;
    return (row) => isoDate(Math.floor(Number(values[row]) / perDay));
  }
  const vector = new Vector([data]);
  if (DataType.isDecimal(type)) return (row) => decimalNumber(vector.get(row) as Uint32Array, type.scale);
  if (DataType.isInt(type)) {
    if (type.bitWidth === 64) return type.isSigned ? (row) => values[row] : (row) => String(values[row]);
    return type.bitWidth === 32 && !type.isSigned ? (row) => BigInt(values[row]) : (row) => values[row];
  }
  if (DataType.isBool(type) || DataType.isFloat(type)) return (row) => vector.get(row) as Cell;
  return (row) => jsonText(vector.get(row));
}

/** Guards against row counts made up by damage: reading on would give nulls without end. */
function need(found: number, rows: number, what: string): void {
  if (rows > 0 && found < rows) throw new Error(`${what} for ${found} of ${rows} rows`);
}

function stringReader(data: Data): (row: number) => Cell {
  const bytes = data.values as Uint8Array;
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  need(offsets.length - 1, data.length, "offsets");
  return (row) => {
    const start = Number(offsets[row]);
    const end = Number(offsets[row + 1]);
    if (!(start >= 0 && start <= end && end <= bytes.length))
      throw new Error(`string at ${start} to ${end} leaves its buffer`);
    return bytes.subarray(start, end);
  };
}

/**
 * Views are 16 bytes: a length, then the string itself or, from 13 bytes on, its first 4 bytes, a buffer and an offset.
 */
function viewReader(data: Data): (row: number) => Cell {
  const views = data.values as Uint8Array;
  need(Math.floor(views.length / 16), data.length, "views");
  const numbers = new DataView(views.buffer, views.byteOffset, views.byteLength);
  return (row) => {
    const at = row * 16;
    const length = numbers.getInt32(at, true);
    if (length >= 0 && length <= 12) return views.subarray(at + 4, at + 4 + length);
    const buffer = data.variadicBuffers[numbers.getInt32(at + 8, true)];
    const start = numbers.getInt32(at + 12, true);
    if (!(length >= 0 && start >= 0 && buffer && start + length <= buffer.length)) {
      throw new Error(`string view of ${length} bytes at ${start} leaves its buffer`);
    }
    return buffer.subarray(start, start + length);
  };
}

function dictionaryReader(data: Data): (row: number) => Cell {
  const indices = data.values as ArrayLike<number | bigint>;
  need(indices.length, data.length, "indices");
  const dictionary = data.dictionary;
  if (!dictionary) throw new Error("a dictionary is missing");
  const parts = dictionary.data.map((part) => ({ length: part.length, read: cellReader(part) }));
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
function decimalNumber(words: Uint32Array, scale: number): number {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]);
  return Number(BigInt.asIntN(words.length * 32, value)) / 10 ** scale;
}
