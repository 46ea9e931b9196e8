import assert from "node:assert/strict";
import test from "node:test";
import type { Utf8Column } from "../../../batch/column.ts";
import choice from "../../../stages/annotate/choice.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOf } from "../../batch-of.ts";

function drawn(options: Record<string, unknown>, rows: readonly string[], seed: readonly [number, number]): string[] {
  const parsed = choice.options.parse({ column: "language", ...options });
  const operator = choice.create(parsed, { ...NO_RESOURCES, seed });
  const column = operator.apply(batchOf(rows)).get("language") as Utf8Column;
  return rows.map((_, row) =>
    Buffer.from(column.data.subarray(column.offsets[row], column.offsets[row + 1])).toString("utf8"),
  );
}

const ROWS = Array.from({ length: 4000 }, (_, i) => `row ${i % 500}`);

test("values come as often as their weights say, and another seed draws others", () => {
  const values = ["fr", "es", "it"];
  const first = drawn({ values, weights: [1, 2, 1] }, ROWS, [1, 2]);
  const counts = values.map((value) => first.filter((each) => each === value).length);
  for (const [i, share] of [0.25, 0.5, 0.25].entries()) {
    assert.ok(Math.abs((counts[i] ?? 0) / ROWS.length - share) < 0.03, `${counts}`);
  }
  assert.deepEqual(drawn({ values, weights: [1, 2, 1] }, ROWS, [1, 2]), first);
  assert.notDeepEqual(drawn({ values, weights: [1, 2, 1] }, ROWS, [1, 3]), first);
});

test("by text, equal rows get the same value", () => {
  const values = drawn({ values: ["fr", "es"], by: "text" }, ROWS, [1, 2]);
  assert.deepEqual(values.slice(0, 500), values.slice(500, 1000));
  assert.equal(new Set(values).size, 2);
});

test("weights without a value, and values without a weight, are refused", () => {
  assert.throws(
    () => choice.options.parse({ column: "a", values: ["x"], weights: [1, 2] }),
    /every value needs a weight/,
  );
  assert.throws(() => choice.options.parse({ column: "a", values: ["x"], weights: [0] }), /above 0/);
});
