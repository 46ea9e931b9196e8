/**
 * The phases of one source: cut, a pass over its spans (or several), then its store of tokens, its verdicts for outputs, and the seal.
 *
 * A pass waits for the one before, and where it makes cuts in texts for the verdict on them. Scattering and settling wait for the verdicts of
 * all barriers that drop rows.
 */
import { entryAt } from "../../batch/entry.ts";
import { requireDedupGates } from "../../manifests/dedup-gates.ts";
import {
  type BarrierColumn,
  barrierAt,
  barrierColumns,
  comparesFragments,
  groupAt,
  passAt,
  type SourcePlan,
  sourceAt,
  takesRows,
} from "../../plan/plan.ts";
import { matchFiles, spanFiles } from "../../store/layout.ts";
import type { MarkedFile } from "../../store/marker.ts";
import type { MarkerPlace } from "../markers.ts";
import type { GatherTask, RootsSlice, SpanOfGroup } from "../protocol.ts";
import { dedupVerdict } from "../verdicts.ts";
import { type Need, once, type PhaseSpec, type Product } from "./phase.ts";
import type { Schedule } from "./schedule.ts";

/** Phases of other sources and groups, by what they are of. */
export interface Phases {
  readonly match: (group: number) => PhaseSpec;
  /** The phase that says who survives of a group. */
  readonly verdict: (group: number) => PhaseSpec;
  /** What a group has that compares fragments. */
  readonly fragments: (group: number) => { readonly refine: PhaseSpec; readonly compare: PhaseSpec };
  readonly ingest: (source: number, pass: number) => PhaseSpec;
}

export const products = {
  tokens: { what: "tokens", files: (span) => [spanFiles.tokens(span)] },
  documents: { what: "documents", files: (span) => [spanFiles.documents(span)] },
  figures: { what: "figures", files: (span) => [spanFiles.figures(span)] },
  texts: { what: "texts", files: (span) => [spanFiles.texts(span)] },
  spool: { what: "spool", files: (span) => [spanFiles.spool(span)] },
  dropped: { what: "dropped", files: (span) => [spanFiles.dropped(span)] },
  keys: (barrier: number) => ({ what: `keys ${barrier}`, files: (span) => [spanFiles.keys(span, barrier)] }),
  parts: (barrier: number) => ({ what: `parts ${barrier}`, files: (span) => [spanFiles.parts(span, barrier)] }),
  samples: (barrier: number) => ({ what: `samples ${barrier}`, files: (span) => [spanFiles.samples(span, barrier)] }),
  ranges: { what: "ranges", files: (input) => [matchFiles.ranges(input)] },
  contexts: { what: "contexts", files: (input) => [matchFiles.contexts(input)] },
} as const satisfies Readonly<Record<string, Product | ((barrier: number) => Product)>>;

export function cutPhase(schedule: Schedule, source: number): PhaseSpec {
  const { name, reader, shards } = sourceAt(schedule.plan, source);
  return {
    id: `cut:${name}`,
    kind: "cut",
    subject: schedule.sharing(source, ({ passes }) => passes[0]?.fingerprint ?? ""),
    stages: [reader.use],
    bytes: shards.reduce((total, { size_bytes }) => total + size_bytes, 0),
    count: () => 1,
    task: () => ({ kind: "cut", source }),
    place: () => schedule.places.cut(source),
    needs: () => [],
  };
}

