import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { replayBlend } from "../../../kernels/blend/blend.ts";

interface Case {
  readonly weights: readonly number[];
  readonly taken: Readonly<Record<string, readonly number[]>>;
}

test("the replay takes what the trainer's rule takes, sample for sample", () => {
  const cases = JSON.parse(readFileSync("test/golden/nanotron/blend.json", "utf8")) as Case[];
  assert.equal(cases.length, 11);
  for (const { weights, taken } of cases) {
    for (const [samples, expected] of Object.entries(taken)) {
      assert.deepEqual([...replayBlend(weights, Number(samples))], expected, `${samples} of ${weights}`);
    }
  }
});

test("with achieved weights, n samples are exactly the windows they were made from", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 200 }), (windows) => {
      const total = windows.reduce((sum, count) => sum + count, 0);
      const taken = replayBlend(
        windows.map((count) => count / total),
        total,
      );
      assert.deepEqual([...taken], windows);
    }),
    { numRuns: 60 },
  );
});

test("no samples take nothing", () => {
  assert.deepEqual([...replayBlend([1, 2], 0)], [0, 0]);
});
