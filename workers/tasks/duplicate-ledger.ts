/** Rows that barriers took away, and which row each was a copy of, NaN where of none. One Arrow table, 20 bytes a row. */
import { Int32Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { encodeArrow } from "../../io/formats/arrow-table.ts";
import { NO_SURVIVOR } from "../../kernels/dedup/union-find.ts";

export class DuplicateLedger {
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #stage = new Int32Builder();
  readonly #survivor: number[] = [];

  add(shard: number, row: number, stage: number, survivor: number): void {
    this.#shard.append(shard);
    this.#row.append(row);
    this.#stage.append(stage);
    this.#survivor.push(survivor === NO_SURVIVOR ? Number.NaN : survivor);
  }

  encode(): Uint8Array {
    const columns = new Map<string, Column>([
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["stage", { kind: "int32", values: this.#stage.finish() }],
      ["survivor", { kind: "float64", values: Float64Array.from(this.#survivor) }],
    ]);
    return encodeArrow(columns, this.#shard.length);
  }
}
