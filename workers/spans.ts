/**
 * Cuts a source into spans, the units of work: row groups and byte ranges, never "a file".
 *
 * The cut is made once per ingest folder and kept there, so that a resumed run has the same spans whatever was asked since.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commitBytes } from "../io/local/commit.ts";
import type { SourcePlan } from "../plan/plan.ts";
import type { Extent, ReadContext, SourceOperator } from "../stages/define.ts";

/** Bytes read per span: a minute of work at most, so that little is lost when a worker dies, and a second at least. */
export const SPAN_BYTES = 32 * 1024 * 1024;
export const SPANS_FILE = "spans.json";

export type Span = readonly Extent[];

export async function spansOf(
  source: SourcePlan,
  reader: SourceOperator,
  folder: string,
  context: ReadContext,
  spanBytes: number,
): Promise<readonly Span[]> {
  const path = join(folder, SPANS_FILE);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Span[];
  } catch {
    // Not cut yet.
  }
  const extentBytes = source.single_span ? Number.POSITIVE_INFINITY : spanBytes;
  const extents = await reader.extents(source.shards, context, extentBytes);
  const spans = source.single_span ? (extents.length > 0 ? [extents] : []) : groupExtents(extents, spanBytes);
  commitBytes(path, Buffer.from(JSON.stringify(spans)));
  return spans;
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
