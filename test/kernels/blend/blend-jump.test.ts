import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { argmaxError, normalizeWeights, replayBlend } from "../../../kernels/blend/blend.ts";
import { blendAt, sampleOfTake } from "../../../kernels/blend/blend-jump.ts";

const MAX_SAMPLES = 60_000;

/** Weights as people write them (few decimals, many ties), as counts of windows, and as anything at all. */
const weights = fc.oneof(
  fc.array(
    fc.integer({ min: 1, max: 400 }).map((n) => n / 1000),
    { minLength: 1, maxLength: 60 },
  ),
  fc.array(fc.constantFrom(0.5, 0.25, 0.01, 0.003, 0.0005), { minLength: 2, maxLength: 20 }),
  fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 60 }),
  fc.array(fc.double({ min: 1e-4, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
  fc.array(fc.constantFrom(0, 1e-12, 1e-6, 0.001, 1), { minLength: 1, maxLength: 8 }).map((list) => [...list, 1]),
);

test("a jump lands on the counts of the plain replay, for any weights and sample", () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 0, max: MAX_SAMPLES }), (list, samples) => {
      assert.deepEqual([...blendAt(list, samples)], [...replayBlend(list, samples)]);
    }),
    { numRuns: 150 },
  );
});

test("a jump goes on as the plain replay does: counts at every sample around it", () => {
  const list = [0.333, 0.37, 0.02, 0.001, 0.016, 0.25995, 0.00005];
  const shares = normalizeWeights(list);
  const taken = replayBlend(list, 40_000);
  for (let sample = 40_000; sample < 40_050; sample++) {
    assert.deepEqual([...blendAt(list, sample)], [...taken], `sample ${sample}`);
    taken[argmaxError(shares, taken, sample)]++;
  }
});

test("the trainer's own counts", () => {
  const cases = JSON.parse(readFileSync("test/golden/nanotron/blend.json", "utf8")) as {
    readonly weights: readonly number[];
    readonly taken: Readonly<Record<string, readonly number[]>>;
  }[];
  for (const { weights: list, taken } of cases) {
    for (const [samples, expected] of Object.entries(taken)) {
      assert.deepEqual([...blendAt(list, Number(samples))], expected, `${samples} of ${list}`);
    }
  }
});

test("two billion samples of 41 sources, at once", () => {
  const windows = Array.from({ length: 41 }, (_, i) => 1_000_003 + i * 7_654_321 * (i % 5));
  const total = windows.reduce((sum, count) => sum + count, 0);
  assert.ok(total > 2e9);
  const taken = blendAt(
    windows.map((count) => count / total),
    total,
  );
  assert.deepEqual([...taken], windows);
});

test("the sample at which a source runs out is the first that asks for more than it has", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 12 }),
      fc.nat(11),
      fc.nat(200),
      (list, pick, count) => {
        const source = pick % list.length;
        const sample = sampleOfTake(list, source, count);
        assert.equal(replayBlend(list, sample)[source], count);
        assert.equal(replayBlend(list, sample + 1)[source], count + 1);
      },
    ),
    { numRuns: 60 },
  );
  assert.equal(sampleOfTake([1, 0], 1, 5), Number.POSITIVE_INFINITY);
  assert.equal(sampleOfTake([0.5, 0.5], 0, 0), 0);
});
