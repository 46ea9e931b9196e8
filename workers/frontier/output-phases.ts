/**
 * The phase that writes an output: which rows go to which of its files.
 *
 * Files are cut by rows, not by spans: file k of N takes the rows [rows·k/N, rows·(k+1)/N) that survive, in order of source and span, and N
 * comes from the bytes of the columns that are written. So files are the same however the sources were cut. Texts are counted row by row; of other
 * columns the last pass knows sums alone, and of those of a source survivors have the share that they are of its rows.
 */
import { entryAt } from "../../batch/entry.ts";
import {
  type BarrierColumn,
  barrierColumns,
  droppingBarriers,
  type OutputPlan,
  outputAt,
  sourceAt,
} from "../../plan/plan.ts";
import { verdictFiles } from "../../store/layout.ts";
import type { IngestFacts } from "../markers.ts";
import type { WritePart } from "../protocol.ts";
import { type Need, once, type PhaseSpec } from "./phase.ts";
import type { Schedule } from "./schedule.ts";
import { countNeeds, countsOf, type Phases, products } from "./source-phases.ts";

/** Rows of one span that an output takes. */
interface SpanRows {
  readonly source: number;
  readonly span: number;
  readonly survivors: number;
  readonly text_bytes: number;
  readonly fates?: WritePart["fates"];
}

interface Cut {
  /** `first` counts the rows before a span. */
  readonly spans: readonly (SpanRows & { readonly first: number })[];
  readonly rows: number;
  readonly files: number;
}

export function writePhase(
  schedule: Schedule,
  output: number,
  settle: (source: number) => PhaseSpec,
  phases: Phases,
): PhaseSpec {
  const planned = outputAt(schedule.plan, output);
  const passesOf = (source: number) => sourceAt(schedule.plan, source).passes;
  const cut = once(() => cutOutput(schedule, planned));
  const dropping = (source: number): boolean => droppingBarriers(sourceAt(schedule.plan, source)).length > 0;
  const lastPass = (source: number): PhaseSpec => phases.ingest(source, passesOf(source).length - 1);
  const counted = planned.sources.flatMap((source): readonly Need[] => [
    { phase: lastPass(source), left: "facts" },
    ...(dropping(source)
      ? ([
          { phase: settle(source), left: "facts" },
          { phase: phases.ingest(source, 0), left: "facts" },
        ] as const)
      : []),
  ]);
  const partsOf = (shard: number): readonly WritePart[] => {
    const made = cut();
    if (made === undefined) throw new Error(`${planned.name} has no file ${shard} yet`);
    return partsOfFile(made, shard, planned.keep_dropped);
  };
  const columnsOf = once(
    () => new Map(planned.sources.map((source) => [source, wantedCounts(schedule, planned, source)])),
  );
  const withCounts = (part: WritePart): WritePart => {
    const columns = columnsOf().get(part.source) ?? [];
    if (columns.length === 0) return part;
    const firsts = schedule.facts(part.source).firstDocuments();
    const first = firsts?.[part.span] ?? 0;
    const next = firsts?.[part.span + 1] ?? first;
    const counts = columns.map(({ name, holds, counts: { file, first: base } }) => {
      return { name, holds, counts: { file, first: base + first }, documents: next - first };
    });
    return { ...part, counts };
  };
  return {
    id: `write:${planned.name}`,
    kind: "write",
    subject: planned.name,
    stages: [planned.format.use],
    count: () => cut()?.files,
    task: (shard) => ({ kind: "write", output, shard, parts: partsOf(shard).map(withCounts) }),
    place: (shard) => schedule.places.write(output, shard),
    needs: (undone) => {
      if (undone === undefined) return counted;
      const spans = spansOf(undone.flatMap(partsOf));
      const read = [...spans].flatMap(([source, tasks]): readonly Need[] => [
        { phase: lastPass(source), tasks, left: products.spool },
        ...(planned.keep_dropped
          ? passesOf(source).map((_, pass): Need => {
              return { phase: phases.ingest(source, pass), tasks, left: products.dropped };
            })
          : []),
        ...(dropping(source) ? [{ phase: settle(source), left: "whole" } as const] : []),
        ...wantedColumns(schedule, planned, source).flatMap(({ barrier }) =>
          countNeeds(schedule, source, barrier, phases),
        ),
      ]);
      return [...counted, ...read];
    },
  };
}

/** What an output has as columns of what the barriers of a source count. */
function wantedColumns(schedule: Schedule, { columns }: OutputPlan, source: number): readonly BarrierColumn[] {
  const planned = sourceAt(schedule.plan, source);
  return barrierColumns(planned).filter(
    ({ name }) => columns.some((column) => column.name === name) && !planned.columns.some((own) => own.name === name),
  );
}

