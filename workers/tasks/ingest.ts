/**
 * One pass over a span: rows in, the stages of the pass, products out.
 *
 * The first pass reads shards, a later one the spool of the pass before it. Invariant: rows in = kept + dropped (by reason) + errors (by kind),
 * checked before the marker is written. Rows that a dropping barrier may take away later go on all the same: a verdict that arrives afterwards costs
 * a bit, a second pass over text costs a read. Memory: one batch, its tokens, and what the products hold.
 */
import fs from "node:fs";
import { join } from "node:path";
import type { Batch } from "../../batch/batch.ts";
import { type Column, columnArrays } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { release } from "../../batch/memory.ts";
import { commitIntermediate, commitMarker } from "../../io/local/commit.ts";
import { openShard } from "../../io/open.ts";
import { barrierAt, groupAt, passAt, type SourcePlan, sourceAt } from "../../plan/plan.ts";
import type { BarrierOperator, Operator } from "../../stages/define.ts";
import { spanFiles } from "../../store/layout.ts";
import { readSpool } from "../../store/spool-reader.ts";
import type { WorkerContext } from "../context.ts";
import { addProgress } from "../progress.ts";
import type { IngestMarker, IngestTask } from "../protocol.ts";
import { fragmentsOf } from "./refine.ts";
import { Edits } from "./span/edits.ts";
import { FragmentCuts } from "./span/fragment-cuts.ts";
import { SpanMeter } from "./span/meter.ts";
import { PartCuts } from "./span/part-cuts.ts";
import { SpanProducts } from "./span/products.ts";
import { Requests } from "./span/requests.ts";
import { shardDamageOr } from "./span/shard-damage.ts";
import { SpanStages } from "./span/stages.ts";
import { Tally } from "./span/tally.ts";

export async function ingest(task: IngestTask, context: WorkerContext): Promise<IngestMarker> {
  const source = sourceAt(context.plan, task.source);
  const pass = passAt(context.plan, task.source, task.pass);
  const folder = context.layout.ingest(pass.fingerprint);
  const operators = source.stages.map((stage, index) =>
    index >= pass.first && index < pass.end ? context.operator(stage) : undefined,
  );
  const last = task.pass === source.passes.length - 1;
  const tally = new Tally(source, pass, task.pass === 0 ? task.extents : [], context.setup.max_errors);
  const place = { folder, span: task.span, source, pass, last };
  const products = new SpanProducts(place, (stage) => barrierOf(operators[stage]), context);
  const edits = openEdits(task, context);
  const requests = new Requests(journalPath(task, context), source, pass, operators, context.requestBudget);
  const stages = new SpanStages(source, pass, operators, { tally, products, requests, stopwatch: context.stopwatch });
  const meter = new SpanMeter(task.bytes ?? 0, (bytes) => {
    addProgress(context.setup.progress, task.source, { bytes });
  });
  const shardKeys = source.shards.map(({ key }) => key);
  const prepare = (batch: Batch): void => batch.nameShards(shardKeys);
  try {
    await stages.prepare();
    for await (const batch of requests.ahead(rowsOf(task, context, tally, meter), prepare)) {
      context.stopwatch.lap(requests.asks ?? "read");
      batch.numberFrom(tally.documents);
      tally.read(batch);
      const replaced: Column[] = [];
      if (edits !== undefined) {
        replaced.push(batch.text);
        const { stage } = barrierAt(context.plan, task.source, pass.edits ?? 0);
        const drop = tally.dropper(batch, stage);
        const reason = entryAt(source.stages, stage, "stage").exchange?.reason ?? "";
        batch.setColumn(
          "text",
          edits.apply(batch, (row, why, bytes) => drop(row, why ?? reason, bytes)),
        );
      }
      replaced.push(...stages.run(batch));
      const written = products.write(batch);
      tally.kept += written.kept;
      tally.text_bytes += written.text_bytes;
      tally.tokens += written.tokens;
      // People are told of rows once, by the first pass, and of tokens by the pass that makes them.
      const rows = task.pass === 0 ? batch.rows : 0;
      const progress = last ? written : { kept: 0, text_bytes: 0, tokens: 0 };
      addProgress(context.setup.progress, task.source, { rows, ...progress });
      batch.endDerived();
      for (const column of [...replaced, ...batch.columns.values()]) releaseColumn(column);
      context.stopwatch.lap("write");
    }
    context.stopwatch.lap("read");
    const { parts, figures } = products;
    const files = [...products.commit()];
    if (tally.ledger.rows > 0) {
      files.push(commitIntermediate(join(folder, spanFiles.problems(task.span)), tally.ledger.encode()));
    }
    const marker = tally.marker(files, task, {
      parts,
      figures,
      ...(last && { column_bytes: products.columnBytes }),
      states: stages.states(),
      measured: stages.measured(),
      cut: edits?.counts,
    });
    fs.rmSync(join(folder, spanFiles.failed(task.span)), { force: true });
    commitMarker(join(folder, spanFiles.marker(task.span)), marker);
    meter.finish();
    return marker;
  } catch (error) {
    products.abort();
    const told = await shardDamageOr(error, source, context.environment);
    // Rows of a damaged shard are no bad rows.
    if (told === error) keepProblems(join(folder, spanFiles.failed(task.span)), tally);
    throw told;
  } finally {
    requests.close();
  }
}

