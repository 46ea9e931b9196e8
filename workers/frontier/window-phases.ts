/**
 * The phases that make windows: pack, a task a shard of a token store, and packing again for what a mixture reads more than once.
 *
 * Which shards are read again is known when everything is packed once, because only then can the training stages be compiled.
 */
import { entryAt } from "../../batch/entry.ts";
import { shardRanges } from "../../kernels/pack/ranges.ts";
import { sourceAt, windowsAt } from "../../plan/plan.ts";
import { type MixedTrainingStage, mixTrainingStages, windowsIndex } from "../mixture.ts";
import type { PackMarker, PackTask } from "../protocol.ts";
import { type Need, once, type PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";

/** Phases of a source's store, by source. */
export interface StoreOf {
  readonly seal: (source: number) => PhaseSpec;
  readonly gather: (source: number) => PhaseSpec;
}

/** `quantiles` are the phases of what is asked of columns, by their position in the plan. */
export function packPhase(
  schedule: Schedule,
  windows: number,
  store: StoreOf,
  quantiles: readonly PhaseSpec[],
): PhaseSpec {
  const { source, held_out, pack } = windowsAt(schedule.plan, windows);
  const sealed = once(() => schedule.markers.facts(schedule.places.seal(source)));
  const made: readonly Need[] = [{ phase: store.seal(source), left: "facts" }];
  const found = foundFor(schedule, windows, quantiles);
  return {
    id: `pack:${packName(schedule, windows)}`,
    kind: "pack",
    subject: packSubject(schedule, windows),
    stages: [pack.use],
    count: () => {
      const marker = sealed();
      return marker && (held_out ? (marker.validation?.shards ?? []) : marker.shards).length;
    },
    task: (shard) => ({ kind: "pack", windows, shard, epoch: 0 }),
    place: (shard) => schedule.places.pack(windows, 0, shard),
    needs: (undone) => {
      if (undone === undefined) return made;
      const before = held_out ? (sealed()?.shards.length ?? 0) : 0;
      const read: Need = { phase: store.gather(source), tasks: undone.map((shard) => before + shard), left: "whole" };
      return undone.length === 0 ? made : [...made, ...found, read];
    },
  };
}

/** The quantiles that an entry of windows chooses its documents by, where it does. */
function foundFor({ plan }: Schedule, windows: number, quantiles: readonly PhaseSpec[]): readonly Need[] {
  const { quantiles: asked } = windowsAt(plan, windows);
  return asked === undefined ? [] : [{ phase: entryAt(quantiles, asked, "entry of quantiles"), left: "facts" }];
}

/** Windows for epochs after the first, where the recipe wants them in another order. */
export function packAgainPhase(
  schedule: Schedule,
  windows: number,
  packed: readonly PhaseSpec[],
  mixture: () => readonly MixedTrainingStage[] | undefined,
  quantiles: readonly PhaseSpec[],
): PhaseSpec {
  const again = once(() => {
    const stages = mixture();
    return stages && tasksAgain(schedule, windows, stages);
  });
  const taskOf = (index: number): PackTask => {
    const task = again()?.[index];
    if (task === undefined) throw new Error(`${packSubject(schedule, windows)} is not read again ${index} times`);
    return task;
  };
  return {
    id: `pack:${packName(schedule, windows)}:again`,
    kind: "pack",
    subject: `${packSubject(schedule, windows)}, read again`,
    stages: [windowsAt(schedule.plan, windows).pack.use],
    count: () => again()?.length,
    task: taskOf,
    place: (index) => {
      const { epoch, shard } = taskOf(index);
      return schedule.places.pack(windows, epoch, shard);
    },
    needs: (undone) => {
      const all = packed.map((phase): Need => ({ phase, left: "facts" }));
      const found = foundFor(schedule, windows, quantiles);
      return undone === undefined || undone.length === 0 ? all : [...all, ...found];
    },
  };
}

/** What all entries of `plan.windows` were packed to; undefined until all are. */
export function packedWindows(
  schedule: Schedule,
  packed: readonly PhaseSpec[],
): readonly (readonly PackMarker[])[] | undefined {
  const all: PackMarker[][] = [];
  for (const [windows, phase] of packed.entries()) {
    const count = phase.count();
    if (count === undefined) return undefined;
    const markers: PackMarker[] = [];
    for (let shard = 0; shard < count; shard++) {
      const marker = schedule.markers.facts(schedule.places.pack(windows, 0, shard));
      if (marker === undefined) return undefined;
      markers.push(marker);
    }
    all.push(markers);
  }
  return all;
}

/** The training stages, compiled; undefined until everything is packed once. Throws as the mixture compiler does. */
export function mixture(schedule: Schedule, packed: readonly PhaseSpec[]): readonly MixedTrainingStage[] | undefined {
  const markers = packedWindows(schedule, packed);
  return markers && mixTrainingStages(schedule.plan, markers);
}

function tasksAgain(schedule: Schedule, windows: number, stages: readonly MixedTrainingStage[]): readonly PackTask[] {
  const { plan, places, markers } = schedule;
  const again = new Map<string, PackTask>();
  for (const { name, sources } of stages) {
    for (const [source, { start_window, end_window }] of Object.entries(sources)) {
      if (windowsIndex(plan, source, name) !== windows) continue;
      const shards = markers.facts(places.seal(windowsAt(plan, windows).source))?.shards ?? [];
      const counts = shards.map((_, shard) => markers.facts(places.pack(windows, 0, shard))?.windows ?? 0);
      for (const { epoch, shard } of shardRanges(counts, start_window, end_window)) {
        if (epoch > 0) again.set(`${epoch} ${shard}`, { kind: "pack", windows, shard, epoch });
      }
    }
  }
  return [...again.values()].sort((a, b) => a.epoch - b.epoch || a.shard - b.shard);
}

function packSubject({ plan }: Schedule, windows: number): string {
  const { source, sequence_length, held_out } = windowsAt(plan, windows);
  return `${sourceAt(plan, source).name} at ${sequence_length}${held_out ? ", held out" : ""}`;
}

/** Entries that differ in how they pack or what they select are told apart by their fingerprint. */
function packName({ plan }: Schedule, windows: number): string {
  const nameOf = ({ source, sequence_length, held_out }: (typeof plan.windows)[number]): string =>
    `${sourceAt(plan, source).name}@${sequence_length}${held_out ? ":held-out" : ""}`;
  const own = windowsAt(plan, windows);
  const name = nameOf(own);
  const isAlone = plan.windows.filter((entry) => nameOf(entry) === name).length === 1;
  return isAlone ? name : `${name}:${own.fingerprint}`;
}
