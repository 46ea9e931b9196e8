/**
 * What became of the rows of a run, as far as markers tell: of sources that are done from their seals, of others
 * from the spans that were read.
 *
 * Invariant: every row that a marker counts is kept, held out, dropped or an error here. Until a source is sealed,
 * rows that duplicates will be taken from count as kept: `complete` says so. Price: one marker a span of a source
 * that is not sealed.
 */
import { addCount, entryAt } from "../batch/entry.ts";
import { errorToData, type RowsMet } from "../batch/errors.ts";
import { type Plan, type SourcePlan, takesRows } from "../plan/plan.ts";
import type { Layout } from "../store/layout.ts";
import type { RowAccount, RowAccountSoFar, RunEvent } from "../workers/events.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import type { IngestMarker, SourceCounts } from "../workers/protocol.ts";
import { readMarkerOf } from "../workers/store-markers.ts";

/** Every source of the plan. `met` is what a task had met that ended the run: it is added to what markers tell. */
export function accountRows(plan: Plan, layout: Layout, met?: RowsMet): readonly RowAccountSoFar[] {
  const places = new MarkerPlaces(plan, layout);
  return plan.sources.map((source, index): RowAccountSoFar => {
    const spans = readMarkerOf(places.cut(index))?.spans.length;
    const sealed = readMarkerOf(places.seal(index));
    const read = spans === undefined ? {} : { spans };
    if (sealed !== undefined) {
      const done = { complete: true, undecided: [], unjudged: 0 };
      return { ...sealedRows(source, sealed.counts), ...done, spans_read: spans ?? 0, ...read };
    }
    const sums = new SourceSums(source);
    let spansRead = 0;
    for (let span = 0; span < (spans ?? 0); span++) {
      const passes = source.passes.map((_, pass) => readMarkerOf(places.ingest(index, pass, span)));
      if (passes[0] !== undefined) spansRead++;
      sums.addSpan(passes);
    }
    if (met?.source === source.name) sums.addMet(met);
    const undecided = source.barriers.filter(takesRows).map(({ stage }) => entryAt(source.stages, stage, "stage").id);
    return { ...sums.account, complete: false, undecided, unjudged: sums.unjudged, spans_read: spansRead, ...read };
  });
}

/** What is told of a run that could not go on. */
export function runFailed(plan: Plan, layout: Layout, error: unknown): Extract<RunEvent, { type: "run_failed" }> {
  const data = errorToData(error);
  return { type: "run_failed", error: data, sources: accountRows(plan, layout, data.met) };
}

/** The account of a source that is done. */
export function sealedRows({ name }: Pick<SourcePlan, "name">, counts: SourceCounts): RowAccount {
  const dropped: Record<string, number> = {};
  for (const stage of counts.stages) {
    for (const [reason, count] of Object.entries(stage.dropped)) addCount(dropped, `${stage.id}:${reason}`, count);
  }
  return {
    name,
    rows_in: counts.rows_in,
    kept: counts.kept,
    ...(counts.held_out === undefined ? {} : { held_out: counts.held_out }),
    dropped,
    errors: counts.errors,
    tokens: counts.tokens,
    text_bytes: counts.text_bytes,
  };
}

/** Sums over the spans of one source. */
class SourceSums {
  readonly #name: string;
  readonly #dropped: Record<string, number> = {};
  readonly #errors: Record<string, number> = {};
  #rows = 0;
  #kept = 0;
  #tokens = 0;
  #textBytes = 0;
  unjudged = 0;

  constructor({ name }: SourcePlan) {
    this.#name = name;
  }

  get account(): RowAccount {
    return {
      name: this.#name,
      rows_in: this.#rows,
      kept: this.#kept,
      dropped: this.#dropped,
      errors: this.#errors,
      tokens: this.#tokens,
      text_bytes: this.#textBytes,
    };
  }

  /** The markers of a span, pass by pass: what a pass kept is what the next one met. */
  addSpan(passes: readonly (IngestMarker | undefined)[]): void {
    let last: IngestMarker | undefined;
    for (const marker of passes) {
      if (marker === undefined) break;
      if (last === undefined) this.#rows += marker.rows;
      for (const [kind, count] of Object.entries(marker.errors)) addCount(this.#errors, kind, count);
      for (const { id, dropped } of marker.stages) {
        for (const [reason, count] of Object.entries(dropped)) addCount(this.#dropped, `${id}:${reason}`, count);
      }
      last = marker;
    }
    if (last === undefined) return;
    this.#kept += last.kept;
    this.#tokens += last.tokens;
    this.#textBytes += last.text_bytes;
  }

  addMet({ rows_in, unjudged, kept, dropped, errors }: RowsMet): void {
    this.unjudged += unjudged;
    this.#rows += rows_in;
    this.#kept += kept;
    for (const [reason, count] of Object.entries(dropped)) addCount(this.#dropped, reason, count);
    for (const [kind, count] of Object.entries(errors)) addCount(this.#errors, kind, count);
  }
}
