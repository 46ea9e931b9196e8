/** The rows of a source that are read: `skip` and `limit` count rows in address order, unusable ones included. */
import * as z from "zod";

const count = z.int().min(0);

/** Options of every reader. */
export const rowRangeOptions = {
  skip: count.default(0).describe("rows of the source to pass over, in address order"),
  limit: count.nullable().default(null).describe("rows of the source to read after `skip`; null reads all"),
};

export interface RowRangeOptions {
  readonly skip: number;
  readonly limit: number | null;
}

/** Whether one task must read the source: a window of rows counts over all its shards in order. */
export function isSequential({ skip, limit }: RowRangeOptions): boolean {
  return skip > 0 || limit !== null;
}

/** The rows `[skip, skip + limit)` of a source, counted down while reading. */
export class RowRange {
  #skip: number;
  #left: number;

  constructor(options: RowRangeOptions) {
    this.#skip = options.skip;
    this.#left = options.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Nothing more is wanted. */
  get done(): boolean {
    return this.#left === 0;
  }

  /** Counts the next row; true if it is wanted. */
  take(): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** Counts the next `rows` rows if all of them are passed over; false, and nothing counted, if one may be wanted. */
  skipAll(rows: number): boolean {
    if (this.#skip < rows) return false;
    this.#skip -= rows;
    return true;
  }
}
