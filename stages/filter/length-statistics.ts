/**
 * What is remembered of lengths: how many, their sum, the shortest, the longest, and how many lie between two powers of two.
 *
 * Invariant: plain numbers that add up, so that spans may be counted apart and merged in any grouping. Price: a few nanoseconds a length.
 */
import { float64At } from "../../batch/numbers.ts";
import type { StageState } from "../define.ts";

/** Bucket 0 holds lengths of 0, bucket b lengths from 2^(b-1) to below 2^b. */
const BUCKETS = 33;

interface Lengths {
  readonly rows: number;
  readonly total: number;
  readonly shortest: number | null;
  readonly longest: number | null;
  /** Rows by the smallest length of their bucket: 0, 1, 2, 4, 8, … Buckets without rows are left out. */
  readonly histogram: Readonly<Record<string, number>>;
}

export class LengthStatistics {
  #rows = 0;
  #total = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = -1;
  readonly #buckets = new Float64Array(BUCKETS);

  add(length: number): void {
    this.#rows++;
    this.#total += length;
    if (length < this.#shortest) this.#shortest = length;
    if (length > this.#longest) this.#longest = length;
    const bucket = 32 - Math.clz32(length);
    this.#buckets[bucket] = float64At(this.#buckets, bucket) + 1;
  }

  /** What was added since the last call. */
  finish(): StageState {
    const histogram: Record<string, number> = {};
    this.#buckets.forEach((rows, bucket) => {
      if (rows > 0) histogram[bucket === 0 ? 0 : 2 ** (bucket - 1)] = rows;
    });
    const some = this.#rows > 0;
    const state = {
      rows: this.#rows,
      total: this.#total,
      shortest: some ? this.#shortest : null,
      longest: some ? this.#longest : null,
      histogram,
    };
    this.#rows = 0;
    this.#total = 0;
    this.#shortest = Number.POSITIVE_INFINITY;
    this.#longest = -1;
    this.#buckets.fill(0);
    return state;
  }
}

/** Adds the statistics of spans up. */
export function mergeLengths(states: readonly StageState[]): StageState {
  // Markers hold what `finish` gave: JSON keeps its shape, not its type.
  const lengths = states as readonly StageState[] as unknown as readonly Lengths[];
  const histogram = new Map<number, number>();
  for (const one of lengths) {
    for (const [from, rows] of Object.entries(one.histogram)) {
      histogram.set(Number(from), (histogram.get(Number(from)) ?? 0) + rows);
    }
  }
  const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
  const shortest = known(lengths.map((one) => one.shortest));
  const longest = known(lengths.map((one) => one.longest));
  return {
    rows: lengths.reduce((sum, one) => sum + one.rows, 0),
    total: lengths.reduce((sum, one) => sum + one.total, 0),
    shortest: shortest.length === 0 ? null : Math.min(...shortest),
    longest: longest.length === 0 ? null : Math.max(...longest),
    histogram: Object.fromEntries([...histogram].sort(([a], [b]) => a - b)),
  };
}
