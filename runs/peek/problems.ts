/**
 * Rows of a run that could not be used, with their addresses: from the ledgers of its spans, or what markers keep
 * of them. Of a span that failed, those that it had met.
 */
import { entryAt } from "../../batch/entry.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { type Layout, spanFiles } from "../../store/layout.ts";
import { chosenSources, type OpenRun } from "../status.ts";
import type { PeekedProblem } from "./document.ts";
import { addressOf, type CutSpan, cutSpans, isRead, type ReadSpan } from "./spans.ts";
import { SideTable } from "./tables.ts";

export interface PeekProblemsOptions {
  readonly count: number;
  readonly source?: string;
}

/** The first of them, in order. */
export function peekProblems(run: OpenRun, { count, source }: PeekProblemsOptions): readonly PeekedProblem[] {
  const found: PeekedProblem[] = [];
  for (const planned of chosenSources(run, source)) {
    for (const span of cutSpans(run.layout, planned)) {
      if (found.length >= count) return found;
      for (const { problem } of problemsOf(run.layout, planned, span)) if (found.length < count) found.push(problem);
    }
  }
  return found;
}

interface PlacedProblem {
  readonly shard: number;
  /** From the start of the span; -1 where not known. */
  readonly row: number;
  readonly problem: PeekedProblem;
}

/** Those of one span. */
export function* problemsOf(layout: Layout, source: SourcePlan, span: CutSpan | ReadSpan): Generator<PlacedProblem> {
  const folder = layout.ingest(entryAt(source.passes, 0, "pass").fingerprint);
  const name = isRead(span) ? spanFiles.problems(span.span) : spanFiles.failed(span.span);
  const ledger = SideTable.read(folder, name);
  // Stores of earlier versions have the first few alone.
  if (ledger === undefined && isRead(span)) yield* examplesOf(source, span);
  for (let entry = 0; entry < (ledger?.rows ?? 0); entry++) {
    if (ledger === undefined) return;
    const [shard, row, byte] = [
      ledger.number("shard", entry),
      ledger.number("row", entry),
      ledger.number("byte", entry),
    ];
    const problem = {
      address: addressOf(source, span, shard, row),
      ...(byte < 0 ? {} : { byte }),
      kind: ledger.text("kind", entry) ?? "",
      message: ledger.text("message", entry) ?? "",
    };
    yield { shard, row, problem };
  }
}

function* examplesOf(source: SourcePlan, span: ReadSpan): Generator<PlacedProblem> {
  for (const { kind, shard: key, row, byte, message } of span.marker.problems) {
    const shard = source.shards.findIndex((candidate) => candidate.key === key);
    const address = addressOf(source, span, shard, row ?? -1);
    yield { shard, row: row ?? -1, problem: { address, ...(byte === undefined ? {} : { byte }), kind, message } };
  }
}
