/**
 * What mixture the runs speak for: never one answer but a sweep of how far it may go from the prior, each with what laws predict of it and how far
 * from every run it lies.
 *
 * A law with a convex loss gives the best mixture exactly, with a proof; the others the mean of the best of many draws. Trees judge every
 * proposal too: where they and the law disagree, no run lies near. Invariant: weights keep to the bounds; equal runs give equal proposals.
 * Price: milliseconds of a convex law; of others the draws.
 */
import { entryAt } from "../../batch/entry.ts";
import type { Bounds } from "../../kernels/fit/bounds.ts";
import { type ConvexLoss, sumLosses } from "../../kernels/fit/convex-loss.ts";
import { proposeByDraws } from "../../kernels/fit/draws.ts";
import { divergence, propose } from "../../kernels/fit/proposal.ts";
import { type Law, type Rows, rowsOf } from "../../kernels/fit/rows.ts";
import type { FittedLaw } from "./laws.ts";
import type { RatioTable } from "./tables.ts";
import { roundFigure, roundWeights, weightsByColumn } from "./weights.ts";

export interface MixtureProposal {
  /** Price of a nat of divergence from the prior, in units of the target loss. */
  readonly lambda: number;
  /** By column; whole millionths that add up to 1 in each training stage. */
  readonly weights: Readonly<Record<string, number>>;
  /** Target loss, in units of the metrics; by trees null where there are too few runs for them. */
  readonly predicted_loss: { readonly by_law: number; readonly by_trees: number | null };
  /** KL divergence from the prior in nats, over all training stages. */
  readonly kl_nats: number;
  /** The run that was trained on the most similar mixture, and the part of its tokens that would have to move: 0 to 1. */
  readonly nearest_run: { readonly run: string; readonly distance: number };
  /** Of an exact proposal: what is minimised is at most `gap` above its least value, in units of the loss. */
  readonly certificate?: { readonly gap: number; readonly iterations: number };
}

export interface DrawnMixture extends Omit<MixtureProposal, "certificate" | "lambda"> {
  readonly draws: number;
  /** What judged the draws. */
  readonly judged_by: "trees" | "law";
}

/** Laws of the metrics that count, and how much each does; weights add up to 1. */
export interface Target {
  readonly laws: readonly { readonly law: Omit<FittedLaw, "quality">; readonly weight: number }[];
  /** Of the target loss itself. */
  readonly trees?: Law;
}

export interface ProposalContext {
  readonly target: Target;
  readonly ratios: RatioTable;
  readonly prior: Float64Array;
  readonly bounds: Bounds;
  readonly seed: number;
}

/** What `target` loses on each row. */
export function targetLoss({ laws }: Pick<Target, "laws">): Law {
  return {
    predict(rows) {
      const sum = new Float64Array(rows.count);
      for (const { law, weight } of laws) {
        const losses = law.predict(rows);
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * entryAt(losses, i, "loss");
      }
      return sum;
    },
  };
}

/** The target loss as a function that can be minimised exactly; undefined where one of its laws is none. */
export function convexTarget({ laws }: Pick<Target, "laws">): ConvexLoss | undefined {
  const parts = laws.flatMap(({ law, weight }) => (law.convex === undefined ? [] : [law.convex(weight)]));
  return parts.length === laws.length ? sumLosses(parts) : undefined;
}

/** One proposal for each λ. `draws`: how many, where the law has no exact best. */
export function proposeSweep(
  context: ProposalContext,
  lambdas: readonly number[],
  draws: number,
): readonly MixtureProposal[] {
  const { target, prior, bounds, seed } = context;
  const convex = convexTarget(target);
  if (convex === undefined) {
    return proposeByDraws(targetLoss(target), prior, bounds, { draws, seed, lambdas }).map(({ shares }, i) => {
      return { lambda: entryAt(lambdas, i, "λ"), ...describe(shares, context) };
    });
  }
  return lambdas.map((lambda) => {
    const { shares, gap, iterations } = propose(convex, prior, lambda, bounds);
    return { lambda, ...describe(shares, context), certificate: { gap: Number(gap.toPrecision(1)), iterations } };
  });
}

/** RegMix's proposal: the mean of the best draws, as trees judge them, or the law where there are no trees. */
export function proposeDrawn(context: ProposalContext, draws: number): DrawnMixture {
  const { target, prior, bounds, seed } = context;
  const judge = target.trees ?? targetLoss(target);
  const [drawn] = proposeByDraws(judge, prior, bounds, { draws, seed, lambdas: [0] });
  if (drawn === undefined) throw new Error("there is no draw");
  return { draws, judged_by: target.trees === undefined ? "law" : "trees", ...describe(drawn.shares, context) };
}

function describe(shares: Float64Array, { target, ratios, prior, bounds }: ProposalContext) {
  const weights = roundWeights(shares, bounds);
  const row = rowsOf([weights], weights.length);
  return {
    weights: weightsByColumn(ratios.columns, weights),
    predicted_loss: { by_law: only(targetLoss(target), row), by_trees: target.trees ? only(target.trees, row) : null },
    kl_nats: roundFigure(divergence(row.values, prior)),
    nearest_run: nearestRun(weights, ratios, bounds.stages.length),
  };
}

function only(law: Law, row: Rows): number {
  return roundFigure(entryAt(law.predict(row), 0, "prediction"));
}

function nearestRun(weights: readonly number[], { rows }: RatioTable, stages: number): MixtureProposal["nearest_run"] {
  let nearest = { run: "", distance: Number.POSITIVE_INFINITY };
  for (const { run, ratios } of rows) {
    let moved = 0;
    for (const [k, weight] of weights.entries()) moved += Math.abs(weight - entryAt(ratios, k, "share"));
    const distance = moved / 2 / stages;
    if (distance < nearest.distance) nearest = { run, distance };
  }
  return { run: nearest.run, distance: roundFigure(nearest.distance) };
}
