/**
 * The one shape of data that flows: a batch of documents as columns.
 *
 * Owns row addresses, the alive bitmap and the verdicts. Invariants: columns are immutable; a filter only clears bits of
 * `alive` and adds verdicts; a rewrite replaces the `text` column; one owner at a time. A batch holds at most
 * {@link MAX_BATCH_BYTES} of text, except that a single row may fill it alone.
 */
import { Bitmap } from "./bitmap.ts";
import { type Column, columnRows, type RangeListColumn, type TokenListColumn, type Utf8Column } from "./column.ts";
import { float64At, int32At } from "./numbers.ts";

/** Upper bound of one row's text: Int32 offsets and worker memory both depend on it. */
export const MAX_ROW_BYTES = 64 * 1024 * 1024;
/** Text a reader aims to put in a batch: large enough to amortise per-batch cost, small enough to stay in cache levels. */
export const TARGET_BATCH_BYTES = 4 * 1024 * 1024;
export const MAX_BATCH_BYTES = 64 * 1024 * 1024;
export const TARGET_BATCH_ROWS = 8192;

/** Why a row died: recorded once, by the first stage that drops it. Columnar, because a batch may drop every row. */
export class Verdicts {
  readonly rows: number[] = [];
  /** Position of the stage in its pipeline. */
  readonly stages: number[] = [];
  /** Position of the reason in the stage's declared reasons. */
  readonly reasons: number[] = [];
  /** The measured value that failed, NaN where there is none. */
  readonly values: number[] = [];
  /** A few words that help to understand the verdict, by position in the lists above; most have none. */
  readonly details = new Map<number, string>();

  get length(): number {
    return this.rows.length;
  }

  add(row: number, stage: number, reason: number, value: number, detail?: string): void {
    if (detail !== undefined) this.details.set(this.rows.length, detail);
    this.rows.push(row);
    this.stages.push(stage);
    this.reasons.push(reason);
    this.values.push(value);
  }
}

/** What stages found in rows and tell whoever looks at the run, whether the rows die or not: plain JSON text each. */
export class Findings {
  readonly rows: number[] = [];
  /** Position of the stage in its pipeline. */
  readonly stages: number[] = [];
  readonly values: string[] = [];

  add(row: number, stage: number, value: string): void {
    this.rows.push(row);
    this.stages.push(stage);
    this.values.push(value);
  }
}

/**
 * Something worked out from a batch's text that several stages look at: its words, hashes of its rows.
 *
 * It is a constant of whoever makes it, and its identity is the key under which a batch keeps the value.
 */
export interface Derivation<Value> {
  readonly make: (batch: Batch) => Value;
  /** Gives the value's memory back: nobody looks at it any more. */
  readonly end?: (value: Value) => void;
}

/**
 * Documents as columns.
 *
 * Every row has an address for ever: (source, shard, row). `shards[i]` is the position of the shard in the source's sorted
 * listing. `rowsInShard[i]` counts from the start of the extent that was read: readers of byte ranges cannot know how many
 * rows lie before them, so the absolute row is settled when all extents of the shard are done. `positions[i]` is known at
 * once and ascends with the rows of a shard: the byte where the row starts for those readers, `rowsInShard` for the others.
 *
 * `documents[i]` numbers the rows of a span over all its passes: in the first one as they come, later as the spool remembers. `shardKeys` names shards by position, so that a stage can key its randomness by (shard, position).
 */
export class Batch {
  readonly source: string;
  readonly rows: number;
  readonly shards: Int32Array;
  readonly rowsInShard: Int32Array;
  readonly positions: Float64Array | Int32Array;
  readonly alive: Bitmap;
  readonly verdicts = new Verdicts();
  readonly findings = new Findings();
  /** What stages counted of single rows: by position of the stage, then by name, a number a row. Only the executor adds to it. */
  readonly figures = new Map<number, ReadonlyMap<string, Int32Array>>();
  readonly #columns: Map<string, Column>;
  #documents: Int32Array | undefined;
  #shardKeys: readonly string[] = [];
  /** What was derived from the text, and how each value ends. */
  readonly #derived = new Map<object, { readonly value: unknown; readonly end: () => void }>();