function wantedCounts(schedule: Schedule, output: OutputPlan, source: number) {
  return wantedColumns(schedule, output, source).map((column) => {
    return { ...column, counts: countsOf(schedule, source, column) };
  });
}

function spansOf(parts: readonly WritePart[]): ReadonlyMap<number, readonly number[]> {
  const spans = new Map<number, Set<number>>();
  for (const { source, span } of parts) {
    const known = spans.get(source) ?? new Set();
    spans.set(source, known.add(span));
  }
  return new Map([...spans].map(([source, numbers]) => [source, [...numbers]]));
}

function cutOutput(schedule: Schedule, { sources, columns, shard_bytes }: OutputPlan): Cut | undefined {
  const spans: Cut["spans"][number][] = [];
  const written = new Set(columns.map(({ name }) => name));
  let rows = 0;
  let bytes = 0;
  for (const source of sources) {
    const taken =
      droppingBarriers(sourceAt(schedule.plan, source)).length > 0 ? settled(schedule, source) : kept(schedule, source);
    if (taken === undefined) return undefined;
    const before = rows;
    let textBytes = 0;
    for (const span of taken) {
      spans.push({ ...span, first: rows });
      rows += span.survivors;
      textBytes += span.text_bytes;
    }
    bytes += writtenBytes(schedule.facts(source).last() ?? [], written, { survivors: rows - before, textBytes });
  }
  return { spans, rows, files: Math.max(1, Math.ceil(bytes / shard_bytes)) };
}

/** Of the survivors of a source. Spans of stores that an earlier version made have no sums of columns: of those the texts alone count. */
function writtenBytes(
  last: readonly IngestFacts[],
  written: ReadonlySet<string>,
  { survivors, textBytes }: { readonly survivors: number; readonly textBytes: number },
): number {
  if (last.some(({ column_bytes }) => column_bytes === undefined)) return textBytes;
  let others = 0;
  let all = 0;
  for (const { kept: rows, column_bytes = {} } of last) {
    all += rows;
    for (const [name, size] of Object.entries(column_bytes)) if (name !== "text" && written.has(name)) others += size;
  }
  return (written.has("text") ? textBytes : 0) + (all === 0 ? 0 : others * (survivors / all));
}

/** Where nothing drops rows afterwards, the last pass knows what is left. */
function kept(schedule: Schedule, source: number): readonly SpanRows[] | undefined {
  return schedule
    .facts(source)
    .last()
    ?.map(({ kept: survivors, text_bytes }, span) => ({ source, span, survivors, text_bytes }));
}

function settled(schedule: Schedule, source: number): readonly SpanRows[] | undefined {
  const parts = schedule.facts(source).parts();
  if (parts === undefined) return undefined;
  const rows: SpanRows[] = [];
  for (const [part, members] of parts.entries()) {
    const place = schedule.places.settle(source, part);
    const marker = schedule.markers.facts(place);
    if (marker === undefined) return undefined;
    const file = { folder: place.folder, marker: place.name, name: verdictFiles.fates(part) };
    marker.spans.forEach(({ span, at, survivors, text_bytes }, index) => {
      const { documents } = entryAt(members, index, "span");
      rows.push({ source, span, survivors, text_bytes, fates: { file, at, documents } });
    });
  }
  return rows;
}

/**
 * Spans, or parts of them, whose rows go to a file. A dropped row goes where the next row that survives goes, the last ones to the last file: so
 * what is left aside is cut like the rows themselves, whatever the spans.
 */
function partsOfFile({ spans, rows, files }: Cut, file: number, keepDropped: boolean): readonly WritePart[] {
  const start = Math.floor((rows * file) / files);
  const end = Math.floor((rows * (file + 1)) / files);
  const isLastFile = file === files - 1;
  const parts: WritePart[] = [];
  for (let index = firstSpan(spans, start); index < spans.length; index++) {
    const { source, span, survivors, fates, first } = entryAt(spans, index, "span");
    if (first > end) break;
    const skip = Math.max(0, start - first);
    const take = Math.max(0, Math.min(end, first + survivors) - Math.max(start, first));
    const to = isLastFile ? survivors + 1 : Math.min(survivors + 1, end - first);
    const aside = keepDropped && skip < to ? { from: skip, to } : undefined;
    if (take > 0 || aside !== undefined)
      parts.push({ source, span, ...(fates && { fates }), skip, take, ...(aside && { aside }) });
  }
  return parts;
}

/** The first span that ends at or after row `start`. */
function firstSpan(spans: Cut["spans"], start: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { first, survivors } = entryAt(spans, middle, "span");
    if (first + survivors >= start) high = middle;
    else low = middle + 1;
  }
  return low;
}
