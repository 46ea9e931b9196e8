import assert from "node:assert/strict";
import test from "node:test";
import { type Bounds, keepsBounds } from "../../../kernels/fit/bounds.ts";
import { type ConvexLoss, exponentialLoss, mixMinLoss, sumLosses } from "../../../kernels/fit/convex-loss.ts";
import { drawMixtures, proposeByDraws } from "../../../kernels/fit/draws.ts";
import { project } from "../../../kernels/fit/projection.ts";
import { divergence, propose } from "../../../kernels/fit/proposal.ts";
import { rowsOf } from "../../../kernels/fit/rows.ts";

const slopes = (...values: number[]) => ({ logScale: 0, slopes: Float64Array.from(values) });
const free = (width: number): Bounds => ({
  stages: [Array.from({ length: width }, (_, k) => k)],
  caps: new Float64Array(width).fill(1),
  shared: [],
});
const PRIOR = Float64Array.of(0.5, 0.3, 0.2);
const LOSS = exponentialLoss([slopes(-4, 0.5, 0.3), slopes(0.2, -6, 0.4)], [0.5, 0.5]);

/** The best of a grid of mixtures of three sources. */
function bestOfGrid(
  loss: ConvexLoss,
  lambda: number,
  { caps }: Bounds,
): { readonly value: number; readonly shares: Float64Array } {
  let best = { value: Number.POSITIVE_INFINITY, shares: PRIOR };
  for (let a = 0; a <= 200; a++) {
    for (let b = 0; a + b <= 200; b++) {
      const shares = Float64Array.of(a / 200, b / 200, (200 - a - b) / 200);
      if (shares.some((share, k) => share > caps[k] + 1e-12)) continue;
      const value = loss.at(shares) + lambda * divergence(shares, PRIOR);
      if (value < best.value) best = { value, shares };
    }
  }
  return best;
}

test("the optimum is the best of all mixtures, and what is proven holds", () => {
  for (const lambda of [0, 0.01, 0.1]) {
    for (const caps of [Float64Array.of(1, 1, 1), Float64Array.of(0.3, 0.6, 0.9)]) {
      const bounds = { ...free(3), caps };
      const found = propose(LOSS, PRIOR, lambda, bounds);
      const grid = bestOfGrid(LOSS, lambda, bounds);
      assert.ok(found.value <= grid.value + 1e-12, `λ ${lambda}: ${found.value} against ${grid.value}`);
      assert.ok(found.value > grid.value - 2e-4);
      assert.ok(found.gap >= 0 && found.gap < 1e-7, `gap ${found.gap}`);
      assert.ok(Math.abs(found.shares.reduce((a, b) => a + b) - 1) < 1e-12);
      assert.ok(found.shares.every((share, k) => share <= caps[k] + 1e-12));
    }
  }
});

test("a source that the prior has not stays out", () => {
  const prior = Float64Array.of(0.5, 0, 0.5);
  assert.equal(propose(LOSS, prior, 0.001, free(3)).shares[1], 0);
});

/** Two stages of two sources; the second source has tokens for 0.4 of all training. */
const TWO: Bounds = {
  stages: [
    [0, 1],
    [2, 3],
  ],
  caps: new Float64Array(4).fill(1),
  shared: [{ columns: [1, 3], factors: [0.75, 0.25], limit: 0.4 }],
};

test("stages share what a source holds, and the optimum is found among them", () => {
  const prior = Float64Array.of(0.5, 0.5, 0.5, 0.5);
  const loss = exponentialLoss([slopes(0.1, -2, 0.1, -3)], [1]);
  for (const lambda of [0, 0.02]) {
    const { shares, value, gap } = propose(loss, prior, lambda, TWO);
    assert.ok(keepsBounds(shares, TWO));
    assert.ok(Math.abs(0.75 * shares[1] + 0.25 * shares[3] - 0.4) < 1e-9, "the limit binds");
    assert.ok(gap < 1e-8, `gap ${gap}`);
    for (let a = 0; a <= 100; a++) {
      for (let b = 0; b <= 100; b++) {
        if (0.75 * (a / 100) + 0.25 * (b / 100) > 0.4) continue;
        const other = Float64Array.of(1 - a / 100, a / 100, 1 - b / 100, b / 100);
        assert.ok(value <= loss.at(other) + lambda * divergence(other, prior) + 1e-12);
      }
    }
  }
});

