/**
 * One source on its way to a token store: ingest its spans, wait for its dedup groups, shuffle its documents into shards.
 *
 * Invariant: what is done is known from markers alone; a store that is complete is not looked into again.
 */
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import { commitMarker } from "../io/local/commit.ts";
import type { VouchedFile } from "../io/local/vouched.ts";
import type { SourcePlan } from "../plan/plan.ts";
import { matchFiles, spanFiles, tokenFiles } from "../store/layout.ts";
import { type MarkedFile, readMarker } from "../store/marker.ts";
import { discardDamaged } from "../store/repair.ts";
import type {
  GatherTask,
  HeldOutStore,
  IngestMarker,
  IngestTask,
  KeyInput,
  ScatterMarker,
  ScatterSpan,
  ScatterTask,
  ShardMarker,
  SourceCounts,
  StoreMarker,
} from "./protocol.ts";
import type { RunState } from "./run-state.ts";
import type { Span } from "./spans.ts";
import { HARMLESS_PROBLEMS, tooManyErrors } from "./tasks/span/tally.ts";

/** Documents of one scatter task: 50 MB of facts about them. */
const PART_DOCUMENTS = 500_000;
const DUPLICATES = ".duplicates.arrow";
export const STORE_MARKER = "store.done.json";

export interface IngestedSource {
  readonly spans: readonly Span[];
  readonly markers: readonly IngestMarker[];
  /** Number of each span's first document within the source, plus the total at the end. */
  readonly firstDocuments: Float64Array;
}

/**
 * The marker of a source's store when all of it is there, the documents held out included. A damaged one is removed: it says what the
 * markers of the shards say, so it is made again from them.
 */
export function storeMarker({ plan, layout }: RunState, source: number): StoreMarker | undefined {
  const { tokens } = plan.sources[source];
  const found = readMarker<StoreMarker>(layout.tokens(tokens), STORE_MARKER);
  if (found.state === "damaged") discardDamaged(found.damage);
  if (found.state !== "done") return undefined;
  const { shards, validation } = found.marker;
  const isThere = (folder: string) => (_: ShardMarker, shard: number) =>
    readMarker<ShardMarker>(folder, tokenFiles.shardMarker(shard)).state === "done";
  const complete =
    shards.every(isThere(layout.tokens(tokens))) &&
    validation?.shards.every(isThere(layout.validation(tokens))) !== false;
  return complete ? found.marker : undefined;
}

export async function ingestSource(state: RunState, source: number): Promise<IngestedSource> {
  const planned = state.plan.sources[source];
  const spans = await state.spans(source);
  const tasks = spans.map((extents, span): IngestTask => ({ kind: "ingest", source, pass: 0, span, extents }));
  const markers = await state.phase("ingest", planned.name, tasks);
  checkErrorBudget(planned, markers, state.options.max_errors);
  const firstDocuments = new Float64Array(markers.length + 1);
  markers.forEach((marker, span) => {
    firstDocuments[span + 1] = firstDocuments[span] + marker.documents;
  });
  return { spans, markers, firstDocuments };
}

/** Shuffles the documents that survived into the shards of the source's token store. */
export async function storeSource(state: RunState, source: number, ingested: IngestedSource): Promise<StoreMarker> {
  const planned = state.plan.sources[source];
  const folder = state.layout.tokens(planned.tokens);
  const tokens = ingested.markers.reduce((total, marker) => total + marker.tokens, 0);
  const shards = Math.max(1, Math.ceil(tokens / state.plan.recipe.shard_tokens));
  const heldOut = planHeldOut(state, source, tokens);
  const scatterTasks = planScatter(state, source, ingested, shards, heldOut);
  const scattered = await state.phase("scatter", planned.name, scatterTasks);
  const gatherTasks = Array.from(
    { length: shards + (heldOut?.shards ?? 0) },
    (_, destination): GatherTask => ({
      kind: "gather",
      source,
      shard: destination < shards ? destination : destination - shards,
      held_out: destination >= shards,
      parts: scattered.map((marker, part) => ({ part, chunk: marker.chunks[destination] })),
    }),
  );
  const gathered = await state.phase("gather", planned.name, gatherTasks);
  const trained = gathered.slice(0, shards);
  const validation = heldOut && { share: heldOut.share, shards: gathered.slice(shards) };
  const counts = addCounts(planned, ingested.markers, scattered, trained, validation);
  checkAccounting(planned, counts);
  const marker: StoreMarker = {
    files: [...trained.flatMap((shard) => shard.files), ...scattered.flatMap(({ files }) => files.filter(isLedger))],
    shards: trained,
    ...(validation && { validation }),
    counts,
  };
  commitMarker(join(folder, STORE_MARKER), marker);
  return marker;
}

function isLedger({ name }: VouchedFile): boolean {
  return name.endsWith(DUPLICATES);
}

/** How a source of `tokens` tokens is divided into what is trained on and what is held out. */
function planHeldOut({ plan }: RunState, source: number, tokens: number): ScatterTask["held_out"] {
  const { name, validation } = plan.sources[source];
  const seed = plan.recipe.validation?.seed;
  if (validation === undefined || seed === undefined) return undefined;
  const share = "fraction" in validation ? validation.fraction : validation.tokens / tokens;
  if (share < 1) return { seed, share, shards: Math.max(1, Math.ceil((tokens * share) / plan.recipe.shard_tokens)) };
  throw new RunError({
    code: "run/validation-too-large",
    what: `${name} has ${tokens} tokens, all of which would be held out for validation`,
    fix: `lower validation.tokens, or set validation.sources.${name}`,
  });
}

