/**
 * Counts of one pass over one span, and the rule that they add up: rows in = kept + dropped (by reason) + errors (by kind).
 *
 * Stages are named by their position in the whole pipeline. Bad rows beyond the run's budget end it here, at the first one too many, with its
 * address.
 */

import type { Batch } from "../../../batch/batch.ts";
import { addCount, entryAt } from "../../../batch/entry.ts";
import { DataError, formatPlace, type RowsMet, RunError } from "../../../batch/errors.ts";
import { int32At, uint8At } from "../../../batch/numbers.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import type { RuleValues } from "../../../kernels/statistics/rule-values.ts";
import type { PassPlan, PlannedStage, SourcePlan } from "../../../plan/plan.ts";
import {
  type Drop,
  type Extent,
  type Figure,
  MAX_DETAIL_BYTES,
  type ReadProblem,
  type Report,
  type StageState,
} from "../../../stages/define.ts";
import type { CutCounts, IngestMarker, IngestTask, Problem, RowFigures, StageCounts } from "../../protocol.ts";
import { ProblemLedger } from "./problems.ts";

/** Problems kept as examples in a marker; all are counted. */
const PROBLEM_EXAMPLES = 20;
/** Row problems that say the input holds nothing to use there, not that it is broken: counted, never held against the run. */
export const HARMLESS_PROBLEMS: ReadonlySet<string> = new Set(["empty_text", "missing_text"]);

/** What the products of a span add to its counts. */
export interface ProductCounts {
  readonly parts: readonly number[];
  readonly states: ReadonlyMap<number, StageState>;
  readonly measured: ReadonlyMap<number, readonly RuleValues[]>;
  readonly cut?: CutCounts | undefined;
  readonly figures?: RowFigures | undefined;
  readonly column_bytes?: Readonly<Record<string, number>> | undefined;
}

