/**
 * What stages found in rows of a span: which row, which stage, and what, as JSON. One Arrow table, written where there is anything.
 *
 * Invariant: rows stand in the order in which they were read, whatever became of them. Memory: the findings.
 */
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder, Utf8Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { int32At, numberAt } from "../../../batch/numbers.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";

export class FindingsTable {
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #stage = new Int32Builder();
  readonly #finding = new Utf8Builder();

  get rows(): number {
    return this.#row.length;
  }

  add({ findings, shards, rowsInShard }: Batch): void {
    findings.values.forEach((value, index) => {
      const row = numberAt(findings.rows, index);
      this.#shard.append(int32At(shards, row));
      this.#row.append(int32At(rowsInShard, row));
      this.#stage.append(numberAt(findings.stages, index));
      this.#finding.appendString(value);
    });
  }

  encode(): Uint8Array {
    const { rows } = this;
    const columns = new Map<string, Column>([
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["stage", { kind: "int32", values: this.#stage.finish() }],
      ["finding", this.#finding.finish()],
    ]);
    return encodeArrow(columns, rows);
  }
}
