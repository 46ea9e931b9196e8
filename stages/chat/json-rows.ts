/**
 * Columns of JSON as values, read and written once: what stages of chats hand to each other.
 *
 * Invariant: a value says what the column's text says; values are never changed in place. Memory: the values of one column, which end with it.
 * Price: a parse of each row that is read, none where an earlier stage of the pass has made the column.
 */
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { type DictionaryColumn, isValid, type Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { JsonError, type JsonValue, jsonText, parseJson } from "../../kernels/json/value.ts";

/** What a row has: a value, null where it has none, or why its text is no value. */
export type JsonCell = JsonValue | JsonError;

/** Values by row of columns that were read or made. */
const known = new WeakMap<Utf8Column, (JsonCell | undefined)[]>();

/** The value of a text, or why it has none. */
export function readJson(text: string): JsonCell {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
}

/** The rows of a column of texts; undefined where a row has none. */
export class TextRows {
  readonly #texts: Utf8Column | DictionaryColumn | undefined;
  readonly #buffer: Buffer;

  /** Throws where `batch` has no such column, or one of other values than texts. */
  constructor(batch: Batch, name: string) {
    const column = batch.column(name);
    if (column?.kind !== "utf8" && column?.kind !== "dictionary") {
      // A file of nulls alone gives its column another kind.
      const isEmpty = column !== undefined && column.kind !== "token_list" && column.kind !== "range_list";
      if (!isEmpty) throw new Error(`the batch has no column ${name} of texts`);
    }
    this.#texts = column?.kind === "utf8" || column?.kind === "dictionary" ? column : undefined;
    this.#buffer = column?.kind === "utf8" ? bufferOf(column) : Buffer.alloc(0);
  }

  read(row: number): string | undefined {
    const texts = this.#texts;
    if (texts === undefined || !isValid(texts, row)) return undefined;
    if (texts.kind === "dictionary") return texts.values[int32At(texts.codes, row)];
    return this.#buffer.toString("utf8", int32At(texts.offsets, row), int32At(texts.offsets, row + 1));
  }
}

/** The rows of a column of JSON. */
export class JsonRows {
  readonly #texts: TextRows;
  readonly #values: (JsonCell | undefined)[];

  /** Throws as {@link TextRows} does. */
  constructor(batch: Batch, name: string) {
    this.#texts = new TextRows(batch, name);
    const column = batch.column(name);
    const values = (column?.kind === "utf8" ? known.get(column) : undefined) ?? new Array(batch.rows);
    if (column?.kind === "utf8") known.set(column, values);
    this.#values = values;
  }

  read(row: number): JsonCell {
    const read = this.#values[row];
    if (read !== undefined) return read;
    const text = this.#texts.read(row);
    const value = text === undefined ? null : readJson(text);
    this.#values[row] = value;
    return value;
  }
}

/** A column of JSON, row by row. */
export class JsonColumn {
  readonly #builder: Utf8Builder;
  readonly #values: JsonCell[] = [];

  /** `bytes` is about its size. */
  constructor(rows: number, bytes = 0) {
    this.#builder = new Utf8Builder(Math.max(1 << 12, bytes), rows);
  }

  /** Adds a row; undefined, as null, is one without a value. */
  add(value: JsonValue | undefined): void {
    this.#values.push(value ?? null);
    if (value === undefined || value === null) this.#builder.appendNull();
    else this.#builder.appendString(jsonText(value));
  }

  finish(): Utf8Column {
    const column = this.#builder.finish();
    known.set(column, this.#values);
    return column;
  }
}

function bufferOf({ data }: Utf8Column): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
