/**
 * The phases of one dedup group: match, a task a partition of the keys, and unite.
 *
 * A group waits until all members are sketched, because documents are numbered through the members in recipe order; and for the verdicts of
 * the dropping barriers before it, whose losers take no part. Keys stay when a store is built: a changed member needs those of the others.
 */
import { spanFiles } from "../../store/layout.ts";
import type { KeyInput, MatchTask, PartsInput, RootsSlice } from "../protocol.ts";
import { type Need, once, type PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";
import { numberingNeeds, type Phases, products, rootsOf } from "./source-phases.ts";

export interface GroupPhases {
  readonly match: PhaseSpec;
  readonly unite: PhaseSpec;
}

export function groupPhases(schedule: Schedule, group: number, phases: Phases): GroupPhases {
  const { stage, members, partitions, verdict } = schedule.plan.groups[group];
  const names = members.map(({ source }) => schedule.plan.sources[source].name);
  const inputs = once(() => matchInputs(schedule, group));
  const match: PhaseSpec = {
    id: `match:${stage.id}@${names.join(",")}`,
    kind: "match",
    subject: `${stage.id} of ${names.join(", ")}`,
    stages: [stage.use],
    count: () => partitions,
    task: (partition) => ({ kind: "match", group, partition, ...inputs() }),
    place: (partition) => schedule.places.match(group, partition),
    needs: (undone) => {
      if (undone === undefined) return [];
      const sketched = members.flatMap(({ source, barrier }): readonly Need[] => {
        const phase = phases.ingest(source, schedule.plan.sources[source].barriers[barrier].pass);
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
      const documents = schedule.numbering(schedule.plan.groups[group])?.at(-1);
      if (documents === undefined) throw new Error(`${match.subject}: asked to unite before documents were numbered`);
      return { kind: "unite", group, documents };
    },
    place: () => schedule.places.unite(group),
    needs: (undone) =>
      undone === undefined ? [] : [{ phase: match, left: "whole" }, ...numberingNeeds(schedule, group, phases)],
  };
  return { match, unite };
}

/** Positions of the barriers before a member's that drop rows. */
function earlierBarriers({ plan }: Schedule, source: number, barrier: number): readonly number[] {
  return plan.sources[source].barriers
    .slice(0, barrier)
    .flatMap((entry, position) => (entry.verdict === "drop" ? [position] : []));
}

function earlierNeeds(schedule: Schedule, group: number, phases: Phases): readonly Need[] {
  return schedule.plan.groups[group].members.flatMap(({ source, barrier }) =>
    earlierBarriers(schedule, source, barrier).flatMap((earlier): readonly Need[] => {
      const before = schedule.plan.sources[source].barriers[earlier].group;
      return [{ phase: phases.unite(before), left: "whole" }, ...numberingNeeds(schedule, before, phases)];
    }),
  );
}

/** What all partitions of a group read. */
function matchInputs(schedule: Schedule, group: number): Pick<MatchTask, "inputs" | "members"> {
  const { plan, places } = schedule;
  const planned = plan.groups[group];
  const numbering = schedule.numbering(planned);
  if (numbering === undefined) throw new Error(`${planned.stage.id}: asked to match before documents were numbered`);
  const inputs: KeyInput[] = [];
  const members = planned.members.map(({ source, barrier }, member): MatchTask["members"][number] => {
    const facts = schedule.facts(source);
    const folder = places.pass(source, plan.sources[source].barriers[barrier].pass);
    const documents = facts.firstDocuments();
    const numbers = planned.verdict === "edit" ? facts.firstParts(barrier) : documents;
    if (documents === undefined || numbers === undefined)
      throw new Error(`${plan.sources[source].name} is not counted`);
    const first = numbering[member];
    const parts: PartsInput[] = [];
    for (let span = 0; span < numbers.length - 1; span++) {
      const firstInGroup = first + numbers[span];
      const marker = spanFiles.marker(span);
      inputs.push({ file: { folder, marker, name: spanFiles.keys(span, barrier) }, firstDocument: firstInGroup });
      if (planned.verdict === "drop") continue;
      const file = { folder, marker, name: spanFiles.parts(span, barrier) };
      parts.push({ file, firstPart: firstInGroup, firstDocument: documents[span] });
    }
    const earlier = earlierBarriers(schedule, source, barrier).map(
      (position): RootsSlice => ({
        file: rootsOf(schedule, plan.sources[source].barriers[position].group),
        first: schedule.firstInGroup(source, position),
      }),
    );
    const total = numbers[numbers.length - 1];
    return { first, documents: total, earlier, ...(planned.verdict === "edit" ? { parts } : {}) };
  });
  return { inputs, members };
}
