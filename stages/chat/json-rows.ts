/**
 * Columns of JSON as values, read and written once: what stages of chats hand to each other.
 *
 * Invariant: a value says what the column's text says; values are never changed in place. Memory: the values of a column that a stage of the pass
 * has made, which end with it; those of columns of files are not kept, for the collector would carry them. Price: a parse of each row that is
 * read, none where an earlier stage of the pass has made the column.
 */
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { type DictionaryColumn, isValid, type Utf8Column, utf8Bytes } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { isJsonList, JsonError, type JsonValue, jsonText, parseJson } from "../../kernels/json/value.ts";

/** What a row has: a value, null where it has none, or why its text is no value. */
export type JsonCell = JsonValue | JsonError;

/** Values by row of columns that were made here. */
const known = new WeakMap<Utf8Column, readonly JsonCell[]>();

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
  readonly #values: readonly JsonCell[] | undefined;

  /** Throws as {@link TextRows} does. */
  constructor(batch: Batch, name: string) {
    this.#texts = new TextRows(batch, name);
    const column = batch.column(name);
    this.#values = column?.kind === "utf8" ? known.get(column) : undefined;
  }

  read(row: number): JsonCell {
    const value = this.#values?.[row];
    if (value !== undefined) return value;
    const text = this.#texts.read(row);
    return text === undefined ? null : readJson(text);
  }
}

/** A column of JSON, row by row. */
export class JsonColumn {
  readonly #builder: Utf8Builder;
  readonly #values: JsonCell[] = [];
  readonly #before: Utf8Column | undefined;
  readonly #valuesBefore: readonly JsonCell[] | undefined;

  /** `before` is the column that it takes the place of: rows that stay as they are need not be written again. */
  constructor(rows: number, before?: Utf8Column) {
    this.#builder = new Utf8Builder(Math.max(1 << 12, before?.data.length ?? 0), rows);
    this.#before = before;
    this.#valuesBefore = before && known.get(before);
  }

  /** Adds a row; undefined, as null, is one without a value. */
  add(value: JsonValue | undefined): void {
    const row = this.#values.length;
    this.#values.push(value ?? null);
    const stays = this.#before !== undefined && typeof value === "object" && this.#valuesBefore?.[row] === value;
    if (stays && value !== null) this.#builder.append(utf8Bytes(this.#before, row));
    else if (value === undefined || value === null) this.#builder.appendNull();
    else this.#builder.appendString(textOf(value));
  }

  finish(): Utf8Column {
    const column = this.#builder.finish();
    known.set(column, this.#values);
    return column;
  }
}

/** Beyond it, nobody's messages are. */
const MAX_PLAIN_DEPTH = 4;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** What {@link jsonText} gives: by the engine's own writer where it keeps every digit and the order of keys, which is several times faster. */
function textOf(value: JsonValue): string {
  const plain = plainOf(value, MAX_PLAIN_DEPTH);
  return plain === undefined ? jsonText(value) : JSON.stringify(plain);
}

/** `value` of plain objects and arrays; undefined where they would lose something. */
function plainOf(value: JsonValue, depth: number): unknown {
  if (value === null || typeof value !== "object") return value;
  if (depth === 0) return undefined;
  if (isJsonList(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      const plain = plainOf(item, depth - 1);
      if (plain === undefined) return undefined;
      items.push(plain);
    }
    return items;
  }
  if (!(value instanceof Map)) return undefined;
  const members: Record<string, unknown> = {};
  for (const [key, member] of value) {
    const first = key.charCodeAt(0);
    // Keys that spell an index would come first, and this one is no key.
    if ((first >= DIGIT_0 && first <= DIGIT_9) || key === "__proto__") return undefined;
    const plain = plainOf(member, depth - 1);
    if (plain === undefined) return undefined;
    members[key] = plain;
  }
  return members;
}

function bufferOf({ data }: Utf8Column): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
