/** What a barrier counted of rows, as a column of them. Invariant: a row without a bin is null. */
import { Bitmap } from "../../batch/bitmap.ts";
import type { Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import type { BarrierColumn } from "../../plan/plan.ts";

/** A column of `rows` rows; `wordAt` is what the barrier's file has of each: a size, or a bin from 1 and 0 for none. Bins are written from 0. */
export function countColumn(holds: BarrierColumn["holds"], rows: number, wordAt: (row: number) => number): Column {
  const values = Int32Array.from({ length: rows }, (_, row) => wordAt(row));
  if (holds === "cluster_size") return { kind: "int32", values };
  const isBinned = new Bitmap(rows);
  for (let row = 0; row < rows; row++) {
    const word = int32At(values, row);
    if (word === 0) continue;
    values[row] = word - 1;
    isBinned.set(row);
  }
  return { kind: "int32", values, validity: isBinned.bytes };
}
