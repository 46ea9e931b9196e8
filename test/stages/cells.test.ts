/** A name becomes values: of a column of any kind, or of a path into JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import { type CellKind, type Cells, ColumnPath } from "../../stages/cells.ts";
import { batchOf, batchOfRows } from "../batch-of.ts";

function valueIn(cells: Cells, row: number): readonly [CellKind, unknown?] {
  const kind = cells.read(row);
  if (kind === "null" || kind === "broken") return [kind];
  if (kind === "number") return [kind, cells.number];
  if (kind === "bool") return [kind, cells.bool];
  return [kind, Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString()];
}

function withColumn(column: Column, rows: number): Batch {
  const batch = batchOf(Array.from({ length: rows }, () => ""));
  batch.setColumn("c", column);
  return batch;
}

test("every kind of column", () => {
  const all = (column: Column, rows = 2) => {
    const cells = new ColumnPath("c").of(withColumn(column, rows));
    return Array.from({ length: rows }, (_, row) => valueIn(cells, row));
  };
  assert.deepEqual(all({ kind: "int32", values: Int32Array.of(-3, 4), validity: Uint8Array.of(2) }), [
    ["null"],
    ["number", 4],
  ]);
  assert.deepEqual(all({ kind: "float32", values: Float32Array.of(0.5, -0) }), [
    ["number", 0.5],
    ["number", -0],
  ]);
  assert.deepEqual(all({ kind: "float64", values: Float64Array.of(0.1, 2 ** 60) }), [
    ["number", 0.1],
    ["number", 2n ** 60n],
  ]);
  const int64 = BigInt64Array.of(-1n, 9007199254740991n, -9007199254740993n, -9223372036854775808n);
  assert.deepEqual(all({ kind: "int64", values: int64 }, 4), [
    ["number", -1],
    ["number", 9007199254740991],
    ["number", -9007199254740993n],
    ["number", -9223372036854775808n],
  ]);
  assert.deepEqual(all({ kind: "bool", values: Uint8Array.of(0, 1) }), [
    ["bool", false],
    ["bool", true],
  ]);
  assert.deepEqual(all({ kind: "dictionary", codes: Int32Array.of(1, 0), values: ["é", "b"] }), [
    ["text", "b"],
    ["text", "é"],
  ]);
  assert.throws(
    () => all({ kind: "range_list", starts: new Int32Array(), ends: new Int32Array(), offsets: new Int32Array(3) }),
    /holds lists/,
  );
});

test("paths into JSON: any depth, every digit, the last of equal keys; what is no JSON is broken", () => {
  const texts = [
    '{"a":{"b":1},"c":"x\\u00e9"}',
    '{"a":{"b":9007199254740993}}',
    '{\n "a" : { "b" : null } }',
    "{}",
    "no json",
    '{"a":{"b":[1, 2]}}',
    '{"a":{"b":true,"b":"last"}}',
    "",
  ];
  const batch = batchOfRows([...texts.map((meta) => ({ meta })), { meta: null }]);
  const cells = new ColumnPath("meta.a.b").of(batch);
  assert.deepEqual(
    Array.from({ length: batch.rows }, (_, row) => valueIn(cells, row)),
    [
      ["number", 1],
      ["number", 9007199254740993n],
      ["null"],
      ["null"],
      ["broken"],
      ["nested", "[1, 2]"],
      ["text", "last"],
      ["broken"],
      ["null"],
    ],
  );
  assert.deepEqual(valueIn(new ColumnPath("meta.c").of(batch), 0), ["text", "xé"]);
});

test("a column of the very name goes before a path; a name that leads nowhere is an error", () => {
  const batch = batchOfRows([{ "a.b": 1, a: '{"b":2,"c":{"d":3}}', "a.c": '{"d":4}' }]);
  assert.deepEqual(valueIn(new ColumnPath("a.b").of(batch), 0), ["number", 1]);
  assert.deepEqual(valueIn(new ColumnPath("a.c.d").of(batch), 0), ["number", 4]);
  assert.throws(() => new ColumnPath("b.a").of(batch), /no column b\.a/);
});
