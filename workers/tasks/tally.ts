/**
 * Counts of one span, and the rule that they add up: rows in = kept + dropped (by reason) + errors (by kind).
 *
 * Bad rows beyond the run's budget end it here, at the first one too many, with its address.
 */
import type { Batch } from "../../batch/batch.ts";
import { DataError, formatPlace, RunError } from "../../batch/errors.ts";
import type { VouchedFile } from "../../io/local/vouched.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import type { ReadProblem } from "../../stages/define.ts";
import type { IngestMarker, IngestTask, Problem, StageCounts } from "../protocol.ts";

/** Problems kept as examples in a marker; all are counted. */
const PROBLEM_EXAMPLES = 20;
/** Row problems that say the input holds nothing to use there, not that it is broken: counted, never held against the run. */
export const HARMLESS_PROBLEMS: ReadonlySet<string> = new Set(["empty_text", "missing_text"]);

export class Tally {
  documents = 0;
  kept = 0;
  text_bytes = 0;
  tokens = 0;
  readonly source: SourcePlan;
  readonly #maxErrors: number;
  readonly #rowsIn: number[];
  readonly #dropped: Record<string, number>[];
  readonly #errors: Record<string, number> = {};
  readonly #problems: Problem[] = [];
  readonly #shardRows = new Map<number, number>();
  #fatal = 0;

  constructor(source: SourcePlan, maxErrors: number) {
    this.source = source;
    this.#maxErrors = maxErrors;
    this.#rowsIn = source.stages.map(() => 0);
    this.#dropped = source.stages.map(() => ({}));
  }

  read(batch: Batch): void {
    this.documents += batch.rows;
    for (let row = 0; row < batch.rows; row++) this.#met(batch.shards[row]);
  }

  problem(problem: ReadProblem): void {
    this.#met(problem.shard);
    this.#errors[problem.kind] = (this.#errors[problem.kind] ?? 0) + 1;
    const shard = this.source.shards[problem.shard].key;
    const { kind, row, byte, message } = problem;
    const position = { ...(row === undefined ? {} : { row }), ...(byte === undefined ? {} : { byte }) };
    if (this.#problems.length < PROBLEM_EXAMPLES) this.#problems.push({ kind, shard, ...position, message });
    if (HARMLESS_PROBLEMS.has(kind) || ++this.#fatal <= this.#maxErrors) return;
    throw tooManyErrors(this.source.name, { kind, shard, ...position, message }, this.#maxErrors);
  }

  enter(stage: number, rows: number): void {
    this.#rowsIn[stage] += rows;
  }

  dropper(batch: Batch, stage: number): (row: number, reason: string, value?: number) => void {
    const reasons = this.source.stages[stage].reasons;
    const dropped = this.#dropped[stage];
    return (row, reason, value = Number.NaN) => {
      if (!batch.alive.has(row)) return;
      const code = reasons.indexOf(reason);
      if (code < 0) throw new Error(`${this.source.stages[stage].use} gave a reason it does not declare: ${reason}`);
      batch.alive.clear(row);
      batch.verdicts.add(row, stage, code, value);
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    };
  }

  marker(files: readonly VouchedFile[], task: IngestTask): IngestMarker {
    const errors = sum(this.#errors);
    const drops = this.#dropped.reduce((total, dropped) => total + sum(dropped), 0);
    const rows = [...this.#shardRows.values()].reduce((total, count) => total + count, 0);
    if (rows !== this.kept + drops + errors) {
      throw new RunError({
        code: "run/accounting",
        what: `span ${task.span} of ${this.source.name} met ${rows} rows, but ${this.kept} kept + ${drops} dropped + ${errors} errors = ${this.kept + drops + errors}`,
        why: "a row went missing or was counted twice, so no figure of this run could be trusted",
        fix: "this is a bug: please report it with the recipe",
      });
    }
    const stages: StageCounts[] = this.source.stages.map((stage, index) => ({
      id: stage.id,
      rows_in: this.#rowsIn[index],
      dropped: this.#dropped[index],
    }));
    return {
      files,
      rows,
      documents: this.documents,
      extents: [...this.#shardRows].map(([shard, count]) => ({ shard, rows: count })),
      errors: this.#errors,
      problems: this.#problems,
      stages,
      kept: this.kept,
      text_bytes: this.text_bytes,
      tokens: this.tokens,
    };
  }

  #met(shard: number): void {
    this.#shardRows.set(shard, (this.#shardRows.get(shard) ?? 0) + 1);
  }
}

export function tooManyErrors(source: string, problem: Problem, maxErrors: number): DataError {
  const place = { source, shard: problem.shard, ...withPosition(problem) };
  return new DataError({
    code: `data/${problem.kind.replaceAll("_", "-")}`,
    what: problem.message,
    place,
    why:
      maxErrors === 0
        ? "a bad row ends a run by default, so that none is lost unseen"
        : `more than --max-errors ${maxErrors} rows are bad`,
    fix: `mend ${formatPlace(place)}, or allow bad rows with --max-errors N: each is counted and listed in the manifest`,
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
