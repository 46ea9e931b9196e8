/** Places in ascending numbers. Price: a look at one in two, and so on: 20 looks among a million. */

/** Index of the first entry greater than `value` in ascending `values`; their number where there is none. */
export function firstAbove(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
