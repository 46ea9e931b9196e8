/**
 * The phases of one group of a barrier: match, a task a partition of the keys, and unite.
 *
 * A group waits until all members are sketched, because documents are numbered through the members in recipe order; and for the verdicts of
 * the dropping barriers before it, whose losers take no part. Keys stay when a store is built: a changed member needs those of the others.
 */
import { entryAt } from "../../batch/entry.ts";
import { barrierAt, groupAt, sourceAt, takesRows } from "../../plan/plan.ts";
import type { Stretch } from "../../stages/define.ts";
import { spanFiles } from "../../store/layout.ts";
import type { KeyInput, MatchTask, PartsInput, RootsSlice } from "../protocol.ts";
import { type Need, once, type PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";
import { numberingNeeds, type Phases, products, rootsOf } from "./source-phases.ts";

function keepsOf(stretch: Stretch): string {
  return "count" in stretch ? `keep ${stretch.count}` : `keep ${stretch.min_quantile} to ${stretch.max_quantile}`;
}

export interface GroupPhases {
  readonly match: PhaseSpec;
  readonly unite: PhaseSpec;
}

export function groupPhases(schedule: Schedule, group: number, phases: Phases): GroupPhases {
  const planned = groupAt(schedule.plan, group);
  const { stage, members, partitions, verdict } = planned;
  const { exchange } = stage;
  const names = members.map(({ source }) => sourceAt(schedule.plan, source).name);
  const inputs = once(() => matchInputs(schedule, group));
  const match: PhaseSpec = {
    id: `match:${stage.id}@${names.join(",")}`,
    kind: "match",
    subject: `${stage.id} of ${names.join(", ")}`,
    stages: [stage.use, ...(exchange?.verdict === "select" ? [keepsOf(exchange)] : [])],
    count: () => partitions,
    task: (partition) => ({ kind: "match", group, partition, ...inputs() }),
    place: (partition) => schedule.places.match(group, partition),
    needs: (undone) => {
      if (undone === undefined) return [];
      const sketched = members.flatMap(({ source, barrier }): readonly Need[] => {
        const phase = phases.ingest(source, barrierAt(schedule.plan, source, barrier).pass);
        const keys: Need = { phase, left: products.keys(barrier) };
        return verdict === "edit" ? [keys, { phase, left: products.parts(barrier) }] : [keys];
      });
      return [...numberingNeeds(schedule, group, phases), ...sketched, ...earlierNeeds(schedule, group, phases)];
    },
  };
  const unite: PhaseSpec = {
    id: `unite:${stage.id}@${names.join(",")}`,
    kind: "unite",
    subject: match.subject,
    stages: [],
    count: () => 1,
    task: () => {
      const documents = schedule.numbering(planned)?.at(-1);
      if (documents === undefined) throw new Error(`${match.subject}: asked to unite before documents were numbered`);
      return { kind: "unite", group, documents };
    },
    place: () => schedule.places.unite(group),
    needs: (undone) =>
      undone === undefined ? [] : [{ phase: match, left: "whole" }, ...numberingNeeds(schedule, group, phases)],
  };
  return { match, unite };
}

/** Positions of the barriers before a member's that take rows away. */
function earlierBarriers({ plan }: Schedule, source: number, barrier: number): readonly number[] {
  return sourceAt(plan, source)
    .barriers.slice(0, barrier)
    .flatMap((entry, position) => (takesRows(entry) ? [position] : []));
}

function earlierNeeds(schedule: Schedule, group: number, phases: Phases): readonly Need[] {
  return groupAt(schedule.plan, group).members.flatMap(({ source, barrier }) =>
    earlierBarriers(schedule, source, barrier).flatMap((earlier): readonly Need[] => {
      const before = barrierAt(schedule.plan, source, earlier).group;
      return [{ phase: phases.unite(before), left: "whole" }, ...numberingNeeds(schedule, before, phases)];
    }),
  );
}

/** What all partitions of a group read. */
function matchInputs(schedule: Schedule, group: number): Pick<MatchTask, "inputs" | "members"> {
  const { plan, places } = schedule;
  const planned = groupAt(plan, group);
  const numbering = schedule.numbering(planned);
  if (numbering === undefined) throw new Error(`${planned.stage.id}: asked to match before documents were numbered`);
  const inputs: KeyInput[] = [];
  const members = planned.members.map(({ source, barrier }, member): MatchTask["members"][number] => {
    const facts = schedule.facts(source);
    const folder = places.pass(source, barrierAt(plan, source, barrier).pass);
    const documents = facts.firstDocuments();
    const numbers = planned.verdict === "edit" ? facts.firstParts(barrier) : documents;
    if (documents === undefined || numbers === undefined)
      throw new Error(`${sourceAt(plan, source).name} is not counted`);
    const first = entryAt(numbering, member, "member");
    const parts: PartsInput[] = [];
    for (const [span, number] of numbers.subarray(0, -1).entries()) {
      const firstInGroup = first + number;
      const marker = spanFiles.marker(span);
      inputs.push({ file: { folder, marker, name: spanFiles.keys(span, barrier) }, firstDocument: firstInGroup });
      if (takesRows(planned)) continue;
      const file = { folder, marker, name: spanFiles.parts(span, barrier) };
      parts.push({ file, firstPart: firstInGroup, firstDocument: entryAt(documents, span, "span") });
    }
    const earlier = earlierBarriers(schedule, source, barrier).map(
      (position): RootsSlice => ({
        file: rootsOf(schedule, barrierAt(plan, source, position).group),
        first: schedule.firstInGroup(source, position),
      }),
    );
    const total = entryAt(numbers, numbers.length - 1, "number");
    return { first, documents: total, earlier, ...(planned.verdict === "edit" ? { parts } : {}) };
  });
  return { inputs, members };
}
