/**
 * Worker threads that do tasks: piscina, and what its failures mean.
 *
 * A task answers with its marker or with an error as data, so whatever else comes back is of the thread: it died, and its task with it.
 */
import { Piscina } from "piscina";
import { errorFromData, RunError } from "../../batch/errors.ts";
import { withArticle } from "../../batch/plural.ts";
import { builtFile } from "../../io/built-file.ts";
import type { MarkerOf, Task, TaskResult, WorkerSetup } from "../protocol.ts";
import { addTime } from "../stopwatch.ts";

const WORKER_HEAP_MB = 1024;
/** Half of what V8 would take. Batches leave few objects, and the memory of those that died stays with the thread. */
const YOUNG_HEAP_MB = 24;

export interface DoneTask {
  readonly marker: MarkerOf[Task["kind"]];
  readonly reused: boolean;
}

/** Who does the tasks of an engine. */
export interface TaskDoer {
  readonly time: ReadonlyMap<string, number>;
  /** Does one task. Throws what the task threw, RunError `run/interrupted` after `destroy`. */
  do(task: Task): Promise<DoneTask>;
  /** Waits for tasks in flight. */
  close(): Promise<void>;
  /** Ends as soon as it can. */
  destroy(): Promise<void>;
}

export class Threads implements TaskDoer {
  readonly #piscina: Piscina;
  readonly #time = new Map<string, number>();
  #destroyed = false;

  constructor(workers: number, setup: WorkerSetup) {
    this.#piscina = new Piscina({
      filename: builtFile("bundle/worker-entry.cjs").href,
      // More start when there is work for them.
      minThreads: 1,
      maxThreads: workers,
      // Tasks await I/O inside the worker, which a thread blocked in Atomics.wait could not do.
      atomics: "disabled",
      workerData: setup,
      idleTimeout: 60_000,
      // Data lies in typed arrays outside this heap; a stage that fills it has gone wrong and ends its worker, not the machine.
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
  }

  get time(): ReadonlyMap<string, number> {
    return this.#time;
  }

  /** Does one task. Throws what the task threw, RunError `run/worker-died` where its thread died, `run/interrupted` after `destroy`. */
  async do(task: Task): Promise<DoneTask> {
    let result: TaskResult;
    try {
      result = (await this.#piscina.run(task)) as TaskResult;
    } catch (error) {
      throw this.#destroyed ? interrupted() : threadFailure(error, task);
    }
    if (!result.ok) throw errorFromData(result.error);
    addTime(this.#time, result.time);
    return result;
  }

  /** Waits for tasks in flight. */
  async close(): Promise<void> {
    await (this.#destroyed ? this.#piscina.destroy() : this.#piscina.close());
  }

  /** Ends the threads now, whatever they are doing. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    await this.#piscina.destroy();
  }
}

export function interrupted(): RunError {
  return new RunError({
    code: "run/interrupted",
    what: "the run was stopped before it was done",
    why: "what was committed stays; nothing half-written does",
    fix: "run the same command again to go on",
  });
}

function threadFailure(error: unknown, task: Task): Error {
  // The answer could not be sent: that is a bug of the task, not the end of a thread.
  if (error instanceof Error && error.name === "DataCloneError") return error;
  const outOfMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return new RunError(
    {
      code: "run/worker-died",
      what: `a worker thread died during ${withArticle(task.kind)} task: ${error instanceof Error ? error.message : String(error)}`,
      why: "its task is not committed; everything committed before is intact",
      fix: outOfMemory
        ? "run the same command again to go on; with fewer --workers each has more memory"
        : "run the same command again to go on; if it happens again, a stage or a library ends the thread",
    },
    { cause: error },
  );
}
