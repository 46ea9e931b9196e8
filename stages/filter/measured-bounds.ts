/**
 * The bounds of a filter that also remember what they were compared with: how values lie about each bound, of rows that fall and of rows that stay.
 *
 * A filter asks a rule whether a value fails, as it would compare it, and says when it has done with a row. Invariant: a row that stays counts in every rule that looked at it, a
 * row that falls in the one that it fell by. Price: a comparison and 20 ns for each rule and row; see kernels/statistics/rule-values.ts.
 */
import type { Batch } from "../../batch/batch.ts";
import { int32At } from "../../batch/numbers.ts";
import { RuleMeter, type RuleUnit, type RuleValues } from "../../kernels/statistics/rule-values.ts";

interface RuleOptions {
  readonly unit: RuleUnit;
  /** The value of a row that stays is not its own: it was enough to know that it is within the bound. */
  readonly tells_kept?: boolean;
}

/** A bound and what was compared with it last. */
class MeasuredBound {
  readonly #isMin: boolean;
  readonly #bound: number | null;
  readonly meter: RuleMeter | undefined;
  /** Of the row that is judged; NaN where nobody asked. */
  value = Number.NaN;
  failed = false;

  constructor(reason: string, option: string, side: "min" | "max", bound: number | null, options: RuleOptions) {
    const { unit, tells_kept = true } = options;
    this.#isMin = side === "min";
    this.#bound = bound;
    if (bound !== null) this.meter = new RuleMeter({ reason, option, bound, side, unit }, tells_kept);
  }

  /** Whether a row of this value falls; one without a bound never does. */
  fails(value: number): boolean {
    if (this.#bound === null) return false;
    return this.judged(value, this.#isMin ? value < this.#bound : value > this.#bound);
  }

  /** The same where who asks has compared by a rule of its own. */
  judged(value: number, failed: boolean): boolean {
    this.value = value;
    this.failed = failed;
    return failed;
  }
}

export class MeasuredBounds {
  readonly #bounds: MeasuredBound[] = [];

  /** What is below `bound` falls, for `reason`; `option` is the name of the bound. Null turns the rule off. */
  min(reason: string, option: string, bound: number | null, options: RuleOptions): MeasuredBound {
    return this.#add(new MeasuredBound(reason, option, "min", bound, options));
  }

  /** What is above `bound` falls. */
  max(reason: string, option: string, bound: number | null, options: RuleOptions): MeasuredBound {
    return this.#add(new MeasuredBound(reason, option, "max", bound, options));
  }

  /** Counts what was measured of `row`, now that the filter has judged it. */
  settle(batch: Batch, row: number): void {
    const stays = batch.alive.has(row);
    for (const bound of this.#bounds) {
      const { value, failed, meter } = bound;
      if (Number.isNaN(value) || meter === undefined) continue;
      bound.value = Number.NaN;
      if (failed !== stays) meter.add(value, failed, int32At(batch.shards, row), batch.position(row));
    }
  }

  /** What was counted since the last call, rules in the order in which they were made. */
  finish(): readonly RuleValues[] {
    return this.#bounds.flatMap(({ meter }) => meter?.finish() ?? []);
  }

  #add(bound: MeasuredBound): MeasuredBound {
    this.#bounds.push(bound);
    return bound;
  }
}
