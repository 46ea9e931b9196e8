/** A recipe and a plan in the words of their reader: what the curriculum asks of each source; segments with their state and why. */
import fs from "node:fs";
import { accountCurriculum, type SourceAccount, type StageAccount } from "../mixtures/curriculum/account.ts";
import type { MissingSource } from "../plan/missing.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import type { MissingPolicy, Recipe } from "../plan/types.ts";
import { mapAssetRefs } from "../stages/define.ts";
import type { Layout } from "../store/layout.ts";
import { type SegmentStatus, segmentsOf } from "./status.ts";

/** What a recipe asks for, before anything is listed or read. Weights and budgets are as written: sources without data count. */
export interface RecipeDescription {
  readonly name: string;
  readonly tokens: number;
  /** Present where the recipe has `tokens_per_step`. */
  readonly steps?: number;
  readonly training_stages: readonly StageDescription[];
  /** Over all training stages, most tokens first. */
  readonly sources: readonly SourceDescription[];
}

export interface StageDescription extends StageAccount {
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
    training_stages: stages.map((stage, i) => ({ ...stage, pack: recipe.training_stages[i].pack.use })),
    sources: sources.map((source) => {
      const { from, missing } = recipe.sources[source.name];
      return from.length > 0 ? source : { ...source, missing: missing ?? recipe.missing };
    }),
  };
}

export function describePlan(plan: Plan, layout: Layout): PlanDescription {
  const changes = changesSince(previousPlan(plan, layout), plan);
  const segments = segmentsOf({ plan, layout }).map((segment): SegmentStatus => {
    const change = segment.kind === "ingest" && segment.state !== "done" ? changes.get(segment.subject) : undefined;
    return change === undefined ? segment : { ...segment, why: change };
  });
  return { ...describeRecipe(plan.recipe), fingerprint: plan.fingerprint, segments, missing: plan.missing };
}

function previousPlan(plan: Plan, layout: Layout): Plan | undefined {
  try {
    return JSON.parse(fs.readFileSync(layout.planFile(plan.name), "utf8")) as Plan;
  } catch {
    return undefined;
  }
}

/** Per source, what differs from the plan this run had before. */
function changesSince(before: Plan | undefined, now: Plan): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  if (before === undefined) return changes;
  for (const source of now.sources) {
    const old = before.sources.find((candidate) => candidate.name === source.name);
    if (old === undefined || old.ingest === source.ingest) continue;
    const found = [
      stageChange(old.reader, source.reader),
      ...source.stages.map((stage, i) => stageChange(old.stages[i], stage)),
    ];
    if (old.stages.length !== source.stages.length) found.push(`${old.stages.length} stages → ${source.stages.length}`);
    const texts = found.filter((text) => text !== undefined);
    changes.set(source.name, texts.length > 0 ? texts.join("; ") : "input files changed");
  }
  return changes;
}

function stageChange(before: PlannedStage | undefined, now: PlannedStage): string | undefined {
  if (before === undefined) return `${now.use} is new`;
  if (before.use !== now.use) return `${before.use} → ${now.use}`;
  if (before.version !== now.version) return `${now.use} version ${before.version} → ${now.version}`;
  for (const [key, value] of Object.entries(now.options)) {
    const [old, present] = [before.options[key], value].map(optionText);
    if (old !== present) return `${key} ${old} → ${present}`;
  }
  const asset = now.assets.find(({ sha256 }, i) => before.assets[i]?.sha256 !== sha256);
  return asset === undefined ? undefined : `${asset.name} changed`;
}

/** An option as JSON; the content of files is left out, for people know them by name. */
function optionText(value: unknown): string {
  return JSON.stringify(mapAssetRefs(value, () => ({ asset: "" }))) ?? "nothing";
}
