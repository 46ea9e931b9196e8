/**
 * Cuts a source into spans, the units of work: row groups and byte ranges, never "a file".
 *
 * The cut is made once and kept as a marker, made by the first of many, so that everybody has the same spans whatever was asked since. With a
 * cut that is made again goes everything that was read by the old one.
 */
import { join } from "node:path";
import { entryAt } from "../../batch/entry.ts";
import { DataError, RunError } from "../../batch/errors.ts";
import { commitFirst } from "../../io/local/commit.ts";
import { seal } from "../../io/local/seal.ts";
import { damagedStore } from "../../io/local/vouched.ts";
import { openShard } from "../../io/open.ts";
import { passAt, type SourcePlan, sourceAt } from "../../plan/plan.ts";
import type { Extent } from "../../stages/define.ts";
import { spanFiles } from "../../store/layout.ts";
import { readSealed } from "../../store/marker.ts";
import { discardSpans, spanMarkers } from "../../store/repair.ts";
import type { WorkerContext } from "../context.ts";
import type { CutMarker, CutTask } from "../protocol.ts";
import { coverProblem, readSpans } from "../spans.ts";

/** Bytes read per span: a minute of work at most, so that little is lost when a worker dies, and a second at least. */
export const SPAN_BYTES = 32 * 1024 * 1024;

export async function cut(task: CutTask, context: WorkerContext): Promise<CutMarker> {
  const source = sourceAt(context.plan, task.source);
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
        place: { source: source.name, shard: entryAt(source.shards, shard, "shard").key },
        why: "nothing can be read before it is known where the rows lie",
      });
    },
  };
  const extents = await reader.extents(source.shards, read, source.single_span ? Number.POSITIVE_INFINITY : span_bytes);
  const spans = source.single_span ? (extents.length > 0 ? [extents] : []) : groupExtents(extents, span_bytes);
  const problem = coverProblem(spans, source.shards);
  if (problem !== undefined) throw notCovered(source, problem);
  const folder = context.layout.ingest(passAt(context.plan, task.source, 0).fingerprint);
  discardOrphans(source, context);
  const marker: CutMarker = { files: [], spans };
  if (commitFirst(join(folder, spanFiles.spans), seal(marker))) return marker;
  // Another run was first, perhaps with spans of another size.
  const theirs = readSpans(folder, source.shards);
  if (theirs.state === "done") return theirs.marker;
  throw damagedStore({ folder, marker: spanFiles.spans }, "was damaged as soon as it was made");
}

/** Markers of spans, of every pass, come after the cut they are of: those that are there before any cut are of one that is gone. */
function discardOrphans({ passes }: SourcePlan, { layout }: WorkerContext): void {
  const folders = passes.map(({ fingerprint }) => layout.ingest(fingerprint));
  // Looked at first: another run may cut and read meanwhile, in this order.
  const orphans = folders.filter((folder) => spanMarkers(folder).length > 0);
  if (readSealed(entryAt(folders, 0, "pass"), spanFiles.spans).state !== "absent") return;
  for (const folder of orphans) discardSpans(folder);
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
