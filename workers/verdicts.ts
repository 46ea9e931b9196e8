/** What markers say of a barrier that unites rows, in the words of gates and reports. */
import { entryAt } from "../batch/entry.ts";
import type { DedupVerdict } from "../manifests/dedup-gates.ts";
import { groupAt, type Plan, sourceAt } from "../plan/plan.ts";
import type { ElectionCounts, VerdictFigures } from "./protocol.ts";

/** What a barrier decided that takes rows for their likeness. */
export interface DedupReport {
  /** Id of the stage. */
  readonly stage: string;
  readonly use: string;
  /** Rows that the barrier saw, and those that fall; by rank. */
  readonly sources: readonly { readonly name: string; readonly rows: number; readonly dropped: number }[];
  /** Rows that would fall for keys alone; absent where nothing more is asked. */
  readonly candidates?: number;
  readonly dropped: number;
  readonly chain_depth: number;
  /** Clusters of two rows and more, and the rows in them. */
  readonly clusters: number;
  readonly members: number;
  /** By the least of its sizes, `2`, `4`, `8`: how many clusters are of that size and less than twice as large. */
  readonly clusters_by_size: Readonly<Record<string, number>>;
  readonly largest: readonly { readonly size: number; readonly survivor: string }[];
  /** Where survivors are elected: what became of the rows that share a key with others. */
  readonly elections?: ElectionCounts;
}

/** The verdict of a group; undefined while there is none, and where its barrier does not drop rows that are alike. */
export function dedupVerdict(plan: Plan, group: number, figures: VerdictFigures | undefined): DedupVerdict | undefined {
  const { stage, members, verdict } = groupAt(plan, group);
  if (verdict !== "drop" || figures?.members === undefined) return undefined;
  return {
    stage: stage.id,
    // In this order: a marker that was read has its keys in another one than a marker that was just made.
    sources: figures.members.map(({ rows, dropped }, index) => {
      const { name } = sourceAt(plan, entryAt(members, index, "member").source);
      return { name, rows, dropped };
    }),
    largest_cluster: figures.clusters?.largest[0]?.size ?? 0,
  };
}
