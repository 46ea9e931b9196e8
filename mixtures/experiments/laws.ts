/**
 * The laws that a mixture's loss may be fitted by, one name each, and how well each of them predicts runs it has not seen.
 *
 * `log-linear` and `mixing-law` are one family (see kernels/fit/exponential.ts) and differ by rounding; both are the first choice, because their
 * best mixture can be found exactly. `trees` follow what no formula says and know nothing beyond the runs. `ridge` is the cheapest. `mixmin` takes
 * one run per source and mixes the models, not the text. Invariant: quality is out of fold: no run is predicted by a law that has seen it.
 * Price: five fits more than one.
 */
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { BinnedRows, fitTrees } from "../../kernels/fit/boosted-trees.ts";
import { type ConvexLoss, exponentialLoss, mixMinLoss } from "../../kernels/fit/convex-loss.ts";
import { type ExponentialLaw, fitExponential, HUBER_DELTA } from "../../kernels/fit/exponential.ts";
import { foldsOf, splitFold } from "../../kernels/fit/folds.ts";
import { fitRidge } from "../../kernels/fit/ridge.ts";
import { type Law, pickRows, pickValues, type Rows, rowsOf } from "../../kernels/fit/rows.ts";
import { meanHuber, spearman } from "../../kernels/fit/scores.ts";
import type { ProxyDocuments } from "./log-probs.ts";

export const LAWS = ["log-linear", "mixing-law", "trees", "ridge", "mixmin"] as const;
export type LawName = (typeof LAWS)[number];

/** Of predictions out of fold. */
export interface LawQuality {
  /** Rank correlation of predicted and measured losses, -1 to 1; null where there are too few runs, or all losses are equal. */
  readonly spearman: number | null;
  /** Mean Huber loss with a bend at 0.02, in squared units of the metric. */
  readonly huber_loss: number | null;
  /** Runs that were predicted. */
  readonly runs: number;
}

export interface FittedLaw extends Law {
  readonly quality: LawQuality;
  /** Of the laws whose best mixture can be found exactly. */
  readonly convex?: (weight: number) => ConvexLoss;
}

/** Runs of one metric. */
export interface Runs {
  readonly metric: string;
  readonly rows: Rows;
  readonly losses: Float64Array;
  /** Names of the columns, for messages. */
  readonly columns: readonly string[];
  /** Rows of the ratios that these are. */
  readonly at: readonly number[];
  readonly seed: number;
  /** Of `mixmin`: the documents behind the losses of proxies. */
  readonly documents?: ProxyDocuments;
}

const FOLDS = 5;
/** Steps that gain less end the fits of folds and samples: half the price, and the same ranks to the third digit. */
export const ROUGH = { min_gain: 1e-6 };
/** Runs that a law needs. */
export const LEAST_RUNS = { "log-linear": 4, "mixing-law": 4, trees: 10, ridge: 4 } as const;
/** A share from which a run counts as one of a single source. */
const SINGLE_SOURCE = 0.999;

/** The fold of each of `count` runs. */
export function runFolds(count: number, seed: number): { readonly folds: Uint8Array; readonly foldCount: number } {
  const foldCount = Math.min(FOLDS, count);
  return { folds: foldsOf(count, foldCount, seed), foldCount };
}

export function fitLaw(name: LawName, runs: Runs): FittedLaw {
  if (name === "mixmin") return fitMixMin(runs);
  const least = LEAST_RUNS[name];
  if (runs.rows.count < least) {
    throw new DataError({
      code: "mix/too-few-runs",
      what: `${runs.metric} was measured of ${runs.rows.count} runs, and ${name} needs ${least}`,
      fix: "train more mixtures, or one run per source and `--law mixmin`",
    });
  }
  const { folds, foldCount } = runFolds(runs.rows.count, runs.seed);
  if (name === "trees") {
    const trees = fitTrees(new BinnedRows(runs.rows), runs.losses, folds, foldCount);
    return { predict: trees.predict, quality: qualityOf(trees.outOfFold, runs.losses) };
  }
  const fit = FITS[name];
  checkPositive(name, runs);
  const outOfFold = new Float64Array(runs.rows.count);
  for (let fold = 0; fold < foldCount; fold++) {
    const { train, held } = splitFold(folds, fold);
    const law = fit(pickRows(runs.rows, train), pickValues(runs.losses, train), ROUGH);
    const predicted = law.predict(pickRows(runs.rows, held));
    for (const [i, row] of held.entries()) outOfFold[row] = entryAt(predicted, i, "prediction");
  }
  return { ...fitOnce(name, runs), quality: qualityOf(outOfFold, runs.losses) };
}

