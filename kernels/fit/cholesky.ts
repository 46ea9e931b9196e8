/**
 * Solves A z = b for a symmetric positive definite A of some ten columns, row after row in one array.
 *
 * Invariant: A and b stay as they are; undefined where A is not positive definite in the arithmetic of doubles. Price: width³ / 6 products.
 */
export function solve(a: Float64Array, b: Float64Array, width: number): Float64Array | undefined {
  const lower = a.slice();
  const z = b.slice();
  for (let j = 0; j < width; j++) {
    let pivot = lower[j * width + j];
    for (let k = 0; k < j; k++) pivot -= lower[j * width + k] * lower[j * width + k];
    if (!(pivot > 0)) return undefined;
    pivot = Math.sqrt(pivot);
    lower[j * width + j] = pivot;
    for (let i = j + 1; i < width; i++) {
      let sum = lower[i * width + j];
      for (let k = 0; k < j; k++) sum -= lower[i * width + k] * lower[j * width + k];
      lower[i * width + j] = sum / pivot;
    }
  }
  for (let i = 0; i < width; i++) {
    for (let k = 0; k < i; k++) z[i] -= lower[i * width + k] * z[k];
    z[i] /= lower[i * width + i];
  }
  for (let i = width - 1; i >= 0; i--) {
    for (let k = i + 1; k < width; k++) z[i] -= lower[k * width + i] * z[k];
    z[i] /= lower[i * width + i];
  }
  return z;
}

/** Copies the lower triangle to the upper one. */
export function mirror(a: Float64Array, width: number): void {
  for (let i = 0; i < width; i++) for (let k = 0; k < i; k++) a[k * width + i] = a[i * width + k];
}
