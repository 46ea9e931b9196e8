/**
 * The second round of a barrier that compares fragments, over one span: what the verdicts on samples settle is written as ranges, and what they leave
 * open goes, with its symbols, to the partition that compares it.
 *
 * Ranges are triples (document, first fragment, fragment behind the last) in u32, ascending. Reads the span's rows from the spool of the pass that sampled
 * them. Memory: the span's words and verdicts, one batch, and a writer's run.
 */
import { join } from "node:path";
import type { Batch } from "../../batch/batch.ts";
import { Bitmap } from "../../batch/bitmap.ts";
import { columnArrays } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { release } from "../../batch/memory.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { Blocks } from "../../io/local/blocks.ts";
import { BufferedWriter } from "../../io/local/buffered-writer.ts";
import { commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { createRowHasher } from "../../io/row-hasher.ts";
import { contextWords, writeContext } from "../../kernels/substring/context-record.ts";
import { SAMPLE_SEED } from "../../kernels/substring/sampler.ts";
import { COPY, DocumentVerdicts, UNSETTLED, type UnsettledRun } from "../../kernels/substring/unsettled.ts";
import { barrierAt, groupAt, type MatchGroup, passAt, sourceAt } from "../../plan/plan.ts";
import type { FragmentBarrierOperator, SymbolColumn } from "../../stages/define.ts";
import { DealtWriter, readDealt } from "../../store/dealt-file.ts";
import { partitionOf } from "../../store/key-file.ts";
import { matchFiles, spanFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import { readSpool } from "../../store/spool-reader.ts";
import type { WorkerContext } from "../context.ts";
import type { RefineMarker, RefineTask } from "../protocol.ts";

export function refine(task: RefineTask, context: WorkerContext): RefineMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const { source, barrier } = entryAt(group.members, task.member, "member");
  const pass = passAt(context.plan, source, barrierAt(context.plan, source, barrier).pass);
  const ingested = context.layout.ingest(pass.fingerprint);
  const samples = vouchers(ingested, spanFiles.marker(task.span))(spanFiles.samples(task.span, barrier));
  const words = new Uint32Array(new Blocks(samples).read().buffer);
  const rangeFile = createIntermediate(join(folder, matchFiles.ranges(task.input)));
  const contextFile = createIntermediate(join(folder, matchFiles.contexts(task.input)));
  let marker: RefineMarker;
  try {
    const ranges = new BufferedWriter((bytes) => rangeFile.write(bytes));
    const contexts = new DealtWriter(contextFile, group.partitions);
    const verdicts = readVerdicts(task, group, folder);
    const span = new SpanFragments(fragmentsOf(context, group), task.input, words, verdicts, ranges, contexts);
    for (const batch of readSpool(join(ingested, spanFiles.spool(task.span)), sourceAt(context.plan, source).name)) {
      span.add(batch);
      for (const column of batch.columns.values()) for (const array of columnArrays(column)) release(array);
    }
    ranges.close();
    contexts.finish();
    marker = { files: [rangeFile.commit(), contextFile.commit()], ...span.counts };
  } catch (error) {
    rangeFile.abort();
    contextFile.abort();
    throw error;
  }
  commitMarker(join(folder, matchFiles.refined(task.input)), marker);
  return marker;
}

/** The operator of a group that compares fragments. */
export function fragmentsOf(context: WorkerContext, group: MatchGroup): FragmentBarrierOperator {
  const operator = context.operator(group.stage);
  if (operator.kind === "barrier" && operator.verdict === "edit" && operator.unit === "fragments") return operator;
  throw new Error(`${group.stage.use} compares no fragments`);
}

/** Verdicts by record of the span; those behind the end are on records that are alone. */
function readVerdicts({ input, inputs }: RefineTask, { partitions }: MatchGroup, folder: string): Uint8Array {
  const pieces: Uint32Array[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const file = vouchers(folder, matchFiles.marker(partition))(matchFiles.verdicts(partition));
    pieces.push(...readDealt(file, inputs, input));
  }
  let records = 0;
  for (const piece of pieces) for (const word of piece) records = Math.max(records, (word >>> 1) + 1);
  const verdicts = new Uint8Array(records);
  for (const piece of pieces) for (const word of piece) verdicts[word >>> 1] = (word & 1) === 1 ? COPY : UNSETTLED;
  return verdicts;
}

class SpanFragments {
  readonly #operator: FragmentBarrierOperator;
  readonly #input: number;
  readonly #words: Uint32Array;
  readonly #verdicts: Uint8Array;
  readonly #ranges: BufferedWriter;
  readonly #contexts: DealtWriter;
  readonly #document = new DocumentVerdicts();
  readonly #hasher = createRowHasher([SAMPLE_SEED]);
  readonly #hash = new Uint32Array(2);
  readonly #range = new Uint32Array(3);
  readonly #rangeBytes = new Uint8Array(this.#range.buffer);
  /** Where the next text's words begin, and the number of its first record. */
  #at = 0;
  #record = 0;
  #duplicates = 0;
  #unsettled = 0;

  constructor(
    operator: FragmentBarrierOperator,
    input: number,
    words: Uint32Array,
    verdicts: Uint8Array,
    ranges: BufferedWriter,
    contexts: DealtWriter,
  ) {
    this.#operator = operator;
    this.#input = input;
    this.#words = words;
    this.#verdicts = verdicts;
    this.#ranges = ranges;
    this.#contexts = contexts;
  }

  get counts(): Pick<RefineMarker, "duplicates" | "unsettled"> {
    return { duplicates: this.#duplicates, unsettled: this.#unsettled };
  }

  add(batch: Batch): void {
    // Ids cost something, so first it is found out whose are needed.
    const open = new Bitmap(batch.rows);
    const [at, record] = [this.#at, this.#record];
    let any = false;
    this.#eachText(batch, (row, runs) => {
      if (runs.length === 0) return;
      any = true;
      open.set(row);
    });
    if (!any) return;
    const symbols = this.#operator.symbols(batch, open);
    [this.#at, this.#record] = [at, record];
    this.#eachText(batch, (row, runs) => this.#write(batch.document(row), row, runs, symbols), open);
  }

  /** Ranges are written by the time that all texts are looked at, not when those of `only` are. */
  #eachText(batch: Batch, take: (row: number, runs: readonly UnsettledRun[]) => void, only?: Bitmap): void {
    const words = this.#words;
    for (let row = 0; row < batch.rows && this.#at < words.length; row++) {
      const document = batch.document(row);
      if (uint32At(words, this.#at) !== document) continue;
      const from = this.#at + 2;
      this.#at = from + uint32At(words, from - 1);
      this.#range[0] = document;
      const runs = this.#document.settle(words, from, this.#at, this.#verdicts, this.#record, (start, end) => {
        if (only === undefined) this.#writeRange(start, end);
      });
      if (only?.has(row) !== false) take(row, runs);
      this.#record += this.#document.records;
    }
  }

  #writeRange(start: number, end: number): void {
    this.#range[1] = start;
    this.#range[2] = end;
    this.#ranges.write(this.#rangeBytes);
    this.#duplicates += end - start;
  }

  #write(document: number, row: number, runs: readonly UnsettledRun[], symbols: SymbolColumn): void {
    const { length, gram, symbol_bytes } = this.#operator.shape;
    const { data, offsets } = symbols;
    const base = int32At(offsets, row);
    for (const run of runs) {
      const from = base + run.start * symbol_bytes;
      const to = from + (run.count + length - 1) * symbol_bytes;
      const sample = from + run.offset * symbol_bytes;
      this.#hasher.hash(data, sample, sample + gram * symbol_bytes, this.#hash);
      const [high = 0, low = 0] = this.#hash;
      const out = this.#contexts.add(partitionOf(high, this.#contexts.destinations), contextWords(run, to - from));
      writeContext(out, { high, low, input: this.#input, document }, run, data, from, to);
      this.#unsettled += run.count;
    }
  }
}
