/**
 * How often each of few values occurs, or the commonest of many: a table of bounded size that parts add up to.
 *
 * A table with more than its capacity drops its rarest values, which is a summary that merges in the sense of Agarwal et al., "Mergeable summaries"
 * (2012). Invariant: with at most `capacity` values it is exact; else a value's true count is at least the one told and at most that plus `max_error`,
 * and every value that is commoner than `max_error` is there. Ties go by the value, so the result depends on the order of parts alone, which is that
 * of addresses. Price: a map entry a value.
 */

/** Plain data, as markers keep it. */
export interface ValueCounts {
  /** Values that were counted: those of the table and those that fell out of it. */
  readonly count: number;
  /** How far a told count may be below the true one; 0 where all are exact. */
  readonly max_error: number;
  /** Commonest first: `[value, count]`. */
  readonly values: readonly (readonly [string, number])[];
}

export class ValueCounter {
  readonly #capacity: number;
  #counts = new Map<string, number>();
  #count = 0;
  #maxError = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(value: string, times = 1): void {
    this.#count += times;
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + times);
    // Room of a quarter, so that a table that overflows all the time is cut once in that many values.
    if (this.#counts.size >= this.#capacity + Math.ceil(this.#capacity / 4)) this.#cut();
  }

  merge({ count, max_error, values }: ValueCounts): void {
    for (const [value, times] of values) this.#counts.set(value, (this.#counts.get(value) ?? 0) + times);
    this.#count += count;
    this.#maxError += max_error;
    this.#cut();
  }

  /** What was added since the last call. */
  finish(): ValueCounts {
    this.#cut();
    const counts = { count: this.#count, max_error: this.#maxError, values: this.#sorted() };
    this.#counts = new Map();
    this.#count = 0;
    this.#maxError = 0;
    return counts;
  }

  #cut(): void {
    if (this.#counts.size <= this.#capacity) return;
    const values = this.#sorted();
    // What falls out occurred at most so often; what stays may have fallen out before, which the error already says.
    this.#maxError += values[this.#capacity]?.[1] ?? 0;
    this.#counts = new Map(values.slice(0, this.#capacity));
  }

  #sorted(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  }
}

export function mergeValueCounts(parts: readonly ValueCounts[], capacity: number): ValueCounts {
  const counter = new ValueCounter(capacity);
  for (const part of parts) counter.merge(part);
  return counter.finish();
}
