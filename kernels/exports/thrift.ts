/** Thrift's compact protocol, the part a Parquet footer is written in: structs, lists, strings, whole numbers from 0. */

/** Codes of field types. */
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Writes one struct: fields in rising order of their numbers, then {@link finish}. */
export class ThriftStruct {
  readonly #bytes: number[] = [];
  #last = 0;

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
    this.#header(field, BINARY);
    this.#string(value);
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

  i32s(field: number, values: readonly number[]): this {
    this.#list(field, I32, values.length);
    for (const value of values) this.#zigzag(value);
    return this;
  }

  texts(field: number, values: readonly string[]): this {
    this.#list(field, BINARY, values.length);
    for (const value of values) this.#string(value);
    return this;
  }

  /** The bytes, with the stop that ends a struct. */
  finish(): Uint8Array {
    return Uint8Array.from([...this.#bytes, 0]);
  }

  #header(field: number, type: number): void {
    const step = field - this.#last;
    if (step < 1 || step > 15) throw new RangeError(`field ${field} after ${this.#last}`);
    this.#bytes.push((step << 4) | type);
    this.#last = field;
  }

  #list(field: number, type: number, length: number): void {
    this.#header(field, LIST);
    if (length < 15) {
      this.#bytes.push((length << 4) | type);
    } else {
      this.#bytes.push(0xf0 | type);
      this.#varint(length);
    }
  }

  #string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#varint(bytes.length);
    this.#append(bytes);
  }

  #append(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  /** Positive numbers only: the sign bit of the zigzag code is 0. */
  #zigzag(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a whole number from 0`);
    this.#varint(value * 2);
  }

  #varint(value: number): void {
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#bytes.push((left % 0x80) | 0x80);
    this.#bytes.push(left);
  }
}
