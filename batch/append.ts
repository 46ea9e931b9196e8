/**
 * Collects chosen rows of like columns of many batches into one column.
 *
 * Invariant: a column keeps its kind from the first row to the last; a change of kind between shards is reported, never coerced.
 */
import { Utf8Builder } from "./builder.ts";
import { type Column, type ColumnKind, isValid, type ScalarColumn, utf8Bytes } from "./column.ts";

type Numbers = Int32Array | Float32Array | Float64Array | Uint8Array;

export class ColumnAppender {
  kind: ColumnKind | undefined;
  readonly #utf8 = new Utf8Builder();
  #numbers: Numbers = new Float64Array(0);
  #integers = new BigInt64Array(0);
  #rows = 0;
  readonly #nulls: number[] = [];

  /** With a kind, a column of nulls has that kind; without one it is text. */
  constructor(kind?: ScalarColumn["kind"]) {
    if (kind !== undefined) this.#settle(unspelled(kind));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Appends row `row` of `column`, or a null where `column` is undefined. Returns false where the kind differs. */
  append(column: Column | undefined, row: number): boolean {
    if (column?.kind === "token_list" || column?.kind === "range_list") return false;
    if (column === undefined || !isValid(column, row)) {
      this.#appendNull();
      return true;
    }
    const kind = unspelled(column.kind);
    if (this.kind === undefined) this.#settle(kind);
    if (kind !== this.kind) return false;
    switch (column.kind) {
      case "utf8":
        this.#utf8.append(utf8Bytes(column, row));
        break;
      case "dictionary":
        this.#utf8.appendString(column.values[column.codes[row]]);
        break;
      case "int64":
        this.#growIntegers();
        this.#integers.set(column.values.subarray(row, row + 1), this.#rows);
        break;
      default:
        this.#growNumbers();
        this.#numbers[this.#rows] = column.values[row];
    }
    this.#rows++;
    return true;
  }

  finish(): ScalarColumn {
    const validity = this.#validity();
    switch (this.kind) {
      case "int32":
        return { kind: "int32", values: this.#numbers.slice(0, this.#rows) as Int32Array, ...validity };
      case "float32":
        return { kind: "float32", values: this.#numbers.slice(0, this.#rows) as Float32Array, ...validity };
      case "float64":
        return { kind: "float64", values: this.#numbers.slice(0, this.#rows) as Float64Array, ...validity };
      case "bool":
        return { kind: "bool", values: this.#numbers.slice(0, this.#rows) as Uint8Array, ...validity };
      case "int64":
        return { kind: "int64", values: this.#integers.slice(0, this.#rows), ...validity };
      default:
        return { ...this.#utf8.finish(), ...validity };
    }
  }

  #settle(kind: ColumnKind): void {
    this.kind = kind;
    const capacity = Math.max(256, this.#rows);
    if (kind === "int64") this.#integers = new BigInt64Array(capacity);
    if (kind === "int32") this.#numbers = new Int32Array(capacity);
    if (kind === "float32") this.#numbers = new Float32Array(capacity);
    if (kind === "float64") this.#numbers = new Float64Array(capacity);
    if (kind === "bool") this.#numbers = new Uint8Array(capacity);
    if (kind === "utf8") for (let row = 0; row < this.#rows; row++) this.#utf8.append(new Uint8Array(0));
  }

  #appendNull(): void {
    this.#nulls.push(this.#rows);
    if (this.kind === "utf8") this.#utf8.append(new Uint8Array(0));
    else if (this.kind === "int64") this.#growIntegers();
    else if (this.kind !== undefined) this.#growNumbers();
    this.#rows++;
  }

  #growNumbers(): void {
    if (this.#rows < this.#numbers.length) return;
    const grown = new (this.#numbers.constructor as new (length: number) => Numbers)(this.#rows * 2);
    grown.set(this.#numbers);
    this.#numbers = grown;
  }

  #growIntegers(): void {
    if (this.#rows < this.#integers.length) return;
    const grown = new BigInt64Array(this.#rows * 2);
    grown.set(this.#integers);
    this.#integers = grown;
  }

  #validity(): { validity?: Uint8Array } {
    if (this.kind === undefined) this.#settle("utf8");
    if (this.#nulls.length === 0) return {};
    const validity = new Uint8Array((this.#rows + 7) >> 3).fill(0xff);
    for (const row of this.#nulls) validity[row >> 3] &= ~(1 << (row & 7));
    return { validity };
  }
}

/** The kind of a column whose dictionary is spelled out. */
function unspelled(kind: ScalarColumn["kind"]): Exclude<ScalarColumn["kind"], "dictionary"> {
  return kind === "dictionary" ? "utf8" : kind;
}

/** The given rows of a column, as a column. Price: a copy of each. */
export function pickRows(column: ScalarColumn, rows: readonly number[]): ScalarColumn {
  const appender = new ColumnAppender(column.kind);
  for (const row of rows) appender.append(column, row);
  return appender.finish();
}
