/**
 * The gates of `mix fit` on RegMix's published tables: 512 runs of one million parameters to fit to, and what they predict of 576 others.
 *
 * Price: ten CPU seconds, of which trees of 13 metrics take four and 100,000 draws three.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BinnedRows, type BoostedTrees, fitTrees } from "../../kernels/fit/boosted-trees.ts";
import type { Bounds } from "../../kernels/fit/bounds.ts";
import { exponentialLoss } from "../../kernels/fit/convex-loss.ts";
import { proposeByDraws } from "../../kernels/fit/draws.ts";
import { type ExponentialLaw, fitExponential } from "../../kernels/fit/exponential.ts";
import { foldsOf } from "../../kernels/fit/folds.ts";
import { propose } from "../../kernels/fit/proposal.ts";
import { type Law, type Rows, rowsOf } from "../../kernels/fit/rows.ts";
import { spearman } from "../../kernels/fit/scores.ts";
import { parseMetrics, parseRatios } from "../../mixtures/experiments/tables.ts";
import { cpuSeconds } from "./figures.ts";

const SHARED = join("..", "shared");
const TABLES = join(SHARED, "samples", "regmix");
const GOLDEN = join(SHARED, "golden", "mixfit.json");
const PILE_CC = "pile_cc";
const SIZES = ["1m", "60m", "1B"] as const;

/** Whether the tables lie beside the repository. */
export const hasRegmix = existsSync(TABLES) && existsSync(GOLDEN);

/** Fits checked against SciPy. */
export interface Golden {
  readonly domains: readonly string[];
  readonly prior: readonly number[];
  readonly t: readonly (readonly number[])[];
  readonly targets: readonly string[];
  readonly huber_loss: readonly number[];
  readonly proposals: Readonly<Record<string, { readonly x: readonly number[]; readonly value: number }>>;
}

export interface Regmix {
  readonly golden: Golden;
  readonly rows: Rows;
  /** By metric. */
  readonly losses: readonly Float64Array[];
  readonly tests: readonly { readonly rows: Rows; readonly losses: readonly Float64Array[] }[];
  /** Position of Pile-CC among the metrics, and among the sources. */
  readonly metric: number;
  readonly source: number;
}

export function readRegmix(): Regmix {
  const golden = JSON.parse(readFileSync(GOLDEN, "utf8")) as Golden;
  const test = (size: string) => ({
    rows: readRows(`test_mixture_${size}.csv`),
    losses: readLosses(`test_pile_loss_${size}.csv`),
  });
  return {
    golden,
    rows: readRows("train_mixture_1m.csv"),
    losses: readLosses("train_pile_loss_1m.csv"),
    tests: SIZES.map(test),
    metric: golden.targets.indexOf(PILE_CC),
    source: golden.domains.indexOf(PILE_CC),
  };
}

function readRows(name: string): Rows {
  const { columns, rows } = parseRatios(readFileSync(join(TABLES, name), "utf8"), name);
  return rowsOf(
    rows.map(({ ratios }) => ratios),
    columns.length,
  );
}

function readLosses(name: string): readonly Float64Array[] {
  const { metrics, rows } = parseMetrics(readFileSync(join(TABLES, name), "utf8"), name);
  return metrics.map((_, metric) => Float64Array.from(rows, ({ values }) => values[metric]));
}

export interface Scored<Fitted> {
  readonly laws: readonly Fitted[];
  /** Mean rank correlation × 100 on the test mixtures at 1M, 60M and 1B parameters. */
  readonly scores: readonly number[];
  readonly cpu_s: number;
}

function scored<Fitted extends Law>({ losses, tests }: Regmix, fit: (losses: Float64Array) => Fitted): Scored<Fitted> {
  const before = cpuSeconds();
  const laws = losses.map(fit);
  const cpu_s = cpuSeconds() - before;
  const scores = tests.map((test) => {
    const sum = laws.reduce((all, law, metric) => all + spearman(law.predict(test.rows), test.losses[metric]), 0);
    return (100 * sum) / laws.length;
  });
  return { laws, scores, cpu_s };
}

export const scoreLogLinear = (regmix: Regmix): Scored<ExponentialLaw> =>
  scored(regmix, (losses) => fitExponential(regmix.rows, losses));

export function scoreTrees(regmix: Regmix): Scored<BoostedTrees> {
  const binned = new BinnedRows(regmix.rows);
  const folds = foldsOf(regmix.rows.count, 5, 0);
  return scored(regmix, (losses) => fitTrees(binned, losses, folds, 5));
}

/** Caps of so many times the prior. */
export function regmixBounds({ golden: { prior } }: Regmix, times: number): Bounds {
  return {
    stages: [prior.map((_, k) => k)],
    caps: Float64Array.from(prior, (share) => Math.min(1, times * share)),
    shared: [],
  };
}

/** The weight of Pile-CC in the proposal for Pile-CC alone. */
export function pileCcWeight(regmix: Regmix, laws: readonly ExponentialLaw[], lambda: number, times: number): number {
  const prior = Float64Array.from(regmix.golden.prior);
  const loss = exponentialLoss([laws[regmix.metric]], [1]);
  return propose(loss, prior, lambda, regmixBounds(regmix, times)).shares[regmix.source];
}

/** The same by RegMix's way: the mean of the best of 100,000 draws. */
export function drawnPileCcWeight(regmix: Regmix, trees: readonly Law[], draws = 100_000) {
  const before = cpuSeconds();
  const bounds = regmixBounds(regmix, Number.POSITIVE_INFINITY);
  const prior = Float64Array.from(regmix.golden.prior);
  const [drawn] = proposeByDraws(trees[regmix.metric], prior, bounds, { draws, seed: 0, lambdas: [0] });
  return { weight: drawn.shares[regmix.source], cpu_s: cpuSeconds() - before };
}
