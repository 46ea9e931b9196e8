/**
 * Which rows a dedup barrier compares with each other: those of one source, or of all sources of its pipeline.
 *
 * Invariant: members are in the order of their ranks, those without in recipe order, which decides who survives. A group's fingerprint holds those of the barriers before it in
 * the same pipelines, because rows that fell there are not compared again.
 */
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import { fingerprint, STORE_VERSION, stageIdentity } from "./fingerprint.ts";
import type { MatchGroup, PlannedStage } from "./plan.ts";
import { type DraftSource, identityOfPass, passOfBarrier } from "./sources.ts";

/** A source, at its position, with the fingerprints of its groups so far. */
interface Candidate {
  readonly source: number;
  readonly draft: DraftSource;
  readonly groups: string[];
}

/** `members` by the rank that the barrier gives them, those of equal rank in recipe order. Throws RecipeError for what is no source of them. */
function ranked(members: readonly Candidate[], stage: PlannedStage): readonly Candidate[] {
  const { exchange } = stage;
  const precedence = exchange?.verdict === "drop" ? exchange.precedence : undefined;
  if (precedence === undefined) return members;
  const names = members.map(({ draft }) => draft.use.spec.name);
  const unknown = precedence.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RecipeError({
      code: "recipe/unknown-source",
      what: `${stage.id} ranks a source ${unknown}, and no source of that name uses its pipeline and is read`,
      fix: didYouMean(unknown, names),
    });
  }
  const rankOf = ({ draft }: Candidate): number => {
    const rank = precedence.indexOf(draft.use.spec.name);
    return rank < 0 ? precedence.length : rank;
  };
  return members.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** Survivors are elected among the rows that leave a source, so nothing may wait for the verdict before they do. */
function checkElection(stage: PlannedStage, { draft }: Candidate, barrier: number): void {
  const { exchange } = stage;
  if (exchange?.verdict !== "drop" || exchange.election === undefined) return;
  const next = draft.passes[passOfBarrier(draft, barrier) + 1];
  if (next === undefined) return;
  const ending = entryAt(draft.stages, next.edits === undefined ? next.first : next.first - 1, "stage");
  throw new RecipeError({
    code: "recipe/election-before-pass",
    what: `${stage.id} of source ${draft.use.spec.name} chooses survivors by their rows, and ${ending.id} stands behind it`,
    why: "rows are compared as they leave the source, and a stage that edits texts or asks outside waits for the verdicts before it",
    fix: `put ${stage.use} behind ${ending.use}, or leave ${exchange.election.text ? "`survivor` and `verify: text`" : "`survivor`"} out`,
  });
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
      const found = candidates.filter(
        (other) => other === first || (shared && other.draft.use.spec.pipeline === first.draft.use.spec.pipeline),
      );
      const members = ranked(found, stage);
      for (const member of members) {
        taken.add(member);
        checkElection(stage, member, barrier);
      }
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
