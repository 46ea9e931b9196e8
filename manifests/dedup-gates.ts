/**
 * The bounds a recipe sets on what dedup may take. They are held before anything is taken: nothing is shuffled, packed or replaced where one fails.
 *
 * Invariant: a bound judges what has been decided of every row, not what was taken so far, so that it fails or holds once for ever.
 */
import { RunError } from "../batch/errors.ts";
import type { GateResult } from "./schema.ts";
import { ratioOf } from "./tokenizer-guard.ts";

export interface DedupGates {
  /** Largest share of the rows of a source that a barrier may take. */
  readonly max_source_dropped_ratio?: number;
  /** Most rows that one may stand for, itself included. */
  readonly max_cluster_size?: number;
}

/** What a barrier that unites rows has decided. */
export interface DedupVerdict {
  /** Id of its stage. */
  readonly stage: string;
  readonly sources: readonly { readonly name: string; readonly rows: number; readonly dropped: number }[];
  readonly largest_cluster: number;
}

/** The gates that have a limit, in a fixed order, each with the value of the worst barrier; none where no barrier unites rows. */
export function dedupGateResults(gates: DedupGates, verdicts: readonly DedupVerdict[]): GateResult[] {
  if (verdicts.length === 0) return [];
  const values = {
    max_source_dropped_ratio: Math.max(
      ...verdicts.flatMap(({ sources }) => sources.map(({ rows, dropped }) => ratioOf(dropped, rows))),
    ),
    max_cluster_size: Math.max(...verdicts.map(({ largest_cluster }) => largest_cluster)),
  };
  return (Object.keys(values) as (keyof typeof values)[]).flatMap((name): GateResult[] => {
    const [limit, value] = [gates[name], values[name]];
    return limit === undefined ? [] : [{ name, limit, value, passed: value <= limit }];
  });
}

/** Throws RunError `run/dedup-gate` where a barrier would take more than the recipe allows. */
export function requireDedupGates(gates: DedupGates, { stage, sources, largest_cluster }: DedupVerdict): void {
  const { max_source_dropped_ratio, max_cluster_size } = gates;
  for (const { name, rows, dropped } of sources) {
    const ratio = ratioOf(dropped, rows);
    if (max_source_dropped_ratio === undefined || ratio <= max_source_dropped_ratio) continue;
    throw refused(
      `${stage} would take ${dropped} of the ${rows} rows of ${name}, a share of ${Number(ratio.toPrecision(4))}, and the gate max_source_dropped_ratio is ${max_source_dropped_ratio}`,
    );
  }
  if (max_cluster_size === undefined || largest_cluster <= max_cluster_size) return;
  const names = sources.map(({ name }) => name).join(", ");
  throw refused(
    `${stage} would let one row of ${names} stand for ${largest_cluster}, and the gate max_cluster_size is ${max_cluster_size}`,
  );
}

function refused(what: string): RunError {
  return new RunError({
    code: "run/dedup-gate",
    what,
    why: "one template or a chain of rows that are each like the next can take all of a source; nothing has been taken yet",
    fix: "look at the largest clusters (`shardmill status` tells them), ask for more (`verify: text`), or change the gate: nothing that was read is read again",
  });
}
