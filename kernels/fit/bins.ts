/**
 * Shares as bin numbers, which is what trees split on.
 *
 * Up to 64 bins a source: between its distinct values, or at equally spaced ranks of them, because many sources have most of their shares near 0.
 * Invariant: the borders come from shares alone, never from losses. Price: one sort a source, and a binary search a share.
 */
import type { Rows } from "./rows.ts";

export const MAX_BINS = 64;

export class Bins {
  /** By column, ascending: a share at or below border b is in bin b or before. */
  readonly #borders: readonly Float64Array[];

  constructor({ count, width, values }: Rows) {
    this.#borders = Array.from({ length: width }, (_, column) => {
      const shares = Float64Array.from({ length: count }, (_, row) => values[row * width + column]).sort();
      return bordersOf(shares.filter((share, i) => i === 0 || share !== shares[i - 1]));
    });
  }

  /** Bins of column `column`. */
  count(column: number): number {
    return this.#borders[column].length + 1;
  }

  /** The bin of every share, row after row. */
  codes({ count, width, values }: Rows): Uint8Array {
    const codes = new Uint8Array(count * width);
    for (let column = 0; column < width; column++) {
      const borders = this.#borders[column];
      for (let i = column; i < codes.length; i += width) {
        const share = values[i];
        let low = 0;
        let high = borders.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (share <= borders[middle]) high = middle;
          else low = middle + 1;
        }
        codes[i] = low;
      }
    }
    return codes;
  }
}

/** Middles between neighbours of the distinct values, ascending. */
function bordersOf(distinct: Float64Array): Float64Array {
  const bins = Math.min(MAX_BINS, distinct.length);
  const borders = Array.from({ length: Math.max(0, bins - 1) }, (_, i) => {
    const at = Math.floor(((i + 1) * distinct.length) / bins);
    return (distinct[at - 1] + distinct[at]) / 2;
  });
  return Float64Array.from(borders);
}
