/**
 * Hands tasks to worker threads and keeps order out of it: results depend on tasks, never on who finished first.
 *
 * Wraps piscina (threads) and p-queue (how many are out at once, so that a stop leaves nothing queued in the threads).
 * A thread that dies takes its task with it as a RunError; it never leaves the run waiting.
 */
import PQueue from "p-queue";
import { Piscina } from "piscina";
import { errorFromData, RunError } from "../../batch/errors.ts";
import type { MarkerOf, Task, TaskResult, WorkerSetup } from "../protocol.ts";
import { addTime } from "../stopwatch.ts";

export interface PoolOptions {
  readonly workers: number;
  readonly setup: WorkerSetup;
  /** Stops handing out tasks; those in flight finish and commit. */
  readonly stop?: AbortSignal | undefined;
  /** Puts the tasks of one phase in another order before they are handed out. Tests prove that it changes nothing. */
  readonly order?: (<T>(tasks: readonly T[]) => readonly T[]) | undefined;
}

const WORKER_HEAP_MB = 1024;

/** Later phases first: what they finish frees disk, and a source that is through its text has nothing to wait for. */
const PRIORITY: Readonly<Record<Task["kind"], number>> = {
  cut: 0,
  ingest: 0,
  match: 1,
  unite: 2,
  scatter: 3,
  settle: 3,
  gather: 4,
  seal: 4,
  pack: 5,
  write: 5,
};

export class Interrupted extends RunError {}

export class Pool {
  readonly #piscina: Piscina;
  readonly #queue: PQueue;
  readonly #options: PoolOptions;
  #failed = false;
  readonly #time = new Map<string, number>();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.workers });
    this.#piscina = new Piscina({
      filename: new URL("./local-worker.js", import.meta.url).href,
      minThreads: options.workers,
      maxThreads: options.workers,
      // Tasks await I/O inside the worker, which a thread blocked in Atomics.wait could not do.
      atomics: "disabled",
      workerData: options.setup,
      idleTimeout: 60_000,
      // Data lies in typed arrays outside this heap; a stage that fills it has gone wrong and ends its worker, not the machine.
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
  }

  /** Runs all tasks; resolves to their markers in task order. After a failure no further task is handed out. */
  async all<Kind extends Task["kind"]>(
    tasks: readonly Extract<Task, { kind: Kind }>[],
    done?: (marker: MarkerOf[Kind], reused: boolean) => void,
  ): Promise<readonly MarkerOf[Kind][]> {
    const markers: MarkerOf[Kind][] = new Array(tasks.length);
    const indexed = tasks.map((task, index) => ({ task, index }));
    const order = this.#options.order?.(indexed) ?? indexed;
    const settled = await Promise.allSettled(
      order.map(({ task, index }) =>
        this.#queue.add(
          async () => {
            const { marker, reused } = await this.#one<Kind>(task);
            markers[index] = marker;
            done?.(marker, reused);
          },
          { priority: PRIORITY[task.kind] },
        ),
      ),
    );
    const failures = settled.filter((result) => result.status === "rejected").map((result) => result.reason as unknown);
    const failure = failures.find((reason) => !(reason instanceof Interrupted)) ?? failures[0];
    if (failure !== undefined) throw failure;
    return markers;
  }

  /** Milliseconds the workers spent so far, by part of the work. */
  get time(): ReadonlyMap<string, number> {
    return this.#time;
  }

  async close(): Promise<void> {
    this.#queue.clear();
    await this.#piscina.close();
  }

  /** Ends the threads now, whatever they are doing. */
  async destroy(): Promise<void> {
    this.#queue.clear();
    await this.#piscina.destroy();
  }

  async #one<Kind extends Task["kind"]>(task: Task): Promise<{ marker: MarkerOf[Kind]; reused: boolean }> {
    if (this.#options.stop?.aborted || this.#failed) {
      throw new Interrupted({
        code: "run/interrupted",
        what: "the run was stopped before it was done",
        fix: "run the same command again to go on",
      });
    }
    try {
      const result = (await this.#piscina.run(task)) as TaskResult;
      if (!result.ok) throw errorFromData(result.error);
      addTime(this.#time, result.time);
      return { marker: result.marker as MarkerOf[Kind], reused: result.reused };
    } catch (error) {
      this.#failed = true;
      throw threadFailure(error, task) ?? error;
    }
  }
}

function threadFailure(error: unknown, task: Task): RunError | undefined {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown }).code;
  if (code !== "ERR_WORKER_OUT_OF_MEMORY" && !/worker|terminat/i.test(message)) return undefined;
  if (error instanceof RunError) return undefined;
  return new RunError(
    {
      code: "run/worker-died",
      what: `a worker thread died during a ${task.kind} task: ${message}`,
      why: "its task is not committed; everything committed before is intact",
      fix: "run the same command again to go on; with fewer --workers each has more memory",
    },
    { cause: error },
  );
}
