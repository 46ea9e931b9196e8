/**
 * Thrift's compact protocol, the part that Parquet's headers, indexes and footers are written in. Price: one copy per
 * level of nesting.
 */

/** Codes of field types. */
const TRUE = 1;
const FALSE = 2;
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

const encoder = new TextEncoder();

/** Writes one struct: fields in rising order of their numbers, then {@link finish}. */
export class ThriftStruct {
  #bytes = new Uint8Array(64);
  #length = 0;
  #last = 0;

  bool(field: number, value: boolean): this {
    this.#header(field, value ? TRUE : FALSE);
    return this;
  }

  i32(field: number, value: number): this {
    this.#header(field, I32);
    this.#zigzag(value);
    return this;
  }

  /** Exact below 2^52. */
  i64(field: number, value: number): this {
    this.#header(field, I64);
    this.#zigzag(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.binary(field, encoder.encode(value));
  }

  binary(field: number, value: Uint8Array): this {
    this.#header(field, BINARY);
    this.#varint(value.length);
    this.#append(value);
    return this;
  }

  struct(field: number, value: ThriftStruct): this {
    this.#header(field, STRUCT);
    this.#append(value.finish());
    return this;
  }

  structs(field: number, values: readonly ThriftStruct[]): this {
    this.#list(field, STRUCT, values.length);
    for (const value of values) this.#append(value.finish());
    return this;
  }

  bools(field: number, values: readonly boolean[]): this {
    this.#list(field, TRUE, values.length);
    for (const value of values) this.#byte(value ? TRUE : FALSE);
    return this;
  }

  i32s(field: number, values: readonly number[]): this {
    this.#list(field, I32, values.length);
    for (const value of values) this.#zigzag(value);
    return this;
  }

  i64s(field: number, values: readonly number[]): this {
    this.#list(field, I64, values.length);
    for (const value of values) this.#zigzag(value);
    return this;
  }

  texts(field: number, values: readonly string[]): this {
    return this.binaries(
      field,
      values.map((value) => encoder.encode(value)),
    );
  }

  binaries(field: number, values: readonly Uint8Array[]): this {
    this.#list(field, BINARY, values.length);
    for (const value of values) {
      this.#varint(value.length);
      this.#append(value);
    }
    return this;
  }

  /** The bytes, with the stop that ends a struct. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length + 1);
    bytes.set(this.#bytes.subarray(0, this.#length));
    return bytes;
  }

  #header(field: number, type: number): void {
    const step = field - this.#last;
    if (step < 1 || step > 15) throw new RangeError(`field ${field} after ${this.#last}`);
    this.#byte((step << 4) | type);
    this.#last = field;
  }

  #list(field: number, type: number, length: number): void {
    this.#header(field, LIST);
    if (length < 15) {
      this.#byte((length << 4) | type);
    } else {
      this.#byte(0xf0 | type);
      this.#varint(length);
    }
  }

  #zigzag(value: number): void {
    if (!Number.isSafeInteger(value) || Math.abs(value) >= 2 ** 52) throw new RangeError(`${value} is not exact`);
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): void {
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#byte((left % 0x80) | 0x80);
    this.#byte(left);
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
