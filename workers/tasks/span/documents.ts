/**
 * The documents that left the last pass of a span: address, size and, where they are tokenized, shuffle key, place of the tokens, hash of the
 * text and every declared column; of others the columns that elect survivors.
 *
 * The plan refuses declared columns whose names the table has for itself. Invariant: a document's shuffle key depends on the recipe's seed, its shard's key and its position there, never on spans.
 * Memory: about 80 bytes a document and its columns.
 */
import { ColumnAppender } from "../../../batch/append.ts";
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { DataError } from "../../../batch/errors.ts";
import { int32At, uint32At } from "../../../batch/numbers.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";
import { electionsOf, type SourcePlan } from "../../../plan/plan.ts";

/** Where the tokens of every document lie, in the order in which documents were added. */
export interface TokenPlaces {
  readonly keyHigh: Int32Array;
  readonly keyLow: Int32Array;
  readonly run: Int32Array;
  readonly tokenStart: Float64Array;
}

export class DocumentsTable {
  readonly #source: SourcePlan;
  readonly #document = new Int32Builder();
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #bytes = new Int32Builder();
  readonly #tokenCount = new Int32Builder();
  readonly #hash = new Int32Builder();
  readonly #carried = new Map<string, ColumnAppender>();

  constructor(source: SourcePlan) {
    this.#source = source;
    const elected = electionsOf(source).flatMap(({ survivor }) =>
      typeof survivor === "object" ? [survivor.column] : [],
    );
    const carried = source.tokenized ? source.columns.map(({ name }) => name) : elected;
    for (const name of carried) this.#carried.set(name, new ColumnAppender());
  }

  /** A row; of a source that is not tokenized, all of it. */
  addRow(batch: Batch, row: number, document: number, bytes: number): void {
    this.#document.append(document);
    this.#shard.append(int32At(batch.shards, row));
    this.#row.append(int32At(batch.rowsInShard, row));
    this.#bytes.append(bytes);
    for (const [name, appender] of this.#carried) {
      const column = batch.column(name);
      if (!appender.append(column, row)) throw this.#typeChanged(batch, row, name, column?.kind ?? "absent");
    }
  }

  /** A tokenized row; `hashes` has two words a row of the batch, most significant first. */
  addTokenized(batch: Batch, row: number, document: number, bytes: number, tokens: number, hashes: Uint32Array): void {
    this.addRow(batch, row, document, bytes);
    this.#tokenCount.append(tokens);
    this.#hash.append(uint32At(hashes, 2 * row + 1));
    this.#hash.append(uint32At(hashes, 2 * row));
  }

  /** The table as Arrow. `places` of a tokenized source's tokens. */
  encode(places: TokenPlaces | undefined): Uint8Array {
    const int32 = (values: Int32Array): Column => ({ kind: "int32", values });
    const columns = new Map<string, Column>([
      ["document", int32(this.#document.finish())],
      ["shard", int32(this.#shard.finish())],
      ["row", int32(this.#row.finish())],
      ["bytes", int32(this.#bytes.finish())],
    ]);
    if (places !== undefined) {
      columns.set("tokens", int32(this.#tokenCount.finish()));
      columns.set("key_high", int32(places.keyHigh));
      columns.set("key_low", int32(places.keyLow));
      columns.set("run", int32(places.run));
      columns.set("token_start", { kind: "float64", values: places.tokenStart });
      columns.set("hash", { kind: "int64", values: asInt64(this.#hash.finish()) });
    }
    for (const [name, appender] of this.#carried) columns.set(name, appender.finish());
    return encodeArrow(columns, this.#document.length);
  }

  #typeChanged(batch: Batch, row: number, name: string, kind: string): DataError {
    return new DataError({
      code: "data/column-type-changed",
      what: `the column ${name} is ${kind} here and ${this.#carried.get(name)?.kind} in an earlier shard`,
      place: {
        source: this.#source.name,
        shard: entryAt(this.#source.shards, int32At(batch.shards, row), "shard").key,
        row: int32At(batch.rowsInShard, row),
      },
      why: "a column has one type in the documents table of a run",
      fix: `leave ${name} out of the source's metadata, or give the shards of each type a source of their own`,
    });
  }
}

function asInt64(words: Int32Array): BigInt64Array {
  const copy = words.slice();
  return new BigInt64Array(copy.buffer, 0, copy.length / 2);
}
