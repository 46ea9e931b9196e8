/**
 * The spans of a source, the units of work, as its cut recorded them: row groups and byte ranges, never "a file".
 *
 * Invariant: the extents of a shard cover it, each part once; a record that does not is as good as damaged.
 */
import type { ShardRef } from "../io/source.ts";
import type { Extent } from "../stages/define.ts";
import { spanFiles } from "../store/layout.ts";
import { type MarkerState, markerFacts, readSealed } from "../store/marker.ts";
import type { CutMarker } from "./protocol.ts";

export type Span = readonly Extent[];

/**
 * Bytes of input that each span stands for, about: a share of its shards. Of a shard that is cut by rows, every row
 * counts alike.
 */
export function spanBytes(spans: readonly Span[], shards: readonly ShardRef[]): readonly number[] {
  const rows = new Map<number, number>();
  for (const { unit, shard, end } of spans.flat()) {
    if (unit === "rows") rows.set(shard, Math.max(end, rows.get(shard) ?? 0));
  }
  return spans.map((span) => {
    return Math.round(
      span.reduce((sum, { unit, shard, start, end }) => {
        const size = shards[shard]?.size_bytes ?? 0;
        if (unit === "bytes") return sum + end - start;
        return sum + (unit === "rows" ? (size * (end - start)) / Math.max(1, rows.get(shard) ?? 1) : size);
      }, 0),
    );
  });
}

/** How a source was cut, as recorded; undefined where it was not, or the record is damaged. */
export function recordedSpans(folder: string): readonly Span[] | undefined {
  return markerFacts<CutMarker>(folder, spanFiles.spans)?.spans;
}

/** The cut of a source; damaged where it does not cover the shards. */
export function readSpans(folder: string, shards: readonly ShardRef[]): MarkerState<CutMarker> {
  const read = readSealed<CutMarker>(folder, spanFiles.spans);
  if (read.state !== "done") return read;
  const problem = coverProblem(read.marker.spans, shards);
  if (problem === undefined) return read;
  return { state: "damaged", damage: { folder, marker: spanFiles.spans }, what: problem };
}

/**
 * Why extents do not cover every shard exactly, or undefined. Bytes end at the shard's size; how many rows a shard
 * has is only known to who reads it, so rows are looked at for gaps and overlaps alone.
 */
export function coverProblem(spans: readonly Span[], shards: readonly ShardRef[]): string | undefined {
  const byShard = new Map<number, Extent[]>();
  for (const extent of spans.flat()) {
    if (shards[extent.shard] === undefined) return `names shard ${extent.shard}, and there are ${shards.length}`;
    const extents = byShard.get(extent.shard) ?? [];
    extents.push(extent);
    byShard.set(extent.shard, extents);
  }
  for (const [index, { key, size_bytes }] of shards.entries()) {
    const extents = (byShard.get(index) ?? []).toSorted((a, b) => a.start - b.start || a.end - b.end);
    const [first] = extents;
    if (first === undefined) return `does not cover ${key}`;
    if (extents.some(({ unit }) => unit !== first.unit)) return `covers ${key} in more than one unit`;
    if (first.unit === "all" && extents.length > 1) return `covers ${key} more than once`;
    let end = 0;
    for (const extent of extents) {
      if (extent.start !== end || extent.end < extent.start) {
        return `covers ${key} up to ${first.unit} ${end} and goes on at ${extent.start} to ${extent.end}`;
      }
      end = extent.end;
    }
    if (first.unit !== "rows" && end !== size_bytes) return `covers ${end} of the ${size_bytes} bytes of ${key}`;
  }
  return undefined;
}
