/**
 * What a stage measures of a row that it keeps, where its ledger has only what it drops.
 *
 * A rule is a reason whose explanation names a bound among the options. The stage is made anew with that bound so tight that no row
 * passes, and asked about the one row: the value that comes with the same reason is what it measures. Invariant: a value is the
 * stage's own, by its own rule; where it gives none, there is none. Price: an operator and a batch of one row for each rule.
 */
import type { Batch } from "../../batch/batch.ts";
import { ownOf } from "../../batch/entry.ts";
import type { PlannedStage } from "../../plan/plan.ts";
import { createOperator } from "../../plan/stages.ts";
import { type Drop, declarationOf, type Operator, type StageResources } from "../../stages/define.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";

/** A rule of a stage, and what it measured. */
export interface Measure {
  /** Why it would drop. */
  readonly reason: string;
  /** The option that is its bound. */
  readonly option: string;
  readonly bound: number;
  /** Absent where the stage does not tell. */
  readonly value?: number;
}

/** A verdict of a stage on one row. */
export interface RowVerdict {
  readonly reason: string;
  readonly value?: number;
  readonly detail?: string;
}

/** Makes operators of planned stages, as workers do. */
export class StageMaker {
  readonly #registry: StageRegistry;
  readonly #resources: (stage: PlannedStage) => Omit<StageResources, "seed">;

  constructor(registry: StageRegistry, resources: (stage: PlannedStage) => Omit<StageResources, "seed">) {
    this.#registry = registry;
    this.#resources = resources;
  }

  async make(stage: PlannedStage): Promise<Operator> {
    const operator = createOperator(stage, this.#registry, this.#resources(stage));
    if ("prepare" in operator) await operator.prepare?.();
    return operator;
  }

  /** The rules of a stage, in the order in which it declares their reasons. */
  rules({ use, options }: PlannedStage): readonly Omit<Measure, "value">[] {
    const { reasons } = declarationOf(this.#registry.findStage(use), options);
    return Object.entries(reasons).flatMap(([reason, explanation]) => {
      const option = explanation.match(/[a-z0-9_]+/g)?.find((word) => isBound(word) && ownOf(options, word) != null);
      const bound = option === undefined ? undefined : Number(ownOf(options, option));
      return option === undefined || bound === undefined || Number.isNaN(bound) ? [] : [{ reason, option, bound }];
    });
  }

  /** What the rules of a stage measure of the row of `batch`, which it keeps. `batch` makes a new one each time. */
  async measures(stage: PlannedStage, batch: () => Batch): Promise<readonly Measure[]> {
    const found: Measure[] = [];
    for (const rule of this.rules(stage)) {
      const options = { ...stage.options, [rule.option]: tightest(rule.option) };
      const verdict = judge(await this.make({ ...stage, options }), batch());
      const value = verdict?.reason === rule.reason ? verdict.value : undefined;
      found.push({ ...rule, ...(value === undefined ? {} : { value }) });
    }
    return found;
  }
}

/** The verdict of an operator on the row of a batch; undefined where it keeps it, and of those that do not judge. */
export function judge(operator: Operator, batch: Batch): RowVerdict | undefined {
  let verdict: RowVerdict | undefined;
  const drop: Drop = (_row, reason, value, detail) => {
    verdict ??= { reason, ...(value === undefined ? {} : { value }), ...(detail === undefined ? {} : { detail }) };
  };
  if (operator.kind === "filter") operator.apply(batch, drop);
  if (operator.kind === "transform") operator.apply(batch, drop);
  return verdict;
}

function isBound(option: string): boolean {
  return /^(?:min|max)(?:_|$)/.test(option);
}

/** No measure is within it. */
function tightest(option: string): number {
  return option.startsWith("min") ? Number.MAX_SAFE_INTEGER : -1e15;
}
