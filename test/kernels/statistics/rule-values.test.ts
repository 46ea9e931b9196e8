import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { binBorders, mergeRuleValues, RuleMeter, type RuleValues } from "../../../kernels/statistics/rule-values.ts";

const MAX = { reason: "too_many", option: "max_ratio", bound: 0.3, side: "max", unit: "ratio" } as const;

function meter(values: readonly number[], rule: ConstructorParameters<typeof RuleMeter>[0] = MAX): RuleValues {
  const made = new RuleMeter(rule, true);
  values.forEach((value, row) => {
    made.add(value, rule.side === "max" ? value > rule.bound : value < rule.bound, 0, row);
  });
  const found = made.finish();
  assert.ok(found);
  return found;
}

test("the bound is a border of bins, and borders ascend, for bounds of every kind", () => {
  for (const [unit, bounds] of [
    ["ratio", [0.01, 0.1, 0.3, 0.8, 3, 10]],
    ["count", [0, 2, 15, 16, 50, 100_000]],
    ["score", [0, 0.65, -10, 3]],
  ] as const) {
    for (const bound of bounds) {
      const borders = binBorders(unit, bound);
      assert.equal(borders[32], bound, `${unit} ${bound}`);
      for (let at = 1; at < borders.length; at++) assert.ok(borders[at] > borders[at - 1], `${unit} ${bound}: ${at}`);
    }
  }
  assert.equal(binBorders("count", 50)[42], 500);
  assert.equal(binBorders("count", 50)[22], 5);
});

test("bins are of rows that stay or of rows that fall, also at the bound itself", () => {
  const max = meter([0, 0.29, 0.3, 0.31, 7]);
  assert.deepEqual(max.bins, [
    [12, 1],
    [31, 2],
    [32, 1],
    [63, 1],
  ]);
  const min = meter([1, 49, 50, 51], { reason: "few", option: "min", bound: 50, side: "min", unit: "count" });
  assert.deepEqual(min.bins, [
    [15, 1],
    [31, 1],
    [32, 2],
  ]);
});

test("the two nearest rows on each side are kept, the first of equally near ones", () => {
  const { kept, dropped } = meter([0.1, 0.29, 0.2, 0.29, 0.29, 0.5, 0.4, 0.6]);
  assert.deepEqual(kept, [
    [0.29, 0, 1],
    [0.29, 0, 3],
  ]);
  assert.deepEqual(dropped, [
    [0.4, 0, 6],
    [0.5, 0, 5],
  ]);
});

test("records of parts add up to that of the whole, however rows are cut into parts", () => {
  const values = fc.array(fc.array(fc.integer({ min: 0, max: 60 }).map((n) => n / 100)), { minLength: 1 });
  fc.assert(
    fc.property(values, (parts) => {
      let row = 0;
      const one = new RuleMeter(MAX, true);
      const all = new RuleMeter(MAX, true);
      const records = parts.map((part) => {
        for (const value of part) {
          one.add(value, value > 0.3, 0, row);
          all.add(value, value > 0.3, 0, row++);
        }
        const record = one.finish();
        return record === undefined ? [] : [record];
      });
      const whole = all.finish();
      assert.deepEqual(mergeRuleValues(records), whole === undefined ? [] : [whole]);
    }),
    { numRuns: 200 },
  );
});

test("where the value of what stays is not known, it is counted and not shown", () => {
  const made = new RuleMeter(MAX, false);
  made.add(0.1, false, 0, 0);
  made.add(0.5, true, 0, 1);
  assert.deepEqual(made.finish(), {
    ...MAX,
    bins: [[45, 1]],
    unmeasured: 1,
    kept: [],
    dropped: [[0.5, 0, 1]],
  });
  assert.equal(made.finish(), undefined);
});
