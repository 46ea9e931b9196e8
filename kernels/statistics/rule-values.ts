/**
 * What one rule of a filter measured: how values lie about its bound, and the rows nearest to it on both sides.
 *
 * Invariant: bins are fixed by the bound and the unit alone and one of their borders is the bound, so records of parts add up to that of the whole, and every bin
 * is of rows that stay or of rows that fall, never of both. Of equally near rows those with the least address are kept, so the result depends on the rows alone.
 * Price: 20 ns a value, 64 counters and four rows a rule; no object a row.
 */
import { float64At, int32At } from "../../batch/numbers.ts";

/** What a value is: a share of something, a number of things, or a score of a model. */
export type RuleUnit = "ratio" | "count" | "score";

/** `[value, shard, position]`: a row by its place in the source, as readers give it. */
export type NearRow = readonly [value: number, shard: number, position: number];

/** Plain data, as markers keep it. */
export interface RuleValues {
  readonly reason: string;
  /** The option that is the bound, and its value. */
  readonly option: string;
  readonly bound: number;
  /** Whether what is below the bound falls, or what is above. */
  readonly side: "min" | "max";
  readonly unit: RuleUnit;
  /** Rows by bin, ascending: `[bin, rows]`. Those that stay by the rule and by all others of the filter, and those that fall by it. */
  readonly bins: readonly (readonly [bin: number, rows: number])[];
  /** Rows that stay whose value is not told, where knowing that it is within the bound is cheaper than knowing it. */
  readonly unmeasured: number;
  /** Nearest first. */
  readonly kept: readonly NearRow[];
  readonly dropped: readonly NearRow[];
}

const BINS = 64;
/** The first bin above the bound. */
const MIDDLE = BINS / 2;
/** Rows kept on each side. */
const NEAREST = 2;
/** Ten steps of a decade, as in Renard's series: rounded, so that no logarithm is asked. */
const DECADE = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8];
/** Bounds of counts from here on, and of shares up to there, are judged by magnitude. */
const LARGE_COUNT = 16;
const SMALL_RATIO = 0.05;

/** The 65 borders of the bins of a rule, ascending; the first and the last bin also hold what lies beyond. */
export function binBorders(unit: RuleUnit, bound: number): Float64Array {
  const isLarge = unit === "count" ? bound >= LARGE_COUNT : unit === "ratio" && bound > 0 && bound < SMALL_RATIO;
  const width = unit === "count" ? 1 : bound === 0 ? 1 / MIDDLE : Math.abs(bound) / 20;
  return Float64Array.from({ length: BINS + 1 }, (_, at) => {
    const step = at - MIDDLE;
    if (!isLarge) return bound + step * width;
    const decades = Math.floor(step / DECADE.length);
    const factor = DECADE[step - decades * DECADE.length];
    return decades < 0 ? (bound * factor) / 10 ** -decades : bound * factor * 10 ** decades;
  });
}

/** The rows nearest to a bound on one of its sides. */
class Nearest {
  #rows = 0;
  readonly #distances = new Float64Array(NEAREST).fill(Number.POSITIVE_INFINITY);
  readonly #values = new Float64Array(NEAREST);
  readonly #shards = new Int32Array(NEAREST);
  readonly #positions = new Float64Array(NEAREST);

