/**
 * The entry of a worker thread: does one task at a time and answers with its marker.
 *
 * A marker that is already there is the answer; a damaged one, or one whose files are gone, goes, and the task is done again: it is its
 * owner who hands a task out. Damage in what another task wrote is an error that names it. Errors go back as data, because a cloned Error loses what the user needs.
 */
import { workerData } from "piscina";
import { errorToData } from "../../batch/errors.ts";
import { matchFiles, outputFiles, spanFiles, tokenFiles, verdictFiles, windowFiles } from "../../store/layout.ts";
import { readMarker } from "../../store/marker.ts";
import { discardDamaged } from "../../store/repair.ts";
import { WorkerContext } from "../context.ts";
import type { MarkerOf, Task, TaskResult, WorkerSetup } from "../protocol.ts";
import { gather } from "../tasks/gather.ts";
import { ingest } from "../tasks/ingest.ts";
import { match, unite } from "../tasks/match.ts";
import { packShard } from "../tasks/pack.ts";
import { scatter } from "../tasks/scatter.ts";
import { settle } from "../tasks/settle.ts";
import { write } from "../tasks/write.ts";

type Marker = MarkerOf[Task["kind"]];

let context: Promise<WorkerContext> | undefined;

export default async function runTask(task: Task): Promise<TaskResult> {
  try {
    context ??= WorkerContext.create(workerData as WorkerSetup);
    const ready = await context;
    const { folder, name } = markerPlace(task, ready);
    const found = readMarker<Marker>(folder, name);
    if (found.state === "done") return { ok: true, marker: found.marker, reused: true, time: {} };
    if (found.state === "damaged") discardDamaged(found.damage);
    ready.stopwatch.start();
    const marker = await perform(task, ready);
    ready.stopwatch.lap(task.kind === "ingest" ? "commit" : task.kind);
    return { ok: true, marker, reused: false, time: ready.stopwatch.parts };
  } catch (error) {
    return { ok: false, error: errorToData(error) };
  }
}

async function perform(task: Task, ready: WorkerContext): Promise<Marker> {
  switch (task.kind) {
    case "ingest":
      return ingest(task, ready);
    case "match":
      return match(task, ready);
    case "unite":
      return unite(task, ready);
    case "scatter":
      return scatter(task, ready);
    case "gather":
      return gather(task, ready);
    case "pack":
      return packShard(task, ready);
    case "settle":
      return settle(task, ready);
    case "write":
      return write(task, ready);
    default:
      throw new Error(`no worker does a ${task.kind} task`);
  }
}

function markerPlace(task: Task, { layout, plan }: WorkerContext): { folder: string; name: string } {
  switch (task.kind) {
    case "ingest":
      return {
        folder: layout.ingest(plan.sources[task.source].passes[task.pass].fingerprint),
        name: spanFiles.marker(task.span),
      };
    case "match":
      return { folder: layout.match(plan.groups[task.group].fingerprint), name: matchFiles.marker(task.partition) };
    case "unite":
      return { folder: layout.match(plan.groups[task.group].fingerprint), name: matchFiles.united };
    case "scatter":
      return { folder: layout.tokens(plan.sources[task.source].tokens), name: tokenFiles.scatterMarker(task.part) };
    case "gather": {
      const { tokens } = plan.sources[task.source];
      const folder = task.held_out ? layout.validation(tokens) : layout.tokens(tokens);
      return { folder, name: tokenFiles.shardMarker(task.shard) };
    }
    case "cut":
    case "seal":
      throw new Error(`no worker does a ${task.kind} task`);
    case "settle":
      return { folder: layout.verdicts(plan.sources[task.source].verdicts), name: verdictFiles.marker(task.part) };
    case "write":
      return { folder: layout.output(plan.outputs[task.output].fingerprint), name: outputFiles.marker(task.shard) };
    case "pack":
      return {
        folder: layout.windows(plan.windows[task.windows].fingerprint),
        name: windowFiles.marker(task.epoch, task.shard),
      };
  }
}
