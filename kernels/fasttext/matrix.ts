/**
 * Rows of a matrix as fastText's code adds and multiplies them: floats of 32 bits, every sum in its order.
 *
 * A matrix is dense (floats, which lie at any byte of the file) or a product quantizer's (codes, centroids, perhaps norms). Invariant: rounding happens
 * where the C++ code rounds that is built without fused operations. Price: about a nanosecond a float.
 */
import { CENTROIDS, type MatrixDescription } from "./model-file.ts";

const f = Math.fround;
const MAX_COPIED_BYTES = 16 * 1024 * 1024;

export interface DenseRows {
  readonly kind: "dense";
  readonly columns: number;
  /** Floats from row to row. */
  readonly stride: number;
  readonly floats: Float32Array;
}

/** Floats at bytes that are no multiple of four. */
export interface OddRows {
  readonly kind: "odd";
  readonly columns: number;
  readonly view: DataView;
}

export interface QuantizedRows {
  readonly kind: "quantized";
  readonly columns: number;
  readonly codes: Uint8Array;
  readonly parts: number;
  readonly part: number;
  readonly last: number;
  readonly centroids: Float32Array;
  readonly norms: { readonly codes: Uint8Array; readonly values: Float32Array } | undefined;
}

export type Rows = DenseRows | OddRows | QuantizedRows;

/** Floats of `bytes` from `at` on, as a copy: they may lie at any byte. */
function floatsAt(bytes: Uint8Array, at: number, count: number): Float32Array {
  const floats = new Float32Array(count);
  new Uint8Array(floats.buffer).set(bytes.subarray(at, at + 4 * count));
  return floats;
}

/** The rows of a matrix in a file: a view of its codes or floats. */
export function rowsOf(bytes: Uint8Array, description: MatrixDescription): Rows {
  const { rows, columns, at, quantizer, norms } = description;
  const start = bytes.byteOffset + at;
  if (quantizer !== undefined) {
    return {
      kind: "quantized",
      columns,
      codes: bytes.subarray(at, at + rows * quantizer.parts),
      parts: quantizer.parts,
      part: quantizer.part,
      last: quantizer.last,
      centroids: floatsAt(bytes, quantizer.at, columns * CENTROIDS),
      norms: norms && {
        codes: bytes.subarray(norms.at, norms.at + rows),
        values: floatsAt(bytes, norms.values, CENTROIDS),
      },
    };
  }
  if (start % 4 === 0) {
    return { kind: "dense", columns, stride: columns, floats: new Float32Array(bytes.buffer, start, rows * columns) };
  }
  return { kind: "odd", columns, view: new DataView(bytes.buffer, start, 4 * rows * columns) };
}

/** As {@link rowsOf}, but dense rows are copied to where they are read fastest: of matrices that are small. */
export function copiedRows(bytes: Uint8Array, description: MatrixDescription): Rows {
  const { rows, columns, at, quantizer } = description;
  if (quantizer !== undefined || 4 * rows * columns > MAX_COPIED_BYTES) return rowsOf(bytes, description);
  return { kind: "dense", columns, stride: columns, floats: floatsAt(bytes, at, rows * columns) };
}

/** Adds a row to `sum`. */
export function addRow(rows: Rows, row: number, sum: Float32Array): void {
  switch (rows.kind) {
    case "dense": {
      const { floats, columns, stride } = rows;
      const at = row * stride;
      for (let j = 0; j < columns; j++) sum[j] += floats[at + j];
      return;
    }
    case "odd": {
      const { view, columns } = rows;
      const at = 4 * row * columns;
      for (let j = 0; j < columns; j++) sum[j] += view.getFloat32(at + 4 * j, true);
      return;
    }
    case "quantized": {
      const { codes, parts, part, last, centroids, norms } = rows;
      const norm = norms === undefined ? 1 : norms.values[norms.codes[row]];
      for (let s = 0; s < parts; s++) {
        const length = s === parts - 1 ? last : part;
        const from = s * CENTROIDS * part + codes[row * parts + s] * length;
        for (let j = 0; j < length; j++) sum[s * part + j] += f(norm * centroids[from + j]);
      }
    }
  }
}

/** A row times `vector`. */
export function dotRow(rows: Rows, row: number, vector: Float32Array): number {
  let sum = 0;
  switch (rows.kind) {
    case "dense": {
      const { floats, columns, stride } = rows;
      const at = row * stride;
      for (let j = 0; j < columns; j++) sum = f(sum + f(vector[j] * floats[at + j]));
      return sum;
    }
    case "odd": {
      const { view, columns } = rows;
      const at = 4 * row * columns;
      for (let j = 0; j < columns; j++) sum = f(sum + f(vector[j] * view.getFloat32(at + 4 * j, true)));
      return sum;
    }
    case "quantized": {
      const { codes, parts, part, last, centroids, norms } = rows;
      for (let s = 0; s < parts; s++) {
        const length = s === parts - 1 ? last : part;
        const from = s * CENTROIDS * part + codes[row * parts + s] * length;
        for (let j = 0; j < length; j++) sum = f(sum + f(vector[s * part + j] * centroids[from + j]));
      }
      return norms === undefined ? sum : f(sum * norms.values[norms.codes[row]]);
    }
  }
}
