/** A recipe and a plan in the words of their reader: what the curriculum asks of each source; segments with their state and why. */
import { entryAt, entryOf } from "../batch/entry.ts";
import { accountCurriculum, type SourceAccount, type TrainingStageAccount } from "../mixtures/curriculum/account.ts";
import type { MissingSource } from "../plan/missing.ts";
import type { Plan } from "../plan/plan.ts";
import type { MissingPolicy, Recipe } from "../plan/types.ts";
import type { Layout } from "../store/layout.ts";
import { ingestChanges, planChanges } from "./changes.ts";
import { readPlan } from "./plan-file.ts";
import type { SegmentStatus } from "./segments.ts";
import { planStatus } from "./status.ts";

/** What a recipe asks for, before anything is listed or read. Weights and budgets are as written: sources without data count. */
export interface RecipeDescription {
  readonly name: string;
  readonly tokens: number;
  /** Present where the recipe has `tokens_per_step`. */
  readonly steps?: number;
  readonly training_stages: readonly TrainingStageDescription[];
  /** Over all training stages, most tokens first. */
  readonly sources: readonly SourceDescription[];
}

export interface TrainingStageDescription extends TrainingStageAccount {
  readonly pack: string;
}

export interface SourceDescription extends SourceAccount {
  /** Where the source has no data: what becomes of its weights. */
  readonly missing?: MissingPolicy;
}

/** A plan on top of it: weights here are those of sources that have data. */
export interface PlanDescription extends RecipeDescription {
  readonly fingerprint: string;
  readonly segments: readonly SegmentStatus[];
  readonly missing: readonly MissingSource[];
}

export function describeRecipe(recipe: Recipe): RecipeDescription {
  const { stages, sources, ...totals } = accountCurriculum({
    stages: recipe.training_stages,
    sources: recipe.sources,
    ...(recipe.tokens_per_step === undefined ? {} : { tokens_per_step: recipe.tokens_per_step }),
  });
  return {
    name: recipe.name,
    ...totals,
    training_stages: stages.map((stage, i) => {
      return { ...stage, pack: entryAt(recipe.training_stages, i, "training stage").pack.use };
    }),
    sources: sources.map((source) => {
      const { from, missing } = entryOf(recipe.sources, source.name, "source");
      return from.length > 0 ? source : { ...source, missing: missing ?? recipe.missing };
    }),
  };
}

export function describePlan(plan: Plan, layout: Layout): PlanDescription {
  const folder = layout.run(plan.name);
  const before = readPlan(folder, layout.root);
  const changes = before === undefined ? undefined : ingestChanges(before, plan);
  const segments = planStatus(plan, layout, folder).segments.map((segment): SegmentStatus => {
    if (segment.state === "done" || before === undefined) return segment;
    if (segment.kind === "finish" && before.fingerprint !== plan.fingerprint) {
      return { ...segment, why: planChanges(before, plan).join("; ") };
    }
    const change = segment.kind === "ingest" ? changes?.get(segment.subject) : undefined;
    return change === undefined ? segment : { ...segment, why: change };
  });
  return { ...describeRecipe(plan.recipe), fingerprint: plan.fingerprint, segments, missing: plan.missing };
}
