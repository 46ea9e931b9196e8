/**
 * The files of one span: tokens, documents, ledger, and one key file per barrier.
 *
 * Invariant: nothing is visible under a final name before `commit`. Memory: side tables of about 60 bytes a document and what the
 * key files buffer; tokens are written batch by batch.
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import type { Batch } from "../../batch/batch.ts";
import { Int32Builder } from "../../batch/builder.ts";
import type { Column, TokenListColumn } from "../../batch/column.ts";
import { DataError } from "../../batch/errors.ts";
import { encodeArrow } from "../../io/arrow-table.ts";
import { type CommittedFile, commitBytes, createPending, type PendingFile } from "../../io/commit.ts";
import { KeyFileWriter } from "../../io/key-file.ts";
import { bytesOf, documentProblem, type TokenFormat } from "../../io/token-file.ts";
import { xxh64 } from "../../kernels/xxh64.ts";
import { spanFiles } from "../../plan/layout.ts";
import type { SourcePlan, TokenizerPlan } from "../../plan/plan.ts";
import type { BarrierOperator, Operator } from "../../stages/define.ts";

export class SpanWriter {
  readonly #folder: string;
  readonly #span: number;
  readonly #source: SourcePlan;
  readonly #format: TokenFormat;
  readonly #tokens: PendingFile;
  readonly #keys: KeyFileWriter[];
  readonly #keyFiles: PendingFile[];
  readonly #document = new Int32Builder();
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #bytes = new Int32Builder();
  readonly #tokenCount = new Int32Builder();
  readonly #hash = new Int32Builder();
  readonly #carried = new Map<string, ColumnAppender>();
  readonly #ledger = {
    shard: new Int32Builder(),
    row: new Int32Builder(),
    stage: new Int32Builder(),
    reason: new Int32Builder(),
    value: [] as number[],
  };
  readonly #digest = new Uint32Array(2);

  constructor(
    folder: string,
    span: number,
    source: SourcePlan,
    operators: readonly Operator[],
    tokenizer: TokenizerPlan,
  ) {
    this.#folder = folder;
    this.#span = span;
    this.#source = source;
    const { token_bytes, vocab_size, eos } = tokenizer;
    this.#format = { token_bytes, vocab_size, eos: eos.id };
    this.#tokens = createPending(join(folder, spanFiles.tokens(span)));
    this.#keyFiles = source.barriers.map((_, barrier) => createPending(join(folder, spanFiles.keys(span, barrier))));
    this.#keys = source.barriers.map(({ stage, partitions }, barrier) => {
      const { key_bytes } = operators[stage] as BarrierOperator;
      return new KeyFileWriter(this.#keyFiles[barrier], { partitions, key_bytes });
    });
  }

  sketch(batch: Batch, operator: BarrierOperator, barrier: number, firstDocument: number): void {
    const wordsPerKey = operator.key_bytes / 4;
    const keys = new Uint32Array(wordsPerKey * operator.keys_per_row);
    const writer = this.#keys[barrier];
    batch.alive.forEach((row) => {
      if (!operator.sketch(batch, row, keys)) return;
      for (let at = 0; at < keys.length; at += wordsPerKey) {
        writer.add(firstDocument + row, keys.subarray(at, at + wordsPerKey));
      }
    });
  }

  write(batch: Batch, firstDocument: number): { kept: number; text_bytes: number; tokens: number } {
    const { text } = batch;
    const tokens = batch.column("tokens") as TokenListColumn;
    let kept = 0;
    let textBytes = 0;
    batch.alive.forEach((row) => {
      const bytes = text.offsets[row + 1] - text.offsets[row];
      this.#document.append(firstDocument + row);
      this.#shard.append(batch.shards[row]);
      this.#row.append(batch.rowsInShard[row]);
      this.#bytes.append(bytes);
      this.#tokenCount.append(tokens.offsets[row + 1] - tokens.offsets[row]);
      xxh64(text.data, text.offsets[row], text.offsets[row + 1], 0, 0, this.#digest);
      this.#hash.append(this.#digest[1]);
      this.#hash.append(this.#digest[0]);
      this.#carry(batch, row);
      kept++;
      textBytes += bytes;
    });
    const { rows, stages, reasons, values } = batch.verdicts;
    rows.forEach((row, index) => {
      this.#ledger.shard.append(batch.shards[row]);
      this.#ledger.row.append(batch.rowsInShard[row]);
      this.#ledger.stage.append(stages[index]);
      this.#ledger.reason.append(reasons[index]);
      this.#ledger.value.push(values[index]);
    });
    this.#writeTokens(tokens, batch);
    return { kept, text_bytes: textBytes, tokens: tokens.values.length };
  }

  commit(): readonly CommittedFile[] {
    const documents = new Map<string, Column>([
      ["document", { kind: "int32", values: this.#document.finish() }],
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["bytes", { kind: "int32", values: this.#bytes.finish() }],
      ["tokens", { kind: "int32", values: this.#tokenCount.finish() }],
      ["hash", { kind: "int64", values: asInt64(this.#hash.finish()) }],
    ]);
    for (const [name, appender] of this.#carried) documents.set(name, appender.finish());
    const ledger = new Map<string, Column>([
      ["shard", { kind: "int32", values: this.#ledger.shard.finish() }],
      ["row", { kind: "int32", values: this.#ledger.row.finish() }],
      ["stage", { kind: "int32", values: this.#ledger.stage.finish() }],
      ["reason", { kind: "int32", values: this.#ledger.reason.finish() }],
      ["value", { kind: "float64", values: Float64Array.from(this.#ledger.value) }],
    ]);
    const table = (name: string, columns: Map<string, Column>, rows: number): CommittedFile =>
      commitBytes(join(this.#folder, name), encodeArrow(columns, rows));
    for (const writer of this.#keys) writer.finish();
    return [
      this.#tokens.commit(),
      ...this.#keyFiles.map((file) => file.commit()),
      table(spanFiles.documents(this.#span), documents, this.#document.length),
      table(spanFiles.ledger(this.#span), ledger, this.#ledger.shard.length),
    ];
  }

  abort(): void {
    this.#tokens.abort();
    for (const file of this.#keyFiles) file.abort();
  }

  /** Carries id and metadata along; every kept document gets an entry in every column met so far. */
  #carry(batch: Batch, row: number): void {
    const documents = this.#document.length;
    for (const [name, column] of batch.columns) {
      if (name === "text" || name === "tokens") continue;
      let appender = this.#carried.get(name);
      if (appender === undefined) {
        appender = new ColumnAppender();
        this.#carried.set(name, appender);
      }
      while (appender.rows < documents - 1) appender.append(undefined, 0);
      if (!appender.append(column, row)) {
        throw new DataError({
          code: "data/column-type-changed",
          what: `the column ${name} is ${column.kind} here and ${appender.kind} in an earlier shard`,
          place: {
            source: this.#source.name,
            shard: this.#source.shards[batch.shards[row]].key,
            row: batch.rowsInShard[row],
          },
          why: "a column has one type in the documents table of a run",
          fix: `leave ${name} out of the source's metadata, or give the shards of each type a source of their own`,
        });
      }
    }
    for (const appender of this.#carried.values()) {
      while (appender.rows < documents) appender.append(undefined, 0);
    }
  }

  #writeTokens({ values, offsets }: TokenListColumn, batch: Batch): void {
    const ends: number[] = [];
    batch.alive.forEach((row) => {
      ends.push(offsets[row + 1]);
    });
    const problem = documentProblem(values, ends, this.#format);
    if (problem !== undefined) throw new Error(`${this.#source.name}: document ${problem.document} ${problem.what}`);
    this.#tokens.write(bytesOf(this.#format.token_bytes === 2 ? Uint16Array.from(values) : values));
  }
}

function asInt64(words: Int32Array): BigInt64Array {
  const copy = words.slice();
  return new BigInt64Array(copy.buffer, 0, copy.length / 2);
}
