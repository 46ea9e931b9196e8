/**
 * Strings and bytes of Arrow columns, whatever way a column stores them, as views.
 *
 * Invariant: a value whose offsets leave its buffer is an error, not a shorter value.
 */
import { type Data, DataType } from "apache-arrow";

const VIEW_BYTES = 16;
const INLINE_BYTES = 12;

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

export function bytesReader(data: Data): (row: number) => Uint8Array {
  const isView = DataType.isUtf8View(data.type) || DataType.isBinaryView(data.type);
  return isView ? viewReader(data) : offsetReader(data);
}

function offsetReader(data: Data): (row: number) => Uint8Array {
  const bytes = data.values as Uint8Array;
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  checkOffsets(offsets, data.length, bytes.length);
  return (row) => bytes.subarray(Number(offsets[row]), Number(offsets[row + 1]));
}

/**
 * Views are 16 bytes: a length, then the string itself or, from 13 bytes on, its first 4 bytes, a buffer and an offset.
 */
function viewReader(data: Data): (row: number) => Uint8Array {
  const views = data.values as Uint8Array;
  checkLength(Math.floor(views.length / VIEW_BYTES), data.length, "views");
  const numbers = new DataView(views.buffer, views.byteOffset, views.byteLength);
  return (row) => {
    const at = row * VIEW_BYTES;
    const length = numbers.getInt32(at, true);
    if (length >= 0 && length <= INLINE_BYTES) return views.subarray(at + 4, at + 4 + length);
    const buffer = data.variadicBuffers[numbers.getInt32(at + 8, true)];
    const start = numbers.getInt32(at + 12, true);
    if (!(length >= 0 && start >= 0 && buffer && start + length <= buffer.length)) {
      throw new Error(`string view of ${length} bytes at ${start} leaves its buffer`);
    }
    return buffer.subarray(start, start + length);
  };
}

/** Offsets of `rows` values into `held` entries: they never go back and never leave what is there. */
export function checkOffsets(offsets: ArrayLike<number | bigint>, rows: number, held: number): void {
  if (rows === 0) return;
  checkLength(offsets.length - 1, rows, "offsets");
  let before = 0;
  for (let row = 0; row <= rows; row++) {
    const offset = Number(offsets[row]);
    if (!(offset >= before && offset <= held))
      throw new Error(`value ${row} begins or ends at ${offset}, of ${before} to ${held}`);
    before = offset;
  }
}

/** Guards against row counts made up by damage: reading on would give values without end. */
export function checkLength(found: number, rows: number, what: string): void {
  if (rows > 0 && found < rows) throw new Error(`${what} for ${found} of ${rows} rows`);
}
