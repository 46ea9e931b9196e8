/**
 * One task, done: the road that every engine takes.
 *
 * A marker that is already there, with its files, is the answer; a damaged one, or one whose files are gone, goes, and the task is done again.
 * Damage in what another task wrote is an error that names it. Errors come back as data, because they may have to cross a thread.
 */
import { errorToData } from "../batch/errors.ts";
import { sourceAt } from "../plan/plan.ts";
import { type MarkerState, readMarker } from "../store/marker.ts";
import { discardDamaged } from "../store/repair.ts";
import type { WorkerContext } from "./context.ts";
import { MarkerPlaces } from "./marker-places.ts";
import type { MarkerOf, Task, TaskResult } from "./protocol.ts";
import { readSpans } from "./spans.ts";
import { arrange } from "./tasks/arrange.ts";
import { compareFragments } from "./tasks/compare-fragments.ts";
import { cut } from "./tasks/cut.ts";
import { decide } from "./tasks/elect/decide.ts";
import { elect } from "./tasks/elect/elect.ts";
import { gather } from "./tasks/gather.ts";
import { ingest } from "./tasks/ingest.ts";
import { match, unite } from "./tasks/match.ts";
import { packShard } from "./tasks/pack.ts";
import { quantile } from "./tasks/quantile.ts";
import { refine } from "./tasks/refine.ts";
import { scatter } from "./tasks/scatter.ts";
import { seal } from "./tasks/seal.ts";
import { settle } from "./tasks/settle.ts";
import { write } from "./tasks/write.ts";

type Marker = MarkerOf[Task["kind"]];

export async function performTask(task: Task, context: WorkerContext): Promise<TaskResult> {
  try {
    const found = look(task, context);
    if (found.state === "done") return { ok: true, marker: found.marker, reused: true, time: {} };
    if (found.state === "damaged") discardDamaged(found.damage);
    context.stopwatch.start();
    const marker = await perform(task, context);
    context.stopwatch.lap(task.kind === "ingest" ? "commit" : task.kind);
    return { ok: true, marker, reused: false, time: context.stopwatch.parts };
  } catch (error) {
    return { ok: false, error: errorToData(error) };
  }
}

/** What is there of the task. */
function look(task: Task, { plan, layout }: WorkerContext): MarkerState<Marker> {
  const { folder, name } = new MarkerPlaces(plan, layout).of(task);
  return task.kind === "cut" ? readSpans(folder, sourceAt(plan, task.source).shards) : readMarker<Marker>(folder, name);
}

async function perform(task: Task, context: WorkerContext): Promise<Marker> {
  switch (task.kind) {
    case "cut":
      return cut(task, context);
    case "ingest":
      return ingest(task, context);
    case "match":
      return match(task, context);
    case "refine":
      return refine(task, context);
    case "compare":
      return compareFragments(task, context);
    case "unite":
      return unite(task, context);
    case "elect":
      return elect(task, context);
    case "decide":
      return decide(task, context);
    case "scatter":
      return scatter(task, context);
    case "gather":
      return gather(task, context);
    case "settle":
      return settle(task, context);
    case "seal":
      return seal(task, context);
    case "pack":
      return packShard(task, context);
    case "quantile":
      return quantile(task, context);
    case "arrange":
      return arrange(task, context);
    case "write":
      return write(task, context);
  }
}
