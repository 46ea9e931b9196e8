/**
 * Tasks done by the thread that asks for them, one at a time: no thread to start, and none to wait for.
 *
 * Invariant: markers and bytes are those of worker threads. Price: the thread does nothing else while a task is at work, so signals and events come
 * between two tasks, and nobody can end one.
 */
import { errorFromData } from "../../batch/errors.ts";
import { WorkerContext } from "../context.ts";
import { performTask } from "../perform.ts";
import type { Task, WorkerSetup } from "../protocol.ts";
import { addTime } from "../stopwatch.ts";
import { type DoneTask, interrupted, type TaskDoer } from "./threads.ts";

export class ThisThread implements TaskDoer {
  readonly time = new Map<string, number>();
  readonly #setup: WorkerSetup;
  #context: Promise<WorkerContext> | undefined;
  #destroyed = false;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  async do(task: Task): Promise<DoneTask> {
    if (this.#destroyed) throw interrupted();
    this.#context ??= WorkerContext.create(this.#setup);
    const result = await performTask(task, await this.#context);
    if (!result.ok) throw errorFromData(result.error);
    addTime(this.time, result.time);
    return result;
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#destroyed = true;
  }
}
