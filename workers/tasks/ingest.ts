/**
 * One pass over the text of a span: read, filter, rewrite, sketch for every dedup barrier, tokenize, write.
 *
 * Invariant: rows in = kept + dropped (by reason) + errors (by kind), checked before the marker is written. Rows that a barrier may
 * drop later are tokenized all the same: a verdict that arrives afterwards costs a bit, a second pass over text costs a read.
 * Memory: one batch, its tokens, and the span's side tables (about 60 bytes a document plus 12 bytes a dedup key).
 */
import { join } from "node:path";
import type { Batch } from "../../batch/batch.ts";
import { type Column, columnArrays } from "../../batch/column.ts";
import { formatPlace, RunError, ShardmillError } from "../../batch/errors.ts";
import { release } from "../../batch/memory.ts";
import { commitMarker } from "../../io/local/commit.ts";
import { openShard } from "../../io/open.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import type { Operator, ReadContext } from "../../stages/define.ts";
import { spanFiles } from "../../store/layout.ts";
import type { WorkerContext } from "../context.ts";
import { addProgress } from "../progress.ts";
import type { IngestMarker, IngestTask } from "../protocol.ts";
import type { Stopwatch } from "../stopwatch.ts";
import { SpanWriter } from "./span-writer.ts";
import { Tally } from "./tally.ts";

export async function ingest(task: IngestTask, context: WorkerContext): Promise<IngestMarker> {
  const source = context.plan.sources[task.source];
  const folder = context.layout.ingest(source.ingest);
  const stages = source.stages.map((stage) => context.operator(stage));
  const tally = new Tally(source, context.setup.max_errors);
  const span = new SpanWriter(folder, task.span, source, stages, context);
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
      context.stopwatch.lap("read");
      tally.read(batch);
      const replaced = runStages(batch, stages, tally, span, context.stopwatch);
      const written = span.write(batch, tally.documents - batch.rows);
      tally.kept += written.kept;
      tally.text_bytes += written.text_bytes;
      tally.tokens += written.tokens;
      addProgress(context.setup.progress, task.source, { rows: batch.rows, ...written });
      for (const column of [...replaced, ...batch.columns.values()]) releaseColumn(column);
      context.stopwatch.lap("write");
    }
    context.stopwatch.lap("read");
    const files = span.commit();
    const marker = tally.marker(files, task);
    commitMarker(join(folder, spanFiles.marker(task.span)), marker);
    return marker;
  } catch (error) {
    span.abort();
    throw error;
  }
}

/** The batch ends here: no stage may hold on to its columns, so the next batch takes their memory. */
function releaseColumn(column: Column): void {
  for (const array of columnArrays(column)) release(array);
}

/** Returns the columns that stages replaced. */
function runStages(
  batch: Batch,
  stages: readonly Operator[],
  tally: Tally,
  span: SpanWriter,
  stopwatch: Stopwatch,
): readonly Column[] {
  const replaced: Column[] = [];
  let barrier = 0;
  stages.forEach((operator, index) => {
    tally.enter(index, batch.alive.count());
    try {
      switch (operator.kind) {
        case "filter":
          operator.apply(batch, tally.dropper(batch, index));
          break;
        case "rewrite":
          replaced.push(batch.text);
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
    stopwatch.lap(tally.source.stages[index].use);
  });
  return replaced;
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
