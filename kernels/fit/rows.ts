/**
 * What a law is fitted to: one row of shares a run, in one typed array.
 *
 * Invariant: nothing here changes the rows it is given. Price: eight bytes a share.
 */

/** `count` rows of `width` numbers, one after the other. */
export interface Rows {
  readonly count: number;
  readonly width: number;
  readonly values: Float64Array;
}

/** Predicts the loss of each row. */
export interface Law {
  readonly predict: (rows: Rows) => Float64Array;
}

export function rowsOf(list: readonly ArrayLike<number>[], width: number): Rows {
  const values = new Float64Array(list.length * width);
  for (const [i, row] of list.entries()) values.set(row, i * width);
  return { count: list.length, width, values };
}

/** The rows at `indices`, in their order; one may be there twice. */
export function pickRows({ width, values }: Rows, indices: ArrayLike<number>): Rows {
  const picked = new Float64Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    picked.set(values.subarray(indices[i] * width, (indices[i] + 1) * width), i * width);
  }
  return { count: indices.length, width, values: picked };
}

export function pickValues(values: Float64Array, indices: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: indices.length }, (_, i) => values[indices[i]]);
}
