/**
 * One file of an output: the surviving rows of some spans, in order of address, encoded by the output's sink.
 *
 * Beside it, where the output keeps them, the rows that did not survive: by source, those that stages dropped, pass by pass, then those that a
 * dropping barrier took, each in order of address. Memory: a block of a spool, what the sinks hold, and 4 bytes a survivor of a span.
 */
import { join } from "node:path";
import type { Batch } from "../../batch/batch.ts";
import { columnArrays } from "../../batch/column.ts";
import type { Place } from "../../batch/errors.ts";
import { release } from "../../batch/memory.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { Blocks } from "../../io/local/blocks.ts";
import { type CommittedFile, commitMarker, createPending, type PendingFile } from "../../io/local/commit.ts";
import { type OutputPlan, outputAt, type SourcePlan, sourceAt } from "../../plan/plan.ts";
import type { SinkFile, SinkOperator } from "../../stages/define.ts";
import { outputFiles, spanFiles } from "../../store/layout.ts";
import { vouch } from "../../store/marker.ts";
import { readSpool } from "../../store/spool-reader.ts";
import type { WorkerContext } from "../context.ts";
import type { WriteMarker, WritePart, WriteTask } from "../protocol.ts";
import { RootsFile } from "../roots.ts";
import { countColumn } from "./count-column.ts";
import { droppedColumns, takenByBarriers } from "./dropped-rows.ts";
import { SURVIVES } from "./settle.ts";
import { readSpanRows } from "./span-rows.ts";

/** A file of the output while it is written. */
interface OpenFile {
  readonly pending: PendingFile;
  readonly sink: SinkFile;
  rows: number;
  text_bytes: number;
}

export function write(task: WriteTask, context: WorkerContext): WriteMarker {
  const output = outputAt(context.plan, task.output);
  const folder = context.layout.output(output.fingerprint);
  const operator = context.operator(output.format);
  if (operator.kind !== "sink") throw new Error(`${output.format.use} does not write rows`);
  const kept = openFile(
    join(folder, outputFiles.shard(task.shard, operator.extension)),
    operator,
    output.columns,
    context,
  );
  const dropped = output.keep_dropped ? openDropped(task, operator, output, context) : undefined;
  try {
    for (const part of task.parts) for (const batch of survivors(part, context)) appendAndRelease(kept, batch);
    if (dropped !== undefined) for (const batch of droppedOf(task.parts, context)) appendAndRelease(dropped, batch);
    const files: CommittedFile[] = [];
    for (const file of [kept, dropped]) {
      if (file === undefined) continue;
      file.sink.finish();
      files.push(file.pending.commit());
    }
    const { rows, text_bytes } = kept;
    const marker: WriteMarker = { files, rows, dropped_rows: dropped?.rows ?? 0, text_bytes };
    commitMarker(join(folder, outputFiles.marker(task.shard)), marker);
    return marker;
  } catch (error) {
    kept.pending.abort();
    dropped?.pending.abort();
    throw error;
  }
}

function openFile(
  path: string,
  operator: SinkOperator,
  columns: OutputPlan["columns"],
  { plan }: WorkerContext,
): OpenFile {
  const pending = createPending(path);
  const sources = new Map(plan.sources.map((source) => [source.name, source]));
  const sink = operator.open(
    columns,
    (bytes) => pending.write(bytes),
    (batch, row) => placeOf(sources.get(batch.source), batch, row),
  );
  return { pending, sink, rows: 0, text_bytes: 0 };
}

function openDropped(task: WriteTask, operator: SinkOperator, output: OutputPlan, context: WorkerContext): OpenFile {
  const path = join(context.layout.output(output.fingerprint), outputFiles.dropped(task.shard, operator.extension));
  return openFile(path, operator, droppedColumns(output.columns), context);
}

function placeOf(source: SourcePlan | undefined, batch: Batch, row: number): Place {
  const shard = int32At(batch.shards, row);
  const key = source?.shards[shard]?.key ?? String(shard);
  return { source: batch.source, shard: key, row: int32At(batch.rowsInShard, row) };
}

