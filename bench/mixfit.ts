/**
 * `mix fit` on RegMix's published tables: every gate with what came of it and its CPU time, and exit code 1 where one is missed.
 *
 *   node dist/bench/mixfit.js
 *
 * Needs the tables beside the repository, in ../shared/samples/regmix. JSON on stdout.
 */
import {
  drawnPileCcWeight,
  hasRegmix,
  pileCcWeight,
  readRegmix,
  scoreLogLinear,
  scoreTrees,
} from "./support/regmix.ts";

interface Gate {
  readonly gate: string;
  readonly value: number;
  readonly passed: boolean;
}

const gates: Gate[] = [];
const round = (value: number): number => Number(value.toFixed(4));
const atLeast = (gate: string, value: number, least: number): void => {
  gates.push({ gate: `${gate} ≥ ${least}`, value: round(value), passed: value >= least });
};
const atMost = (gate: string, value: number, most: number): void => {
  gates.push({ gate: `${gate} ≤ ${most}`, value: round(value), passed: value <= most });
};

if (!hasRegmix) throw new Error("there are no tables in ../shared/samples/regmix");
const regmix = readRegmix();
const linear = scoreLogLinear(regmix);
const trees = scoreTrees(regmix);
for (const [i, size] of ["1M", "60M", "1B"].entries()) {
  atLeast(`log-linear, rank correlation x100 at ${size}`, linear.scores[i], [97, 96.5, 93][i]);
  atLeast(`trees, rank correlation x100 at ${size}`, trees.scores[i], [98.5, 98, 94][i]);
}
atMost("log-linear of 13 metrics, CPU s", linear.cpu_s, 3);
atMost("trees of 13 metrics, CPU s", trees.cpu_s, 15);
atLeast("Pile-CC alone: its weight, λ 0, cap 4x", pileCcWeight(regmix, linear.laws, 0, 4), 0.94);
atMost("the same, λ 0.005, distance from 0.83", Math.abs(pileCcWeight(regmix, linear.laws, 0.005, 4) - 0.83), 0.005);
const drawn = drawnPileCcWeight(regmix, trees.laws);
atLeast("Pile-CC alone: its weight, best of 100,000 draws by trees", drawn.weight, 0.87);
atMost("worst difference of an objective from the checked one", worstObjective(), 1e-10);
process.stdout.write(`${JSON.stringify({ gates, draws_cpu_s: round(drawn.cpu_s) }, null, 2)}\n`);
if (gates.some(({ passed }) => !passed)) process.exitCode = 1;

function worstObjective(): number {
  const { huber_loss } = regmix.golden;
  return linear.laws.reduce((worst, { objective }, j) => Math.max(worst, Math.abs(objective - huber_loss[j])), 0);
}
