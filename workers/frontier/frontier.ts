/**
 * What is to be done next: a pure function of a plan and of the markers that tasks have left.
 *
 * `frontier(plan, markers)` gives all phases of a plan in order, how far each is, and the tasks that may be done now. Every engine runs by it,
 * `status` counts by it, a rank finds its tasks in it: nothing else in the house decides what there is to do. Invariant: the same plan and the
 * same markers give the same answer on every host. Price: one look at each marker of what is not done; what nobody asks for is not looked at.
 */
import { entryAt } from "../../batch/entry.ts";
import { droppingBarriers, groupAt, type Plan, passAt, sourceAt } from "../../plan/plan.ts";
import type { MarkerPlace, TaskKind } from "../markers.ts";
import type { MixedTrainingStage } from "../mixture.ts";
import type { PackMarker, Task } from "../protocol.ts";
import { Demand, type Demanded } from "./demand.ts";
import { groupPhases } from "./group-phases.ts";
import { writePhase } from "./output-phases.ts";
import { type Need, once, type PhaseSpec } from "./phase.ts";
import { quantilePhase } from "./quantile-phase.ts";
import { arrangePhase } from "./row-phases.ts";
import { Schedule, type ScheduleInit } from "./schedule.ts";
import { cutPhase, ingestPhase, type Phases, sealPhase, settlePhase, storePhases } from "./source-phases.ts";
import { mixture, packAgainPhase, packedWindows, packPhase } from "./window-phases.ts";

/** A phase with how far it is. */
export interface Phase {
  readonly id: string;
  readonly kind: TaskKind;
  readonly subject: string;
  readonly stages: readonly string[];
  readonly bytes?: number;
  readonly taskBytes?: (index: number) => number;
  readonly source?: number;
  /** `done`: nothing of it is asked for any more. `ready`: its undone tasks may be done now. */
  readonly state: "done" | "ready" | "waiting";
  /** Undefined while an earlier phase has to say, and where nobody asks for the phase. */
  readonly tasks: number | undefined;
  readonly done: number;
  /** Numbers of the tasks that are to be done, ascending. */
  readonly undone: readonly number[];
  /** Of those, tasks that were done once, and of which something was removed that is asked for again. */
  readonly removed: number;
  readonly task: (index: number) => Task;
  readonly place: (index: number) => MarkerPlace;
}

export interface Frontier {
  /** In the order of the plan. */
  readonly phases: readonly Phase[];
  readonly ready: readonly Phase[];
  readonly complete: boolean;
  /** What the markers say that the run must end with: too many bad rows, a mixture that cannot be. */
  readonly failure: unknown;
  /** The training stages, compiled, once everything is packed. */
  readonly mixture: () => readonly MixedTrainingStage[] | undefined;
  /** Markers of every entry of `plan.windows`, by shard, once everything is packed. */
  readonly packed: () => readonly (readonly PackMarker[])[] | undefined;
  /** A phase by itself, without asking what else is to be done. */
  readonly find: (id: string) => FoundPhase | undefined;
}

/** One phase, for who does some of its tasks. */
export interface FoundPhase {
  readonly spec: PhaseSpec;
  /** Phases that must be done before the tasks of these numbers can be. Throws what the run must end with. */
  readonly blockers: (tasks: readonly number[]) => readonly string[];
}

export function frontier(
  plan: Plan,
  markers: ScheduleInit["markers"],
  init: Omit<ScheduleInit, "plan" | "markers">,
): Frontier {
  const schedule = new Schedule({ plan, markers, ...init });
  const graph = buildGraph(schedule);
  const demand = once(() => {
    const asked = new Demand(markers);
    let complete = true;
    for (const need of graph.targets) if (!asked.ask(need)) complete = false;
    return { asked, complete };
  });
  const phases = once(() => graph.phases.map((spec) => phaseOf(spec, demand().asked.phases.get(spec))));
  return {
    get phases() {
      return phases();
    },
    get ready() {
      return phases().filter(({ state }) => state === "ready");
    },
    get complete() {
      return demand().complete;
    },
    get failure() {
      return demand().asked.failure;
    },
    mixture: graph.mixture,
    packed: graph.packed,
    find: (id) => {
      const spec = graph.phases.find((phase) => phase.id === id);
      return spec && { spec, blockers: (tasks) => blockers(spec, tasks, new Demand(markers)) };
    },
  };
}

function phaseOf(spec: PhaseSpec, demanded: Demanded | undefined): Phase {
  const { needs: _needs, count: _count, ...head } = spec;
  if (demanded === undefined) return { ...head, state: "done", tasks: undefined, done: 0, undone: [], removed: 0 };
  const { undone, removed, blocked } = demanded;
  if (undone === undefined) return { ...head, state: "waiting", tasks: undefined, done: 0, undone: [], removed };
  const tasks = spec.count() ?? 0;
  return {
    ...head,
    state: undone.size === 0 ? "done" : blocked ? "waiting" : "ready",
    tasks,
    done: tasks - undone.size,
    undone: [...undone].sort((a, b) => a - b),
    removed,
  };
}

