/**
 * Tasks done by the thread that asks for them, one at a time: no thread to start, and none to wait for.
 *
 * Invariant: markers and bytes are those of worker threads. Price: the thread does nothing else while a task is at work, so signals and events come
 * between two tasks, and nobody can end one. What does tasks is loaded with the first one: a thread that only hands them out has no use for it.
 */
import { errorFromData } from "../../batch/errors.ts";
import type { Task, TaskResult, WorkerSetup } from "../protocol.ts";
import { addTime } from "../stopwatch.ts";
import { type DoneTask, interrupted, type TaskDoer } from "./threads.ts";

export class ThisThread implements TaskDoer {
  readonly time = new Map<string, number>();
  readonly #setup: WorkerSetup;
  #perform: Promise<(task: Task) => Promise<TaskResult>> | undefined;
  #destroyed = false;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  async do(task: Task): Promise<DoneTask> {
    if (this.#destroyed) throw interrupted();
    this.#perform ??= performer(this.#setup);
    const perform = await this.#perform;
    const result = await perform(task);
    if (!result.ok) throw errorFromData(result.error);
    addTime(this.time, result.time);
    return result;
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#destroyed = true;
  }
}

async function performer(setup: WorkerSetup): Promise<(task: Task) => Promise<TaskResult>> {
  const [{ WorkerContext }, { performTask }] = await Promise.all([import("../context.ts"), import("../perform.ts")]);
  const context = await WorkerContext.create(setup);
  return (task) => performTask(task, context);
}