export function ingestPhase(
  schedule: Schedule,
  source: number,
  pass: number,
  cut: PhaseSpec,
  phases: Phases,
): PhaseSpec {
  const planned = sourceAt(schedule.plan, source);
  const facts = schedule.facts(source);
  const { edits, first: firstStage, end } = passAt(schedule.plan, source, pass);
  const names = schedule.sharing(source, ({ passes }) => passes[pass]?.fingerprint ?? "");
  const firstParts = once(() => (edits === undefined ? undefined : facts.firstParts(edits)));
  const editsOf = (span: number): RootsSlice | SpanOfGroup | undefined => {
    if (edits === undefined) return undefined;
    const { group } = barrierAt(schedule.plan, source, edits);
    if (comparesFragments(groupAt(schedule.plan, group))) return schedule.spanOfGroup(source, edits, span);
    const first = firstParts();
    if (first === undefined) throw new Error(`${planned.name}: asked for cuts before parts were numbered`);
    const file = rootsOf(schedule, group);
    return { file, first: schedule.firstInGroup(source, edits) + entryAt(first, span, "span") };
  };
  return {
    id: pass === 0 ? `ingest:${planned.name}` : `ingest:${planned.name}:${pass}`,
    kind: "ingest",
    subject: pass === 0 ? names : `${names}, pass ${pass + 1}`,
    stages: [
      ...(pass === 0 ? [planned.reader.use] : []),
      ...planned.stages.slice(firstStage, end).map(({ use }) => use),
    ],
    source,
    ...(pass === 0 && {
      bytes: planned.shards.reduce((total, { size_bytes }) => total + size_bytes, 0),
      taskBytes: (span: number) => facts.bytes()?.[span] ?? 0,
    }),
    count: () => facts.spans()?.length,
    task: (span) => {
      const extents = facts.spans()?.[span];
      if (extents === undefined) throw new Error(`${planned.name} has no span ${span}`);
      const slice = editsOf(span);
      const bytes = pass === 0 ? facts.bytes()?.[span] : undefined;
      return {
        kind: "ingest",
        source,
        pass,
        span,
        extents,
        ...(bytes !== undefined && { bytes }),
        ...(slice && { edits: slice }),
      };
    },
    place: (span) => schedule.places.ingest(source, pass, span),
    needs: (undone) => {
      if (pass === 0) return [{ phase: cut, left: "facts" }];
      const before = phases.ingest(source, pass - 1);
      const all: Need = { phase: before, left: "facts" };
      if (undone === undefined) return [all];
      const counts = planned.stages.slice(0, firstStage).some(({ figures }) => figures !== undefined);
      const spooled: readonly Need[] = [
        { phase: before, tasks: undone, left: products.spool },
        ...(counts ? [{ phase: before, tasks: undone, left: products.figures }] : []),
      ];
      if (edits === undefined) return [all, ...spooled];
      const { group } = barrierAt(schedule.plan, source, edits);
      const grouped = groupAt(schedule.plan, group);
      if (comparesFragments(grouped)) {
        const { refine, compare } = phases.fragments(group);
        // Until all members are cut, nobody knows the numbers of the spans.
        const isNumbered = schedule.spanNumbering(grouped) !== undefined;
        const ranges: Need = {
          phase: refine,
          left: products.ranges,
          ...(isNumbered && { tasks: undone.map((span) => schedule.spanOfGroup(source, edits, span).input) }),
        };
        return [all, ...spooled, ...numberingNeeds(schedule, group, phases), ranges, { phase: compare, left: "whole" }];
      }
      return [
        all,
        ...spooled,
        { phase: before, tasks: undone, left: products.parts(edits) },
        { phase: phases.verdict(group), left: "whole" },
        ...numberingNeeds(schedule, group, phases),
      ];
    },
  };
}

/** What has to be there to number the documents, or parts, of a group. */
export function numberingNeeds({ plan }: Schedule, group: number, phases: Phases): readonly Need[] {
  const { members, verdict } = groupAt(plan, group);
  return members.map(({ source, barrier }) => ({
    phase: phases.ingest(source, verdict === "edit" ? barrierAt(plan, source, barrier).pass : 0),
    left: "facts",
  }));
}

/** Barriers of a source that take rows away, by position. */
function droppingPositions({ plan }: Schedule, source: number): readonly number[] {
  return sourceAt(plan, source).barriers.flatMap((barrier, position) => (takesRows(barrier) ? [position] : []));
}

export function rootsOf(schedule: Schedule, group: number): MarkedFile {
  return { ...markerOf(schedule.places.verdict(group)), name: matchFiles.roots };
}

/** Where a column of a source lies that one of its barriers gives, from the source's first document on. */
export function countsOf(schedule: Schedule, source: number, { barrier, holds }: BarrierColumn): RootsSlice {
  const { group } = barrierAt(schedule.plan, source, barrier);
  const name = holds === "bin" ? matchFiles.bins : matchFiles.sizes;
  const file = { ...markerOf(schedule.places.verdict(group)), name };
  return { file, first: schedule.firstInGroup(source, barrier) };
}