  /** Rows come in order of address. */
  add(distance: number, value: number, shard: number, position: number): void {
    if (!(distance < float64At(this.#distances, NEAREST - 1))) return;
    let at = NEAREST - 1;
    while (at > 0 && distance < float64At(this.#distances, at - 1)) {
      this.#distances[at] = float64At(this.#distances, at - 1);
      this.#values[at] = float64At(this.#values, at - 1);
      this.#shards[at] = int32At(this.#shards, at - 1);
      this.#positions[at] = float64At(this.#positions, at - 1);
      at--;
    }
    this.#distances[at] = distance;
    this.#values[at] = value;
    this.#shards[at] = shard;
    this.#positions[at] = position;
    if (this.#rows < NEAREST) this.#rows++;
  }

  finish(): readonly NearRow[] {
    const rows = Array.from({ length: this.#rows }, (_, at): NearRow => {
      return [float64At(this.#values, at), int32At(this.#shards, at), float64At(this.#positions, at)];
    });
    this.#rows = 0;
    this.#distances.fill(Number.POSITIVE_INFINITY);
    return rows;
  }
}

export class RuleMeter {
  readonly #rule: Pick<RuleValues, "reason" | "option" | "bound" | "side" | "unit">;
  readonly #tellsKept: boolean;
  readonly #borders: Float64Array;
  readonly #counts = new Float64Array(BINS);
  readonly #kept = new Nearest();
  readonly #dropped = new Nearest();
  #unmeasured = 0;

  /** `tellsKept`: whether the values of rows that stay are their values, and not just something within the bound. */
  constructor(rule: Pick<RuleValues, "reason" | "option" | "bound" | "side" | "unit">, tellsKept: boolean) {
    this.#rule = rule;
    this.#tellsKept = tellsKept;
    this.#borders = binBorders(rule.unit, rule.bound);
  }

  /** A row that stays by its value, or falls. */
  add(value: number, falls: boolean, shard: number, position: number): void {
    if (!falls && !this.#tellsKept) {
      this.#unmeasured++;
      return;
    }
    // What is equal to the bound lies on the side that its fate tells.
    const below = falls === (this.#rule.side === "min");
    const bin = this.#binOf(value, below ? 0 : MIDDLE, below ? MIDDLE - 1 : BINS - 1);
    this.#counts[bin] = float64At(this.#counts, bin) + 1;
    (falls ? this.#dropped : this.#kept).add(Math.abs(value - this.#rule.bound), value, shard, position);
  }

  /** What was added since the last call; undefined where nothing was. */
  finish(): RuleValues | undefined {
    const bins: (readonly [number, number])[] = [];
    this.#counts.forEach((rows, bin) => {
      if (rows > 0) bins.push([bin, rows]);
    });
    const found = { bins, unmeasured: this.#unmeasured, kept: this.#kept.finish(), dropped: this.#dropped.finish() };
    this.#counts.fill(0);
    this.#unmeasured = 0;
    return bins.length === 0 && found.unmeasured === 0 ? undefined : { ...this.#rule, ...found };
  }

  /** The last bin of `[low, high]` that does not begin above the value, or the first. */
  #binOf(value: number, low: number, high: number): number {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to + 1) >>> 1;
      if (float64At(this.#borders, middle) <= value) from = middle;
      else to = middle - 1;
    }
    return from;
  }
}

/** The records of a filter's rules over all that `parts` are of; parts in order of address. */
export function mergeRuleValues(parts: readonly (readonly RuleValues[])[]): readonly RuleValues[] {
  const rules = new Map<string, RuleValues[]>();
  for (const rule of parts.flat()) {
    const key = `${rule.reason} ${rule.option}`;
    const known = rules.get(key);
    if (known === undefined) rules.set(key, [rule]);
    else known.push(rule);
  }
  return [...rules.values()].map(mergeRule);
}

function mergeRule(parts: readonly RuleValues[]): RuleValues {
  const [{ reason, option, bound, side, unit }] = parts;
  const counts = new Map<number, number>();
  for (const { bins } of parts) for (const [bin, rows] of bins) counts.set(bin, (counts.get(bin) ?? 0) + rows);
  const nearest = (rows: readonly NearRow[]): readonly NearRow[] =>
    rows
      .map((row, at) => ({ row, at, distance: Math.abs(row[0] - bound) }))
      .sort((a, b) => a.distance - b.distance || a.at - b.at)
      .slice(0, NEAREST)
      .map(({ row }) => row);
  return {
    reason,
    option,
    bound,
    side,
    unit,
    bins: [...counts].sort(([a], [b]) => a - b),
    unmeasured: parts.reduce((sum, part) => sum + part.unmeasured, 0),
    kept: nearest(parts.flatMap(({ kept }) => kept)),
    dropped: nearest(parts.flatMap(({ dropped }) => dropped)),
  };
}
