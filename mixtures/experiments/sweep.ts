/**
 * The candidates of a sweep: mixtures that differ, that the stores can give at every budget, each with the windows it reads.
 *
 * A candidate is a mixture for each training stage; budgets make variants of it. All read the same windows in the same order from the same
 * start, so what a small budget reads of a source is a part of what a large one does. Invariant: a candidate's id depends on its weights,
 * budget, start and stores alone. Price: microseconds a candidate and stage; no file is opened.
 */
import { createHash } from "node:crypto";
import { entryAt, entryOf, ownOf } from "../../batch/entry.ts";
import { RecipeError, RunError } from "../../batch/errors.ts";
import { canonicalJson } from "../../kernels/json/canonical.ts";
import type { PackedShard } from "../../kernels/pack/cuts.ts";
import { windowsOf } from "../../kernels/pack/ranges.ts";
import { seedFrom } from "../../kernels/random/shuffle.ts";
import {
  type CompiledTrainingStage,
  compileMixture,
  type MixtureInput,
  type TrainingStageMixture,
} from "../compile.ts";
import {
  countedMixtures,
  type DrawInput,
  type DrawnMixture,
  distance1,
  distance2,
  drawMixtures,
  normalised,
} from "./draw.ts";
import type { SweepSpec } from "./sweep-spec.ts";
import { sourceOfColumn } from "./tables.ts";

export interface SweepFacts {
  /** The recipe's training stages, in order, with their own weights. */
  readonly stages: readonly TrainingStageMixture[];
  readonly available: MixtureInput["available"];
  readonly limits: MixtureInput["limits"];
  readonly categories: Readonly<Record<string, string>>;
  /** Digest of the stores. */
  readonly stores: string;
}

/** A spec whose amounts are numbers, with the rows of its files. */
export interface ResolvedSweep extends Omit<SweepSpec, "budgets" | "simulate" | "unlike"> {
  readonly budgets?: readonly number[] | undefined;
  readonly simulate?: { readonly target_tokens: number } | undefined;
  /** Weights by `source` or `stage/source`, of a list. */
  readonly listed: readonly Readonly<Record<string, number>>[];
  readonly unlike: readonly Readonly<Record<string, number>>[];
}

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly budget_tokens: number;
  /** Of each source, the part that there is: below 1 where a larger run is simulated. */
  readonly part_ratio: number;
  readonly stages: readonly CompiledTrainingStage[];
}

