/**
 * The spans of a source as its first pass met them: where rows of a span stand in their files, and which span has a
 * row.
 *
 * A row of a byte range is counted from the range's start, so its address is known once all ranges before it are
 * read. Invariant: rows here are `(shard, row in the span)`, as ledgers and tables of spans have them; addresses
 * are told from them by `base`.
 */
import { entryAt } from "../../batch/entry.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import type { Extent } from "../../stages/define.ts";
import { type Layout, spanFiles } from "../../store/layout.ts";
import { markerFacts } from "../../store/marker.ts";
import type { IngestMarker } from "../../workers/protocol.ts";
import { recordedSpans } from "../../workers/spans.ts";

/** Rows of a span are keyed by one number: a shard has fewer than 2^32 rows. */
const SHARD = 0x1_0000_0000;

export function rowKey(shard: number, row: number): number {
  return shard * SHARD + row;
}

/** Shard and row of a key. */
export function rowOfKey(key: number): readonly [shard: number, row: number] {
  return [Math.floor(key / SHARD), key % SHARD];
}

export interface CutSpan {
  readonly span: number;
  readonly extents: readonly Extent[];
  /** Rows of a shard before those of the span; undefined where they cannot be counted yet. */
  readonly base: (shard: number) => number | undefined;
}

/** A span whose first pass is done. */
export interface ReadSpan extends CutSpan {
  readonly marker: IngestMarker;
  /** Number of its first document in the source; undefined where an earlier span is not read. */
  readonly firstDocument: number | undefined;
}

/** Spans whose first pass is done, in order. */
export function ingestedSpans(layout: Layout, source: SourcePlan): readonly ReadSpan[] {
  return cutSpans(layout, source).filter(isRead);
}

export function isRead(span: CutSpan | ReadSpan): span is ReadSpan {
  return "marker" in span;
}

/** All spans of a source, in order. */
export function cutSpans(layout: Layout, source: SourcePlan): readonly (CutSpan | ReadSpan)[] {
  const folder = layout.ingest(entryAt(source.passes, 0, "pass").fingerprint);
  const spans: (CutSpan | ReadSpan)[] = [];
  // Of shards that are read by byte ranges: undefined once a range was not read.
  const before = new Map<number, number | undefined>();
  let documents: number | undefined = 0;
  for (const [span, extents] of (recordedSpans(folder) ?? []).entries()) {
    const marker = markerFacts<IngestMarker>(folder, spanFiles.marker(span));
    const ranges = extents.filter(({ unit }) => unit === "bytes").map(({ shard }) => shard);
    const bases = new Map(ranges.map((shard) => [shard, before.has(shard) ? before.get(shard) : 0]));
    const base = (shard: number): number | undefined => (bases.has(shard) ? bases.get(shard) : 0);
    if (marker === undefined) {
      for (const shard of ranges) before.set(shard, undefined);
      documents = undefined;
      spans.push({ span, extents, base });
      continue;
    }
    spans.push({ span, extents, marker, firstDocument: documents, base });
    for (const { shard, rows } of marker.extents) {
      const known = bases.get(shard);
      if (bases.has(shard)) before.set(shard, known === undefined ? undefined : known + rows);
    }
    if (documents !== undefined) documents += marker.documents;
  }
  return spans;
}

/** Whether the row of that address is one of the span's; undefined where nobody can say. */
export function holdsRow(span: ReadSpan, shard: number, row: number): boolean | undefined {
  const extents = span.extents.filter((extent) => extent.shard === shard);
  if (extents.length === 0) return false;
  if (extents.some(({ unit }) => unit === "all")) return true;
  if (extents.some(({ unit }) => unit === "rows")) return extents.some(({ start, end }) => start <= row && row < end);
  const base = span.base(shard);
  if (base === undefined) return undefined;
  const rows = span.marker.extents.find((extent) => extent.shard === shard)?.rows ?? 0;
  return base <= row && row < base + rows;
}

/** `source/shard#row`; without a row where it cannot be counted yet. */
export function addressOf(source: SourcePlan, span: CutSpan, shard: number, row: number): string {
  const base = span.base(shard);
  const name = `${source.name}/${entryAt(source.shards, shard, "shard").key}`;
  return base === undefined || row < 0 ? name : `${name}#${base + row}`;
}
