/** The upsampling curve: monotone, under its cap, with the integral that was asked for; and the sub-sources it makes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecipeError } from "../../batch/errors.ts";
import { upsamplingRepeats } from "../../mixtures/upsample.ts";
import { mixtureWeights, requestedSources } from "../../mixtures/weights.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test("repeats never fall, stay under the cap and give the budget, whatever bins hold", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) }, fc.constant(0)), {
        minLength: 1,
        maxLength: 30,
      }),
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      fc.double({ min: 0.5, max: 20, noNaN: true }),
      fc.option(fc.double({ min: 0, max: 40, noNaN: true }), { nil: undefined }),
      (tokens, part, max_repeats, exponent) => {
        fc.pre(sum(tokens) > 0);
        const budget = part * max_repeats * sum(tokens);
        // A curve with an exponent that empty bins take all the height of has no more than the cap to give.
        const repeats = upsamplingRepeats(tokens, budget, { max_repeats, exponent }, "web");
        const given = sum(repeats.map((times, bin) => times * tokens[bin]));
        assert.ok(Math.abs(given - budget) <= 1e-6 * budget, `${given} for ${budget}`);
        repeats.forEach((times, bin) => {
          assert.ok(times >= 0 && times <= max_repeats * (1 + 1e-9), `${times} above ${max_repeats}`);
          if (bin > 0) assert.ok(times >= repeats[bin - 1] * (1 - 1e-9), `${repeats[bin - 1]} falls to ${times}`);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test("without an exponent the best bin is read as often as it may be, where the budget is large enough", () => {
  const even = Array.from({ length: 12 }, () => 1000);
  const repeats = upsamplingRepeats(even, 24_000, { max_repeats: 7 }, "web");
  assert.ok(Math.abs((repeats.at(-1) ?? 0) - 7) < 1e-9);
  assert.ok(repeats[0] < 0.5);
  // All of a small budget comes from the best bin.
  assert.deepEqual(
    upsamplingRepeats(even, 3500, { max_repeats: 7 }, "web").map((times) => Math.round(times * 1e9) / 1e9),
    [...even.slice(1).map(() => 0), 3.5],
  );
  // A straight line: bins are read in proportion to the height of their middle.
  const line = upsamplingRepeats([10, 10, 10], 27, { max_repeats: 7, exponent: 1 }, "web");
  assert.deepEqual(
    line.map((times) => Math.round(times * 1e9) / 1e9),
    [0.3, 0.9, 1.5],
  );
});

test("more than all bins can give is refused", () => {
  assert.throws(
    () => upsamplingRepeats([10, 10], 141, { max_repeats: 7 }, "web"),
    (error) => error instanceof RecipeError && error.details.code === "recipe/upsample-exhausted",
  );
});

test("bins are shares of their own, which add up to the weight of their source", () => {
  const upsample = { column: "quality", bins: 4, drop_below: 0.5, max_repeats: 3 };
  const request = { weights: { web: { share: 3, upsample }, code: 1 } };
  assert.deepEqual(requestedSources(request), [
    {
      name: "web@q2",
      selection: { score: { column: "quality", min_quantile: 0.5, max_quantile: 0.75 } },
      path: ["weights", "web"],
    },
    {
      name: "web@q3",
      selection: { score: { column: "quality", min_quantile: 0.75, max_quantile: 1 } },
      path: ["weights", "web"],
    },
    { name: "code", selection: {}, path: ["weights", "code"] },
  ]);
  const counted = mixtureWeights(request, { tokensOf: () => 100, budget_tokens: 600 });
  // 450 tokens from two bins of 100, the better one three times.
  assert.ok(Math.abs(counted["web@q3"] - 2) < 1e-9 && Math.abs(counted["web@q2"] - 1) < 1e-9 && counted.code === 1);
  assert.deepEqual(mixtureWeights(request, { tokensOf: () => 0, budget_tokens: 600 }), {
    "web@q2": 1.5,
    "web@q3": 1.5,
    code: 1,
  });
});