function appendAndRelease(file: OpenFile, batch: Batch): void {
  const { offsets } = batch.text;
  batch.alive.forEach((row) => {
    file.rows++;
    file.text_bytes += int32At(offsets, row + 1) - int32At(offsets, row);
  });
  file.sink.append(batch);
  for (const column of batch.columns.values()) for (const array of columnArrays(column)) release(array);
}

/** Batches of a part in which only the rows to write are alive. */
function* survivors(part: WritePart, context: WorkerContext): Generator<Batch> {
  const { skip, take } = part;
  const fates = fatesOf(part);
  let passed = 0;
  for (const batch of counted(part, spoolOf(part, context))) {
    for (let row = 0; row < batch.rows; row++) {
      const survives = fates === undefined || fates[batch.document(row)] === SURVIVES;
      const wanted = survives && passed >= skip && passed < skip + take;
      if (survives) passed++;
      if (!wanted) batch.alive.clear(row);
    }
    yield batch;
    if (passed >= skip + take) return;
  }
}

/** Batches in which only the rows are alive that did not survive and go to this file. */
function* droppedOf(parts: readonly WritePart[], context: WorkerContext): Generator<Batch> {
  const aside = parts
    .filter((part) => part.aside !== undefined)
    .map((part) => ({ part, rows: new Aside(part, context) }));
  for (const index of new Set(aside.map(({ part }) => part.source))) {
    const source = sourceAt(context.plan, index);
    const own = aside.filter(({ part }) => part.source === index);
    for (const { fingerprint } of source.passes) {
      for (const { part, rows } of own) {
        const path = join(context.layout.ingest(fingerprint), spanFiles.dropped(part.span));
        for (const batch of readSpool(path, source.name)) yield rows.narrow(batch);
      }
    }
    for (const { part, rows } of own) {
      const fates = fatesOf(part);
      if (fates === undefined) continue;
      for (const batch of counted(part, spoolOf(part, context))) {
        yield rows.narrow(takenByBarriers(batch, fates, source));
      }
    }
  }
}

/** The dropped rows of a span that go to a file: those between certain survivors. */
class Aside {
  /** Document numbers of the span's survivors, ascending. */
  readonly #survivors: Int32Array;
  readonly #from: number;
  readonly #to: number;

  constructor(part: WritePart, { plan, layout }: WorkerContext) {
    const { document } = readSpanRows(layout.ingest(sourceAt(plan, part.source).ingest), part.span);
    const fates = fatesOf(part);
    this.#survivors = fates === undefined ? document : document.filter((number) => fates[number] === SURVIVES);
    this.#from = part.aside?.from ?? 0;
    this.#to = part.aside?.to ?? 0;
  }

  /** Leaves only the rows alive that are meant. */
  narrow(batch: Batch): Batch {
    batch.alive.forEach((row) => {
      const before = this.#before(batch.document(row));
      if (before < this.#from || before >= this.#to) batch.alive.clear(row);
    });
    return batch;
  }

  /** How many survivors lie before a document. */
  #before(document: number): number {
    let low = 0;
    let high = this.#survivors.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (int32At(this.#survivors, middle) < document) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function spoolOf({ source, span }: WritePart, { plan, layout }: WorkerContext): Generator<Batch> {
  const { ingest, name } = sourceAt(plan, source);
  return readSpool(join(layout.ingest(ingest), spanFiles.spool(span)), name);
}

/** Batches with what barriers counted that the output has as columns. */
function* counted({ counts = [] }: WritePart, batches: Iterable<Batch>): Generator<Batch> {
  const columns = counts.map(({ name, holds, counts: { file, first }, documents }) => {
    return { name, holds, values: new RootsFile(file).read(first, documents) };
  });
  for (const batch of batches) {
    for (const { name, holds, values } of columns) {
      batch.setColumn(
        name,
        countColumn(holds, batch.rows, (row) => uint32At(values, batch.document(row))),
      );
    }
    yield batch;
  }
}

function fatesOf({ fates }: WritePart): Uint8Array | undefined {
  return fates && new Blocks(vouch(fates.file)).read(fates.at, fates.documents);
}
