/**
 * The engine of one machine: tasks go to worker threads, as many at a time as there are threads, or to this one.
 *
 * Invariant: results depend on tasks, never on who finished first; after a failure or a stop no further task is handed out, those in flight finish
 * and commit, and only then does the run end.
 */
import { entryAt } from "../../batch/entry.ts";
import { sourceAt } from "../../plan/plan.ts";
import type { Engine, Work } from "../engine.ts";
import type { Frontier, Phase } from "../frontier/frontier.ts";
import type { TaskKind } from "../markers.ts";
import type { WorkerSetup } from "../protocol.ts";
import { ThisThread } from "./this-thread.ts";
import { interrupted, type TaskDoer, Threads } from "./threads.ts";

export interface LocalOptions {
  /** Threads; 0 does tasks in this one. */
  readonly workers: number;
  readonly setup: WorkerSetup;
  /** Stops handing out tasks; those in flight finish and commit. */
  readonly stop?: AbortSignal | undefined;
  /** Ends worker threads at once. */
  readonly kill?: AbortSignal | undefined;
  /** Puts the tasks of one phase in another order before they are handed out. Tests prove that it changes nothing. */
  readonly order?: (<T>(tasks: readonly T[]) => readonly T[]) | undefined;
}

/** Later phases first: what they finish frees disk, and a source that is through its text has nothing to wait for. */
const PRIORITY: readonly TaskKind[] = [
  "write",
  "pack",
  "quantile",
  "seal",
  "gather",
  "settle",
  "scatter",
  "decide",
  "elect",
  "unite",
  "compare",
  "refine",
  "match",
  "ingest",
  "cut",
];

/** A phase that is opened this often in one run leaves something else than is asked for: a bug, not a reason to go on for ever. */
const MAX_OPENINGS = 8;

/** A phase whose tasks are being handed out. */
interface OpenPhase {
  readonly phase: Phase;
  readonly order: readonly number[];
  next: number;
  inFlight: number;
}

export class LocalEngine implements Engine {
  readonly #doer: TaskDoer;
  readonly #options: LocalOptions;

  constructor(options: LocalOptions) {
    this.#options = options;
    const { workers, setup } = options;
    this.#doer = workers === 0 ? new ThisThread(setup) : new Threads(workers, setup);
    options.kill?.addEventListener("abort", () => void this.#doer.destroy(), { once: true });
  }

  get time(): ReadonlyMap<string, number> {
    return this.#doer.time;
  }

  get usesThisThread(): boolean {
    return this.#options.workers === 0;
  }

  async run(work: Work): Promise<Frontier> {
    return new LocalRun(work, this.#options, (task) => this.#doer.do(task)).run();
  }

  async close(): Promise<void> {
    await this.#doer.close();
  }
}

/** One `run` of an engine. */
class LocalRun {
  readonly #work: Work;
  readonly #options: LocalOptions;
  readonly #do: TaskDoer["do"];
  readonly #open = new Map<string, OpenPhase>();
  readonly #opened = new Map<string, number>();
  #inFlight = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};

  constructor(work: Work, options: LocalOptions, perform: TaskDoer["do"]) {
    this.#work = work;
    this.#options = options;
    this.#do = perform;
  }

  async run(): Promise<Frontier> {
    for (;;) {
      const left = this.#guard(() => this.#advance());
      if (left !== undefined) return left;
      if (this.#inFlight > 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#isStopped && this.#inFlight === 0)
        throw this.#failure === undefined ? interrupted() : this.#failure.error;
      this.#guard(() => this.#closePhases());
    }
  }

  get #isStopped(): boolean {
    return this.#failure !== undefined || this.#options.stop?.aborted === true;
  }

  /** What throws ends the run, once nothing is in flight. */
  #guard<Result>(step: () => Result): Result | undefined {
    try {
      return step();
    } catch (error) {
      this.#failure ??= { error };
      return undefined;
    }
  }

  /** Opens what is ready. Returns the frontier when nothing is, and nothing is in flight. */
  #advance(): Frontier | undefined {
    if (this.#isStopped) return undefined;
    const frontier = this.#work.frontier();
    if (frontier.failure !== undefined) throw frontier.failure;
    for (const phase of frontier.ready) if (!this.#open.has(phase.id)) this.#openPhase(phase);
    if (this.#open.size === 0) return frontier;
    this.#pump();
    return undefined;
  }

  #openPhase(phase: Phase): void {
    const { id, kind, subject, tasks = 0, done, undone } = phase;
    const times = (this.#opened.get(id) ?? 0) + 1;
    if (times > MAX_OPENINGS) throw new Error(`${id} is never done: task ${undone[0]} leaves less than is asked for`);
    this.#opened.set(id, times);
    const order = this.#options.order?.(undone) ?? undone;
    this.#open.set(id, { phase, order, next: 0, inFlight: 0 });
    const { source } = phase;
    const counted = source === undefined ? {} : { source: sourceAt(this.#options.setup.plan, source).name };
    this.#work.report({ type: "phase_started", phase: kind, subject, tasks, done, ...amountOf(phase), ...counted });
  }

  #pump(): void {
    while (this.#inFlight < Math.max(1, this.#options.workers) && !this.#isStopped) {
      const entry = nextOf(this.#open);
      if (entry === undefined) return;
      this.#start(entry, entryAt(entry.order, entry.next++, "task"));
    }
  }

  #start(entry: OpenPhase, index: number): void {
    const { phase } = entry;
    const task = phase.task(index);
    this.#inFlight++;
    entry.inFlight++;
    this.#do(task)
      .then(({ marker, reused }) => {
        this.#work.done(phase, index, marker);
        this.#work.report({ type: "task_done", phase: phase.kind, subject: phase.subject, reused });
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#inFlight--;
        entry.inFlight--;
        this.#guard(() => this.#pump());
        if (this.#inFlight === 0 || isOver(entry)) this.#wake();
      });
  }

  #closePhases(): void {
    if (this.#isStopped) return;
    for (const [id, entry] of this.#open) {
      if (!isOver(entry)) continue;
      this.#open.delete(id);
      const { kind, subject } = entry.phase;
      this.#work.report({ type: "phase_done", phase: kind, subject });
      this.#work.phaseDone?.(entry.phase);
    }
  }
}

/** How much input a phase has, and how much of it was read before. */
function amountOf({ bytes, taskBytes, undone }: Phase): { readonly bytes?: number; readonly done_bytes?: number } {
  if (bytes === undefined || taskBytes === undefined) return {};
  const left = undone.reduce((sum, index) => sum + taskBytes(index), 0);
  return { bytes, done_bytes: Math.max(0, bytes - left) };
}

function isOver({ next, order, inFlight }: OpenPhase): boolean {
  return next === order.length && inFlight === 0;
}

/** The open phase whose task is to be handed out next: the latest kind, and of those the one that was opened first. */
function nextOf(open: ReadonlyMap<string, OpenPhase>): OpenPhase | undefined {
  let best: OpenPhase | undefined;
  for (const entry of open.values()) {
    if (entry.next === entry.order.length) continue;
    if (best === undefined || PRIORITY.indexOf(entry.phase.kind) < PRIORITY.indexOf(best.phase.kind)) best = entry;
  }
  return best;
}
