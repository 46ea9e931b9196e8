/**
 * `mix fit`, whole, on tables that are read: join, laws and their quality, the sweep of proposals, draws, bootstrap, predictions.
 *
 * Invariant: no chance but the seed's, and figures are rounded, so the result is the same on every machine. Price: of log-linear half a second for
 * 500 runs, 17 sources and 13 metrics, times six for the quality out of fold; trees add 0.3 s for one target, or 4 s for 13 metrics.
 */
import { entryAt, entryOf, ownOf } from "../../batch/entry.ts";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { BinnedRows, fitTrees } from "../../kernels/fit/boosted-trees.ts";
import { type Law, pickRows, rowsOf } from "../../kernels/fit/rows.ts";
import { type Bootstrap, bootstrap } from "./bootstrap.ts";
import { boundsOf, type Cap } from "./caps.ts";
import { joinMetrics, targetWeights } from "./join.ts";
import {
  type FittedLaw,
  fitLaw,
  LAWS,
  type LawName,
  type LawQuality,
  LEAST_RUNS,
  type Runs,
  runFolds,
} from "./laws.ts";
import type { ProxyDocuments } from "./log-probs.ts";
import type { Priors } from "./priors.ts";
import {
  type DrawnMixture,
  type MixtureProposal,
  type ProposalContext,
  proposeDrawn,
  proposeSweep,
} from "./proposals.ts";
import { type AlignedRatios, alignRatios, storeTokens, type Union } from "./stores.ts";
import { columnsByTrainingStage, type MetricTable, type RatioTable, type RowStores, sourceOfColumn } from "./tables.ts";
import { roundFigure, weightsByColumn } from "./weights.ts";

export interface FitTablesOptions {
  readonly ratios: readonly RatioTable[];
  readonly metrics: readonly MetricTable[];
  /** log-linear where not given. */
  readonly law?: LawName | undefined;
  /** Of `mixmin`: what proxies of single sources give documents; `ratios` and `metrics` are those of the proxies. */
  readonly documents?: ProxyDocuments | undefined;
  /** Mixtures whose metrics are to be predicted. */
  readonly predict?: RatioTable | undefined;
  readonly prior?: Priors | undefined;
  /** Stores that a mixture is wanted for; those of the last row where not given. */
  readonly stores?: RowStores | undefined;
  readonly unions?: readonly Union[] | undefined;
  readonly caps?: readonly Cap[] | undefined;
  readonly max_epochs?: number | undefined;
  /** Trained tokens by training stage; under the empty name that of the only one. */
  readonly budgets?: Readonly<Record<string, number>> | undefined;
  /** Weight by metric; all alike where none is given. */
  readonly targets?: Readonly<Record<string, number>> | undefined;
  /** Of the proposal that is chosen, 0.05 where not given. */
  readonly lambda?: number | undefined;
  /** Samples; none where not given. */
  readonly bootstrap?: number | undefined;
  /** Simulated mixtures: 10,000 where not given, of `trees` and `ridge` 100,000. */
  readonly draws?: number | undefined;
  /** Whether the quality of every law is told, not only that of `law`. */
  readonly compare?: boolean | undefined;
  readonly seed?: number | undefined;
}

export interface MixtureFit {
  readonly law: LawName;
  /** Sources, or `stage/source`, in the order of all weights. */
  readonly columns: readonly string[];
  readonly runs: number;
  /** Digest of the stores that rows were made over; absent where tables do not say. */
  readonly stores?: string;
  /** Runs that were made over other stores and mapped. */
  readonly remapped_runs: readonly string[];
  /** Runs of `ratios` that no metric was measured of. */
  readonly unmeasured_runs: readonly string[];
  /** Part of the target loss by metric; adds up to 1. */
  readonly targets: Readonly<Record<string, number>>;
  /** Out of fold, by metric and law. */
  readonly quality: Readonly<Record<string, Readonly<Partial<Record<LawName, LawQuality>>>>>;
  readonly prior: {
    readonly from: "file" | "stores" | "mean of the runs";
    readonly weights: Readonly<Record<string, number>>;
  };
  /** Caps below 1, by column. */
  readonly caps: Readonly<Record<string, number>>;
  /** By rising λ. */
  readonly proposals: readonly MixtureProposal[];
  /** The λ of the proposal to take. */
  readonly chosen_lambda: number;
  readonly drawn: DrawnMixture;
  readonly bootstrap?: Bootstrap;
  /** By metric, one for each row of the mixtures asked for. */
  readonly predictions?: Readonly<Record<string, readonly number[]>>;
}

