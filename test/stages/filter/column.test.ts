import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column } from "../../../batch/column.ts";
import { declarationOf } from "../../../stages/define.ts";
import stage from "../../../stages/filter/column.ts";
import { batchOf, batchOfRows } from "../../batch-of.ts";
import { applyFilter, type Dropped } from "./run.ts";

type Options = Readonly<Record<string, unknown>>;

/** Per row what was said about it, null where it stays. */
function verdicts(
  values: readonly (string | number | bigint | boolean | null)[],
  options: Options,
): (Dropped | null)[] {
  const batch = batchOfRows(values.map((value) => ({ c: value })));
  const dropped = applyFilter(stage, { column: "c", ...options }, batch);
  return values.map((_, row) => dropped.get(row) ?? null);
}

const reasons = (values: Parameters<typeof verdicts>[0], options: Options) =>
  verdicts(values, options).map((verdict) => verdict?.reason ?? null);

function ofColumn(column: Column, rows: number, options: Options): (string | null)[] {
  const batch = batchOf(Array.from({ length: rows }, () => ""));
  batch.setColumn("c", column);
  const dropped = applyFilter(stage, { column: "c", ...options }, batch);
  return Array.from({ length: rows }, (_, row) => dropped.get(row)?.reason ?? null);
}

test("bounds are inclusive; a verdict carries the number", () => {
  assert.deepEqual(verdicts([1, 2, 3, 4], { min: 2, max: 3 }), [
    { reason: "below_min", value: 1 },
    null,
    null,
    { reason: "above_max", value: 4 },
  ]);
});

test("64-bit integers are compared with every digit", () => {
  const [below, at, above] = [9007199254740992n, 9007199254740993n, 9007199254740994n];
  const bounds = { min: String(at), max: String(at) };
  assert.deepEqual(reasons([below, at, above], bounds), ["below_min", null, "above_max"]);
  assert.deepEqual(reasons([below, at, above].map(String), bounds), ["below_min", null, "above_max"]);
  assert.deepEqual(reasons([below, at], { equals: String(at) }), ["not_equal", null]);
  assert.deepEqual(verdicts([below], bounds)[0], { reason: "below_min", value: Number(below), detail: String(below) });
  const values = BigInt64Array.of(-9223372036854775808n, 9223372036854775807n, 5n);
  assert.deepEqual(ofColumn({ kind: "int64", values }, 3, { one_of: ["9223372036854775807", 5] }), [
    "not_listed",
    null,
    null,
  ]);
});

test("a text that spells a number is that number; any other is none, and so is NaN", () => {
  assert.deepEqual(verdicts(["2", "2.5e0", "two", "", "02"], { min: 2.25 }), [
    { reason: "below_min", value: 2, detail: "2" },
    null,
    { reason: "not_a_number", value: Number.NaN, detail: "two" },
    { reason: "not_a_number", value: Number.NaN, detail: "" },
    { reason: "not_a_number", value: Number.NaN, detail: "02" },
  ]);
  assert.deepEqual(reasons([Number.NaN, Number.POSITIVE_INFINITY], { min: 0 }), ["not_a_number", null]);
  assert.deepEqual(reasons([true], { min: 0 }), ["not_a_number"]);
});

test("equality by kind: texts by bytes, numbers by value, booleans", () => {
  assert.deepEqual(reasons(["a", "A", "é"], { equals: "a" }), [null, "not_equal", "not_equal"]);
  assert.deepEqual(reasons(["1", "1.0", "01"], { equals: 1 }), [null, null, "not_equal"]);
  assert.deepEqual(reasons([1, 2], { equals: "1" }), [null, "not_equal"]);
  assert.deepEqual(reasons([true, false], { equals: false }), ["not_equal", null]);
  assert.deepEqual(reasons(["true", "yes"], { equals: true }), [null, "not_equal"]);
  assert.deepEqual(reasons(["en", "fr", "de"], { one_of: ["en", "fr"], none_of: ["fr"] }), [
    null,
    "listed",
    "not_listed",
  ]);
});

test("rows without a value: dropped, kept, or the only ones that stay", () => {
  assert.deepEqual(reasons([null, 1], {}), ["missing", null]);
  assert.deepEqual(reasons([null, 1], { missing: "keep", min: 2 }), [null, "below_min"]);
  assert.deepEqual(reasons([null, 1], { missing: "require" }), [null, "present"]);
  assert.throws(() => stage.options.parse({ column: "c", missing: "require", min: 1 }), /nothing to compare/);
});

test("a dictionary is judged once a value", () => {
  const values = ["en", "fr", "de"];
  const validity = Uint8Array.of(0b10111);
  const codes = Int32Array.of(0, 1, 2, 0, 1);
  assert.deepEqual(ofColumn({ kind: "dictionary", codes, values, validity }, 5, { one_of: ["en"] }), [
    null,
    "not_listed",
    "not_listed",
    "missing",
    "not_listed",
  ]);
});

test("dead rows are not looked at", () => {
  const batch = batchOfRows([{ c: 1 }, { c: 1 }]);
  batch.alive.clear(0);
  assert.deepEqual([...applyFilter(stage, { column: "c", min: 2 }, batch).keys()], [1]);
});

test("reasons are those that the options can give", () => {
  const declared = (options: Options) => Object.keys(declarationOf(stage, stage.options.parse(options)).reasons);
  assert.deepEqual(declared({ column: "a" }), ["missing"]);
  assert.deepEqual(declared({ column: "a", min: 1, missing: "keep" }), ["not_a_number", "below_min"]);
  assert.deepEqual(declared({ column: "a.b", missing: "require" }), ["present", "not_json"]);
  assert.deepEqual(declared({ column: "a", max: 1, equals: 1, one_of: [1], none_of: [2] }), [
    "missing",
    "not_a_number",
    "above_max",
    "not_equal",
    "not_listed",
    "listed",
  ]);
});

test("a bound that is no number is refused", () => {
  assert.throws(() => stage.options.parse({ column: "c", min: "three" }), /number in quotes/);
});
