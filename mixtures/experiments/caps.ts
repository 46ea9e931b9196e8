/**
 * Which mixtures may be proposed, said in the words of a user: a prior, caps on weights, and epochs of what sources hold at a budget.
 *
 * Invariant: what leaves no mixture at all is refused before anything is fitted, with what would leave one. Price: 2^stages × sources.
 */
import { entryAt, ownOf } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import type { Bounds, SharedLimit } from "../../kernels/fit/bounds.ts";
import { columnsByTrainingStage, sourceOfColumn } from "./tables.ts";

/** A weight's cap: so many times its prior, or a share; of a source, a column `stage/source`, or all of them. */
export interface Cap {
  /** All where absent. */
  readonly of?: string;
  readonly times_prior?: number;
  readonly share?: number;
}

export interface BoundsRequest {
  readonly columns: readonly string[];
  readonly prior: Float64Array;
  readonly caps: readonly Cap[];
  /** Times a source may be read, over all training stages. */
  readonly max_epochs?: number;
  /** Trained tokens, by training stage; that of the only one is under the empty name. */
  readonly budgets: Readonly<Record<string, number>>;
  /** Tokens that one epoch of a source holds. */
  readonly tokens: Readonly<Record<string, number>>;
}

/** Throws RecipeError `flag/…` for what does not fit, `mix/infeasible` where no mixture is left. */
export function boundsOf(request: BoundsRequest): Bounds {
  const { columns } = request;
  const stages = columnsByTrainingStage(columns);
  const caps = new Float64Array(columns.length).fill(1);
  for (const cap of request.caps) applyCap(cap, request, caps);
  const shared = epochLimits(request, caps);
  const bounds = { stages: stages.map((stage) => stage.columns), caps, shared };
  checkFeasible(bounds, request);
  return bounds;
}

function applyCap({ of, times_prior, share }: Cap, { columns, prior }: BoundsRequest, caps: Float64Array): void {
  const at = columns.flatMap((column, k) =>
    of === undefined || of === column || of === sourceOfColumn(column) ? [k] : [],
  );
  if (at.length === 0) {
    throw new RecipeError({
      code: "flag/no-such-source",
      what: `--cap ${of}: no column of the ratios is called so`,
      fix: `there are: ${columns.join(", ")}`,
    });
  }
  for (const k of at) {
    const cap = share ?? (times_prior ?? 1) * entryAt(prior, k, "prior");
    caps[k] = Math.min(entryAt(caps, k, "cap"), cap);
  }
}

/** What the tokens of sources allow. In one stage that is a cap on the weight; several stages share it. */
function epochLimits(
  { columns, max_epochs, budgets, tokens }: BoundsRequest,
  caps: Float64Array,
): readonly SharedLimit[] {
  if (max_epochs === undefined) return [];
  const stages = columnsByTrainingStage(columns);
  const missing = stages.find(({ stage }) => ownOf(budgets, stage) === undefined);
  if (missing !== undefined) {
    const flag = missing.stage === "" ? "--budget 10B" : `--budget ${missing.stage}=10B`;
    throw new RecipeError({
      code: "flag/budget-needed",
      what: "epochs depend on how many tokens are trained",
      fix: `say it: ${flag}`,
    });
  }
  const sources = [...new Set(columns.map(sourceOfColumn))];
  const unknown = sources.filter((source) => !((ownOf(tokens, source) ?? Number.NaN) >= 0));
  if (unknown.length > 0) {
    throw new RecipeError({
      code: "flag/tokens-needed",
      what: `epochs depend on how many tokens sources hold, and those of ${unknown.join(", ")} are not known`,
      fix: "give token counts: --prior priors.json",
    });
  }
  const total = stages.reduce((sum, { stage }) => sum + (ownOf(budgets, stage) ?? 0), 0);
  const limits: SharedLimit[] = [];
  for (const source of sources) {
    const limit = (max_epochs * (ownOf(tokens, source) ?? 0)) / total;
    const parts = stages.flatMap(({ stage, columns: at }) => {
      const k = at.find((column) => sourceOfColumn(entryAt(columns, column, "column")) === source);
      return k === undefined ? [] : [{ k, factor: (ownOf(budgets, stage) ?? 0) / total }];
    });
    for (const { k, factor } of parts) caps[k] = Math.min(entryAt(caps, k, "cap"), limit / factor);
    if (parts.length > 1 && limit < parts.reduce((sum, { factor }) => sum + factor, 0)) {
      limits.push({ columns: parts.map(({ k }) => k), factors: parts.map(({ factor }) => factor), limit });
    }
  }
  return limits;
}

/**
 * Stages draw on sources as pipes on tanks, so what fits is a flow, and it fits where every set of stages finds enough: of each source what the
 * set's caps let through, and no more than the source's limit.
 */
function checkFeasible({ stages, caps, shared }: Bounds, { columns, prior, budgets }: BoundsRequest): void {
  const names = columnsByTrainingStage(columns);
  // Where stages share nothing, each is judged alone and its budget is no matter.
  const weights = names.map(({ stage }) => (shared.length > 0 ? (ownOf(budgets, stage) ?? 0) : 1));
  const total = shared.length > 0 ? weights.reduce((sum, weight) => sum + weight, 0) : 1;
  const limitOf = new Map(shared.flatMap((limit) => limit.columns.map((k) => [k, limit] as const)));
  for (let set = 1; set < 2 ** stages.length; set++) {
    let wanted = 0;
    let found = 0;
    const drawn = new Map<SharedLimit, number>();
    for (const [i, at] of stages.entries()) {
      if (((set >> i) & 1) === 0) continue;
      const part = entryAt(weights, i, "stage") / total;
      wanted += part;
      for (const k of at) {
        if (entryAt(prior, k, "prior") === 0) continue;
        const flow = part * Math.min(1, entryAt(caps, k, "cap"));
        const limit = limitOf.get(k);
        if (limit === undefined) found += flow;
        else drawn.set(limit, (drawn.get(limit) ?? 0) + flow);
      }
    }
    for (const [limit, flow] of drawn) found += Math.min(limit.limit, flow);
    if (found >= wanted * (1 - 1e-12)) continue;
    const of = names.filter((_, i) => (set >> i) & 1).map(({ stage }) => stage);
    throw new RecipeError({
      code: "mix/infeasible",
      what: `caps leave ${(100 * (found / wanted)).toFixed(2)} % of ${of[0] === "" ? "the mixture" : `training stage ${of.join(" and ")}`}`,
      why: "weights add up to 1, and no source may have more than its cap",
      fix: `caps or epochs ${(wanted / found).toFixed(3)} times as large would do, or as much smaller a budget`,
    });
  }
}