const LAMBDAS = [0, 0.005, 0.01, 0.02, 0.05, 0.1];
const DEFAULT_LAMBDA = 0.05;
const DRAWS = { convex: 10_000, drawn: 100_000 };
/** Laws whose best mixture is found exactly. */
const CONVEX: ReadonlySet<LawName> = new Set(["log-linear", "mixing-law", "mixmin"]);

/** Throws DataError `mix/…`, RecipeError `flag/…` or `mix/infeasible`. */
export function fitTables(options: FitTablesOptions): MixtureFit {
  const { law = "log-linear", seed = 0 } = options;
  const ratios = alignRatios(options.ratios, {
    unions: options.unions ?? [],
    tokens: options.prior?.token_counts ?? {},
    ...(options.stores && { stores: options.stores }),
  });
  const { prior, tokens } = priorOf(ratios, options.prior);
  const bounds = boundsOf({
    columns: ratios.columns,
    prior: prior.shares,
    caps: options.caps ?? [],
    budgets: options.budgets ?? {},
    tokens,
    ...(options.max_epochs === undefined ? {} : { max_epochs: options.max_epochs }),
  });
  const { metrics, unmeasured } = joinMetrics(ratios, options.metrics, seed, options.documents);
  const targets = targetWeights(options.targets, [...metrics.keys()]);
  const laws = new Map([...metrics].map(([metric, runs]) => [metric, fitLaw(law, runs)] as const));
  const target = {
    laws: Object.entries(targets).map(([metric, weight]) => ({ law: lawOf(laws, metric), weight })),
    ...targetTrees(metrics, targets, seed),
  };
  const context: ProposalContext = { target, ratios, prior: prior.shares, bounds, seed };
  const draws = options.draws ?? (CONVEX.has(law) ? DRAWS.convex : DRAWS.drawn);
  const chosen = options.lambda ?? DEFAULT_LAMBDA;
  const lambdas = [...new Set([...LAMBDAS, chosen])].sort((a, b) => a - b);
  const proposals = proposeSweep(context, lambdas, draws);
  const proposed = entryAt(proposals, lambdas.indexOf(chosen), "proposal");
  return {
    law,
    columns: ratios.columns,
    runs: ratios.rows.length - unmeasured.length,
    ...(ratios.stores && { stores: ratios.stores.stores }),
    remapped_runs: ratios.remapped,
    unmeasured_runs: unmeasured,
    targets,
    quality: qualities(law, laws, metrics, options.compare ?? false),
    prior: { from: prior.from, weights: weightsByColumn(ratios.columns, prior.shares.map(roundFigure)) },
    caps: Object.fromEntries(
      ratios.columns.flatMap((column, k) => {
        const cap = entryAt(bounds.caps, k, "cap");
        return cap < 1 ? [[column, roundFigure(cap)]] : [];
      }),
    ),
    proposals,
    chosen_lambda: chosen,
    drawn: proposeDrawn(context, draws),
    ...(options.bootstrap && {
      bootstrap: bootstrap(
        Object.entries(targets).map(([metric, weight]) => ({ runs: runsOf(metrics, metric), weight })),
        context,
        { law, samples: options.bootstrap, lambda: chosen, draws, proposed: Object.values(proposed.weights) },
      ),
    }),
    ...(options.predict && { predictions: predictions(laws, ratios, options.predict) }),
  };
}

/** Shares by column that a proposal starts from, and tokens by source where they are known. */
function priorOf(ratios: AlignedRatios, given: Priors | undefined) {
  const stored = storeTokens(ratios.stores);
  const tokens: Readonly<Record<string, number>> = { ...stored, ...given?.token_counts };
  const sizes = given?.relative_sizes ?? (Object.keys(stored).length > 0 ? stored : undefined);
  const shares = new Float64Array(ratios.columns.length);
  for (const [k, column] of ratios.columns.entries()) {
    if (sizes === undefined) {
      const sum = ratios.rows.reduce((all, row) => all + entryAt(row.ratios, k, "share"), 0);
      shares[k] = sum / ratios.rows.length;
      continue;
    }
    const size = ownOf(sizes, column) ?? ownOf(sizes, sourceOfColumn(column));
    if (size === undefined) {
      throw new RecipeError({
        code: "flag/no-prior",
        what: `the prior says nothing of ${column}`,
        fix: `give it a share, 0 where it is not wanted; the prior has ${Object.keys(sizes).join(", ")}`,
      });
    }
    shares[k] = size;
  }
  for (const { stage, columns } of columnsByTrainingStage(ratios.columns)) {
    const sum = columns.reduce((all, k) => all + entryAt(shares, k, "share"), 0);
    if (!(sum > 0)) {
      const what = `the prior gives no source ${stage === "" ? "" : `of training stage ${stage} `}a share`;
      throw new RecipeError({
        code: "flag/no-prior",
        what,
        fix: "a proposal gives weight only to sources that have a prior",
      });
    }
    for (const k of columns) shares[k] = entryAt(shares, k, "share") / sum;
  }
  const from = given !== undefined ? "file" : sizes !== undefined ? "stores" : "mean of the runs";
  return { prior: { from, shares } as const, tokens };
}

