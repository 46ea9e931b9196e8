import assert from "node:assert/strict";
import test from "node:test";
import {
  drawnPileCcWeight,
  hasRegmix,
  pileCcWeight,
  readRegmix,
  regmixBounds,
  scoreLogLinear,
  scoreTrees,
} from "../../../bench/support/regmix.ts";
import { exponentialLoss } from "../../../kernels/fit/convex-loss.ts";
import { propose } from "../../../kernels/fit/proposal.ts";

const skip = !hasRegmix && "SKIPPED: no ../shared";
/** Bounds of CPU time are those of the benchmark; here they only tell that an order of magnitude was lost. */
const SLACK = 2;

test("RegMix's tables: ranks, weights of Pile-CC, and objectives as SciPy finds them", { skip }, () => {
  const regmix = readRegmix();
  const { golden } = regmix;
  const linear = scoreLogLinear(regmix);
  for (const [i, least] of [97, 96.5, 93].entries()) assert.ok(linear.scores[i] >= least, `${linear.scores}`);
  assert.ok(linear.cpu_s <= 3 * SLACK, `${linear.cpu_s} s`);
  for (const [j, { objective }] of linear.laws.entries()) {
    assert.ok(Math.abs(objective - golden.huber_loss[j]) < 1e-10, golden.targets[j]);
  }
  assert.ok(pileCcWeight(regmix, linear.laws, 0, 4) >= 0.94);
  assert.ok(Math.abs(pileCcWeight(regmix, linear.laws, 0.005, 4) - 0.83) <= 0.005);

  const laws = golden.t.map((slopes) => ({ logScale: 0, slopes: Float64Array.from(slopes) }));
  const all = laws.map(() => 1 / laws.length);
  const only = laws.map((_, j) => (j === regmix.metric ? 1 : 0));
  for (const [name, weights, times] of [
    ["mean_of_13_cap_15x", all, 15],
    ["pile_cc_cap_15x", only, 15],
    ["pile_cc_cap_4x", only, 4],
  ] as const) {
    const bounds = regmixBounds(regmix, times);
    const { shares, value, gap } = propose(
      exponentialLoss(laws, weights),
      Float64Array.from(golden.prior),
      0.05,
      bounds,
    );
    const known = golden.proposals[name];
    assert.ok(Math.abs(value - known.value) < 1e-10, `${name}: ${value - known.value}`);
    for (const [k, share] of shares.entries()) assert.ok(Math.abs(share - known.x[k]) < 1e-6);
    assert.ok(gap < 1e-7);
  }
});

test("RegMix's tables: trees, and RegMix's own proposal by them", { skip }, () => {
  const regmix = readRegmix();
  const trees = scoreTrees(regmix);
  for (const [i, least] of [98.5, 98, 94].entries()) assert.ok(trees.scores[i] >= least, `${trees.scores}`);
  assert.ok(trees.cpu_s <= 15 * SLACK, `${trees.cpu_s} s`);
  // A fifth of RegMix's draws; all of them, with the bound of 0.87, are the benchmark's.
  const { weight } = drawnPileCcWeight(regmix, trees.laws, 20_000);
  assert.ok(weight >= 0.85, `${weight}`);
});
