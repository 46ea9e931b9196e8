/**
 * Which rows a dedup barrier compares with each other: those of one source, or of all sources of its pipeline.
 *
 * Invariant: members are in recipe order, which decides who survives. A group's fingerprint holds those of the barriers before it in
 * the same pipelines, because rows that fell there are not compared again.
 */
import { fingerprint, STORE_VERSION, stageIdentity } from "./fingerprint.ts";
import type { MatchGroup } from "./plan.ts";
import { type DraftSource, identityOfPass, passOfBarrier } from "./sources.ts";

/** Groups sources by the barrier that compares them; a group needs one partition count, the largest of its members. */
export function planGroups(drafts: readonly DraftSource[]): readonly MatchGroup[] {
  const groups: MatchGroup[] = [];
  const groupsOf = drafts.map((): string[] => []);
  const depth = Math.max(0, ...drafts.map((draft) => draft.barriers.length));
  for (let barrier = 0; barrier < depth; barrier++) {
    const taken = new Set<number>();
    for (let first = 0; first < drafts.length; first++) {
      const stageIndex = drafts[first].barriers[barrier];
      if (stageIndex === undefined || taken.has(first)) continue;
      const stage = drafts[first].stages[stageIndex];
      const { exchange } = stage;
      if (exchange === undefined) throw new Error(`${stage.use} declares no exchange`);
      const shared = exchange.scope === "pipeline";
      const members = drafts
        .map((_, source) => source)
        .filter(
          (source) =>
            source === first || (shared && drafts[source].use.spec.pipeline === drafts[first].use.spec.pipeline),
        );
      for (const source of members) taken.add(source);
      const identity = {
        store_version: STORE_VERSION,
        stage: stageIdentity(stage),
        members: members.map((source) =>
          identityOfPass(drafts[source], passOfBarrier(drafts[source], barrier), groupsOf[source]),
        ),
        earlier: members.map((source) => [...groupsOf[source]]),
      };
      const group: MatchGroup = {
        fingerprint: fingerprint(identity),
        stage,
        verdict: exchange.verdict,
        partitions: Math.max(...members.map((source) => drafts[source].partitions)),
        members: members.map((source) => ({ source, barrier })),
      };
      for (const source of members) groupsOf[source].push(group.fingerprint);
      groups.push(group);
    }
  }
  return groups;
}
