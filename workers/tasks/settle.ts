/**
 * Which rows of some spans survive every dropping barrier of their source, and which barrier took the others: a byte a row, for outputs.
 *
 * A token store learns this while it is shuffled; an output has no shuffle, so it is written down. Invariant: the rows that fall here are those
 * that a shuffle would drop, each counted for the first barrier that drops it. Memory: 4 bytes a document of a span and barrier.
 */
import { join } from "node:path";
import { entryAt } from "../../batch/entry.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { commitIntermediate, commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { droppingBarriers, sourceAt } from "../../plan/plan.ts";
import { verdictFiles } from "../../store/layout.ts";
import type { WorkerContext } from "../context.ts";
import type { SettleMarker, SettleTask } from "../protocol.ts";
import { RootsFile } from "../roots.ts";
import { DuplicateLedger } from "./duplicate-ledger.ts";
import { FigureSums, figureColumns, readFigures } from "./span-figures.ts";
import { readSpanRows } from "./span-rows.ts";

/** A document that was dropped before the last pass ended. */
const GONE = 0;
export const SURVIVES = 1;
/** Plus the position of the barrier among the dropping ones. */
export const FELL = 2;

export function settle(task: SettleTask, context: WorkerContext): SettleMarker {
  const source = sourceAt(context.plan, task.source);
  const folder = context.layout.verdicts(source.verdicts);
  const dropping = droppingBarriers(source);
  const barriers = dropping.map(({ stage }, barrier) => {
    const { roots } = entryAt(task.barriers, barrier, "barrier");
    return { stage, fate: FELL + barrier, first: roots.first, file: new RootsFile(roots.file), duplicates: 0 };
  });
  const ledger = new DuplicateLedger();
  const columns = figureColumns(source);
  const figures = new FigureSums(columns);
  const ingested = context.layout.ingest(source.ingest);
  const file = createIntermediate(join(folder, verdictFiles.fates(task.part)));
  const spans: SettleMarker["spans"][number][] = [];
  let at = 0;
  try {
    for (const span of task.spans) {
      const rows = readSpanRows(ingested, span.span);
      const counted = columns.length > 0 ? readFigures(ingested, span.span, columns) : undefined;
      const fates = new Uint8Array(span.documents).fill(GONE);
      const roots = barriers.map((barrier) => {
        const first = barrier.first + span.firstDocument;
        return { barrier, first, values: barrier.file.read(first, span.documents) };
      });
      let kept = 0;
      let textBytes = 0;
      for (let row = 0; row < rows.count; row++) {
        const document = int32At(rows.document, row);
        const loser = roots.find(({ first, values }) => values[document] !== first + document);
        if (loser === undefined) {
          fates[document] = SURVIVES;
          if (counted !== undefined) figures.addRow(counted, row);
          kept++;
          textBytes += int32At(rows.bytes, row);
          continue;
        }
        const shard = int32At(rows.shard, row);
        fates[document] = loser.barrier.fate;
        loser.barrier.duplicates++;
        const address = int32At(rows.row, row) + (span.rowBases[shard] ?? 0);
        ledger.add(shard, address, loser.barrier.stage, uint32At(loser.values, document));
      }
      file.write(fates);
      spans.push({ span: span.span, at, survivors: kept, text_bytes: textBytes });
      at += fates.length;
    }
  } catch (error) {
    file.abort();
    throw error;
  }
  const duplicatesFile = join(folder, verdictFiles.duplicates(task.part));
  const files = [file.commit(), commitIntermediate(duplicatesFile, ledger.encode())];
  const duplicates = barriers.map((barrier) => barrier.duplicates);
  const marker: SettleMarker = { files, spans, duplicates, ...figures.finish() };
  commitMarker(join(folder, verdictFiles.marker(task.part)), marker);
  return marker;
}