export interface Sweep {
  readonly candidates: readonly Candidate[];
  /** Mixtures that were looked at and left out, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
}

/** A mixture for each swept stage. */
interface Mix {
  readonly weights: ReadonlyMap<string, readonly number[]>;
  readonly label?: string | undefined;
}

/** Throws RecipeError `sweep/…` for a spec that does not fit the recipe, RunError `sweep/nothing-feasible`. */
export function sweepCandidates(spec: ResolvedSweep, facts: SweepFacts): Sweep {
  const stages = sweptStages(spec, facts);
  const recipeTokens = stages.trained.reduce((sum, { tokens }) => sum + tokens, 0);
  const budgets = [...(spec.budgets ?? [recipeTokens])].sort((a, b) => a - b);
  const limits = { max_epochs: spec.max_epochs ?? facts.limits.max_epochs, on_exhausted: "error" } as const;
  const rejected = new Map<string, number>();
  const kept: { readonly mix: Mix; readonly key: readonly number[]; readonly compiled: readonly Compiled[] }[] = [];
  const wanted = "candidates" in spec.draw ? spec.draw.candidates : Number.POSITIVE_INFINITY;
  const near = nearness(spec);
  const old = spec.unlike.map((row) => stages.swept.flatMap((stage) => rowWeights(row, stage)));
  for (const mix of mixtures(
    spec,
    facts,
    stages.swept,
    entryAt(budgets, budgets.length - 1, "budget"),
    limits.max_epochs,
  )) {
    if (kept.length === wanted) break;
    const key = stages.swept.flatMap(({ name }) => mix.weights.get(name) ?? []);
    if (kept.some((other) => near.own(other.key, key))) count(rejected, "near to another candidate");
    else if (old.some((other) => near.old(other, key))) count(rejected, "near to a row of an earlier sweep");
    else {
      try {
        const compiled = budgets.map((budget) =>
          compileCandidate(mix, budget, recipeTokens, stages, spec, { ...facts, limits }),
        );
        kept.push({ mix, key, compiled });
      } catch (error) {
        if (!(error instanceof RunError) || error.details.code !== "run/source-exhausted") throw error;
        count(rejected, infeasible(error, mix));
      }
    }
  }
  if (kept.length === 0) throw nothingFeasible(rejected);
  const digits = String(kept.length).length;
  const candidates = kept.flatMap(({ mix, compiled }, i) =>
    compiled.map(({ budget, part_ratio, stages: read }): Candidate => {
      const number = String(i + 1).padStart(Math.max(3, digits), "0");
      const variant = budgets.length === 1 ? "" : `-${budget}`;
      return {
        id: candidateId(mix, budget, part_ratio, spec, stages, facts.stores),
        name: `${spec.name}-${number}${mix.label === undefined ? "" : `-${mix.label}`}${variant}`,
        budget_tokens: budget,
        part_ratio,
        stages: read,
      };
    }),
  );
  return { candidates, rejected: Object.fromEntries([...rejected].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

interface Stages {
  /** Those before the candidates' start. */
  readonly before: readonly TrainingStageMixture[];
  /** Those a candidate trains, and those of them whose mixture is swept. */
  readonly trained: readonly TrainingStageMixture[];
  readonly swept: readonly TrainingStageMixture[];
}

function sweptStages({ stages: named, after }: ResolvedSweep, { stages }: SweepFacts): Stages {
  const known = stages.map(({ name }) => name);
  for (const name of [...(named ?? []), ...(after === undefined ? [] : [after])]) {
    if (!known.includes(name)) throw badSpec(`there is no training stage ${name}`, `there are: ${known.join(", ")}`);
  }
  const start = after === undefined ? 0 : known.indexOf(after) + 1;
  const rest = stages.slice(start);
  const swept = rest.filter(({ name }) => named === undefined || named.includes(name));
  if (swept.length === 0) throw badSpec("no training stage is swept", `name some that come after ${after}`);
  return { before: stages.slice(0, start), trained: after === undefined ? rest : swept, swept };
}

function* mixtures(
  spec: ResolvedSweep,
  facts: SweepFacts,
  swept: readonly TrainingStageMixture[],
  budget: number,
  maxEpochs: number,
): Generator<Mix> {
  if (spec.draw.method === "list") {
    for (const row of spec.listed) {
      checkNames(Object.keys(row).map(sourceOfColumn), swept);
      yield { weights: new Map(swept.map((stage) => [stage.name, rowWeights(row, stage)])) };
    }
    return;
  }
  const tokens = swept.reduce((sum, stage) => sum + stage.tokens, 0);
  const inputs = (spec.same_in_all_stages ? swept.slice(0, 1) : swept).map((stage) => {
    return { stage, input: drawInput(spec, facts, stage, (stage.tokens / tokens) * budget, maxEpochs) };
  });
  const each = (drawn: readonly DrawnMixture[]): Mix => {
    const named = swept.map(({ name }, i): [string, readonly number[]] => [
      name,
      (drawn[i] ?? entryAt(drawn, 0, "draw")).weights,
    ]);
    return { weights: new Map(named), label: drawn[0]?.label };
  };
  const { draw } = spec;
  if (draw.method === "regmix" || draw.method === "olmix") {
    const streams = inputs.map(({ input }) => drawMixtures(draw, input));
    for (;;) {
      const next = streams.map((stream) => stream.next());
      const drawn = next.flatMap((result) => (result.done === true ? [] : [result.value]));
      if (drawn.length < next.length) return;
      yield each(drawn);
    }
  }
  const lists = inputs.map(({ input }) => countedMixtures(draw, input));
  for (let i = 0; i < entryAt(lists, 0, "stage").length; i++) {
    yield each(lists.map((list) => entryAt(list, i, "mixture")));
  }
}

function drawInput(
  spec: ResolvedSweep,
  facts: SweepFacts,
  stage: TrainingStageMixture,
  budget: number,
  maxEpochs: number,
): DrawInput {
  const sources = Object.keys(stage.weights).sort();
  const { draw } = spec;
  const moved =
    draw.method === "grid" ? Object.keys(draw.weights) : draw.method === "one-source" ? (draw.sources ?? []) : [];
  const shared = draw.method === "share" ? [draw.source, ...(draw.within ?? [])] : [];
  const annealed = draw.method === "anneal" ? Object.values(draw.candidates ?? {}).flat() : [];
  checkNames(
    [...Object.keys(spec.pinned), ...Object.keys(spec.max_weights), ...moved, ...shared, ...annealed],
    [stage],
  );
  const pinnedSum = Object.values(spec.pinned).reduce((sum, share) => sum + share, 0);
  if (pinnedSum > 1) throw badSpec(`pinned shares add up to ${pinnedSum}`, "leave something for the others");
  const held = sources.map(
    (source) => windowsOf(facts.available(source, stage.sequence_length, stage.pack_id, stage)) * stage.sequence_length,
  );
  const prior = spec.prior;
  const sizes = sources.map((source, i) => {
    if (prior === "tokens") return entryAt(held, i, "source");
    return prior === "recipe" ? entryOf(stage.weights, source, "source") : (ownOf(prior, source) ?? 0);
  });
  return {
    sources,
    prior: normalised(sizes),
    baseline: normalised(sources.map((source) => entryOf(stage.weights, source, "source"))),
    categories: facts.categories,
    pinned: spec.pinned,
    caps: sources.map((source, i) => {
      const part = spec.simulate === undefined ? 1 : budget / spec.simulate.target_tokens;
      const epochs = (maxEpochs * entryAt(held, i, "source") * Math.min(1, part)) / budget;
      return Math.min(1, ownOf(spec.max_weights, source) ?? 1, epochs);
    }),
    seed: seedFrom("sweep", spec.seed, stage.name),
  };
}

interface Compiled {
  readonly budget: number;
  readonly part_ratio: number;
  readonly stages: readonly CompiledTrainingStage[];
}

function compileCandidate(
  { weights }: Mix,
  budget: number,
  recipeTokens: number,
  { before, trained }: Stages,
  { simulate }: ResolvedSweep,
  { available, limits, categories }: SweepFacts,
): Compiled {
  const part_ratio = simulate === undefined ? 1 : Math.min(1, budget / simulate.target_tokens);
  const stages = trained.map((stage): TrainingStageMixture => {
    const mixed = weights.get(stage.name);
    const sources = Object.keys(stage.weights).sort();
    return {
      ...stage,
      tokens: Math.round((stage.tokens / recipeTokens) * budget),
      weights:
        mixed === undefined
          ? stage.weights
          : Object.fromEntries(sources.map((source, i) => [source, entryAt(mixed, i, "share")])),
    };
  });
  const compiled = compileMixture({
    stages: [...before, ...stages],
    available: (...asked) => partOf(available(...asked), part_ratio),
    limits,
    categories,
  });
  return { budget, part_ratio, stages: compiled.slice(before.length) };
}

/** The first windows of a store, as if there were no others. */
function partOf(shards: readonly PackedShard[], ratio: number): readonly PackedShard[] {
  if (ratio >= 1) return shards;
  let left = Math.max(1, Math.round(windowsOf(shards) * ratio));
  return shards.map((shard): PackedShard => {
    const windows = Math.min(left, shard.windows);
    left -= windows;
    return windows === shard.windows ? shard : { windows };
  });
}

/** What candidates may not be nearer than: RegMix's and olmix's own rules. */
function nearness({ draw }: ResolvedSweep) {
  type Near = (a: readonly number[], b: readonly number[]) => boolean;
  const least = draw.method === "olmix" ? draw.min_distance : 0.01;
  const old: Near = (a, b) => a.length === b.length && distance2(a, b) < least;
  const own: Near = draw.method === "olmix" ? old : (a, b) => distance1(a, b) <= 1e-5;
  return { own, old };
}

function rowWeights(row: Readonly<Record<string, number>>, { name, weights }: TrainingStageMixture): readonly number[] {
  const sources = Object.keys(weights).sort();
  const shares = sources.map((source) => ownOf(row, `${name}/${source}`) ?? ownOf(row, source) ?? 0);
  if (!shares.some((share) => share > 0))
    throw badSpec(`a mixture gives stage ${name} nothing`, `name some of ${sources.join(", ")}`);
  return normalised(shares);
}

function candidateId(
  mix: Mix,
  budget: number,
  part_ratio: number,
  spec: ResolvedSweep,
  { trained }: Stages,
  stores: string,
): string {
  const stages = trained.map(({ name, sequence_length, pack_id, weights }) => {
    const sources = Object.keys(weights).sort();
    const shares = mix.weights.get(name) ?? normalised(sources.map((source) => entryOf(weights, source, "source")));
    return {
      name,
      sequence_length,
      pack_id,
      weights: sources.map((source, i) => [source, Number(entryAt(shares, i, "share").toFixed(9))]),
    };
  });
  const identity = canonicalJson({
    stages,
    budget,
    part_ratio: Number(part_ratio.toPrecision(9)),
    after: spec.after ?? null,
    stores,
  });
  return createHash("sha256").update(identity).digest("hex").slice(0, 12);
}

function count(reasons: Map<string, number>, reason: string): void {
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

/** Of mixtures that were asked for one by one, the whole reason; of draws, which sources there is too little of. */
function infeasible(error: RunError, { label }: Mix): string {
  if (label !== undefined) return `${label}: ${error.details.what}`;
  return `more than there is of ${(error.details.exhausted ?? []).join(", ")}`;
}

function checkNames(names: readonly string[], stages: readonly TrainingStageMixture[]): void {
  const known = new Set(stages.flatMap(({ weights }) => Object.keys(weights)));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const of = stages.map(({ name }) => name).join(", ");
  throw badSpec(`there is no source ${unknown} in training stage ${of}`, `there are: ${[...known].sort().join(", ")}`);
}

function badSpec(what: string, fix: string): RecipeError {
  return new RecipeError({ code: "sweep/does-not-fit", what: `the sweep: ${what}`, fix });
}

function nothingFeasible(rejected: ReadonlyMap<string, number>): RunError {
  const reasons = [...rejected].map(([reason, times]) => `${times} × ${reason}`);
  return new RunError({
    code: "sweep/nothing-feasible",
    what: "the stores can give no mixture of this sweep",
    why: reasons.length === 0 ? "no draw is below the caps on shares and epochs" : reasons.slice(0, 5).join("; "),
    fix: "lower the budget or the shares, raise max_epochs, or simulate a larger run's epochs",
  });
}
