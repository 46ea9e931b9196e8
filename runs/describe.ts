/** A recipe and a plan in the words of their reader: what the curriculum asks of each source; segments with their state and why. */
import { entryAt, entryOf, ownOf } from "../batch/entry.ts";
import {
  accountCurriculum,
  type CurriculumSource,
  type SourceAccount,
  type TrainingStageAccount,
} from "../mixtures/curriculum/account.ts";
import { accountRowMixture, type RowMixtureAccount } from "../mixtures/curriculum/account-rows.ts";
import { isSubSource, sourceOfShare } from "../mixtures/sub-sources.ts";
import { needsCounts, quantilePart } from "../mixtures/weights.ts";
import { type AskedExport, askedExports } from "../plan/exports.ts";
import type { MissingSource } from "../plan/missing.ts";
import type { Plan } from "../plan/plan.ts";
import type { MissingPolicy, Recipe, TrainingStageSpec } from "../plan/types.ts";
import type { Layout } from "../store/layout.ts";
import { frontier } from "../workers/frontier/frontier.ts";
import { countedWeights } from "../workers/mixture.ts";
import { StoreMarkers } from "../workers/store-markers.ts";
import { accountRows } from "./account.ts";
import { ingestChanges, planChanges } from "./changes.ts";
import { type DiskEstimate, estimateDisk } from "./disk.ts";
import { readPlan } from "./plan-file.ts";
import { isFinished } from "./run-folder.ts";
import { type SegmentStatus, segmentsOf } from "./segments.ts";

/** What a recipe asks for, before anything is listed or read. Weights and budgets are as written: sources without data count. */
export interface RecipeDescription {
  readonly name: string;
  readonly tokens: number;
  /** Present where the recipe has `tokens_per_step`. */
  readonly steps?: number;
  readonly training_stages: readonly TrainingStageDescription[];
  /** Absent where no training stage mixes rows. */
  readonly row_stages?: readonly RowStageDescription[];
  /** Over all training stages, most tokens first. */
  readonly sources: readonly SourceDescription[];
  /** Trainers, with the options that the recipe gives their exports. */
  readonly exports: readonly AskedExport[];
}

export interface TrainingStageDescription extends TrainingStageAccount {
  readonly pack: string;
}

export interface RowStageDescription extends RowMixtureAccount {
  readonly pack: string;
}

export interface SourceDescription extends SourceAccount {
  /** What its finished store holds, instead of what the recipe says; `epochs` follow from it. */
  readonly stored_tokens?: number;
  /** Documents that are in it. */
  readonly stored_documents?: number;
  /** Where the source has no data: what becomes of its weights. */
  readonly missing?: MissingPolicy;
}

/** A plan on top of it: weights here are those of sources that have data. */
export interface PlanDescription extends RecipeDescription {
  readonly fingerprint: string;
  readonly segments: readonly SegmentStatus[];
  readonly missing: readonly MissingSource[];
  readonly disk: DiskEstimate;
}

export function describeRecipe(recipe: Recipe): RecipeDescription {
  const { stages, sources, ...totals } = accountCurriculum({
    stages: recipe.training_stages,
    sources: { ...recipe.sources, ...subSources(recipe) },
    ...(recipe.tokens_per_step === undefined ? {} : { tokens_per_step: recipe.tokens_per_step }),
  });
  return {
    name: recipe.name,
    ...totals,
    training_stages: stages.map((stage, i) => {
      return { ...stage, pack: entryAt(recipe.training_stages, i, "training stage").pack.use };
    }),
    ...(recipe.row_stages && {
      row_stages: recipe.row_stages.map((stage) => {
        return { ...accountRowMixture(stage, recipe.sources), pack: stage.pack.use };
      }),
    }),
    sources: sources.map((source) => {
      const { from, missing } = entryOf(recipe.sources, sourceOfShare(source.name), "source");
      return from.length > 0 ? source : { ...source, missing: missing ?? recipe.missing };
    }),
    exports: askedExports(recipe),
  };
}

