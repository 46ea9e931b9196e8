/**
 * Which row stayed in the stead of a duplicate: from its number in a dedup group to its address and id.
 *
 * Documents of a group are numbered through its members, those of a source through its spans, as readers give them.
 * Price: each span that has one is read again up to the last of them.
 */
import { entryAt } from "../../batch/entry.ts";
import type { Plan, SourcePlan } from "../../plan/plan.ts";
import { idOf, type PeekedVerdict } from "./document.ts";
import type { RowFate } from "./fates.ts";
import type { SourceReader } from "./source-reader.ts";
import { addressOf, type ReadSpan } from "./spans.ts";

export type Survivor = NonNullable<PeekedVerdict["survivor"]>;

/** What survivors are found by. */
export interface Sources {
  readonly plan: Plan;
  /** By position in the plan. */
  readonly spans: (source: number) => readonly ReadSpan[];
  readonly reader: (source: number) => SourceReader;
}

interface Wanted {
  readonly fate: RowFate;
  /** From the start of the span. */
  readonly ordinal: number;
}

/** The survivors of the fates that have one, of rows of `source`. */
export async function findSurvivors(
  source: SourcePlan,
  fates: readonly RowFate[],
  sources: Sources,
): Promise<ReadonlyMap<RowFate, Survivor>> {
  const bySpan = new Map<ReadSpan, { readonly source: number; readonly wanted: Wanted[] }>();
  for (const fate of fates) {
    const place = fate.copyOf && placeOf(source, fate.copyOf, sources);
    if (place === undefined) continue;
    const entry = bySpan.get(place.span) ?? { source: place.source, wanted: [] };
    entry.wanted.push({ fate, ordinal: place.ordinal });
    bySpan.set(place.span, entry);
  }
  const found = new Map<RowFate, Survivor>();
  for (const [span, { source: index, wanted }] of bySpan) await readSurvivors(span, index, wanted, sources, found);
  return found;
}

interface DocumentPlace {
  readonly source: number;
  readonly span: ReadSpan;
  readonly ordinal: number;
}

function placeOf(
  source: SourcePlan,
  { stage, document }: NonNullable<RowFate["copyOf"]>,
  { plan, spans }: Sources,
): DocumentPlace | undefined {
  const barrier = source.barriers.find((candidate) => candidate.stage === stage);
  if (barrier === undefined) return undefined;
  let first = 0;
  for (const member of entryAt(plan.groups, barrier.group, "dedup group").members) {
    const last = spans(member.source).at(-1);
    const documents = (last?.firstDocument ?? 0) + (last?.marker.documents ?? 0);
    if (document >= first + documents) {
      first += documents;
      continue;
    }
    const ordinal = document - first;
    const span = spans(member.source).findLast(({ firstDocument = 0 }) => firstDocument <= ordinal);
    return span && { source: member.source, span, ordinal: ordinal - (span.firstDocument ?? 0) };
  }
  return undefined;
}

async function readSurvivors(
  span: ReadSpan,
  source: number,
  wanted: readonly Wanted[],
  { plan, reader }: Sources,
  found: Map<RowFate, Survivor>,
): Promise<void> {
  const planned = entryAt(plan.sources, source, "source");
  const last = Math.max(...wanted.map(({ ordinal }) => ordinal));
  let at = 0;
  await reader(source).visit(span, (batch, row) => {
    for (const { fate, ordinal } of wanted) {
      if (ordinal !== at) continue;
      const [shard = 0, inSpan = 0] = [batch.shards[row], batch.rowsInShard[row]];
      const id = idOf(batch, row);
      found.set(fate, { address: addressOf(planned, span, shard, inSpan), ...(id === undefined ? {} : { id }) });
    }
    return at++ >= last;
  });
}
