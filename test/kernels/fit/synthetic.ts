/** Mixtures whose losses follow a law that is known. */

import { type Rows, rowsOf } from "../../../kernels/fit/rows.ts";
import { dirichlet, RandomStream } from "../../../kernels/random/dirichlet.ts";
import { seedFrom } from "../../../kernels/random/shuffle.ts";

export function drawnRows(count: number, shapes: readonly number[], seed = 1): Rows {
  const random = new RandomStream(seedFrom("test", seed));
  const list = Array.from({ length: count }, () => dirichlet(shapes, random));
  return rowsOf(list, shapes.length);
}

export function lossesOf(rows: Rows, floor: number, slopes: readonly number[]): Float64Array {
  return Float64Array.from({ length: rows.count }, (_, i) => {
    const exponent = slopes.reduce((sum, slope, k) => sum + slope * rows.values[i * rows.width + k], 0);
    return floor + Math.exp(exponent);
  });
}
