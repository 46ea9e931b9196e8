/**
 * How numbers are distributed: count, sum, smallest, largest, and a histogram of buckets an eighth of a power of two wide.
 *
 * Invariant: a bucket is named by the smallest number of its size that lies in it, read off the number's bits and not from a logarithm, so it is the
 * same on every machine; distributions of parts add up to that of the whole. A quantile read from it is at most 12.5 % too small. Price: a few
 * nanoseconds a number, at most some hundred buckets in practice and 33,000 for any input.
 */
import { float64At } from "../../batch/numbers.ts";

/** Plain data, as markers keep it. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly min: number | null;
  readonly max: number | null;
  /** Numbers by the start of their bucket, ascending: `[start, count]`. Zero has a bucket of its own. */
  readonly histogram: readonly (readonly [number, number])[];
}

/** Buckets between two powers of two: the three leading bits of the fraction. */
const FRACTION_BITS = 3;
/** Numbers up to here are looked up in a table: most lengths are small. */
const SMALL = 4096;

const bits = new DataView(new ArrayBuffer(8));

/** The start of the bucket that `value` lies in: towards zero. */
export function bucketStart(value: number): number {
  bits.setFloat64(0, value);
  bits.setUint32(0, bits.getUint32(0) & ~((1 << (20 - FRACTION_BITS)) - 1));
  bits.setUint32(4, 0);
  // Minus zero is zero.
  return bits.getFloat64(0) + 0;
}

export class DistributionBuilder {
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  /** Counts of the integers below {@link SMALL}. */
  #small = new Float64Array(SMALL);
  #others = new Map<number, number>();

  /** A number that is finite. */
  add(value: number): void {
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (value >= 0 && value < SMALL && value === (value | 0)) {
      this.#small[value] = float64At(this.#small, value) + 1;
      return;
    }
    const start = bucketStart(value);
    this.#others.set(start, (this.#others.get(start) ?? 0) + 1);
  }

  /** What was added since the last call. */
  finish(): Distribution {
    const buckets = this.#others;
    this.#small.forEach((count, value) => {
      if (count > 0) buckets.set(bucketStart(value), (buckets.get(bucketStart(value)) ?? 0) + count);
    });
    const some = this.#count > 0;
    const distribution = {
      count: this.#count,
      sum: this.#sum,
      min: some ? this.#min : null,
      max: some ? this.#max : null,
      histogram: sorted(buckets),
    };
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    this.#small = new Float64Array(SMALL);
    this.#others = new Map();
    return distribution;
  }
}

/** The distribution of all that `parts` are of, summed in their order. */
export function mergeDistributions(parts: readonly Distribution[]): Distribution {
  const buckets = new Map<number, number>();
  for (const { histogram } of parts) {
    for (const [start, count] of histogram) buckets.set(start, (buckets.get(start) ?? 0) + count);
  }
  const smallest = parts.flatMap(({ min }) => (min === null ? [] : [min]));
  const largest = parts.flatMap(({ max }) => (max === null ? [] : [max]));
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    sum: parts.reduce((sum, part) => sum + part.sum, 0),
    min: smallest.length === 0 ? null : smallest.reduce((a, b) => Math.min(a, b)),
    max: largest.length === 0 ? null : largest.reduce((a, b) => Math.max(a, b)),
    histogram: sorted(buckets),
  };
}

function sorted(buckets: ReadonlyMap<number, number>): readonly (readonly [number, number])[] {
  return [...buckets].sort(([a], [b]) => a - b);
}
