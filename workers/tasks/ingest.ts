/**
 * One pass over the text of a span: read, filter, rewrite, sketch for every dedup barrier, tokenize, write.
 *
 * Invariant: rows in = kept + dropped (by reason) + errors (by kind), checked before the marker is written. Rows that a barrier may
 * drop later are tokenized all the same: a verdict that arrives afterwards costs a bit, a second pass over text costs a read.
 * Memory: one batch, its tokens, and the span's side tables (about 60 bytes a document plus 12 bytes a dedup key).
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import type { Batch } from "../../batch/batch.ts";
import { Int32Builder } from "../../batch/builder.ts";
import type { Column, TokenListColumn } from "../../batch/column.ts";
import { DataError, formatPlace, RunError, ShardmillError } from "../../batch/errors.ts";
import { encodeArrow } from "../../io/arrow-table.ts";
import { type CommittedFile, commitBytes, commitMarker, createPending, type PendingFile } from "../../io/commit.ts";
import { KeyFileWriter } from "../../io/key-file.ts";
import { openShard } from "../../io/open.ts";
import { bytesOf, documentProblem, type TokenFormat } from "../../io/token-file.ts";
import { xxh64 } from "../../kernels/xxh64.ts";
import { spanFiles } from "../../plan/layout.ts";
import type { SourcePlan, TokenizerPlan } from "../../plan/plan.ts";
import type { BarrierOperator, Operator, ReadContext, ReadProblem } from "../../stages/define.ts";
import type { WorkerContext } from "../context.ts";
import { addProgress } from "../progress.ts";
import type { IngestMarker, IngestTask, Problem, StageCounts } from "../protocol.ts";

/** Problems kept as examples in a marker; all are counted. */
const PROBLEM_EXAMPLES = 20;
/** Row problems that say the input holds nothing to use there, not that it is broken: counted, never held against the run. */
export const HARMLESS_PROBLEMS: ReadonlySet<string> = new Set(["empty_text", "missing_text"]);

export async function ingest(task: IngestTask, context: WorkerContext): Promise<IngestMarker> {
  const source = context.plan.sources[task.source];
  const folder = context.layout.ingest(source.ingest);
  const stages = source.stages.map((stage) => context.operator(stage));
  const tally = new Tally(source, context.setup.max_errors);
  const span = new SpanWriter(folder, task.span, source, stages, context.plan.tokenizer);
  const reader = context.operator(source.reader);
  if (reader.kind !== "source") throw new Error(`${source.reader.use} is not a reader`);
  const readContext: ReadContext = {
    source: source.name,
    shards: source.shards,
    open: (shard) => openShard(shard, context.environment),
    problem: (problem) => tally.problem(problem),
  };
  try {
    for await (const batch of reader.read(task.extents, readContext)) {
      tally.read(batch);
      runStages(batch, stages, tally, span);
      const written = span.write(batch, tally.documents - batch.rows);
      tally.kept += written.kept;
      tally.text_bytes += written.text_bytes;
      tally.tokens += written.tokens;
      addProgress(context.setup.progress, task.source, { rows: batch.rows, ...written });
    }
    const files = span.commit();
    const marker = tally.marker(files, task);
    commitMarker(join(folder, spanFiles.marker(task.span)), marker);
    return marker;
  } catch (error) {
    span.abort();
    throw error;
  }
}

function runStages(batch: Batch, stages: readonly Operator[], tally: Tally, span: SpanWriter): void {
  let barrier = 0;
  stages.forEach((operator, index) => {
    tally.enter(index, batch.alive.count());
    try {
      switch (operator.kind) {
        case "filter":
          operator.apply(batch, tally.dropper(batch, index));
          break;
        case "rewrite":
          batch.setColumn("text", operator.apply(batch));
          break;
        case "annotate":
          for (const [name, column] of operator.apply(batch)) batch.setColumn(name, column);
          break;
        case "barrier":
          span.sketch(batch, operator, barrier++, tally.documents - batch.rows);
          break;
        default:
          throw new Error(`a ${operator.kind} stage cannot be part of a pipeline`);
      }
    } catch (error) {
      throw stageFailure(error, batch, tally.source, index);
    }
  });
}

/** Says which stage failed on which rows; a stage works on whole batches, so the rows are a range. */
function stageFailure(error: unknown, batch: Batch, source: SourcePlan, stage: number): Error {
  if (error instanceof ShardmillError) return error;
  const { use } = source.stages[stage];
  const place = { source: source.name, shard: source.shards[batch.shards[0]].key, row: batch.rowsInShard[0] };
  return new RunError(
    {
      code: "run/stage-failed",
      what: `${use} failed on one of ${batch.rows} rows: ${error instanceof Error ? error.message : String(error)}`,
      place,
      why: `${formatPlace(place)} is the first of them; the span is not committed, so no row is lost`,
      fix: `if ${use} is a plugin, mend it; if it is built in, this is a bug: please report it with the recipe`,
    },
    { cause: error },
  );
}

