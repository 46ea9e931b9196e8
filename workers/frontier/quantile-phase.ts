/** The phase that finds quantiles of a column of a token store: one task, which reads the documents tables of all its shards. */
import { quantilesAt, sourceAt } from "../../plan/plan.ts";
import type { Need, PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";
import type { StoreOf } from "./window-phases.ts";

export function quantilePhase(schedule: Schedule, quantiles: number, store: StoreOf): PhaseSpec {
  const { source, column, fingerprint } = quantilesAt(schedule.plan, quantiles);
  const { name } = sourceAt(schedule.plan, source);
  const shards = (): number | undefined => schedule.markers.facts(schedule.places.seal(source))?.shards.length;
  const sealed: Need = { phase: store.seal(source), left: "facts" };
  return {
    id: `quantile:${name}:${column}:${fingerprint}`,
    kind: "quantile",
    subject: `quantiles of ${column} in ${name}`,
    stages: ["quantiles"],
    count: () => 1,
    task: () => {
      const count = shards();
      if (count === undefined) throw new Error(`${name} is not sealed yet`);
      return { kind: "quantile", quantiles, shards: count };
    },
    place: () => schedule.places.quantile(quantiles),
    needs: (undone) => {
      const count = shards();
      if (undone === undefined || undone.length === 0 || count === undefined) return [sealed];
      const tasks = Array.from({ length: count }, (_, shard) => shard);
      return [sealed, { phase: store.gather(source), tasks, left: "whole" }];
    },
  };
}