/**
 * Answers lie with the rows that they are answers for, under the pass before: whatever else becomes of a pipeline behind a request, and whatever its
 * stage makes of answers, the same questions of the same rows find them.
 */
function journalPath(task: IngestTask, { plan, layout }: WorkerContext): string {
  const { fingerprint } = passAt(plan, task.source, Math.max(0, task.pass - 1));
  return join(layout.ingest(fingerprint), spanFiles.journal(task.span));
}

/** Leaves the bad rows of a span that failed for who looks at the run. The error that ended it is worth more than they are. */
function keepProblems(file: string, { ledger }: Tally): void {
  if (ledger.rows === 0) return;
  try {
    commitIntermediate(file, ledger.encode());
  } catch {
    // The disk that is full is what is told.
  }
}

function barrierOf(operator: Operator | undefined): BarrierOperator {
  if (operator?.kind !== "barrier") throw new Error("the stage of a barrier makes another operator");
  return operator;
}

function openEdits(task: IngestTask, context: WorkerContext): Edits | undefined {
  const { plan, layout } = context;
  const { edits } = passAt(plan, task.source, task.pass);
  if (edits === undefined) return undefined;
  if (task.edits === undefined) throw new Error("a pass that makes cuts was not told where they are");
  const barrier = barrierAt(plan, task.source, edits);
  const group = groupAt(plan, barrier.group);
  if ("input" in task.edits) {
    const operator = fragmentsOf(context, group);
    const place = { folder: layout.match(group.fingerprint), partitions: group.partitions, ...task.edits };
    return new Edits(new FragmentCuts(operator, place), operator);
  }
  const operator = context.operator(group.stage);
  const folder = layout.ingest(passAt(plan, task.source, barrier.pass).fingerprint);
  const rules = operator.kind === "barrier" && operator.verdict === "edit" ? operator : {};
  return new Edits(new PartCuts(folder, task.span, edits, task.edits), rules);
}

/** The rows that the pass reads. */
function rowsOf(
  task: IngestTask,
  context: WorkerContext,
  tally: Tally,
  meter: SpanMeter,
): AsyncIterable<Batch> | Iterable<Batch> {
  const source = sourceAt(context.plan, task.source);
  if (task.pass > 0) {
    const before = passAt(context.plan, task.source, task.pass - 1);
    return readSpool(join(context.layout.ingest(before.fingerprint), spanFiles.spool(task.span)), source.name);
  }
  return readShards(task, source, context, tally, meter);
}

function readShards(
  task: IngestTask,
  source: SourcePlan,
  context: WorkerContext,
  tally: Tally,
  meter: SpanMeter,
): AsyncIterable<Batch> {
  const reader = context.operator(source.reader);
  if (reader.kind !== "source") throw new Error(`${source.reader.use} is not a reader`);
  return reader.read(task.extents, {
    source: source.name,
    shards: source.shards,
    open: async (shard) => meter.watch(await openShard(shard, context.environment)),
    problem: (problem) => tally.problem(problem),
  });
}

/** The batch ends here: no stage may hold on to its columns, so the next batch takes their memory. */
function releaseColumn(column: Column): void {
  for (const array of columnArrays(column)) release(array);
}
