/**
 * Cuts a source into spans, the units of work: row groups and byte ranges, never "a file".
 *
 * The cut is made once and kept as a marker, so that everybody has the same spans whatever was asked since.
 */
import { join } from "node:path";
import { DataError } from "../../batch/errors.ts";
import { commitMarker } from "../../io/local/commit.ts";
import { openShard } from "../../io/open.ts";
import type { Extent } from "../../stages/define.ts";
import { spanFiles } from "../../store/layout.ts";
import type { WorkerContext } from "../context.ts";
import type { CutMarker, CutTask } from "../protocol.ts";

/** Bytes read per span: a minute of work at most, so that little is lost when a worker dies, and a second at least. */
export const SPAN_BYTES = 32 * 1024 * 1024;

export async function cut(task: CutTask, context: WorkerContext): Promise<CutMarker> {
  const source = context.plan.sources[task.source];
  const { span_bytes } = context.setup;
  const reader = context.operator(source.reader);
  if (reader.kind !== "source") throw new Error(`${source.reader.use} is not a reader`);
  const read = {
    source: source.name,
    shards: source.shards,
    open: (shard: (typeof source.shards)[number]) => openShard(shard, context.environment),
    problem: ({ kind, shard, message }: { kind: string; shard: number; message: string }) => {
      throw new DataError({
        code: `data/${kind.replaceAll("_", "-")}`,
        what: message,
        place: { source: source.name, shard: source.shards[shard].key },
        why: "nothing can be read before it is known where the rows lie",
      });
    },
  };
  const extents = await reader.extents(source.shards, read, source.single_span ? Number.POSITIVE_INFINITY : span_bytes);
  const spans = source.single_span ? (extents.length > 0 ? [extents] : []) : groupExtents(extents, span_bytes);
  const marker: CutMarker = { files: [], spans };
  commitMarker(join(context.layout.ingest(source.passes[0].fingerprint), spanFiles.spans), marker);
  return marker;
}

/** Small extents share a span. Two byte ranges of one shard never do: their rows are numbered from each range's start. */
function groupExtents(extents: readonly Extent[], spanBytes: number): readonly (readonly Extent[])[] {
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