/** Counts of one span, and the rule that they add up. */
class Tally {
  documents = 0;
  kept = 0;
  text_bytes = 0;
  tokens = 0;
  readonly source: SourcePlan;
  readonly #maxErrors: number;
  readonly #rowsIn: number[];
  readonly #dropped: Record<string, number>[];
  readonly #errors: Record<string, number> = {};
  readonly #problems: Problem[] = [];
  readonly #shardRows = new Map<number, number>();
  #fatal = 0;

  constructor(source: SourcePlan, maxErrors: number) {
    this.source = source;
    this.#maxErrors = maxErrors;
    this.#rowsIn = source.stages.map(() => 0);
    this.#dropped = source.stages.map(() => ({}));
  }

  read(batch: Batch): void {
    this.documents += batch.rows;
    for (let row = 0; row < batch.rows; row++) this.#met(batch.shards[row]);
  }

  problem(problem: ReadProblem): void {
    this.#met(problem.shard);
    this.#errors[problem.kind] = (this.#errors[problem.kind] ?? 0) + 1;
    const shard = this.source.shards[problem.shard].key;
    const { kind, row, byte, message } = problem;
    const position = { ...(row === undefined ? {} : { row }), ...(byte === undefined ? {} : { byte }) };
    if (this.#problems.length < PROBLEM_EXAMPLES) this.#problems.push({ kind, shard, ...position, message });
    if (HARMLESS_PROBLEMS.has(kind) || ++this.#fatal <= this.#maxErrors) return;
    throw tooManyErrors(this.source.name, { kind, shard, ...position, message }, this.#maxErrors);
  }

  enter(stage: number, rows: number): void {
    this.#rowsIn[stage] += rows;
  }

  dropper(batch: Batch, stage: number): (row: number, reason: string, value?: number) => void {
    const reasons = this.source.stages[stage].reasons;
    const dropped = this.#dropped[stage];
    return (row, reason, value = Number.NaN) => {
      if (!batch.alive.has(row)) return;
      const code = reasons.indexOf(reason);
      if (code < 0) throw new Error(`${this.source.stages[stage].use} gave a reason it does not declare: ${reason}`);
      batch.alive.clear(row);
      batch.verdicts.add(row, stage, code, value);
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    };
  }

  marker(files: readonly CommittedFile[], task: IngestTask): IngestMarker {
    const errors = sum(this.#errors);
    const drops = this.#dropped.reduce((total, dropped) => total + sum(dropped), 0);
    const rows = [...this.#shardRows.values()].reduce((total, count) => total + count, 0);
    if (rows !== this.kept + drops + errors) {
      throw new RunError({
        code: "run/accounting",
        what: `span ${task.span} of ${this.source.name} met ${rows} rows, but ${this.kept} kept + ${drops} dropped + ${errors} errors = ${this.kept + drops + errors}`,
        why: "a row went missing or was counted twice, so no figure of this run could be trusted",
        fix: "this is a bug: please report it with the recipe",
      });
    }
    const stages: StageCounts[] = this.source.stages.map((stage, index) => ({
      id: stage.id,
      rows_in: this.#rowsIn[index],
      dropped: this.#dropped[index],
    }));
    return {
      files,
      rows,
      documents: this.documents,
      extents: [...this.#shardRows].map(([shard, count]) => ({ shard, rows: count })),
      errors: this.#errors,
      problems: this.#problems,
      stages,
      kept: this.kept,
      text_bytes: this.text_bytes,
      tokens: this.tokens,
    };
  }

  #met(shard: number): void {
    this.#shardRows.set(shard, (this.#shardRows.get(shard) ?? 0) + 1);
  }
}

export function tooManyErrors(source: string, problem: Problem, maxErrors: number): DataError {
  const place = { source, shard: problem.shard, ...withPosition(problem) };
  return new DataError({
    code: `data/${problem.kind.replaceAll("_", "-")}`,
    what: problem.message,
    place,
    why:
      maxErrors === 0
        ? "a bad row ends a run by default, so that none is lost unseen"
        : `more than --max-errors ${maxErrors} rows are bad`,
    fix: `mend ${formatPlace(place)}, or allow bad rows with --max-errors N: each is counted and listed in the manifest`,
  });
}

function withPosition(problem: Problem): { row?: number; byte?: number } {
  return {
    ...(problem.row === undefined ? {} : { row: problem.row }),
    ...(problem.byte === undefined ? {} : { byte: problem.byte }),
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** The files of one span: tokens, documents, ledger, and one key file per barrier. */
class SpanWriter {
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