function blockers(spec: PhaseSpec, tasks: readonly number[], demand: Demand): readonly string[] {
  const blocking = spec.needs(tasks).filter((need) => demand.missing(need)?.length !== 0);
  return [...new Set(blocking.map(({ phase }) => phase.id))];
}

interface Graph {
  readonly phases: readonly PhaseSpec[];
  /** What a plan is for. */
  readonly targets: readonly Need[];
  readonly mixture: () => readonly MixedTrainingStage[] | undefined;
  readonly packed: () => readonly (readonly PackMarker[])[] | undefined;
}

function buildGraph(schedule: Schedule): Graph {
  const { plan } = schedule;
  const { sources, groups, windows, outputs, recipe } = plan;
  const phases: PhaseSpec[] = [];
  /** The phase of a folder, made when it is first asked for. */
  const shared = <Spec>(
    nameOf: (index: number) => string,
    make: (index: number) => Spec,
  ): ((index: number) => Spec) => {
    const made = new Map<string, Spec>();
    return (index) => {
      const name = nameOf(index);
      const known = made.get(name) ?? make(index);
      made.set(name, known);
      return known;
    };
  };
  const all: Phases = {
    ingest: (source, pass) => entryAt(ingests, pass, "pass")(source),
    match: (group) => dedup(group).match,
    verdict: (group) => dedup(group).verdict,
    fragments: (group) => {
      const { fragments } = dedup(group);
      if (fragments === undefined) throw new Error("a group that unites pairs compares no fragments");
      return fragments;
    },
  };
  const cut = shared(
    (source) => passAt(plan, source, 0).fingerprint,
    (source) => cutPhase(schedule, source),
  );
  const ingests = Array.from({ length: Math.max(0, ...sources.map(({ passes }) => passes.length)) }, (_, pass) =>
    shared(
      (source) => passAt(plan, source, pass).fingerprint,
      (source) => ingestPhase(schedule, source, pass, cut(source), all),
    ),
  );
  const dedup = shared(
    (group) => groupAt(plan, group).fingerprint,
    (group) => groupPhases(schedule, group, all),
  );
  const stores = sources.map(({ tokenized }, source) => (tokenized ? storePhases(schedule, source, all) : undefined));
  const settle = shared(
    (source) => sourceAt(plan, source).verdicts,
    (source) => settlePhase(schedule, source, all),
  );
  const seals = sources.map((_, source) => {
    const isTaken = outputs.some((output) => output.sources.includes(source));
    const isSettled = isTaken && droppingBarriers(sourceAt(plan, source)).length > 0;
    const made = { store: stores[source], settle: isSettled ? settle(source) : undefined };
    return { ...made, seal: sealPhase(schedule, source, made, all) };
  });
  const storeOf = {
    seal: (source: number) => entryAt(seals, source, "source").seal,
    gather: (source: number) => {
      const store = stores[source];
      if (store === undefined) throw new Error(`${sourceAt(plan, source).name} has no token store`);
      return store.gather;
    },
  };
  const quantiles = (plan.quantiles ?? []).map((_, index) => quantilePhase(schedule, index, storeOf));
  const packs = windows.map((_, index) => packPhase(schedule, index, storeOf, quantiles));
  const packed = once(() => packedWindows(schedule, packs));
  const mixed = once(() => mixture(schedule, packs));
  const again =
    recipe.limits.epoch_order === "repeat"
      ? []
      : windows.flatMap(({ held_out }, index) =>
          held_out ? [] : [packAgainPhase(schedule, index, packs, mixed, quantiles)],
        );
  const arranged = (plan.rows ?? []).map((_, index) => arrangePhase(schedule, index, storeOf));
  const writes = outputs.map((_, output) => writePhase(schedule, output, settle, all));

  const add = (phase: PhaseSpec): void => {
    if (!phases.includes(phase)) phases.push(phase);
  };
  sources.forEach(({ passes }, source) => {
    add(cut(source));
    for (const pass of passes.keys()) add(all.ingest(source, pass));
  });
  for (const group of groups.keys()) {
    for (const phase of dedup(group).all) add(phase);
  }
  for (const { store, settle: settled, seal } of seals) {
    for (const phase of [store?.scatter, store?.gather, settled, seal]) if (phase !== undefined) add(phase);
  }
  for (const phase of [...quantiles, ...packs, ...again, ...arranged, ...writes]) add(phase);
  const targets = [...seals.map(({ seal }) => seal), ...packs, ...again, ...arranged, ...writes];
  return { phases, targets: targets.map((phase): Need => ({ phase, left: "whole" })), mixture: mixed, packed };
}
