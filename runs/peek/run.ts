/**
 * A look at the rows of a run and at what became of them, whether it is done, under way or failed.
 *
 * Invariants: a verdict names the stage, the reason, the measured value and the detail that were recorded; kept
 * means kept by every stage, barrier and hold-out. Rows are read again at their address, and a file that is another
 * one by now is an error: its text was never judged. Price: the side tables of the spans that are looked into, and
 * those spans read up to the last row that is shown.
 */
import type { Batch } from "../../batch/batch.ts";
import { entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { createIoEnvironment, type IoEnvironment } from "../../io/environment.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { planRegistry } from "../../plan/plugins.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";
import { chosenSources, type OpenRun } from "../status.ts";
import { droppedRows, heldOutRows, keptRows, type Located, locate, shownColumn, type Wants } from "./choice.ts";
import { cellText, idOf, type PeekedDocument } from "./document.ts";
import { type RowFate, SpanFates, sourceVerdicts } from "./fates.ts";
import { problemsOf } from "./problems.ts";
import { SourceReader } from "./source-reader.ts";
import { addressOf, type CutSpan, cutSpans, holdsRow, ingestedSpans, isRead, type ReadSpan } from "./spans.ts";
import { findSurvivors } from "./survivors.ts";

export interface PeekRunOptions {
  /** How many rows to show; of an address there is one. */
  readonly count: number;
  readonly source?: string | undefined;
  /** Dropped rows instead of kept ones: `all`, a stage id, or `stage:reason`. */
  readonly dropped?: string | undefined;
  /** Rows held out for validation instead of kept ones. */
  readonly held_out?: boolean | undefined;
  /** One row, whatever became of it: `source/shard#row`. */
  readonly address?: string | undefined;
  /** Rows of this name, whatever became of them. */
  readonly id?: string | undefined;
  /** Column to show instead of the text. */
  readonly column?: string | undefined;
  /** Where relative patterns of the recipe start. */
  readonly dataRoot?: string | undefined;
}

/**
 * Rows of a run with what became of each. Throws RunError for a source, stage, reason, column, address or id that
 * is not there, and what reading throws.
 */
export async function peekRun(run: OpenRun, options: PeekRunOptions): Promise<readonly PeekedDocument[]> {
  const registry = await planRegistry(run.plan);
  const environment = createIoEnvironment({ root: options.dataRoot ?? "." });
  const sources = chosenSources(run, options.source);
  const column = options.column === undefined ? "text" : shownColumn(options.column, sources);
  const viewer = new Viewer(run, registry, environment, column);
  if (options.address !== undefined) return [await viewer.at(locate(options.address, sources), options.address)];
  const { count, id } = options;
  const found: PeekedDocument[] = [];
  if (id !== undefined) {
    for (const source of sources) await viewer.collect(source, { id, wants: () => true }, count, found);
    if (found.length === 0) throw noSuchId(id);
    return found;
  }
  const wants = wantedRows(options, sources);
  for (const source of sources) await viewer.collect(source, { wants }, count, found);
  return found;
}

function wantedRows({ dropped, held_out }: PeekRunOptions, sources: readonly SourcePlan[]): Wants {
  if (dropped !== undefined) return droppedRows(dropped, sources);
  return held_out === true ? heldOutRows : keptRows;
}

interface Search {
  readonly wants: Wants;
  readonly id?: string;
}

/** A row that is to be shown. */
interface FoundRow {
  readonly fate: RowFate;
  readonly document: PeekedDocument;
}

/** Looks rows up; keeps what is known of each source. */
class Viewer {
  readonly #run: OpenRun;
  readonly #column: string;
  readonly #registry: StageRegistry;
  readonly #environment: IoEnvironment;
  readonly #spans = new Map<SourcePlan, readonly ReadSpan[]>();
  readonly #readers = new Map<SourcePlan, SourceReader>();

  constructor(run: OpenRun, registry: StageRegistry, environment: IoEnvironment, column: string) {
    this.#run = run;
    this.#registry = registry;
    this.#environment = environment;
    this.#column = column;
  }

  /** Adds rows of a source until there are `count`. */
  async collect(source: SourcePlan, { wants, id }: Search, count: number, found: PeekedDocument[]): Promise<void> {
    const verdicts = sourceVerdicts(this.#run.layout, this.#run.plan, source);
    for (const span of this.#spansOf(source)) {
      if (found.length >= count) return;
      const fates = new SpanFates(verdicts, span);
      const rows: FoundRow[] = [];
      // Where every row is accounted for, it is known how many there are to find.
      const isWhole = fates.count(() => true) === span.marker.documents;
      let left = isWhole && id === undefined ? fates.count(wants) : Number.POSITIVE_INFINITY;
      if (left === 0) continue;
      await this.#readerOf(source).visit(span, (batch, row) => {
        const fate = fates.of(batch.shards[row] ?? 0, batch.rowsInShard[row] ?? 0);
        if (!wants(fate) || (id !== undefined && idOf(batch, row) !== id)) return false;
        rows.push({ fate, document: this.#document(source, span, batch, row, fate) });
        return --left === 0 || found.length + rows.length >= count;
      });
      found.push(...(await this.#withSurvivors(source, rows)));
    }
  }

  /** The row of an address. Throws RunError `run/no-such-row`. */
  async at({ source, shard, row }: Located, address: string): Promise<PeekedDocument> {
    const verdicts = sourceVerdicts(this.#run.layout, this.#run.plan, source);
    for (const span of this.#spansOf(source)) {
      if (holdsRow(span, shard, row) !== true) continue;
      const inSpan = row - (span.base(shard) ?? 0);
      const unusable = this.#unusable(source, span, shard, inSpan);
      if (unusable !== undefined) return { address, ...unusable };
      const fates = new SpanFates(verdicts, span);
      const rows: FoundRow[] = [];
      await this.#readerOf(source).visit(span, (batch, at) => {
        if (batch.shards[at] !== shard || batch.rowsInShard[at] !== inSpan) return false;
        const fate = fates.of(shard, inSpan);
        rows.push({ fate, document: this.#document(source, span, batch, at, fate) });
        return true;
      });
      const [found] = await this.#withSurvivors(source, rows);
      if (found !== undefined) return found;
    }
    for (const span of cutSpans(this.#run.layout, source)) {
      const base = span.base(shard);
      if (isRead(span) || base === undefined) continue;
      const unusable = this.#unusable(source, span, shard, row - base);
      if (unusable !== undefined) return { address, ...unusable };
    }
    throw this.#noSuchRow(source, shard, address);
  }

  /** What is told of row `row` of the span where it could not be used. */
  #unusable(
    source: SourcePlan,
    span: CutSpan,
    shard: number,
    row: number,
  ): Pick<PeekedDocument, "text" | "fate" | "problem"> | undefined {
    for (const { shard: other, row: at, problem } of problemsOf(this.#run.layout, source, span)) {
      if (other !== shard || at !== row) continue;
      return { text: "", fate: "unusable", problem: { kind: problem.kind, message: problem.message } };
    }
    return undefined;
  }

  #document(source: SourcePlan, span: ReadSpan, batch: Batch, row: number, fate: RowFate): PeekedDocument {
    const id = idOf(batch, row);
    const rewriting = this.#column === "text" ? rewritingStages(source) : [];
    return {
      address: addressOf(source, span, batch.shards[row] ?? 0, batch.rowsInShard[row] ?? 0),
      ...(id === undefined ? {} : { id }),
      text: cellText(batch.column(this.#column), row),
      fate: fate.fate,
      ...(fate.verdict && { verdict: fate.verdict }),
      ...(rewriting.length === 0 ? {} : { rewritten_by: rewriting }),
    };
  }

  async #withSurvivors(source: SourcePlan, rows: readonly FoundRow[]): Promise<readonly PeekedDocument[]> {
    const { sources } = this.#run.plan;
    const survivors = await findSurvivors(
      source,
      rows.map(({ fate }) => fate),
      {
        plan: this.#run.plan,
        spans: (index) => this.#spansOf(entryAt(sources, index, "source")),
        reader: (index) => this.#readerOf(entryAt(sources, index, "source")),
      },
    );
    return rows.map(({ fate, document }): PeekedDocument => {
      const survivor = survivors.get(fate);
      if (survivor === undefined || document.verdict === undefined) return document;
      return { ...document, verdict: { ...document.verdict, survivor } };
    });
  }

  #spansOf(source: SourcePlan): readonly ReadSpan[] {
    const known = this.#spans.get(source) ?? ingestedSpans(this.#run.layout, source);
    this.#spans.set(source, known);
    return known;
  }

  #readerOf(source: SourcePlan): SourceReader {
    const known = this.#readers.get(source) ?? new SourceReader(source, this.#registry, this.#environment);
    this.#readers.set(source, known);
    return known;
  }

  #noSuchRow(source: SourcePlan, shard: number, address: string): RunError {
    const spans = this.#spansOf(source);
    const unread = spans.length === 0 || spans.some((span) => holdsRow(span, shard, 0) === undefined);
    const rows = spans
      .flatMap(({ marker }) => marker.extents)
      .reduce((sum, extent) => (extent.shard === shard ? sum + extent.rows : sum), 0);
    const { key } = entryAt(source.shards, shard, "shard");
    return new RunError({
      code: "run/no-such-row",
      what: `there is no row ${address}`,
      ...(unread
        ? { why: "the run has not read that far" }
        : { fix: rows === 0 ? `${key} has no rows` : `${key} was read to row ${rows - 1}` }),
    });
  }
}

/** Stages that change the texts of rows, by id. */
function rewritingStages({ stages }: SourcePlan): readonly string[] {
  return stages
    .filter(
      ({ kind, writes, exchange }) =>
        kind === "rewrite" || exchange?.verdict === "edit" || writes.some(({ name }) => name === "text"),
    )
    .map(({ id }) => id);
}

function noSuchId(id: string): RunError {
  return new RunError({
    code: "run/no-such-id",
    what: `no row that the run has read is called ${id}`,
    why: "ids are compared whole, and rows that could not be used have none",
    fix: "look at some with `peek RUN`, or for problem rows at `peek RUN --errors`",
  });
}