export class Tally {
  /** Rows of batches so far, dead or alive. */
  documents = 0;
  kept = 0;
  text_bytes = 0;
  tokens = 0;
  readonly source: SourcePlan;
  /** Every row that could not be used. */
  readonly ledger = new ProblemLedger();
  readonly #extents: readonly Extent[];
  readonly #pass: PassPlan;
  readonly #maxErrors: number;
  readonly #stages: readonly {
    readonly plan: PlannedStage;
    rows_in: number;
    bytes_in: number;
    readonly dropped: Record<string, number>;
  }[];
  readonly #errors: Record<string, number> = {};
  readonly #problems: Problem[] = [];
  readonly #shardRows = new Map<number, number>();
  #fatal = 0;

  /** `extents` are what the first pass reads. */
  constructor(source: SourcePlan, pass: PassPlan, extents: readonly Extent[], maxErrors: number) {
    this.source = source;
    this.#extents = extents;
    this.#pass = pass;
    this.#maxErrors = maxErrors;
    this.#stages = source.stages.map((plan) => ({ plan, rows_in: 0, bytes_in: 0, dropped: {} }));
  }

  read(batch: Batch): void {
    this.documents += batch.rows;
    for (let row = 0; row < batch.rows; row++) this.#met(int32At(batch.shards, row));
  }

  problem(problem: ReadProblem): void {
    this.#met(problem.shard);
    this.ledger.add(problem);
    addCount(this.#errors, problem.kind);
    const shard = entryAt(this.source.shards, problem.shard, "shard").key;
    const { kind, row, byte, message } = problem;
    const hasRow = row !== undefined && this.#isNumbered(problem.shard);
    const position = { ...(hasRow ? { row } : {}), ...(byte === undefined ? {} : { byte }) };
    if (this.#problems.length < PROBLEM_EXAMPLES) this.#problems.push({ kind, shard, ...position, message });
    if (HARMLESS_PROBLEMS.has(kind) || ++this.#fatal <= this.#maxErrors) return;
    throw tooManyErrors(
      this.source.name,
      { kind, shard, ...position, message },
      this.#maxErrors,
      this.#rowsMet(problem),
    );
  }

  /** Where an extent begins in the middle of a file, nobody knows yet how many rows lie before it. */
  #isNumbered(shard: number): boolean {
    return !this.#extents.some((extent) => extent.shard === shard && extent.unit === "bytes" && extent.start > 0);
  }

  /** All so far; readers meet the rows of a shard in order, so those before a bad one were read. */
  #rowsMet({ shard, row = -1 }: ReadProblem): RowsMet {
    const { name } = this.source;
    const dropped = this.#stages.flatMap(({ plan, dropped: counts }) =>
      Object.entries(counts).map(([reason, count]) => [`${plan.id}:${reason}`, count] as const),
    );
    const rows = [...this.#shardRows.values()].reduce((total, count) => total + count, 0);
    const extent = this.#extents.find((candidate) => candidate.shard === shard);
    const read = row + 1 - (extent?.unit === "rows" ? extent.start : 0);
    const unjudged = Math.max(0, read - (this.#shardRows.get(shard) ?? 0));
    return {
      source: name,
      rows_in: rows + unjudged,
      unjudged,
      kept: this.kept,
      dropped: Object.fromEntries(dropped),
      errors: this.#errors,
    };
  }

  /** Stage `stage` is given so many rows, with texts of so many bytes. */
  enter(stage: number, rows: number, bytes: number): void {
    const counts = entryAt(this.#stages, stage, "stage");
    counts.rows_in += rows;
    counts.bytes_in += bytes;
  }

  /** What stage `stage` is given to drop rows of `batch` with. */
  dropper(batch: Batch, stage: number): Drop {
    const { plan, dropped } = entryAt(this.#stages, stage, "stage");
    const { use, reasons } = plan;
    return (row, reason, value = Number.NaN, detail) => {
      if (!batch.alive.has(row)) return;
      const code = reasons.indexOf(reason);
      if (code < 0) throw new Error(`${use} gave a reason it does not declare: ${reason}`);
      batch.alive.clear(row);
      batch.verdicts.add(row, stage, code, value, detail === undefined ? undefined : shortened(detail));
      addCount(dropped, reason);
    };
  }

  /** What stage `stage` is given to tell with what it found in rows of `batch`. */
  reporter(batch: Batch, stage: number): Report {
    return (row, finding) => batch.findings.add(row, stage, JSON.stringify(finding));
  }

  /** What stage `stage` is given to count of rows of `batch`; undefined where it declares nothing. */
  figurer(batch: Batch, stage: number): Figure | undefined {
    const { use, figures } = entryAt(this.#stages, stage, "stage").plan;
    if (figures === undefined) return undefined;
    const columns = new Map(figures.map((name) => [name, new Int32Array(batch.rows)]));
    batch.figures.set(stage, columns);
    return (row, name, amount = 1) => {
      const column = columns.get(name);
      if (column === undefined) throw new Error(`${use} counts ${name}, which it does not declare`);
      column[row] = int32At(column, row) + amount;
    };
  }

  marker(files: readonly VouchedFile[], task: IngestTask, products: ProductCounts): IngestMarker {
    const errors = sum(this.#errors);
    const drops = this.#stages.reduce((total, { dropped }) => total + sum(dropped), 0);
    const rows = [...this.#shardRows.values()].reduce((total, count) => total + count, 0);
    if (rows !== this.kept + drops + errors) {
      throw new RunError({
        code: "run/accounting",
        what: `span ${task.span} of ${this.source.name} met ${rows} rows, but ${this.kept} kept + ${drops} dropped + ${errors} errors = ${this.kept + drops + errors}`,
        why: "a row went missing or was counted twice, so no figure of this run could be trusted",
        fix: "this is a bug: please report it with the recipe",
      });
    }
    return {
      files,
      rows,
      documents: this.documents,
      parts: products.parts,
      ...(products.cut && { cut: products.cut }),
      extents: [...this.#shardRows].map(([shard, count]) => ({ shard, rows: count })),
      errors: this.#errors,
      problems: this.#problems,
      stages: this.#stageCounts(products),
      ...(products.figures && { figures: products.figures }),
      kept: this.kept,
      text_bytes: this.text_bytes,
      ...(products.column_bytes && { column_bytes: products.column_bytes }),
      tokens: this.tokens,
    };
  }

  /** Of the stages of the pass, and of the barrier whose cuts it made: rows of which nothing was left fell to that one. */
  #stageCounts({ states, measured }: ProductCounts): StageCounts[] {
    const { first, end, edits } = this.#pass;
    const barrier = edits === undefined ? [] : [entryAt(this.source.barriers, edits, "barrier").stage];
    const own = Array.from({ length: end - first }, (_, at) => first + at);
    return [...barrier, ...own].map((stage) => {
      const state = states.get(stage);
      const rules = measured.get(stage);
      const { plan, rows_in, bytes_in, dropped } = entryAt(this.#stages, stage, "stage");
      return {
        id: plan.id,
        rows_in,
        bytes_in,
        dropped,
        ...(state === undefined ? {} : { state }),
        ...(rules && { measured: rules }),
      };
    });
  }

  #met(shard: number): void {
    this.#shardRows.set(shard, (this.#shardRows.get(shard) ?? 0) + 1);
  }
}

/** At most so many bytes of UTF-8, whole characters. */
function shortened(detail: string): string {
  const bytes = Buffer.from(detail, "utf8");
  if (bytes.length <= MAX_DETAIL_BYTES) return detail;
  let end = MAX_DETAIL_BYTES;
  while ((uint8At(bytes, end) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

export function tooManyErrors(source: string, problem: Problem, maxErrors: number, met?: RowsMet): DataError {
  const place = { source, shard: problem.shard, ...withPosition(problem) };
  return new DataError({
    code: `data/${problem.kind.replaceAll("_", "-")}`,
    what: problem.message,
    place,
    why:
      maxErrors === 0
        ? "a bad row ends a run by default, so that none is lost unseen"
        : `more rows are bad than --max-errors ${maxErrors} allows`,
    fix: `mend ${formatPlace(place)}, or allow bad rows with --max-errors N: each is counted in the manifest, and \`peek RUN --errors\` lists them`,
    ...(met && { met }),
  });
}

function withPosition(problem: Problem): { row?: number; byte?: number } {
  return {
    ...(problem.row === undefined ? {} : { row: problem.row }),
    ...(problem.byte === undefined ? {} : { byte: problem.byte }),
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
