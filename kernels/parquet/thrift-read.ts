/**
 * Reads structs of Thrift's compact protocol: Parquet's footers and page headers.
 *
 * Invariant: what bytes claim is measured against the bytes there are before memory is taken for it, and a field of another type than
 * expected is an error that says so: damage never reaches further than this. Price: about 20 MB/s, which is a few ms for a large footer.
 */
import { uint8At } from "../../batch/numbers.ts";

/** Codes of field types. */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const STRUCT = 12;
const UUID = 13;

const MAX_DEPTH = 32;
const decoder = new TextDecoder();

type Value = boolean | number | Uint8Array | ThriftRecord | readonly Value[];

/** The bytes end before the struct does: more of them may help. */
export class ThriftCut extends Error {}

/** The fields of one struct, by number. Accessors give undefined for a field that is absent and throw for one of another type. */
export class ThriftRecord {
  readonly #fields: ReadonlyMap<number, Value>;

  constructor(fields: ReadonlyMap<number, Value>) {
    this.#fields = fields;
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  bool(field: number): boolean | undefined {
    const value = this.#fields.get(field);
    if (value === undefined || typeof value === "boolean") return value;
    throw wrongType(field, "a truth value");
  }

  /** An integer of any width; throws where it is too large to be exact. */
  integer(field: number): number | undefined {
    const value = this.#fields.get(field);
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    throw wrongType(field, "an integer below 2^53");
  }

  text(field: number): string | undefined {
    const value = this.#fields.get(field);
    if (value === undefined) return undefined;
    if (value instanceof Uint8Array) return decoder.decode(value);
    throw wrongType(field, "text");
  }

  record(field: number): ThriftRecord | undefined {
    const value = this.#fields.get(field);
    if (value === undefined || value instanceof ThriftRecord) return value;
    throw wrongType(field, "a struct");
  }

  records(field: number): readonly ThriftRecord[] | undefined {
    return this.#list(field)?.map((value) => {
      if (value instanceof ThriftRecord) return value;
      throw wrongType(field, "a list of structs");
    });
  }

  texts(field: number): readonly string[] | undefined {
    return this.#list(field)?.map((value) => {
      if (value instanceof Uint8Array) return decoder.decode(value);
      throw wrongType(field, "a list of texts");
    });
  }

  #list(field: number): readonly Value[] | undefined {
    const value = this.#fields.get(field);
    if (value === undefined || Array.isArray(value)) return value as readonly Value[] | undefined;
    throw wrongType(field, "a list");
  }
}

function wrongType(field: number, expected: string): Error {
  return new Error(`field ${field} is not ${expected}`);
}

/** The struct that begins at `bytes[at]`, and where it ends. Throws {@link ThriftCut} where the bytes end first. */
export function readThrift(bytes: Uint8Array, at: number): { readonly record: ThriftRecord; readonly end: number } {
  const reader = new Reader(bytes, at);
  const record = reader.struct(0);
  return { record, end: reader.at };
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  struct(depth: number): ThriftRecord {
    if (depth > MAX_DEPTH) throw new Error(`structs lie more than ${MAX_DEPTH} deep in each other`);
    const fields = new Map<number, Value>();
    let field = 0;
    for (;;) {
      const byte = this.#byte();
      const type = byte & 0x0f;
      if (type === 0) return new ThriftRecord(fields);
      const delta = byte >> 4;
      field = delta === 0 ? this.#zigzag() : field + delta;
      fields.set(field, type === TRUE || type === FALSE ? type === TRUE : this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): Value {
    switch (type) {
      case BYTE:
        return (this.#byte() << 24) >> 24;
      case I16:
      case I32:
      case I64:
        return this.#zigzag();
      case DOUBLE:
        return this.#view.getFloat64(this.#take(8), true);
      case BINARY:
        return this.#binary(this.#varint());
      case UUID:
        return this.#binary(16);
      case LIST:
      case SET:
        return this.#list(depth);
      case STRUCT:
        return this.struct(depth + 1);
      default:
        throw new Error(`there is a field of type ${type}, which Parquet has no use for`);
    }
  }

  #list(depth: number): readonly Value[] {
    const byte = this.#byte();
    const type = byte & 0x0f;
    const size = byte >> 4 === 15 ? this.#varint() : byte >> 4;
    // Every entry has a byte at least.
    if (size > this.#bytes.length - this.at) throw new ThriftCut(`a list of ${size} entries does not fit its bytes`);
    const values: Value[] = [];
    for (let i = 0; i < size; i++) {
      values.push(type === TRUE || type === FALSE ? this.#byte() === TRUE : this.#value(type, depth));
    }
    return values;
  }

  #binary(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #byte(): number {
    return uint8At(this.#bytes, this.#take(1));
  }

  /** Where the next `length` bytes lie. */
  #take(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) throw new ThriftCut("it ends in the middle of a field");
    this.at = start + length;
    return start;
  }

  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
    throw new Error("a number of more than ten bytes");
  }

  /** Exact below 2^53; larger ones are no safe integers. */
  #zigzag(): number {
    const value = this.#varint();
    if (value > 2 * Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
