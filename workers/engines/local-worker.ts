/** The entry of a worker thread: does one task at a time and answers with its marker. */
import { workerData } from "piscina";
import { errorToData } from "../../batch/errors.ts";
import { WorkerContext } from "../context.ts";
import { performTask } from "../perform.ts";
import type { Task, TaskResult, WorkerSetup } from "../protocol.ts";

let context: Promise<WorkerContext> | undefined;

export default async function runTask(task: Task): Promise<TaskResult> {
  context ??= WorkerContext.create(workerData as WorkerSetup);
  let ready: WorkerContext;
  try {
    ready = await context;
  } catch (error) {
    return { ok: false, error: errorToData(error) };
  }
  return performTask(task, ready);
}
