/**
 * The files of one span: tokens, documents, ledger, and one key file per barrier.
 *
 * Invariant: nothing is visible under a final name before `commit`; a document's shuffle key depends on the recipe's seed, its shard's
 * key and its position there, never on spans. Memory: side tables of about 80 bytes a document, what the key files buffer, and a run
 * of tokens.
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import type { Batch } from "../../batch/batch.ts";
import { Int32Builder } from "../../batch/builder.ts";
import type { Column, TokenListColumn } from "../../batch/column.ts";
import { DataError } from "../../batch/errors.ts";
import { encodeArrow } from "../../io/formats/arrow-table.ts";
import { commitIntermediate, createIntermediate, type PendingFile } from "../../io/local/commit.ts";
import type { VouchedFile } from "../../io/local/vouched.ts";
import type { RowHasher } from "../../kernels/hash/xxh64-rows.ts";
import { hash64, type Seed, seedFrom } from "../../kernels/random/shuffle.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import type { BarrierOperator, Operator } from "../../stages/define.ts";
import { KeyFileWriter } from "../../store/key-file.ts";
import { spanFiles } from "../../store/layout.ts";
import { SignatureWriter } from "../../store/signature-file.ts";
import { bytesOf, documentProblem, type TokenFormat } from "../../store/token-file.ts";
import type { WorkerContext } from "../context.ts";
import { TokenRuns } from "./token-runs.ts";

export class SpanWriter {
  readonly #folder: string;
  readonly #span: number;
  readonly #source: SourcePlan;
  readonly #format: TokenFormat;
  readonly #seed: number;
  readonly #tokens: PendingFile<VouchedFile>;
  readonly #runs: TokenRuns;
  readonly #keys: KeyFileWriter[];
  readonly #keyFiles: PendingFile<VouchedFile>[];
  /** One a barrier; undefined where it does not verify. */
  readonly #signatures: (SignatureWriter | undefined)[];
  readonly #signatureFiles: PendingFile<VouchedFile>[] = [];
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
  readonly #hasher: RowHasher;
  readonly #key = new Uint32Array(2);
  readonly #keyHigh = new Int32Builder();
  readonly #keyLow = new Int32Builder();
  #seededShard = -1;
  #shardSeed: Seed = [0, 0];

  constructor(
    folder: string,
    span: number,
    source: SourcePlan,
    operators: readonly Operator[],
    context: WorkerContext,
  ) {
    this.#folder = folder;
    this.#span = span;
    this.#source = source;
    const { tokenizer, recipe } = context.plan;
    const { token_bytes, vocab_size, eos } = tokenizer;
    this.#format = { token_bytes, vocab_size, eos: eos.id };
    this.#seed = recipe.seed;
    this.#hasher = context.textHasher;
    this.#tokens = createIntermediate(join(folder, spanFiles.tokens(span)));
    this.#runs = new TokenRuns((bytes) => this.#tokens.write(bytes), token_bytes);
    this.#keyFiles = source.barriers.map((_, barrier) =>
      createIntermediate(join(folder, spanFiles.keys(span, barrier))),
    );
    this.#keys = source.barriers.map(({ stage, partitions }, barrier) => {
      const { key_bytes } = operators[stage] as BarrierOperator;
      return new KeyFileWriter(this.#keyFiles[barrier], { partitions, key_bytes }, context.runBuffers(barrier));
    });
    this.#signatures = source.barriers.map(({ stage }, barrier) => {
      const { verify } = operators[stage] as BarrierOperator;
      if (verify === undefined) return undefined;
      const file = createIntermediate(join(folder, spanFiles.signatures(spanFiles.keys(span, barrier))));
      this.#signatureFiles.push(file);
      return new SignatureWriter(file, verify.slots);
    });
  }

  sketch(batch: Batch, operator: BarrierOperator, barrier: number, firstDocument: number): void {
    const keys = new Uint32Array((operator.key_bytes / 4) * operator.keys_per_row);
    const signature = new Uint16Array(operator.verify?.slots ?? 0);
    const writer = this.#keys[barrier];
    batch.alive.forEach((row) => {
      if (!operator.sketch(batch, row, keys)) return;
      writer.add(firstDocument + row, keys);
      operator.verify?.signature(signature);
      this.#signatures[barrier]?.add(firstDocument + row, signature);
    });
  }

  write(batch: Batch, firstDocument: number): { kept: number; text_bytes: number; tokens: number } {
    const { text } = batch;
    const tokens = batch.column("tokens") as TokenListColumn;
    const tokenBytes = this.#checkedTokens(tokens, batch);
    const width = this.#format.token_bytes;
    const hashes = new Uint32Array(2 * batch.rows);
    this.#hasher.hashRows(text, batch.alive, hashes);
    let kept = 0;
    let textBytes = 0;
    batch.alive.forEach((row) => {
      const bytes = text.offsets[row + 1] - text.offsets[row];
      this.#document.append(firstDocument + row);
      this.#shard.append(batch.shards[row]);
      this.#row.append(batch.rowsInShard[row]);
      this.#bytes.append(bytes);
      this.#tokenCount.append(tokens.offsets[row + 1] - tokens.offsets[row]);
      this.#hash.append(hashes[2 * row + 1]);
      this.#hash.append(hashes[2 * row]);
      this.#addTokens(batch, row, tokenBytes.subarray(tokens.offsets[row] * width, tokens.offsets[row + 1] * width));
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
    return { kept, text_bytes: textBytes, tokens: tokens.values.length };
  }

  commit(): readonly VouchedFile[] {
    const { run, tokenStart } = this.#runs.finish();
    const documents = new Map<string, Column>([
      ["document", { kind: "int32", values: this.#document.finish() }],
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["bytes", { kind: "int32", values: this.#bytes.finish() }],
      ["tokens", { kind: "int32", values: this.#tokenCount.finish() }],
      ["key_high", { kind: "int32", values: this.#keyHigh.finish() }],
      ["key_low", { kind: "int32", values: this.#keyLow.finish() }],
      ["run", { kind: "int32", values: run }],
      ["token_start", { kind: "float64", values: tokenStart }],
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
    const table = (name: string, columns: Map<string, Column>, rows: number): VouchedFile =>
      commitIntermediate(join(this.#folder, name), encodeArrow(columns, rows));
    for (const writer of this.#keys) writer.finish();
    for (const writer of this.#signatures) writer?.finish();
    return [
      this.#tokens.commit(),
      ...this.#keyFiles.map((file) => file.commit()),
      ...this.#signatureFiles.map((file) => file.commit()),
      table(spanFiles.documents(this.#span), documents, this.#document.length),
      table(spanFiles.ledger(this.#span), ledger, this.#ledger.shard.length),
    ];
  }

  abort(): void {
    this.#runs.abort();
    this.#tokens.abort();
    for (const file of [...this.#keyFiles, ...this.#signatureFiles]) file.abort();
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

  #addTokens(batch: Batch, row: number, tokens: Uint8Array): void {
    const shard = batch.shards[row];
    if (shard !== this.#seededShard) {
      this.#seededShard = shard;
      this.#shardSeed = seedFrom(this.#seed, "documents", this.#source.shards[shard].key);
    }
    hash64(this.#shardSeed[0], this.#shardSeed[1], batch.positions[row], this.#key);
    this.#keyHigh.append(this.#key[0]);
    this.#keyLow.append(this.#key[1]);
    this.#runs.add(this.#key[0], this.#key[1], tokens);
  }

  /** The tokens of a batch as the file has them, after a look at what no document may hold. */
  #checkedTokens({ values, offsets }: TokenListColumn, batch: Batch): Uint8Array {
    const ends: number[] = [];
    batch.alive.forEach((row) => {
      ends.push(offsets[row + 1]);
    });
    const problem = documentProblem(values, ends, this.#format);
    if (problem !== undefined) throw new Error(`${this.#source.name}: document ${problem.document} ${problem.what}`);
    return bytesOf(this.#format.token_bytes === 2 ? Uint16Array.from(values) : values);
  }
}

function asInt64(words: Int32Array): BigInt64Array {
  const copy = words.slice();
  return new BigInt64Array(copy.buffer, 0, copy.length / 2);
}
