/**
 * What the main thread knows while a run goes on. One instance per run, passed around; nothing global.
 */

import type { IoEnvironment } from "../io/environment.ts";
import { openShard } from "../io/open.ts";
import { assetsOf } from "../plan/assets.ts";
import type { Plan } from "../plan/plan.ts";
import { createOperator } from "../plan/stages.ts";
import type { StageRegistry } from "../stages/registry.ts";
import type { Layout } from "../store/layout.ts";
import type { Pool } from "./engines/local-pool.ts";
import type { Phase, RunEvent } from "./events.ts";
import type { MarkerOf, Task } from "./protocol.ts";
import { type Span, spansOf } from "./spans.ts";

export interface RunStateOptions {
  readonly max_errors: number;
  readonly span_bytes: number;
}

export interface RunStateInit {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly environment: IoEnvironment;
  readonly registry: StageRegistry;
  readonly pool: Pool;
  readonly options: RunStateOptions;
  readonly report: (event: RunEvent) => void;
}

export class RunState {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly options: RunStateOptions;
  readonly report: (event: RunEvent) => void;
  readonly #init: RunStateInit;
  /** Per group: the number of each member source's first document, filled when all members are ingested. */
  readonly #groupFirsts = new Map<number, ReadonlyMap<number, number>>();

  constructor(init: RunStateInit) {
    this.#init = init;
    this.plan = init.plan;
    this.layout = init.layout;
    this.options = init.options;
    this.report = init.report;
  }

  /** Runs the tasks of one phase on the pool, telling the reporter about start, progress and end. */
  async phase<Kind extends Phase>(
    phase: Kind,
    subject: string,
    tasks: readonly Extract<Task, { kind: Kind }>[],
  ): Promise<readonly MarkerOf[Kind][]> {
    this.report({ type: "phase_started", phase, subject, tasks: tasks.length });
    const markers = await this.#init.pool.all<Kind>(tasks, (_, reused) => {
      this.report({ type: "task_done", phase, subject, reused });
    });
    this.report({ type: "phase_done", phase, subject });
    return markers;
  }

  /** The source's spans, cut now or found from an earlier run. */
  async spans(source: number): Promise<readonly Span[]> {
    const planned = this.plan.sources[source];
    const reader = createOperator(
      planned.reader,
      this.#init.registry,
      assetsOf(planned.reader, this.#init.environment.assets),
    );
    if (reader.kind !== "source") throw new Error(`${planned.reader.use} is not a reader`);
    return spansOf(
      planned,
      reader,
      this.layout.ingest(planned.ingest),
      {
        source: planned.name,
        shards: planned.shards,
        open: (shard) => openShard(shard, this.#init.environment),
        problem: (problem) => this.report({ type: "warning", message: `${planned.name}: ${problem.message}` }),
      },
      this.options.span_bytes,
    );
  }

  setGroupFirsts(group: number, firsts: ReadonlyMap<number, number>): void {
    this.#groupFirsts.set(group, firsts);
  }

  firstInGroup(group: number, source: number): number {
    const first = this.#groupFirsts.get(group)?.get(source);
    if (first === undefined) throw new Error(`group ${group} was asked about source ${source} before it was numbered`);
    return first;
  }
}
