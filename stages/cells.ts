/**
 * One value a row, of a column or of a path into a JSON column: `score`, `metadata.score`.
 *
 * Owns how a name becomes values, for every stage that takes the name of a column. Invariant: numbers are exact, integers beyond 2^53 as bigint; text
 * stays bytes. A column of that name goes before a path that spells the same. Price: nanoseconds for a column, a pass over the JSON for a path.
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, type DictionaryColumn, isValid, type Utf8Column } from "../batch/column.ts";
import { float32At, float64At, int32At, int64At, uint8At } from "../batch/numbers.ts";
import { wasmModule } from "../io/wasm.ts";
import { exactNumber, parseJsonNumber } from "../kernels/json/json-number.ts";
import { type JsonFinder, JsonListPath, JsonPath } from "../kernels/json/json-path.ts";
import { JsonKind } from "../kernels/json/json-scan.ts";
import { WasmUnescaper } from "../kernels/wasm/json-scan.ts";

/** `nested` is an array or an object of JSON, `broken` a text that should hold JSON and does not. */
export type CellKind = "null" | "text" | "number" | "bool" | "nested" | "broken";

/** The values of one batch. What `read` found stands in the fields that its kind has, until it is called again. */
export interface Cells {
  /** `bytes[start, end)` is a text, or a number or nested value as JSON spells it; empty for numbers of a column. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly number: number | bigint;
  readonly bool: boolean;
  /** The column, where it has few distinct values, so that one look at each is enough. */
  readonly dictionary: DictionaryColumn | undefined;
  read(row: number): CellKind;
}

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

/** Whether a name may be a path into JSON: then a row may hold a text that is none. */
export function isPath(name: string): boolean {
  return name.includes(".");
}

/** Names a column or a path; keeps the scanner from batch to batch. */
export class ColumnPath {
  readonly name: string;
  readonly #lists: boolean;
  #path: JsonFinder | undefined;
  #keys = "";

  /** With `lists`, a number in a path is a place in a list, from 0. */
  constructor(name: string, lists = false) {
    this.name = name;
    this.#lists = lists;
  }

  /** The values of `batch`. Throws where it has no such column. */
  of(batch: Batch): Cells {
    const column = batch.column(this.name);
    if (column !== undefined) return new ColumnCells(column, this.name);
    for (let dot = this.name.lastIndexOf("."); dot > 0; dot = this.name.lastIndexOf(".", dot - 1)) {
      const parent = batch.column(this.name.slice(0, dot));
      if (parent?.kind === "utf8") return new JsonCells(parent, this.#pathOf(this.name.slice(dot + 1)));
    }
    throw new Error(`there is no column ${this.name}, and no JSON column that it leads into`);
  }

  #pathOf(keys: string): JsonFinder {
    if (this.#path === undefined || this.#keys !== keys) {
      const module = wasmModule("json");
      const unescaper = module && new WasmUnescaper(module);
      this.#path = this.#lists
        ? new JsonListPath(keys.split("."), unescaper)
        : new JsonPath(keys.split("."), unescaper);
      this.#keys = keys;
    }
    return this.#path;
  }
}

class ColumnCells implements Cells {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  number: number | bigint = 0;
  bool = false;
  readonly dictionary: DictionaryColumn | undefined;
  readonly #column: Exclude<Column, { readonly kind: "token_list" | "range_list" }>;
  /** UTF-8 of the dictionary's values, made as they are met. */
  readonly #values: Uint8Array[] = [];
  /** Low and high words of 64-bit integers: most fit a double, and need no bigint. */
  readonly #words: Int32Array | undefined;

  constructor(column: Column, name: string) {
    if (column.kind === "token_list" || column.kind === "range_list") {
      throw new Error(`the column ${name} holds lists, not values`);
    }
    this.#column = column;
    if (column.kind === "dictionary") this.dictionary = column;
    if (column.kind === "utf8") this.bytes = column.data;
    if (column.kind === "int64") {
      const { buffer, byteOffset, length } = column.values;
      this.#words = new Int32Array(buffer, byteOffset, 2 * length);
    }
  }

  read(row: number): CellKind {
    const column = this.#column;
    if (!isValid(column, row)) return "null";
    switch (column.kind) {
      case "utf8":
        this.start = int32At(column.offsets, row);
        this.end = int32At(column.offsets, row + 1);
        return "text";
      case "dictionary":
        return this.#readCode(column, int32At(column.codes, row));
      case "bool":
        this.bool = uint8At(column.values, row) !== 0;
        return "bool";
      case "int64": {
        const words = this.#words ?? new Int32Array();
        const double = int32At(words, 2 * row + 1) * 0x1_0000_0000 + (int32At(words, 2 * row) >>> 0);
        this.number = Number.isSafeInteger(double) ? double : int64At(column.values, row);
        return "number";
      }
      case "int32":
        this.number = int32At(column.values, row);
        return "number";
      case "float32":
        this.number = exactNumber(float32At(column.values, row));
        return "number";
      case "float64":
        this.number = exactNumber(float64At(column.values, row));
        return "number";
    }
  }

  #readCode({ values }: DictionaryColumn, code: number): CellKind {
    this.#values[code] ??= encoder.encode(values[code]);
    this.bytes = this.#values[code];
    this.end = this.bytes.length;
    return "text";
  }
}

class JsonCells implements Cells {
  bytes: Uint8Array = NO_BYTES;
  readonly start = 0;
  end = 0;
  number: number | bigint = 0;
  bool = false;
  readonly dictionary = undefined;
  readonly #column: Utf8Column;
  readonly #path: JsonFinder;

  constructor(column: Utf8Column, path: JsonFinder) {
    this.#column = column;
    this.#path = path;
  }

  read(row: number): CellKind {
    const { data, offsets } = this.#column;
    if (!isValid(this.#column, row)) return "null";
    const kind = this.#path.find(data, int32At(offsets, row), int32At(offsets, row + 1));
    switch (kind) {
      case undefined:
        return "broken";
      case JsonKind.missing:
      case JsonKind.null:
        return "null";
      case JsonKind.true:
      case JsonKind.false:
        this.bool = kind === JsonKind.true;
        return "bool";
    }
    this.bytes = this.#path.value;
    this.end = this.bytes.length;
    if (kind === JsonKind.string) return "text";
    if (kind !== JsonKind.number) return "nested";
    const number = parseJsonNumber(this.bytes, 0, this.end);
    // The scanner has seen a number: what is left is too large for a double, or of hundreds of digits.
    this.number = number ?? Number(Buffer.from(this.bytes).toString("latin1"));
    return "number";
  }
}
