/**
 * The stages of a pass, one after the other over each batch.
 *
 * Invariant: the columns that a stage returns are those that it declares; verdicts name stages by their position in the whole pipeline.
 */
import type { Batch } from "../../../batch/batch.ts";
import type { Column } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { formatPlace, RunError, ShardmillError } from "../../../batch/errors.ts";
import { int32At } from "../../../batch/numbers.ts";
import { counted, withArticle } from "../../../batch/plural.ts";
import type { RuleValues } from "../../../kernels/statistics/rule-values.ts";
import type { PassPlan, PlannedStage, SourcePlan } from "../../../plan/plan.ts";
import type { ColumnDeclaration, Operator, StageState } from "../../../stages/define.ts";
import type { Stopwatch } from "../../stopwatch.ts";
import type { SpanProducts } from "./products.ts";
import type { Requests } from "./requests.ts";
import type { Tally } from "./tally.ts";

export interface StageSurroundings {
  readonly tally: Tally;
  readonly products: SpanProducts;
  readonly requests: Requests;
  readonly stopwatch: Stopwatch;
}

export class SpanStages {
  readonly #source: SourcePlan;
  readonly #pass: PassPlan;
  readonly #operators: readonly (Operator | undefined)[];
  readonly #around: StageSurroundings;

  /** `operators` by position of their stages; those of other passes are not looked at. */
  constructor(
    source: SourcePlan,
    pass: PassPlan,
    operators: readonly (Operator | undefined)[],
    around: StageSurroundings,
  ) {
    this.#source = source;
    this.#pass = pass;
    this.#operators = operators;
    this.#around = around;
    // An operator is shared by spans: what it still keeps of a span that failed is not of this one.
    this.states();
    this.measured();
  }

  /** Lets every stage of the pass open what it needs. */
  async prepare(): Promise<void> {
    for (const operator of this.#operators) {
      if (operator !== undefined && "prepare" in operator) await operator.prepare?.();
    }
  }

  /** Runs every stage of the pass; returns the columns that stages replaced. */
  run(batch: Batch): readonly Column[] {
    const { tally, stopwatch } = this.#around;
    const replaced: Column[] = [];
    for (let stage = this.#pass.first; stage < this.#pass.end; stage++) {
      tally.enter(stage, batch.alive.count(), livingBytes(batch));
      try {
        const made = this.#apply(stage, batch);
        if (made !== undefined) replaced.push(...this.#setColumns(stage, batch, made));
      } catch (error) {
        throw stageFailure(error, batch, this.#source, stage);
      }
      stopwatch.lap(entryAt(this.#source.stages, stage, "stage").use);
    }
    return replaced;
  }

  /** What operators found out about the rows since the last call, by position of their stages. */
  states(): ReadonlyMap<number, StageState> {
    const states = new Map<number, StageState>();
    this.#operators.forEach((operator, stage) => {
      if (operator !== undefined && "finish" in operator && operator.finish) states.set(stage, operator.finish());
    });
    return states;
  }

  /** What the rules of filters measured since the last call, by position of their stages. */
  measured(): ReadonlyMap<number, readonly RuleValues[]> {
    const measured = new Map<number, readonly RuleValues[]>();
    this.#operators.forEach((operator, stage) => {
      const rules = operator !== undefined && "measured" in operator ? operator.measured?.() : undefined;
      if (rules !== undefined && rules.length > 0) measured.set(stage, rules);
    });
    return measured;
  }

  /** The columns that stage `stage` makes, if any. */
  #apply(stage: number, batch: Batch): ReadonlyMap<string, Column> | undefined {
    const operator = this.#operators[stage];
    const { tally, products, requests } = this.#around;
    switch (operator?.kind) {
      case "filter":
        operator.apply(batch, tally.dropper(batch, stage));
        return undefined;
      case "rewrite":
        return new Map([["text", operator.apply(batch)]]);
      case "annotate":
        return operator.apply(batch, tally.figurer(batch, stage));
      case "transform":
        return operator.apply(
          batch,
          tally.dropper(batch, stage),
          tally.reporter(batch, stage),
          tally.figurer(batch, stage),
        );
      case "request":
        return requests.answer(batch, tally.dropper(batch, stage));
      case "barrier":
        products.sketch(
          batch,
          this.#source.barriers.findIndex((barrier) => barrier.stage === stage),
          tally.dropper(batch, stage),
        );
        return undefined;
      default:
        throw new Error(`${withArticle(String(operator?.kind))} stage cannot be part of a pipeline`);
    }
  }

  #setColumns(stage: number, batch: Batch, made: ReadonlyMap<string, Column>): Column[] {
    checkColumns(entryAt(this.#source.stages, stage, "stage"), made);
    const replaced: Column[] = [];
    for (const [name, column] of made) {
      const before = batch.column(name);
      if (before === column) continue;
      if (before !== undefined) replaced.push(before);
      if (name === "text") this.#around.products.keepDropped(batch, batch.text);
      batch.setColumn(name, column);
    }
    return replaced;
  }
}

/** Bytes of the texts of the rows that are alive. */
function livingBytes({ alive, rows, text }: Batch): number {
  const { offsets } = text;
  if (alive.count() === rows) return int32At(offsets, rows) - int32At(offsets, 0);
  let bytes = 0;
  alive.forEach((row) => {
    bytes += int32At(offsets, row + 1) - int32At(offsets, row);
  });
  return bytes;
}

/** Throws where the columns are not those that the stage declares. */
function checkColumns({ use, kind, writes }: PlannedStage, made: ReadonlyMap<string, Column>): void {
  const declared = new Map<string, ColumnDeclaration["kind"]>(writes.map((column) => [column.name, column.kind]));
  if (kind === "rewrite") declared.set("text", "utf8");
  for (const [name, column] of made) {
    const wanted = declared.get(name);
    if (wanted === undefined) throw new Error(`it returned the column ${name}, which it does not declare`);
    const fits = wanted === "any" || wanted === column.kind || (wanted === "json" && column.kind === "utf8");
    if (!fits) throw new Error(`it returned ${name} as ${column.kind}, and declares it as ${wanted}`);
  }
  const missing = [...declared.keys()].find((name) => !made.has(name));
  if (missing !== undefined) throw new Error(`${use} did not return the column ${missing}, which it declares`);
}

/** Says which stage failed on which rows; a stage works on whole batches, so the rows are a range. */
function stageFailure(error: unknown, batch: Batch, source: SourcePlan, stage: number): Error {
  if (error instanceof ShardmillError) return error;
  const { use } = entryAt(source.stages, stage, "stage");
  const place = {
    source: source.name,
    shard: entryAt(source.shards, int32At(batch.shards, 0), "shard").key,
    row: int32At(batch.rowsInShard, 0),
  };
  return new RunError(
    {
      code: "run/stage-failed",
      what: `${use} failed on one of ${counted(batch.rows, "row")}: ${error instanceof Error ? error.message : String(error)}`,
      place,
      why: `${formatPlace(place)} is the first of them; the span is not committed, so no row is lost`,
      fix: `if ${use} is a plugin, mend it; if it is built in, this is a bug: please report it with the recipe`,
    },
    { cause: error },
  );
}
