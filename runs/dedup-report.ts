/**
 * What dedup decided, for people: how many rows fall for keys alone and how many do, the largest clusters, how deep chains of rows go that are each like
 * the next.
 *
 * Told as soon as it is decided, before anything is taken, and kept in the run's folder as `dedup.json`. Everything comes from markers; addresses of survivors from
 * the documents tables of their spans. Price: those tables, at most twenty of them a barrier.
 */
import { groupAt, type Plan, sourceAt } from "../plan/plan.ts";
import { type Layout, spanFiles } from "../store/layout.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import type { Markers } from "../workers/markers.ts";
import type { ElectionCounts, VerdictFigures } from "../workers/protocol.ts";
import { type DedupReport, dedupVerdict } from "../workers/verdicts.ts";
import { addressOf, ingestedSpans, type ReadSpan } from "./peek/spans.ts";
import { SideTable } from "./peek/tables.ts";

/** The verdicts that are there, in the order of the plan. */
export function dedupReports(plan: Plan, layout: Layout, markers: Markers): readonly DedupReport[] {
  const places = new MarkerPlaces(plan, layout);
  return plan.groups.flatMap((_, group) => {
    const figures = markers.facts(places.verdict(group));
    return figures === undefined ? [] : (dedupReport(plan, layout, group, figures) ?? []);
  });
}

/** The verdict of one group; undefined where its barrier does not take rows for their likeness. */
export function dedupReport(
  plan: Plan,
  layout: Layout,
  group: number,
  figures: VerdictFigures,
): DedupReport | undefined {
  const { stage } = groupAt(plan, group);
  const { clusters, candidates, duplicates, chain_depth = 0, elections } = figures;
  const verdict = dedupVerdict(plan, group, figures);
  if (verdict === undefined || clusters === undefined) return undefined;
  const survivors = new Survivors(plan, layout, group);
  return {
    stage: stage.id,
    use: stage.use,
    sources: verdict.sources,
    ...(candidates !== undefined && { candidates }),
    dropped: duplicates,
    chain_depth,
    clusters: clusters.clusters,
    members: clusters.members,
    clusters_by_size: Object.fromEntries(clusters.sizes.map((count, bin) => [String(2 ** (bin + 1)), count])),
    largest: clusters.largest.map(({ document, size }) => ({ size, survivor: survivors.addressOf(document) })),
    ...(elections && { elections: inOrder(elections) }),
  };
}

/** A marker that was read has its keys in another order than a marker that was just made. */
function inOrder(counts: ElectionCounts): ElectionCounts {
  const { members, absent, fallen, own_word, own_passage, own_order, repetitive, unknown_text } = counts;
  return { members, absent, fallen, own_word, own_passage, own_order, repetitive, unknown_text };
}

/** Addresses of documents of a group. */
class Survivors {
  readonly #plan: Plan;
  readonly #layout: Layout;
  readonly #group: number;
  readonly #spans = new Map<number, readonly ReadSpan[]>();

  constructor(plan: Plan, layout: Layout, group: number) {
    this.#plan = plan;
    this.#layout = layout;
    this.#group = group;
  }

  /** Of a row that a later stage dropped only the source is known. */
  addressOf(document: number): string {
    let first = 0;
    for (const { source } of groupAt(this.#plan, this.#group).members) {
      const spans = this.#spansOf(source);
      const last = spans.at(-1);
      const documents = (last?.firstDocument ?? 0) + (last?.marker.documents ?? 0);
      if (document < first + documents) return this.#inSource(source, spans, document - first);
      first += documents;
    }
    return "";
  }

  #inSource(source: number, spans: readonly ReadSpan[], document: number): string {
    const planned = sourceAt(this.#plan, source);
    const span = spans.findLast(({ firstDocument = 0 }) => firstDocument <= document);
    if (span === undefined) return planned.name;
    const ordinal = document - (span.firstDocument ?? 0);
    const address = SideTable.look(this.#layout.ingest(planned.ingest), spanFiles.documents(span.span), (table) => {
      const row = rowOf(table, ordinal);
      return row === undefined
        ? undefined
        : addressOf(planned, span, table.number("shard", row), table.number("row", row));
    });
    return address ?? planned.name;
  }

  #spansOf(source: number): readonly ReadSpan[] {
    const known = this.#spans.get(source) ?? ingestedSpans(this.#layout, sourceAt(this.#plan, source));
    this.#spans.set(source, known);
    return known;
  }
}

/** Where a table of documents, which are in order, has one of them. */
function rowOf(table: SideTable, document: number): number | undefined {
  let low = 0;
  let high = table.rows;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (table.number("document", middle) < document) low = middle + 1;
    else high = middle;
  }
  return table.number("document", low) === document ? low : undefined;
}