test("a projection is the nearest mixture in the bounds", () => {
  const shares = Float64Array.of(0.2, 0.8, 0.1, 0.9);
  const nearest = project(shares, TWO);
  assert.ok(keepsBounds(nearest, TWO));
  const far = divergence(nearest, shares);
  for (const row of [
    [0.6, 0.4, 0.6, 0.4],
    [0.5, 0.5, 0.9, 0.1],
    [0.7, 0.3, 0.3, 0.7],
    [0.8, 0.2, 0, 1],
  ]) {
    assert.ok(far <= divergence(Float64Array.from(row), shares) + 1e-12);
  }
  const capped = { ...TWO, caps: Float64Array.of(1, 0.3, 1, 1) };
  const held = project(shares, capped);
  assert.ok(keepsBounds(held, capped) && Math.abs(held[0] + held[1] - 1) < 1e-12);
});

test("gradients are those of the losses", () => {
  const logProbs = rowsOf(
    [
      [-3, -1, -2],
      [-500, -900, -505],
      [-1, -8, -2],
    ],
    3,
  );
  const losses = [LOSS, mixMinLoss(logProbs, Float64Array.of(0.5, 0.01, 2))];
  const at = Float64Array.of(0.2, 0.5, 0.3);
  for (const loss of [...losses, sumLosses(losses)]) {
    const gradient = new Float64Array(3);
    const value = loss.at(at, gradient);
    assert.equal(value, loss.at(at));
    for (let k = 0; k < 3; k++) {
      const moved = at.slice();
      moved[k] += 1e-6;
      assert.ok(Math.abs((loss.at(moved) - value) / 1e-6 - gradient[k]) < 1e-3 * Math.max(1, Math.abs(gradient[k])));
    }
  }
});

test("MixMin: documents of two kinds get the share of their kind, as by exponentiated gradient", () => {
  // Seven documents of ten are likely by the first proxy alone, three by the second, none by the third.
  const list = Array.from({ length: 10 }, (_, i) => (i < 7 ? [-10, -60, -70] : [-60, -10, -70]));
  const weights = new Float64Array(10).fill(0.1 / 10);
  const loss = mixMinLoss(rowsOf(list, 3), weights);
  const even = Float64Array.of(1 / 3, 1 / 3, 1 / 3);
  const { shares, gap } = propose(loss, even, 0, free(3));
  assert.ok(Math.abs(shares[0] - 0.7) < 1e-4 && Math.abs(shares[1] - 0.3) < 1e-4, `${shares}`);
  assert.ok(gap < 1e-6);
  // The method as published: w ∝ w · exp(−rate · gradient), here to the end.
  const gradient = new Float64Array(3);
  const mixture = even.slice();
  for (let step = 0; step < 5000; step++) {
    loss.at(mixture, gradient);
    for (let k = 0; k < 3; k++) mixture[k] *= Math.exp(-gradient[k]);
    const sum = mixture.reduce((a, b) => a + b);
    for (let k = 0; k < 3; k++) mixture[k] /= sum;
  }
  assert.ok(loss.at(shares) <= loss.at(mixture) + 1e-9);
  assert.ok(Math.abs(mixture[0] - 0.7) < 1e-2);
});

test("draws keep to the bounds, and the mean of the best is near the optimum", () => {
  const bounds = { ...free(3), caps: Float64Array.of(0.6, 0.6, 0.3) };
  const rows = drawMixtures(PRIOR, bounds, { seed: 1, batch: 0, count: 500 });
  for (let i = 0; i < rows.count; i++) assert.ok(keepsBounds(rows.values.subarray(i * 3, i * 3 + 3), bounds));
  const law = {
    predict: (asked: typeof rows) =>
      Float64Array.from({ length: asked.count }, (_, i) => LOSS.at(asked.values.subarray(i * 3, i * 3 + 3))),
  };
  const options = { draws: 10_000, seed: 1, lambdas: [0, 0.1] };
  const [drawn, held] = proposeByDraws(law, PRIOR, bounds, options);
  const exact = propose(LOSS, PRIOR, 0, bounds);
  assert.ok(LOSS.at(drawn.shares) - exact.value < 1e-3 && LOSS.at(drawn.shares) >= exact.value);
  assert.ok(divergence(held.shares, PRIOR) < divergence(drawn.shares, PRIOR));
  assert.ok(drawn.best <= drawn.last);
  assert.deepEqual(proposeByDraws(law, PRIOR, bounds, options)[0].shares, drawn.shares);
});
