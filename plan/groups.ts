/**
 * Which rows a dedup barrier compares with each other: those of one source, or of all sources of its pipeline.
 *
 * Invariant: members are in recipe order, which decides who survives. A group's fingerprint holds those of the barriers before it in
 * the same pipelines, because rows that fell there are not compared again.
 */
import { entryAt } from "../batch/entry.ts";
import { fingerprint, STORE_VERSION, stageIdentity } from "./fingerprint.ts";
import type { MatchGroup } from "./plan.ts";
import { type DraftSource, identityOfPass, passOfBarrier } from "./sources.ts";

/** A source, at its position, with the fingerprints of its groups so far. */
interface Candidate {
  readonly source: number;
  readonly draft: DraftSource;
  readonly groups: string[];
}

/** Groups sources by the barrier that compares them; a group needs one partition count, the largest of its members. */
export function planGroups(drafts: readonly DraftSource[]): readonly MatchGroup[] {
  const groups: MatchGroup[] = [];
  const candidates = drafts.map((draft, source): Candidate => ({ source, draft, groups: [] }));
  const depth = Math.max(0, ...drafts.map((draft) => draft.barriers.length));
  for (let barrier = 0; barrier < depth; barrier++) {
    const taken = new Set<Candidate>();
    for (const first of candidates) {
      const stageIndex = first.draft.barriers[barrier];
      if (stageIndex === undefined || taken.has(first)) continue;
      const stage = entryAt(first.draft.stages, stageIndex, "stage");
      const { exchange } = stage;
      if (exchange === undefined) throw new Error(`${stage.use} declares no exchange`);
      const shared = exchange.scope === "pipeline";
      const members = candidates.filter(
        (other) => other === first || (shared && other.draft.use.spec.pipeline === first.draft.use.spec.pipeline),
      );
      for (const member of members) taken.add(member);
      const identity = {
        store_version: STORE_VERSION,
        stage: stageIdentity(stage),
        members: members.map((member) =>
          identityOfPass(member.draft, passOfBarrier(member.draft, barrier), member.groups),
        ),
        earlier: members.map((member) => [...member.groups]),
      };
      const group: MatchGroup = {
        fingerprint: fingerprint(identity),
        stage,
        verdict: exchange.verdict,
        partitions: exchange.in_order === true ? 1 : Math.max(...members.map(({ draft }) => draft.partitions)),
        members: members.map(({ source }) => ({ source, barrier })),
      };
      for (const member of members) member.groups.push(group.fingerprint);
      groups.push(group);
    }
  }
  return groups;
}
