/**
 * Windows for epochs after the first: every shard that a training stage reads again, packed anew in an order of its own.
 *
 * Invariant: an epoch has as many windows in each shard as the first, so that window numbers mean the same in all of them.
 * Price: a copy of what is read again; none where the recipe lets the order repeat.
 */
import { RunError } from "../batch/errors.ts";
import { shardRanges } from "../kernels/pack/ranges.ts";
import type { PackMarker, PackTask } from "../workers/protocol.ts";
import type { RunState } from "../workers/run-state.ts";
import { type MixedStage, windowsIndex } from "./mix-stages.ts";

export interface EpochWindows {
  /** 1 is the second one. */
  readonly epoch: number;
  readonly shard: number;
  readonly marker: PackMarker;
}

/** Packs later epochs, by entry of `plan.windows`, in order of epoch and shard. */
export async function buildEpochs(
  state: RunState,
  stages: readonly MixedStage[],
  packed: readonly (readonly PackMarker[])[],
): Promise<readonly (readonly EpochWindows[])[]> {
  const { plan } = state;
  if (plan.recipe.limits.epoch_order === "repeat") return plan.windows.map(() => []);
  const tasks = epochTasks(state, stages, packed);
  const built: EpochWindows[][] = [];
  for (const [windows, again] of tasks.entries()) {
    const { source, sequence_length } = plan.windows[windows];
    const subject = `${plan.sources[source].name} at ${sequence_length}, read again`;
    const markers = again.length === 0 ? [] : await state.phase("pack", subject, again);
    built.push(
      again.map(({ epoch, shard }, i) => {
        const marker = markers[i];
        if (marker.windows !== packed[windows][shard].windows) throw otherCount(state, windows);
        return { epoch, shard, marker };
      }),
    );
  }
  return built;
}

function epochTasks(
  { plan }: RunState,
  stages: readonly MixedStage[],
  packed: readonly (readonly PackMarker[])[],
): readonly (readonly PackTask[])[] {
  const again = plan.windows.map(() => new Map<string, PackTask>());
  for (const { name, sources } of stages) {
    for (const [source, { start_window, end_window }] of Object.entries(sources)) {
      const windows = windowsIndex(plan, source, name);
      const shardWindows = packed[windows].map((marker) => marker.windows);
      for (const { epoch, shard } of shardRanges(shardWindows, start_window, end_window)) {
        if (epoch > 0) again[windows].set(`${epoch} ${shard}`, { kind: "pack", windows, shard, epoch });
      }
    }
  }
  return again.map((tasks) => [...tasks.values()].sort((a, b) => a.epoch - b.epoch || a.shard - b.shard));
}

function otherCount({ plan }: RunState, windows: number): RunError {
  const { pack, source } = plan.windows[windows];
  return new RunError({
    code: "run/epoch-windows",
    what: `${pack.use} makes another number of windows of ${plan.sources[source].name} when it packs it again`,
    why: "window numbers go on from epoch to epoch, so every epoch must have as many",
    fix: "let the order repeat with limits.epoch_order: repeat, or use another packing",
  });
}
