/**
 * Column builders for readers: every kind a source may give a metadata column, filled row by row, nulls allowed.
 *
 * Invariant: `push` takes the value kinds that its column's kind can hold exactly; a reader that is unsure converts
 * first. Price: tens of nanoseconds a value, next to the microseconds that a document costs.
 */
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { ARENA } from "../../batch/memory.ts";
import { uint8At } from "../../batch/numbers.ts";
import type { Cell, CellKind } from "../../io/formats/cells.ts";

export interface ColumnSpec {
  readonly name: string;
  readonly kind: CellKind;
}

export interface ColumnBuilder {
  /** Bytes of variable length held so far: what a batch's size is judged by. */
  readonly byteLength: number;
  push(cell: Cell): void;
  finish(): Column;
}

type FixedArray = Int32Array | BigInt64Array | Float32Array | Float64Array | Uint8Array;

class Utf8Cells implements ColumnBuilder {
  readonly #builder: Utf8Builder;

  constructor(capacityBytes: number) {
    this.#builder = new Utf8Builder(capacityBytes, 256, ARENA);
  }

  get byteLength(): number {
    return this.#builder.byteLength;
  }

  push(cell: Cell): void {
    if (cell === null) this.#builder.appendNull();
    else if (cell instanceof Uint8Array) this.#builder.append(cell);
    else this.#builder.appendString(String(cell));
  }

  finish(): Column {
    return this.#builder.finish();
  }
}

class FixedCells<Values extends FixedArray> implements ColumnBuilder {
  readonly byteLength = 0;
  readonly #create: (rows: number) => Values;
  readonly #toColumn: (values: Values, validity: Uint8Array | undefined) => Column;
  #values: Values;
  #rows = 0;
  readonly #nulls: number[] = [];

  constructor(
    create: (rows: number) => Values,
    toColumn: (values: Values, validity: Uint8Array | undefined) => Column,
  ) {
    this.#create = create;
    this.#toColumn = toColumn;
    this.#values = create(256);
  }

  push(cell: Cell): void {
    if (this.#rows === this.#values.length) {
      const grown = this.#create(this.#rows * 2);
      (grown as Uint8Array).set(this.#values as Uint8Array);
      this.#values = grown;
    }
    if (cell === null) this.#nulls.push(this.#rows);
    else this.#values[this.#rows] = cell as never;
    this.#rows++;
  }

  finish(): Column {
    let validity: Uint8Array | undefined;
    if (this.#nulls.length > 0) {
      validity = new Uint8Array((this.#rows + 7) >> 3).fill(0xff);
      for (const row of this.#nulls) validity[row >> 3] = uint8At(validity, row >> 3) & ~(1 << (row & 7));
    }
    return this.#toColumn(this.#values.slice(0, this.#rows) as Values, validity);
  }
}

/** A builder for one batch of a column. `capacityBytes` is what a utf8 column is expected to hold. */
export function columnBuilder(kind: CellKind, capacityBytes = 1 << 12): ColumnBuilder {
  switch (kind) {
    case "utf8":
      return new Utf8Cells(capacityBytes);
    case "int32":
      return fixed("int32", (rows) => new Int32Array(rows));
    case "int64":
      return fixed("int64", (rows) => new BigInt64Array(rows));
    case "float32":
      return fixed("float32", (rows) => new Float32Array(rows));
    case "float64":
      return fixed("float64", (rows) => new Float64Array(rows));
    case "bool":
      return fixed("bool", (rows) => new Uint8Array(rows));
  }
}

function fixed<Values extends FixedArray>(kind: string, create: (rows: number) => Values): ColumnBuilder {
  return new FixedCells(create, (values, validity) => ({ kind, values, ...(validity && { validity }) }) as Column);
}
