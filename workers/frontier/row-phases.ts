/** The phase that mixes and packs the rows of a training stage: one task, which reads the tables of all token stores of its sources. */
import { entryAt } from "../../batch/entry.ts";
import { rowsAt } from "../../plan/plan.ts";
import type { Need, PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";
import type { StoreOf } from "./window-phases.ts";

export function arrangePhase(schedule: Schedule, rows: number, store: StoreOf): PhaseSpec {
  const { stage, sources, pack } = rowsAt(schedule.plan, rows);
  /** Shards of each source; undefined until all its sources are sealed. */
  const shards = (): readonly number[] | undefined => {
    const counts = sources.map(({ source }) => schedule.markers.facts(schedule.places.seal(source))?.shards.length);
    return counts.every((count) => count !== undefined) ? counts : undefined;
  };
  const sealed = sources.map(({ source }): Need => ({ phase: store.seal(source), left: "facts" }));
  return {
    id: `arrange:${stage}`,
    kind: "arrange",
    subject: `rows of ${stage}`,
    stages: [pack.use],
    count: () => 1,
    task: () => {
      const counts = shards();
      if (counts === undefined) throw new Error(`the sources of ${stage} are not sealed yet`);
      return { kind: "arrange", rows, shards: counts };
    },
    place: () => schedule.places.arrange(rows),
    needs: (undone) => {
      const counts = shards();
      if (undone === undefined || undone.length === 0 || counts === undefined) return sealed;
      const read = sources.map(({ source }, index): Need => {
        const tasks = Array.from({ length: entryAt(counts, index, "source") }, (_, shard) => shard);
        return { phase: store.gather(source), tasks, left: "whole" };
      });
      return [...sealed, ...read];
    },
  };
}