function markerOf({ folder, name }: MarkerPlace): Pick<MarkedFile, "folder" | "marker"> {
  return { folder, marker: name };
}

export interface StorePhases {
  readonly scatter: PhaseSpec;
  readonly gather: PhaseSpec;
}

/** The global shuffle of a source that is tokenized, in two phases. */
export function storePhases(schedule: Schedule, source: number, phases: Phases): StorePhases {
  const planned = sourceAt(schedule.plan, source);
  const facts = schedule.facts(source);
  const last = planned.passes.length - 1;
  const ingested = phases.ingest(source, last);
  const counted: readonly Need[] = [
    { phase: ingested, left: "facts" },
    { phase: phases.ingest(source, 0), left: "facts" },
  ];
  const scatter: PhaseSpec = {
    id: `scatter:${planned.name}`,
    kind: "scatter",
    subject: planned.name,
    stages: ["shuffle"],
    count: () => facts.parts()?.length,
    task: (part) => {
      const spans = facts.parts()?.[part];
      const shape = facts.store();
      if (spans === undefined || shape === undefined) throw new Error(`${planned.name} has no part ${part} yet`);
      const barriers = droppingPositions(schedule, source).map((barrier) => {
        const { group } = barrierAt(schedule.plan, source, barrier);
        return { roots: { file: rootsOf(schedule, group), first: schedule.firstInGroup(source, barrier) } };
      });
      const counts = barrierColumns(planned).map((column) => countsOf(schedule, source, column));
      return { kind: "scatter", source, part, spans, ...shape, barriers, counts };
    },
    place: (part) => schedule.places.scatter(source, part),
    needs: (undone) => {
      if (undone === undefined) return counted;
      const spans = undone.flatMap((part) => facts.parts()?.[part]?.map(({ span }) => span) ?? []);
      const ranked = barrierColumns(planned).flatMap(({ barrier, holds }) => (holds === "bin" ? [barrier] : []));
      return [
        ...counted,
        ...rowNeeds(planned, ingested, spans),
        ...verdictNeeds(schedule, source, phases),
        ...ranked.flatMap((barrier) => countNeeds(schedule, source, barrier, phases)),
      ];
    },
  };
  const gather: PhaseSpec = {
    id: `gather:${planned.name}`,
    kind: "gather",
    subject: planned.name,
    stages: ["shuffle"],
    count: () => {
      const shape = facts.store();
      return shape && shape.shards + (shape.held_out?.shards ?? 0);
    },
    task: (destination) => {
      const parts = facts.parts();
      if (parts === undefined) throw new Error(`${planned.name} has no shard ${destination} yet`);
      return {
        kind: "gather",
        source,
        ...shardOf(schedule, source, destination),
        parts: parts.map((_, part) => {
          const marker = schedule.markers.facts(schedule.places.scatter(source, part));
          if (marker === undefined) throw new Error(`${planned.name}: part ${part} is not scattered yet`);
          return { part, chunk: entryAt(marker.chunks, destination, "shard") };
        }),
      };
    },
    place: (destination) => {
      const { shard, held_out } = shardOf(schedule, source, destination);
      return schedule.places.gather(source, shard, held_out);
    },
    needs: (undone) =>
      undone === undefined
        ? counted
        : [
            ...counted,
            { phase: scatter, left: "whole" },
            // A span's tokens go to every shard.
            { phase: ingested, left: products.tokens },
          ],
  };
  return { scatter, gather };
}

/** Shards that are held out are numbered after the others. */
function shardOf(schedule: Schedule, source: number, destination: number): Pick<GatherTask, "shard" | "held_out"> {
  const shards = schedule.facts(source).store()?.shards ?? 0;
  return destination < shards
    ? { shard: destination, held_out: false }
    : { shard: destination - shards, held_out: true };
}

/** What says which rows some spans have, and what stages counted of them. */
function rowNeeds(source: SourcePlan, ingested: PhaseSpec, tasks: readonly number[]): readonly Need[] {
  const documents: Need = { phase: ingested, tasks, left: products.documents };
  const isCounted = source.stages.some(({ figures }) => figures !== undefined);
  return isCounted ? [documents, { phase: ingested, tasks, left: products.figures }] : [documents];
}

