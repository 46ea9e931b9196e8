/**
 * The rows of a source that are left when all is done, counted from what was recorded of each: how many, their bytes, and what stages counted of them.
 *
 * A barrier's word on a row lies in the fates that outputs read, or, where only training stages read the source, in the ledgers of duplicates beside
 * its tokens. Invariant: what cannot be read is not counted, and is a finding of verify-store.ts. Price: one pass over tables, fates and ledgers; 60 bytes
 * of memory for each row that a ledger names.
 */
import fs from "node:fs";
import { join } from "node:path";
import { int32Values } from "../batch/column.ts";
import { ShardmillError } from "../batch/errors.ts";
import { exactly } from "../batch/plural.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { Blocks } from "../io/local/blocks.ts";
import { droppingBarriers, passAt, type SourcePlan, sourceAt } from "../plan/plan.ts";
import { type Layout, spanFiles, tokenFiles, verdictFiles } from "../store/layout.ts";
import { markerFacts, vouch } from "../store/marker.ts";
import { basesOf } from "../workers/frontier/source-facts.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import type { IngestMarker, RowFigures } from "../workers/protocol.ts";
import { recordedSpans, type Span } from "../workers/spans.ts";
import { SURVIVES } from "../workers/tasks/settle.ts";
import { FigureSums, figureColumns, readFigures } from "../workers/tasks/span-figures.ts";
import { readSpanRows, type SpanRowTable } from "../workers/tasks/span-rows.ts";
import { allOf } from "./recorded-outputs.ts";
import type { OpenRun } from "./status.ts";

export interface Survivors {
  readonly rows: number;
  readonly text_bytes: number;
  /** What stages counted of them, by stage. */
  readonly figures?: RowFigures;
}

/** Whether a row of a span's table is still there. */
type Survives = (span: number, table: SpanRowTable, row: number) => boolean;

/** Undefined where tables, fates or ledgers cannot be read. `report` is told of spans that say otherwise. */
export function countSurvivors(
  run: Pick<OpenRun, "plan" | "layout">,
  source: number,
  report: (what: string) => void,
): Survivors | undefined {
  const { plan, layout } = run;
  const planned = sourceAt(plan, source);
  const first = layout.ingest(passAt(plan, source, 0).fingerprint);
  const last = layout.ingest(planned.ingest);
  const spans = recordedSpans(first);
  if (spans === undefined) return undefined;
  try {
    const settled = settledRows(run, source, first);
    const survives =
      droppingBarriers(planned).length === 0 ? always : (settled?.survives ?? scattered(layout, planned, spans));
    if (survives === undefined) return undefined;
    let rows = 0;
    let text_bytes = 0;
    const columns = figureColumns(planned);
    const figures = new FigureSums(columns);
    for (const span of spans.keys()) {
      const table = readSpanRows(last, span);
      const counted = columns.length > 0 ? readFigures(last, span, columns) : undefined;
      for (const [row, bytes] of table.bytes.entries()) {
        if (!survives(span, table, row)) continue;
        if (counted !== undefined) figures.addRow(counted, row);
        rows++;
        text_bytes += bytes;
      }
    }
    const said = settled?.said;
    if (said !== undefined && (said.rows !== rows || said.text_bytes !== text_bytes))
      report(
        `${exactly(rows, "row")} of ${exactly(text_bytes, "byte")} survived, and the run says ${said.rows} of ${said.text_bytes}`,
      );
    return { rows, text_bytes, ...figures.finish() };
  } catch (error) {
    if (error instanceof ShardmillError) return undefined;
    throw error;
  }
}

const always: Survives = () => true;

/** By the fates of rows, and what their markers say; undefined where there are none of every span. */
function settledRows({ plan, layout }: Pick<OpenRun, "plan" | "layout">, source: number, first: string) {
  const places = new MarkerPlaces(plan, layout);
  const fates = new Map<number, Uint8Array>();
  const said = { rows: 0, text_bytes: 0 };
  for (const [part, marker] of allOf((number) => places.settle(source, number)).entries()) {
    const { folder, name } = places.settle(source, part);
    const file = new Blocks(vouch({ folder, marker: name, name: verdictFiles.fates(part) }));
    for (const { span, at, survivors, text_bytes } of marker.spans) {
      const documents = markerFacts<IngestMarker>(first, spanFiles.marker(span))?.documents;
      if (documents === undefined) return undefined;
      fates.set(span, file.read(at, documents));
      said.rows += survivors;
      said.text_bytes += text_bytes;
    }
  }
  const spans = recordedSpans(first)?.length ?? 0;
  if (spans === 0 || fates.size < spans) return undefined;
  const survives: Survives = (span, { document }, row) => fates.get(span)?.[document[row] ?? -1] === SURVIVES;
  return { survives, said };
}

/** By the ledgers of what was taken away before tokens were gathered; undefined where a span's marker is not there. */
function scattered(layout: Layout, source: SourcePlan, spans: readonly Span[]): Survives | undefined {
  const first = layout.ingest(source.passes[0]?.fingerprint ?? source.ingest);
  const rowsBefore = new Map<number, number>();
  const bases: Readonly<Record<number, number>>[] = [];
  for (const [index, span] of spans.entries()) {
    const marker = markerFacts<IngestMarker>(first, spanFiles.marker(index));
    if (marker === undefined) return undefined;
    bases.push(basesOf(span, marker, rowsBefore));
  }
  const folder = layout.tokens(source.tokens);
  const ledgers = duplicateLedgers(folder);
  if (ledgers.length === 0) return undefined;
  const gone = new Map<number, Set<number>>();
  for (const name of ledgers) {
    const { columns } = decodeArrow(fs.readFileSync(join(folder, name)), name);
    const rows = int32Values(columns, "row");
    for (const [at, shard] of int32Values(columns, "shard").entries()) {
      const known = gone.get(shard) ?? new Set();
      gone.set(shard, known.add(rows[at] ?? -1));
    }
  }
  return (span, table, row) => {
    const shard = table.shard[row] ?? -1;
    return gone.get(shard)?.has((table.row[row] ?? -1) + (bases[span]?.[shard] ?? 0)) !== true;
  };
}

/** Files of a store that name the rows barriers took away. */
export function duplicateLedgers(folder: string): readonly string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter(tokenFiles.isDuplicates).sort() : [];
}
