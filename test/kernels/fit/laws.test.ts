import assert from "node:assert/strict";
import test from "node:test";
import { BinnedRows, fitTrees } from "../../../kernels/fit/boosted-trees.ts";
import { fitExponential } from "../../../kernels/fit/exponential.ts";
import { foldsOf, resample, splitFold } from "../../../kernels/fit/folds.ts";
import { fitRidge } from "../../../kernels/fit/ridge.ts";
import { pickRows, pickValues, rowsOf } from "../../../kernels/fit/rows.ts";
import { averageRanks, huber, meanHuber, spearman } from "../../../kernels/fit/scores.ts";
import { drawnRows, lossesOf } from "./synthetic.ts";

const SLOPES = [-3, 0.4, -1.2, 0.8];
const rows = drawnRows(200, [0.5, 0.5, 0.5, 0.5]);
const losses = lossesOf(rows, 2.5, SLOPES);

test("ranks are shared by ties, and correlation is of ranks", () => {
  assert.deepEqual([...averageRanks(Float64Array.of(3, 1, 3, 2))], [2.5, 0, 2.5, 1]);
  assert.equal(spearman(Float64Array.of(1, 2, 3), Float64Array.of(1, 100, 1e6)), 1);
  assert.equal(spearman(Float64Array.of(1, 2, 3), Float64Array.of(3, 2, 1)), -1);
  // scipy.stats.spearmanr([1, 2, 2, 4], [4, 1, 3, 2])
  assert.ok(Math.abs(spearman(Float64Array.of(1, 2, 2, 4), Float64Array.of(4, 1, 3, 2)) + 0.6324555320336759) < 1e-15);
  assert.ok(Number.isNaN(spearman(Float64Array.of(1, 1), Float64Array.of(1, 2))));
});

test("Huber's loss is a parabola, then a line that continues it", () => {
  assert.equal(huber(-0.5, 1), 0.125);
  assert.equal(huber(-3, 1), 2.5);
  assert.equal(huber(1, 1), 0.5);
  assert.equal(meanHuber(Float64Array.of(1, 4), Float64Array.of(1, 1), 1), 1.25);
});

test("the law behind losses is found, from one start", () => {
  const law = fitExponential(rows, losses);
  assert.ok(Math.abs(law.floor - 2.5) < 2e-3, `floor ${law.floor}`);
  for (const [k, slope] of SLOPES.entries()) assert.ok(Math.abs(law.slopes[k] - slope) < 5e-3, `slope ${k}`);
  const others = drawnRows(50, [1, 1, 1, 1], 2);
  assert.ok(meanHuber(law.predict(others), lossesOf(others, 2.5, SLOPES), 1) < 1e-8);
});

test("runs that went wrong do not move it", () => {
  const some = losses.map((loss, i) => (i % 20 === 0 ? loss + 2 : loss));
  const law = fitExponential(rows, some);
  assert.ok(Math.abs(law.floor - 2.5) < 0.02, `floor ${law.floor}`);
  assert.ok(Math.abs(law.slopes[0] + 3) < 0.05, `slope ${law.slopes[0]}`);
});

test("with a scale it is the same family", () => {
  const law = fitExponential(rows, losses, { hasScale: true });
  const plain = fitExponential(rows, losses);
  assert.ok(law.logScale !== 0);
  for (const [i, loss] of law.predict(rows).entries()) assert.ok(Math.abs(loss - plain.predict(rows)[i]) < 2e-4);
});

test("ridge sees what the first percent of a source is worth", () => {
  const steep = Float64Array.from({ length: 200 }, (_, i) => 3 - 0.2 * Math.log(rows.values[i * 4] + 1e-3));
  const law = fitRidge(rows, steep);
  const others = drawnRows(50, [1, 1, 1, 1], 3);
  const truth = Float64Array.from({ length: 50 }, (_, i) => 3 - 0.2 * Math.log(others.values[i * 4] + 1e-3));
  assert.ok(meanHuber(law.predict(others), truth, 1) < 1e-6);
});

test("trees find a step that no formula has, and nothing in noise", () => {
  const step = Float64Array.from({ length: 200 }, (_, i) => (rows.values[i * 4 + 1] > 0.3 ? 2 : 3));
  const binned = new BinnedRows(rows);
  const folds = foldsOf(200, 5, 1);
  const trees = fitTrees(binned, step, folds, 5);
  const asked = rowsOf(
    [
      [0.3, 0.1, 0.3, 0.3],
      [0.1, 0.5, 0.2, 0.2],
    ],
    4,
  );
  const [low, high] = trees.predict(asked);
  assert.ok(Math.abs(low - 3) < 0.05 && Math.abs(high - 2) < 0.05, `${low}, ${high}`);
  assert.ok(spearman(trees.outOfFold, step) > 0.8);
  const noise = Float64Array.from(resample(1000, 7, 0).subarray(0, 200), (value) => value);
  const blind = spearman(fitTrees(binned, noise, folds, 5).outOfFold, noise);
  assert.ok(blind < 0.15, `out of fold, noise is not predicted: ${blind}`);
});

test("folds part the runs, and samples draw them anew, by seed alone", () => {
  const folds = foldsOf(13, 5, 3);
  const sizes = Array.from({ length: 5 }, (_, fold) => splitFold(folds, fold).held.length);
  assert.deepEqual(sizes.toSorted(), [2, 2, 3, 3, 3]);
  const { train, held } = splitFold(folds, 2);
  assert.deepEqual(
    [...train, ...held].sort((a, b) => a - b),
    [...Array(13).keys()],
  );
  assert.deepEqual([...foldsOf(13, 5, 3)], [...folds]);
  assert.notDeepEqual([...foldsOf(13, 5, 4)], [...folds]);
  const sample = resample(1000, 3, 0);
  // A sample with replacement has 1 - 1/e of the runs.
  assert.ok(Math.abs(new Set(sample).size - 632) < 40);
  assert.notDeepEqual([...resample(1000, 3, 1)], [...sample]);
  assert.deepEqual(pickRows(rows, [3, 3]).values.length, 8);
  assert.deepEqual([...pickValues(losses, [5, 0])], [losses[5], losses[0]]);
});