/** A law without its quality: of samples, whose quality nobody asks. */
export function fitOnce(
  name: Exclude<LawName, "trees" | "mixmin">,
  { rows, losses }: Runs,
  options?: { readonly min_gain: number },
): Omit<FittedLaw, "quality"> {
  const law = FITS[name](rows, losses, options);
  if (!isExponential(law)) return law;
  return { predict: law.predict, convex: (weight) => exponentialLoss([law], [weight]) };
}

/** `min_gain` ends a fit earlier than its own bound does. */
type FitRows = (rows: Rows, losses: Float64Array, options?: { readonly min_gain: number }) => Law | ExponentialLaw;

const FITS: Readonly<Record<Exclude<LawName, "trees" | "mixmin">, FitRows>> = {
  "log-linear": (rows, losses, options) => fitExponential(rows, losses, options),
  "mixing-law": (rows, losses, options) => fitExponential(rows, losses, { ...options, hasScale: true }),
  ridge: (rows, losses) => fitRidge(rows, losses),
};

function isExponential(law: Law | ExponentialLaw): law is ExponentialLaw {
  return "slopes" in law;
}

/**
 * Models of single sources, mixed: the loss of a mixture is −log Σ x_k p_k of each document, p_k being what the proxy of a source gives it. Without
 * documents a metric is one document of one token, and p its exp(−loss). Quality is that of runs of several sources, where there are any.
 */
function fitMixMin(runs: Runs): FittedLaw {
  const { rows, losses, documents = singleDocument(runs) } = runs;
  const { width } = rows;
  const rowAt = ({ values }: Rows, i: number): Float64Array => values.subarray(i * width, (i + 1) * width);
  const mixed = runs.at.flatMap((_, i) => (rowAt(rows, i).some((share) => share >= SINGLE_SOURCE) ? [] : [i]));
  const loss = mixMinLoss(documents.logProbs, documents.weights);
  const predict = (asked: Rows): Float64Array =>
    Float64Array.from({ length: asked.count }, (_, i) => loss.at(rowAt(asked, i)));
  return {
    predict,
    quality: qualityOf(predict(pickRows(rows, mixed)), pickValues(losses, mixed)),
    convex: (weight) =>
      mixMinLoss(
        documents.logProbs,
        documents.weights.map((own) => own * weight),
      ),
  };
}

/** The losses of runs of one source each, as a document. */
function singleDocument({ metric, rows: { width, values }, losses, columns }: Runs): ProxyDocuments {
  const logProbs = new Float64Array(width).fill(Number.NaN);
  for (const [i, loss] of losses.entries()) {
    const source = values.subarray(i * width, (i + 1) * width).findIndex((share) => share >= SINGLE_SOURCE);
    if (source >= 0) logProbs[source] = -loss;
  }
  const missing = columns.filter((_, k) => Number.isNaN(entryAt(logProbs, k, "source")));
  if (missing.length === 0) return { logProbs: rowsOf([logProbs], width), weights: Float64Array.of(1) };
  throw new DataError({
    code: "mix/no-proxy",
    what: `mixmin needs a run of each source alone, and ${metric} has none of ${missing.join(", ")}`,
    fix: "train one run with a share of 1 for each source, or choose another law",
  });
}

function qualityOf(predicted: Float64Array, measured: Float64Array): LawQuality {
  const correlation = measured.length < 2 ? Number.NaN : spearman(predicted, measured);
  return {
    spearman: Number.isNaN(correlation) ? null : correlation,
    huber_loss: measured.length === 0 ? null : meanHuber(predicted, measured, HUBER_DELTA),
    runs: measured.length,
  };
}

function checkPositive(name: LawName, { metric, losses }: Runs): void {
  if (name === "ridge" || losses.every((loss) => loss > 0)) return;
  throw new DataError({
    code: "mix/not-a-loss",
    what: `${metric} is not above 0 in every run, and ${name} is a law of losses`,
    why: "the law is a floor above 0 and a part that falls with the shares",
    fix: "give a loss (nats, or bits per byte; of an accuracy, its logarithm's negative), or choose `--law trees` or `--law ridge`",
  });
}
