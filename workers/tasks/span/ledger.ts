/** Verdicts of a span: which row fell to which stage, for what reason, by what measure. One Arrow table, some 20 bytes a dropped row. */
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder, Utf8Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { int32At, numberAt } from "../../../batch/numbers.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";

export class Ledger {
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #stage = new Int32Builder();
  readonly #reason = new Int32Builder();
  readonly #value: number[] = [];
  /** Made for the first detail: most ledgers have none. */
  #detail: Utf8Builder | undefined;

  add({ verdicts, shards, rowsInShard }: Batch): void {
    const { rows, stages, reasons, values, details } = verdicts;
    rows.forEach((row, index) => {
      this.#shard.append(int32At(shards, row));
      this.#row.append(int32At(rowsInShard, row));
      this.#stage.append(numberAt(stages, index));
      this.#reason.append(numberAt(reasons, index));
      this.#value.push(numberAt(values, index));
      const detail = details.get(index);
      if (detail !== undefined) this.#details().appendString(detail);
      else this.#detail?.appendNull();
    });
  }

  encode(): Uint8Array {
    const rows = this.#shard.length;
    const columns = new Map<string, Column>([
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["stage", { kind: "int32", values: this.#stage.finish() }],
      ["reason", { kind: "int32", values: this.#reason.finish() }],
      ["value", { kind: "float64", values: Float64Array.from(this.#value) }],
    ]);
    if (this.#detail !== undefined) columns.set("detail", this.#detail.finish());
    return encodeArrow(columns, rows);
  }

  /** Nulls for the rows that came before the first detail. */
  #details(): Utf8Builder {
    if (this.#detail !== undefined) return this.#detail;
    this.#detail = new Utf8Builder();
    for (let row = 1; row < this.#value.length; row++) this.#detail.appendNull();
    return this.#detail;
  }
}
