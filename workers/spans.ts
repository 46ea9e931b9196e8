/**
 * Cuts a source into spans, the units of work: row groups and byte ranges, never "a file".
 *
 * The cut is made once per ingest folder and kept there as a marker, made by the first of many runs, so that a resumed run has the same
 * spans whatever was asked since. Invariant: the extents of a shard cover it, each part once; a cut that does not, or is damaged, is made
 * again, and with it everything that was read by it.
 */
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import { commitFirst } from "../io/local/commit.ts";
import { seal } from "../io/local/seal.ts";
import { damagedStore } from "../io/local/vouched.ts";
import type { ShardRef } from "../io/source.ts";
import type { SourcePlan } from "../plan/plan.ts";
import type { Extent, ReadContext, SourceOperator } from "../stages/define.ts";
import { spanFiles } from "../store/layout.ts";
import { type MarkerState, markerFacts, readSealed } from "../store/marker.ts";
import { discardDamaged, discardSpans, spanMarkers } from "../store/repair.ts";
import type { CutMarker } from "./protocol.ts";

/** Bytes read per span: a minute of work at most, so that little is lost when a worker dies, and a second at least. */
export const SPAN_BYTES = 32 * 1024 * 1024;

export type Span = readonly Extent[];

/** How a source was cut, as recorded; undefined where it was not, or the record is damaged. */
export function recordedSpans(folder: string): readonly Span[] | undefined {
  return markerFacts<CutMarker>(folder, spanFiles.spans)?.spans;
}

/** The spans of a source, cut now or found from an earlier run. Only the owner of a run may ask: what is damaged is removed. */
export async function spansOf(
  source: SourcePlan,
  reader: SourceOperator,
  folder: string,
  context: ReadContext,
  spanBytes: number,
): Promise<readonly Span[]> {
  const found = readSpans(folder, source.shards);
  if (found.state === "done") return found.marker.spans;
  if (found.state === "damaged") discardDamaged(found.damage);
  const extentBytes = source.single_span ? Number.POSITIVE_INFINITY : spanBytes;
  const extents = await reader.extents(source.shards, context, extentBytes);
  const spans = source.single_span ? (extents.length > 0 ? [extents] : []) : groupExtents(extents, spanBytes);
  const problem = coverProblem(spans, source.shards);
  if (problem !== undefined) throw notCovered(source, problem);
  // Markers of spans come after the cut they are of: those that were there before any cut are of one that is gone.
  const orphans = spanMarkers(folder).length > 0 && readSealed(folder, spanFiles.spans).state === "absent";
  if (orphans) discardSpans(folder);
  if (commitFirst(join(folder, spanFiles.spans), seal({ files: [], spans } satisfies CutMarker))) return spans;
  // Another run was first, perhaps with spans of another size.
  const theirs = readSpans(folder, source.shards);
  if (theirs.state === "done") return theirs.marker.spans;
  throw damagedStore({ folder, marker: spanFiles.spans }, "was damaged as soon as it was made");
}

function readSpans(folder: string, shards: readonly ShardRef[]): MarkerState<CutMarker> {
  const read = readSealed<CutMarker>(folder, spanFiles.spans);
  if (read.state !== "done") return read;
  const problem = coverProblem(read.marker.spans, shards);
  if (problem === undefined) return read;
  return { state: "damaged", damage: { folder, marker: spanFiles.spans }, what: problem };
}

/**
 * Why extents do not cover every shard exactly, or undefined. Bytes end at the shard's size; how many rows a shard has is only known to
 * who reads it, so rows are looked at for gaps and overlaps alone.
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

function notCovered(source: SourcePlan, problem: string): RunError {
  return new RunError({
    code: "run/bad-extents",
    what: `${source.reader.use} cut ${source.name} in a way that ${problem}`,
    why: "rows would be lost or read twice",
    fix: "if the reader is a plugin, mend its extents; if it is built in, this is a bug: please report it with the recipe",
  });
}

/** Small extents share a span. Two byte ranges of one shard never do: their rows are numbered from each range's start. */
function groupExtents(extents: readonly Extent[], spanBytes: number): readonly Span[] {
  const spans: Extent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const extent of extents) {
    const open = spans.at(-1);
    const clash = extent.unit === "bytes" && open?.some((other) => other.shard === extent.shard);
    if (open === undefined || clash || bytes + extent.size_bytes > spanBytes) {
      spans.push([extent]);
      bytes = extent.size_bytes;
    } else {
      open.push(extent);
      bytes += extent.size_bytes;
    }
  }
  return spans;
}