/** What a column needs that a barrier gives: its verdict, and where rows stand in it. */
export function countNeeds(schedule: Schedule, source: number, barrier: number, phases: Phases): readonly Need[] {
  const { group } = barrierAt(schedule.plan, source, barrier);
  return [{ phase: phases.verdict(group), left: "whole" }, ...numberingNeeds(schedule, group, phases)];
}

/** The verdicts of all barriers of a source that drop rows. Throws RunError where one would take more than the recipe allows. */
function verdictNeeds(schedule: Schedule, source: number, phases: Phases): readonly Need[] {
  return droppingPositions(schedule, source).flatMap((barrier): readonly Need[] => {
    const { group } = barrierAt(schedule.plan, source, barrier);
    const verdict = dedupVerdict(schedule.plan, group, schedule.markers.facts(schedule.places.verdict(group)));
    if (verdict !== undefined) requireDedupGates(schedule.plan.recipe.gates, verdict);
    return countNeeds(schedule, source, barrier, phases);
  });
}

/** Which rows survive, for outputs: where a barrier drops some. */
export function settlePhase(schedule: Schedule, source: number, phases: Phases): PhaseSpec {
  const planned = sourceAt(schedule.plan, source);
  const facts = schedule.facts(source);
  const ingested = phases.ingest(source, planned.passes.length - 1);
  const counted: readonly Need[] = [
    { phase: ingested, left: "facts" },
    { phase: phases.ingest(source, 0), left: "facts" },
  ];
  return {
    id: `settle:${planned.name}`,
    kind: "settle",
    subject: planned.name,
    stages: ["settle"],
    count: () => facts.parts()?.length,
    task: (part) => {
      const spans = facts.parts()?.[part];
      if (spans === undefined) throw new Error(`${planned.name} has no part ${part} yet`);
      const barriers = droppingPositions(schedule, source).map((barrier) => ({
        roots: {
          file: rootsOf(schedule, barrierAt(schedule.plan, source, barrier).group),
          first: schedule.firstInGroup(source, barrier),
        },
      }));
      return { kind: "settle", source, part, spans, barriers };
    },
    place: (part) => schedule.places.settle(source, part),
    needs: (undone) => {
      if (undone === undefined) return counted;
      const spans = undone.flatMap((part) => facts.parts()?.[part]?.map(({ span }) => span) ?? []);
      return [...counted, ...rowNeeds(planned, ingested, spans), ...verdictNeeds(schedule, source, phases)];
    },
  };
}

/** What made a source's store and its verdicts, where it has them. */
export interface SealedPhases {
  readonly store: StorePhases | undefined;
  readonly settle: PhaseSpec | undefined;
}

/** What says that a source is done. */
export function sealPhase(schedule: Schedule, source: number, made: SealedPhases, phases: Phases): PhaseSpec {
  const { name, passes, barriers } = sourceAt(schedule.plan, source);
  const facts = schedule.facts(source);
  return {
    id: `seal:${name}`,
    kind: "seal",
    subject: name,
    stages: [],
    count: () => 1,
    task: () => {
      const parts = facts.parts()?.length;
      const shape = facts.store();
      if (parts === undefined || shape === undefined) throw new Error(`${name} is not counted yet`);
      return {
        kind: "seal",
        source,
        ...(made.store && { scattered: parts }),
        ...(made.settle && { settled: parts }),
        shards: made.store === undefined ? 0 : shape.shards,
        ...(made.store &&
          shape.held_out && { held_out: { share: shape.held_out.share, shards: shape.held_out.shards } }),
      };
    },
    place: () => schedule.places.seal(source),
    needs: () => [
      ...passes.map((_, pass): Need => ({ phase: phases.ingest(source, pass), left: "facts" })),
      // What a barrier that edits says of its clusters.
      ...barriers.flatMap((barrier): readonly Need[] =>
        barrier.verdict === "edit" ? [{ phase: phases.match(barrier.group), left: "facts" }] : [],
      ),
      ...(made.store === undefined
        ? []
        : ([
            { phase: made.store.scatter, left: "facts" },
            { phase: made.store.gather, left: "whole" },
          ] as const)),
      ...(made.settle === undefined ? [] : [{ phase: made.settle, left: "facts" } as const]),
    ],
  };
}
