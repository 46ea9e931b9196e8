/** Builds columns by appending. Price: amortised doubling, one copy on finish at most. */
import type { RangeListColumn, Utf8Column } from "./column.ts";
import { HEAP, type Memory } from "./memory.ts";

const encoder = new TextEncoder();

export class Utf8Builder {
  #data: Uint8Array;
  #offsets: Int32Array;
  #validity: Uint8Array | undefined;
  #rows = 0;
  #length = 0;
  readonly #memory: Memory;

  constructor(capacityBytes = 1 << 16, capacityRows = 256, memory = HEAP) {
    this.#memory = memory;
    this.#data = memory.allocate(capacityBytes);
    this.#offsets = new Int32Array(capacityRows + 1);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes appended so far. */
  get byteLength(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#data.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#endRow();
  }

  appendString(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#data.subarray(this.#length)).written;
    this.#endRow();
  }

  /** Appends part of a row: call {@link endRow} after the last part. */
  appendPart(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#data.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  endRow(): void {
    this.#endRow();
  }

  /** Forgets the parts of the row that is open. */
  dropParts(): void {
    this.#length = this.#offsets[this.#rows];
  }

  /** Bytes of the row that is open. */
  get openBytes(): number {
    return this.#length - this.#offsets[this.#rows];
  }

  appendNull(): void {
    if (this.#validity === undefined) {
      this.#validity = new Uint8Array((this.#offsets.length + 7) >> 3).fill(0xff);
    }
    this.#validity[this.#rows >> 3] &= ~(1 << (this.#rows & 7));
    this.#endRow();
  }

  /** The column; the builder must not be used afterwards. */
  finish(): Utf8Column {
    const column = {
      kind: "utf8" as const,
      data: this.#data.subarray(0, this.#length),
      offsets: this.#offsets.slice(0, this.#rows + 1),
    };
    return this.#validity === undefined
      ? column
      : { ...column, validity: this.#validity.slice(0, (this.#rows + 7) >> 3) };
  }

  #endRow(): void {
    this.#rows++;
    if (this.#rows >= this.#offsets.length) {
      const offsets = new Int32Array(this.#offsets.length * 2);
      offsets.set(this.#offsets);
      this.#offsets = offsets;
      if (this.#validity !== undefined) {
        const validity = new Uint8Array((offsets.length + 7) >> 3).fill(0xff);
        validity.set(this.#validity);
        this.#validity = validity;
      }
    }
    this.#offsets[this.#rows] = this.#length;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#data.length) return;
    const grown = this.#memory.allocate(Math.max(needed, this.#data.length * 2));
    grown.set(this.#data.subarray(0, this.#length));
    this.#memory.release(this.#data);
    this.#data = grown;
  }
}

/** Appends numbers to a growing typed array. */
export class Int32Builder {
  #values = new Int32Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** The values so far, as a view. */
  finish(): Int32Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** Appends numbers that 32 bits do not hold, such as positions in files. */
export class Float64Builder {
  #values = new Float64Array(256);
  #length = 0;

  append(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** The values so far, as a view. */
  finish(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** Appends ranges of the text of rows. */
export class RangeListBuilder {
  readonly #starts = new Int32Builder();
  readonly #ends = new Int32Builder();
  readonly #offsets = new Int32Builder();

  constructor() {
    this.#offsets.append(0);
  }

  /** Adds pairs of start and end to the open row: ascending, apart and behind those it has. */
  append(pairs: ArrayLike<number>): void {
    for (let i = 0; i < pairs.length; i++) (i % 2 === 0 ? this.#starts : this.#ends).append(pairs[i]);
  }

  endRow(): void {
    this.#offsets.append(this.#starts.length);
  }

  finish(): RangeListColumn {
    return {
      kind: "range_list",
      starts: this.#starts.finish(),
      ends: this.#ends.finish(),
      offsets: this.#offsets.finish(),
    };
  }
}
