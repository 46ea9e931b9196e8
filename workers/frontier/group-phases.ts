/**
 * The phases of one group of a barrier: match, a task a partition of the keys, and unite; where survivors are elected, elect, a task some clusters, and
 * decide; where fragments are compared, in place of unite, refine, a task a span, and compare, a task a partition.
 *
 * A group waits until all members are sketched, because documents are numbered through the members in recipe order; and for the verdicts of
 * the dropping barriers before it, whose losers take no part. Keys stay when a store is built: a changed member needs those of the others.
 */
import { entryAt } from "../../batch/entry.ts";
import {
  barrierAt,
  comparesFragments,
  electionOf,
  groupAt,
  type MatchGroup,
  sourceAt,
  takesRows,
} from "../../plan/plan.ts";
import type { Ranking, Stretch } from "../../stages/define.ts";
import { spanFiles } from "../../store/layout.ts";
import type { ElectSpan, KeyInput, MatchTask, PartsInput, RootsSlice } from "../protocol.ts";
import { ELECTION_WORDS } from "../tasks/match.ts";
import { type Need, once, type PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";
import { numberingNeeds, type Phases, products, rootsOf } from "./source-phases.ts";

function keepsOf(stretch: Stretch | Ranking): string {
  if ("bins" in stretch) return `${stretch.bins} bins`;
  return "count" in stretch ? `keep ${stretch.count}` : `keep ${stretch.min_quantile} to ${stretch.max_quantile}`;
}

export interface GroupPhases {
  /** In the order in which they are done. */
  readonly all: readonly PhaseSpec[];
  readonly match: PhaseSpec;
  /** The one that says who survives. */
  readonly verdict: PhaseSpec;
  /** Where fragments are compared. */
  readonly fragments?: { readonly refine: PhaseSpec; readonly compare: PhaseSpec };
}

export function groupPhases(schedule: Schedule, group: number, phases: Phases): GroupPhases {
  const planned = groupAt(schedule.plan, group);
  const { stage, members, partitions, verdict } = planned;
  const { exchange } = stage;
  const names = members.map(({ source }) => sourceAt(schedule.plan, source).name);
  const name = `${stage.id}@${names.join(",")}`;
  const inputs = once(() => matchInputs(schedule, group));
  const match: PhaseSpec = {
    id: `match:${name}`,
    kind: "match",
    subject: `${stage.id} of ${names.join(", ")}`,
    stages: [stage.use, ...(exchange?.verdict === "select" || exchange?.verdict === "rank" ? [keepsOf(exchange)] : [])],
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
  if (comparesFragments(planned)) {
    const fragments = fragmentPhases(schedule, group, { name, match }, phases);
    return { all: [match, fragments.refine, fragments.compare], match, verdict: fragments.compare, fragments };
  }
  const unite: PhaseSpec = {
    id: `unite:${name}`,
    kind: "unite",
    subject: match.subject,
    stages: [],
    count: () => 1,
    task: () => ({ kind: "unite", group, ...numbersOf(schedule, planned) }),
    place: () => schedule.places.unite(group),
    needs: (undone) =>
      undone === undefined ? [] : [{ phase: match, left: "whole" }, ...numberingNeeds(schedule, group, phases)],
  };
  if (electionOf(planned) === undefined) return { all: [match, unite], match, verdict: unite };
  const elected = electPhases(schedule, group, { name, match, unite }, phases);
  return { all: [match, unite, ...elected], match, verdict: elected[1] };
}

/** How many documents a group has, and where those of its members begin. */
function numbersOf(
  schedule: Schedule,
  planned: MatchGroup,
): { readonly documents: number; readonly firsts: readonly number[] } {
  const numbering = schedule.numbering(planned);
  if (numbering === undefined) throw new Error(`${planned.stage.id}: asked to go on before documents were numbered`);
  return { documents: entryAt(numbering, numbering.length - 1, "number"), firsts: [...numbering.subarray(0, -1)] };
}

/**
 * Elect and decide. An election reads the documents of all spans, and where texts are compared their tokens: so it waits for the last pass of
 * every member, in which its barrier stands.
 */
function electPhases(
  schedule: Schedule,
  group: number,
  { name, match, unite }: { readonly name: string; readonly match: PhaseSpec; readonly unite: PhaseSpec },
  phases: Phases,
): readonly [PhaseSpec, PhaseSpec] {
  const { plan, markers, places } = schedule;
  const planned = groupAt(plan, group);
  const parts = once(() => markers.facts(places.unite(group))?.parts);
  const spans = once(() => electSpans(schedule, planned));
  const elect: PhaseSpec = {
    id: `elect:${name}`,
    kind: "elect",
    subject: match.subject,
    stages: [],
    count: () => parts()?.length,
    task: (part) => {
      const { at, words } = entryAt(parts() ?? [], part, "part");
      return { kind: "elect", group, part, at, words, piece_words: ELECTION_WORDS, spans: spans() };
    },
    place: (part) => places.elect(group, part),
    needs: (undone) => {
      const united: Need = { phase: unite, left: undone === undefined ? "facts" : "whole" };
      if (undone === undefined) return [united];
      const read = planned.members.flatMap(({ source }): readonly Need[] => {
        const { passes, tokenized } = sourceAt(plan, source);
        const phase = phases.ingest(source, passes.length - 1);
        const documents: Need = { phase, left: products.documents };
        if (electionOf(planned)?.text !== true) return [documents];
        return [documents, { phase, left: tokenized ? products.tokens : products.texts }];
      });
      return [united, ...numberingNeeds(schedule, group, phases), ...read];
    },
  };
  const decide: PhaseSpec = {
    id: `decide:${name}`,
    kind: "decide",
    subject: match.subject,
    stages: [],
    count: () => 1,
    task: () => ({ kind: "decide", group, ...numbersOf(schedule, planned), parts: parts()?.length ?? 0 }),
    place: () => places.decide(group),
    needs: (undone) =>
      undone === undefined
        ? []
        : [
            { phase: elect, left: "whole" },
            { phase: unite, left: "facts" },
            ...numberingNeeds(schedule, group, phases),
          ],
  };
  return [elect, decide];
}

/** The spans of all members, by the number of their first document. */
function electSpans(schedule: Schedule, planned: MatchGroup): readonly ElectSpan[] {
  const { firsts } = numbersOf(schedule, planned);
  return planned.members.flatMap(({ source }, member) => {
    const documents = schedule.facts(source).firstDocuments();
    if (documents === undefined) throw new Error(`${sourceAt(schedule.plan, source).name} is not counted`);
    const first = entryAt(firsts, member, "member");
    return Array.from(documents.subarray(0, -1), (number, span) => ({ member, span, firstDocument: first + number }));
  });
}

/** Refine, of the spans of all members in their order, and compare. */
function fragmentPhases(
  schedule: Schedule,
  group: number,
  { name, match }: { readonly name: string; readonly match: PhaseSpec },
  phases: Phases,
): { readonly refine: PhaseSpec; readonly compare: PhaseSpec } {
  const planned = groupAt(schedule.plan, group);
  const { members, partitions } = planned;
  const numbering = once(() => schedule.spanNumbering(planned));
  const inputsOf = (): number => {
    const inputs = numbering()?.at(-1);
    if (inputs === undefined) throw new Error(`${match.subject}: asked to go on before spans were numbered`);
    return inputs;
  };
  const common = { subject: match.subject, stages: [] };
  const spanAt = (input: number): { readonly member: number; readonly span: number } => {
    const firsts = numbering() ?? new Float64Array(1);
    let member = 0;
    while (member + 1 < members.length && entryAt(firsts, member + 1, "member") <= input) member++;
    return { member, span: input - entryAt(firsts, member, "member") };
  };
  const refine: PhaseSpec = {
    ...common,
    id: `refine:${name}`,
    kind: "refine",
    count: () => numbering()?.at(-1),
    task: (input) => ({ kind: "refine", group, input, inputs: inputsOf(), ...spanAt(input) }),
    place: (input) => schedule.places.refine(group, input),
    needs: (undone) => {
      const counted = numberingNeeds(schedule, group, phases);
      if (undone === undefined) return counted;
      return [
        ...counted,
        { phase: match, left: "whole" },
        ...undone.flatMap((input): readonly Need[] => {
          const { member, span } = spanAt(input);
          const { source, barrier } = entryAt(members, member, "member");
          const phase = phases.ingest(source, barrierAt(schedule.plan, source, barrier).pass);
          const left = [products.spool, products.samples(barrier)];
          return left.map((product) => ({ phase, tasks: [span], left: product }));
        }),
      ];
    },
  };
  const compare: PhaseSpec = {
    ...common,
    id: `compare:${name}`,
    kind: "compare",
    count: () => partitions,
    task: (partition) => ({ kind: "compare", group, partition, inputs: inputsOf() }),
    place: (partition) => schedule.places.compare(group, partition),
    needs: (undone) =>
      undone === undefined
        ? []
        : [...numberingNeeds(schedule, group, phases), { phase: refine, left: products.contexts }],
  };
  return { refine, compare };
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
      return [{ phase: phases.verdict(before), left: "whole" }, ...numberingNeeds(schedule, before, phases)];
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
      if (planned.verdict !== "edit") continue;
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