/** Trees of the target loss itself, which is all that judging a proposal needs; of the runs that have all its metrics. */
function targetTrees(
  metrics: ReadonlyMap<string, Runs>,
  targets: Readonly<Record<string, number>>,
  seed: number,
): { readonly trees?: Law } {
  const parts = Object.entries(targets).map(([metric, weight]) => ({ runs: runsOf(metrics, metric), weight }));
  const { runs: first } = entryAt(parts, 0, "target");
  const losses = new Map<number, number>();
  for (const run of first.at) if (parts.every(({ runs }) => runs.at.includes(run))) losses.set(run, 0);
  if (losses.size < LEAST_RUNS.trees) return {};
  for (const { runs, weight } of parts) {
    for (const [i, run] of runs.at.entries()) {
      const sum = losses.get(run);
      if (sum !== undefined) losses.set(run, sum + weight * entryAt(runs.losses, i, "loss"));
    }
  }
  const kept = first.at.flatMap((run, i) => (losses.has(run) ? [i] : []));
  const { folds, foldCount } = runFolds(losses.size, seed);
  const rows = new BinnedRows(pickRows(first.rows, kept));
  return { trees: fitTrees(rows, Float64Array.from(losses.values()), folds, foldCount) };
}

function qualities(
  law: LawName,
  laws: ReadonlyMap<string, FittedLaw>,
  metrics: ReadonlyMap<string, Runs>,
  compare: boolean,
): MixtureFit["quality"] {
  return Object.fromEntries(
    [...metrics].map(([metric, runs]) => {
      const own: [LawName, LawQuality] = [law, lawOf(laws, metric).quality];
      const others = LAWS.flatMap((name): [LawName, LawQuality][] => {
        if (!compare || name === law || name === "mixmin" || runs.rows.count < LEAST_RUNS[name]) return [];
        return [[name, fitLaw(name, runs).quality]];
      });
      return [metric, Object.fromEntries([own, ...others].map(([name, quality]) => [name, roundQuality(quality)]))];
    }),
  );
}

function roundQuality({ spearman, huber_loss, runs }: LawQuality): LawQuality {
  const round = (value: number | null): number | null => (value === null ? null : roundFigure(value));
  return { spearman: round(spearman), huber_loss: round(huber_loss), runs };
}

function predictions(laws: ReadonlyMap<string, FittedLaw>, ratios: AlignedRatios, asked: RatioTable) {
  const at = ratios.columns.map((column) => asked.columns.indexOf(column));
  const stranger = asked.columns.find(
    (column, k) => !ratios.columns.includes(column) && asked.rows.some((row) => (row.ratios[k] ?? 0) > 0),
  );
  if (stranger !== undefined) {
    throw new DataError({
      code: "mix/unknown-source",
      what: `the mixtures to predict give weight to ${stranger}, which no run has read`,
      fix: `sources of the runs are: ${ratios.columns.join(", ")}`,
    });
  }
  const rows = rowsOf(
    asked.rows.map((row) => at.map((k) => (k < 0 ? 0 : entryAt(row.ratios, k, "share")))),
    ratios.columns.length,
  );
  return Object.fromEntries([...laws].map(([metric, law]) => [metric, Array.from(law.predict(rows), roundFigure)]));
}

function lawOf(laws: ReadonlyMap<string, FittedLaw>, metric: string): FittedLaw {
  return entryOf(Object.fromEntries(laws), metric, "law of metric");
}

function runsOf(metrics: ReadonlyMap<string, Runs>, metric: string): Runs {
  return entryOf(Object.fromEntries(metrics), metric, "metric");
}