export function describePlan(plan: Plan, layout: Layout): PlanDescription {
  const folder = layout.run(plan.name);
  const before = readPlan(folder, layout.root);
  const changes = before === undefined ? undefined : ingestChanges(before, plan);
  const left = frontier(plan, new StoreMarkers(plan, layout), { layout });
  const segments = segmentsOf(plan, left, isFinished(folder, plan)).map((segment): SegmentStatus => {
    if (segment.state === "done" || before === undefined) return segment;
    if (segment.kind === "finish" && before.fingerprint !== plan.fingerprint) {
      return { ...segment, why: planChanges(before, plan).join("; ") };
    }
    const change = segment.kind === "ingest" ? changes?.get(segment.subject) : undefined;
    return change === undefined ? segment : { ...segment, why: change };
  });
  const disk = estimateDisk(plan, layout, left);
  return { ...describeStored(plan, layout), fingerprint: plan.fingerprint, segments, missing: plan.missing, disk };
}

/** The recipe with what finished stores hold: their tokens, the epochs that follow, and weights that are made from token counts. */
function describeStored(plan: Plan, layout: Layout): RecipeDescription {
  const stored = new Map(
    accountRows(plan, layout).flatMap((account) => (account.complete ? [[account.name, account] as const] : [])),
  );
  const training_stages = plan.recipe.training_stages.map((stage) => {
    const isCounted = Object.keys(stage.weights).every((share) => stored.has(sourceOfShare(share)));
    if (stage.mixture === undefined || !needsCounts(stage.mixture) || !isCounted) return stage;
    const tokensOf = (share: string): number => storedTokens(stage, share, stored.get(sourceOfShare(share))?.tokens);
    return { ...stage, weights: countedWeights(plan, stage, tokensOf) };
  });
  const held = Object.entries(plan.recipe.sources).map(([name, source]) => {
    const account = stored.get(name);
    const known = account && { available_rows: account.kept, available_tokens: account.tokens };
    return [name, { ...source, ...known }] as const;
  });
  const described = describeRecipe({ ...plan.recipe, training_stages });
  const row_stages = plan.recipe.row_stages?.map((stage) => {
    return { ...accountRowMixture(stage, Object.fromEntries(held)), pack: stage.pack.use };
  });
  const byShare = Object.fromEntries(
    training_stages.flatMap((stage) => Object.keys(stage.weights).map((share) => [share, stage] as const)),
  );
  const sources = described.sources.map((source): SourceDescription => {
    const account = stored.get(sourceOfShare(source.name));
    if (account === undefined || account.tokens === 0) return source;
    if (isSubSource(source.name)) {
      const stage = entryOf(byShare, source.name, "sub-source");
      const stored_tokens = Math.round(storedTokens(stage, source.name, account.tokens));
      return { ...source, stored_tokens, epochs: source.tokens / stored_tokens };
    }
    const { tokens, kept } = account;
    return { ...source, stored_tokens: tokens, stored_documents: kept, epochs: source.tokens / tokens };
  });
  return { ...described, ...(row_stages && { row_stages }), sources };
}

/** Tokens of a share of a source that holds `tokens`: of a sub-source, its quantiles' part of them, about, until it is packed. */
function storedTokens({ selections }: TrainingStageSpec, share: string, tokens = 0): number {
  return isSubSource(share) ? tokens * quantilePart(ownOf(selections, share) ?? {}) : tokens;
}

/** Sub-sources of all training stages, as parts of their sources. */
function subSources({ training_stages, sources }: Recipe): Record<string, CurriculumSource> {
  const parts: Record<string, CurriculumSource> = {};
  for (const stage of training_stages) {
    for (const share of Object.keys(stage.weights)) {
      if (!isSubSource(share)) continue;
      const { category, available_tokens } = entryOf(sources, sourceOfShare(share), "source");
      parts[share] = {
        ...(category === undefined ? {} : { category }),
        ...(available_tokens === undefined ? {} : { available_tokens: storedTokens(stage, share, available_tokens) }),
      };
    }
  }
  return parts;
}
