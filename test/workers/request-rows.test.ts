/** Batches cut small: the same rows with all they have. And turns, which keep their order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { REQUEST_ROWS, requestBatches } from "../../workers/tasks/span/request-rows.ts";
import { Turns } from "../../workers/tasks/span/turns.ts";
import { valueAt } from "../batch-of.ts";

const ROWS = 2 * REQUEST_ROWS + 17;
const numbers = Array.from({ length: ROWS }, (_, row) => row);

function wide(): Batch {
  const texts = new Utf8Builder();
  const validity = new Uint8Array((ROWS + 7) >> 3);
  for (const row of numbers) {
    if (row % 3 === 0) texts.appendNull();
    else texts.appendString(`é${"x".repeat(row % 11)}`);
    if (row % 5 !== 0) validity[row >> 3] |= 1 << (row & 7);
  }
  const columns: [string, Column][] = [
    ["text", texts.finish()],
    ["a", { kind: "int32", values: Int32Array.from(numbers), validity }],
    ["b", { kind: "int64", values: BigInt64Array.from(numbers, BigInt) }],
    ["c", { kind: "float32", values: Float32Array.from(numbers) }],
    ["d", { kind: "float64", values: Float64Array.from(numbers), validity }],
    ["e", { kind: "bool", values: Uint8Array.from(numbers, (row) => row % 2) }],
    ["f", { kind: "dictionary", codes: Int32Array.from(numbers, (row) => row % 2), values: ["x", "y"] }],
  ];
  return new Batch({
    source: "s",
    shards: Int32Array.from(numbers, (row) => row % 3),
    rowsInShard: Int32Array.from(numbers),
    positions: Float64Array.from(numbers, (row) => 10 * row),
    documents: Int32Array.from(numbers, (row) => 5 + row),
    columns,
  });
}

test("rows keep their values, places and numbers", () => {
  const whole = wide();
  const expected = numbers.map((row) => rowOf(whole, row));
  const parts = [...requestBatches(wide())];
  assert.deepEqual(
    parts.map(({ rows }) => rows),
    [REQUEST_ROWS, REQUEST_ROWS, 17],
  );
  assert.deepEqual(
    parts.flatMap((part) => Array.from({ length: part.rows }, (_, row) => rowOf(part, row))),
    expected,
  );
  const [small] = parts.slice(-1);
  assert.equal([...requestBatches(small)][0], small, "a small batch is left as it is");
});

function rowOf(batch: Batch, row: number): unknown {
  const values = [...batch.columns].map(([name, column]) => [name, valueAt(column, row)]);
  return {
    values,
    shard: batch.shards[row],
    row: batch.rowsInShard[row],
    at: batch.position(row),
    document: batch.document(row),
  };
}

test("work takes its turn in the order that it came, so much at once and no more", async () => {
  const turns = new Turns(3);
  const order: number[] = [];
  let active = 0;
  let most = 0;
  const work = Array.from({ length: 5000 }, (_, i) =>
    turns.within(async () => {
      active++;
      most = Math.max(most, active);
      order.push(i);
      await Promise.resolve();
      active--;
      if (i === 10) throw new Error("ten");
    }),
  );
  assert.equal(turns.waiting, 4997);
  const few = turns.fewWaiting(100).then(() => turns.waiting);
  const settled = await Promise.allSettled(work);
  assert.equal(settled.filter(({ status }) => status === "rejected").length, 1);
  assert.deepEqual(
    order,
    Array.from({ length: 5000 }, (_, i) => i),
  );
  assert.deepEqual([most, turns.waiting], [3, 0]);
  // Told at once; others go on before whoever waits for it hears of it.
  const heard = await few;
  assert.ok(heard > 90 && heard <= 100, `${heard}`);
});