  constructor(init: {
    readonly source: string;
    readonly shards: Int32Array;
    readonly rowsInShard: Int32Array;
    readonly positions?: Float64Array;
    readonly documents?: Int32Array;
    readonly columns: Iterable<readonly [string, Column]>;
  }) {
    this.source = init.source;
    this.rows = init.shards.length;
    this.shards = init.shards;
    this.rowsInShard = init.rowsInShard;
    this.positions = init.positions ?? init.rowsInShard;
    this.#documents = init.documents;
    this.#columns = new Map(init.columns);
    this.alive = Bitmap.full(this.rows);
    for (const [name, column] of this.#columns) {
      if (columnRows(column) !== this.rows) {
        throw new Error(`column ${name} has ${columnRows(column)} rows, its batch has ${this.rows}`);
      }
    }
  }

  get columns(): ReadonlyMap<string, Column> {
    return this.#columns;
  }

  column(name: string): Column | undefined {
    return this.#columns.get(name);
  }

  /** The UTF-8 column `name`; throws where the planner should already have refused. */
  utf8(name: string): Utf8Column {
    const column = this.#columns.get(name);
    if (column?.kind !== "utf8") throw new Error(`batch has no utf8 column ${name}`);
    return column;
  }

  get text(): Utf8Column {
    return this.utf8("text");
  }

  /** The token ids; throws where the text has not been tokenized. */
  get tokens(): TokenListColumn {
    const column = this.#columns.get("tokens");
    if (column?.kind !== "token_list") throw new Error("batch has no token lists");
    return column;
  }

  /** The ranges of text in column `name`, undefined where there are none. */
  ranges(name: string): RangeListColumn | undefined {
    const column = this.#columns.get(name);
    if (column !== undefined && column.kind !== "range_list") throw new Error(`column ${name} holds no ranges`);
    return column;
  }

  /** The rows' numbers in their span, ascending; undefined before they are numbered. */
  get documents(): Int32Array | undefined {
    return this.#documents;
  }

  /** The number of `row` in its span. */
  document(row: number): number {
    if (this.#documents === undefined) throw new Error("the rows of the batch have no numbers yet");
    return this.#documents[row];
  }

  /** Entry `row` of {@link positions}. */
  position(row: number): number {
    return this.positions instanceof Int32Array ? int32At(this.positions, row) : float64At(this.positions, row);
  }

  /** Numbers the rows from `first` on, where they have no numbers yet. Only the executor calls it. */
  numberFrom(first: number): void {
    this.#documents ??= Int32Array.from({ length: this.rows }, (_, row) => first + row);
  }

  /** The key of the shard that `row` is of: what names it for ever. */
  shardKey(row: number): string {
    const key = this.#shardKeys[this.shards[row]];
    if (key === undefined) throw new Error(`the batch does not know the key of shard ${this.shards[row]}`);
    return key;
  }

  /** Says how shards are called, by position. Only the executor calls it. */
  nameShards(keys: readonly string[]): void {
    this.#shardKeys = keys;
  }

  /** Adds or replaces a column. Only the executor calls it, with what a rewrite or annotate stage returned. */
  setColumn(name: string, column: Column): void {
    if (columnRows(column) !== this.rows) throw new Error(`column ${name} has the wrong number of rows`);
    if (name === "text") this.endDerived();
    this.#columns.set(name, column);
  }

  /** What `derivation` makes of the text: made when first asked for, good until another text comes or the batch ends. */
  derived<Value>(derivation: Derivation<Value>): Value {
    // A value is kept under the derivation that made it, which knows its type.
    const known = this.#derived.get(derivation) as { readonly value: Value } | undefined;
    if (known !== undefined) return known.value;
    const value = derivation.make(this);
    this.#derived.set(derivation, { value, end: () => derivation.end?.(value) });
    return value;
  }

  /** Ends what was derived from the text. Only the executor calls it, when a batch is done. */
  endDerived(): void {
    for (const { end } of this.#derived.values()) end();
    this.#derived.clear();
  }
}