function planScatter(
  state: RunState,
  source: number,
  ingested: IngestedSource,
  shards: number,
  heldOut: ScatterTask["held_out"],
): readonly ScatterTask[] {
  const planned = state.plan.sources[source];
  const barriers = planned.barriers.map(({ group }) => {
    const { fingerprint } = state.plan.groups[group];
    const first = state.firstInGroup(group, source);
    const united = (name: string): MarkedFile => {
      return { folder: state.layout.match(fingerprint), marker: matchFiles.united, name };
    };
    return { roots: { file: united(matchFiles.roots), first }, sizes: { file: united(matchFiles.sizes), first } };
  });
  const parts: ScatterSpan[][] = [];
  const rowsBefore = new Map<number, number>();
  let documents = 0;
  ingested.markers.forEach((marker, span) => {
    const rowBases = basesOf(ingested.spans[span], marker, rowsBefore);
    const entry: ScatterSpan = {
      span,
      firstDocument: ingested.firstDocuments[span],
      documents: marker.documents,
      rowBases,
    };
    const open = parts.at(-1);
    if (open === undefined || documents + marker.kept > PART_DOCUMENTS) {
      parts.push([entry]);
      documents = marker.kept;
    } else {
      open.push(entry);
      documents += marker.kept;
    }
  });
  return parts.map(
    (spans, part): ScatterTask => ({
      kind: "scatter",
      source,
      part,
      spans,
      shards,
      ...(heldOut && { held_out: heldOut }),
      barriers,
    }),
  );
}

/** Rows that lie before a byte range of the same shard: only now, when all ranges are read, can they be counted. */
function basesOf(span: Span, marker: IngestMarker, rowsBefore: Map<number, number>): Record<number, number> {
  const bases: Record<number, number> = {};
  for (const extent of span) {
    if (extent.unit !== "bytes") continue;
    bases[extent.shard] = rowsBefore.get(extent.shard) ?? 0;
  }
  for (const { shard, rows } of marker.extents) rowsBefore.set(shard, (rowsBefore.get(shard) ?? 0) + rows);
  return bases;
}

function checkErrorBudget(source: SourcePlan, markers: readonly IngestMarker[], maxErrors: number): void {
  let fatal = 0;
  for (const marker of markers) {
    for (const [kind, count] of Object.entries(marker.errors)) if (!HARMLESS_PROBLEMS.has(kind)) fatal += count;
  }
  if (fatal <= maxErrors) return;
  const examples = markers
    .flatMap((marker) => marker.problems)
    .filter((problem) => !HARMLESS_PROBLEMS.has(problem.kind));
  throw tooManyErrors(source.name, examples[0], maxErrors);
}

function addCounts(
  source: SourcePlan,
  ingested: readonly IngestMarker[],
  scattered: readonly ScatterMarker[],
  shards: readonly ShardMarker[],
  validation: HeldOutStore | undefined,
): SourceCounts {
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const errors = merge(ingested.map((marker) => marker.errors));
  const stages = source.stages.map((stage, index) => {
    const barrier = source.barriers.findIndex((candidate) => candidate.stage === index);
    const duplicates = barrier < 0 ? 0 : total(scattered.map((marker) => marker.duplicates[barrier]));
    const dropped = merge(ingested.map((marker) => marker.stages[index].dropped));
    return {
      id: stage.id,
      use: stage.use,
      rows_in: total(ingested.map((marker) => marker.stages[index].rows_in)),
      dropped: duplicates > 0 ? { ...dropped, [stage.exchange?.reason ?? ""]: duplicates } : dropped,
    };
  });
  return {
    rows_in: total(ingested.map((marker) => marker.rows)),
    errors,
    problems: ingested.flatMap((marker) => marker.problems).slice(0, 20),
    stages,
    kept: total(shards.map((shard) => shard.documents)),
    ...(validation && { held_out: total(validation.shards.map((shard) => shard.documents)) }),
    tokens: total(shards.map((shard) => shard.tokens)),
    text_bytes: total(shards.map((shard) => shard.text_bytes)),
  };
}

function merge(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const part of parts) for (const [key, count] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

/** Rows in = kept + dropped + errors, or the run is worth nothing. */
function checkAccounting(source: SourcePlan, counts: SourceCounts): void {
  const dropped = counts.stages.reduce((total, stage) => total + sumOf(stage.dropped), 0);
  const errors = sumOf(counts.errors);
  const { held_out = 0 } = counts;
  const found = counts.kept + held_out + dropped + errors;
  if (counts.rows_in === found) return;
  throw new RunError({
    code: "run/accounting",
    what: `${source.name}: ${counts.rows_in} rows in, but ${counts.kept} kept + ${held_out} held out + ${dropped} dropped + ${errors} errors = ${found}`,
    why: "a row went missing or was counted twice, so no figure of this run could be trusted",
    fix: "this is a bug: please report it with the recipe",
  });
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Key files of one source for one barrier, numbered within the group. */
export function keyInputs(
  state: RunState,
  source: number,
  barrier: number,
  ingested: IngestedSource,
  first: number,
): readonly KeyInput[] {
  const folder = state.layout.ingest(state.plan.sources[source].ingest);
  return ingested.markers.map((_, span) => ({
    file: { folder, marker: spanFiles.marker(span), name: spanFiles.keys(span, barrier) },
    firstDocument: first + ingested.firstDocuments[span],
  }));
}

export const shardFile = tokenFiles.shard;
