/**
 * What became of every row of a source, in order of address: file after file, row after row.
 *
 * Invariant: rows that something is recorded of, each once; spans may be cut anywhere, the order is the same. Price: the tables of
 * one span, and one ledger of duplicates.
 */
import { entryAt } from "../../batch/entry.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { type RowFate, SpanFates, sourceVerdicts } from "../peek/fates.ts";
import { cutSpans, isRead } from "../peek/spans.ts";
import type { OpenRun } from "../status.ts";

export interface FatedRow {
  /** Of the file in its source. */
  readonly path: string;
  readonly row: number;
  readonly fate: RowFate;
}

/** Rows of spans that are read, up to the first file whose rows cannot be counted yet. */
export function* fatesInOrder({ plan, layout }: OpenRun, source: SourcePlan): Generator<FatedRow> {
  const verdicts = sourceVerdicts(layout, plan, source);
  for (const span of cutSpans(layout, source)) {
    if (!isRead(span)) continue;
    const rows: { shard: number; row: number; fate: RowFate }[] = [];
    for (const [shard, row, fate] of new SpanFates(verdicts, span).entries()) {
      const base = span.base(shard);
      if (base !== undefined) rows.push({ shard, row: base + row, fate });
    }
    rows.sort((a, b) => a.shard - b.shard || a.row - b.row);
    for (const { shard, row, fate } of rows) {
      yield { path: entryAt(source.shards, shard, "shard").key, row, fate };
    }
  }
}
