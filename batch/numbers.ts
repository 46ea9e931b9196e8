/**
 * Numbers at a position that is in bounds by construction, for the loops that may not go on with an `undefined`: offsets, rows, counts, bytes.
 *
 * Invariant: one function for each kind of array. A shared one would see all kinds at one place, and the engine would compile none of them well.
 * Price: none in a warm loop. The engine puts the body in place of the call, and the comparison is the bounds check that it makes anyway.
 */

function outside(index: number, length: number): Error {
  return new Error(`there is no number at ${index}: there are ${length}`);
}

/** Number `index` of a Uint8Array. Throws an Error where there is none. */
export function uint8At(numbers: Uint8Array, index: number): number {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}

/** Number `index` of a Uint32Array. Throws an Error where there is none. */
export function uint32At(numbers: Uint32Array, index: number): number {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}

/** Number `index` of an Int32Array. Throws an Error where there is none. */
export function int32At(numbers: Int32Array, index: number): number {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}

/** Number `index` of a BigInt64Array. Throws an Error where there is none. */
export function int64At(numbers: BigInt64Array, index: number): bigint {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}

/** Number `index` of a Float32Array. Throws an Error where there is none. */
export function float32At(numbers: Float32Array, index: number): number {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}

/** Number `index` of a Float64Array. Throws an Error where there is none. */
export function float64At(numbers: Float64Array, index: number): number {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}

/** Number `index` of a list. Throws an Error where there is none. */
export function numberAt(numbers: readonly number[], index: number): number {
  const found = numbers[index];
  if (found === undefined) throw outside(index, numbers.length);
  return found;
}
