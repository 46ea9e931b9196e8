/**
 * The accounts of a curriculum: what weights and budgets come to, per stage, category and source, before any data is read.
 *
 * Invariant: pure arithmetic on the recipe; token figures are exact shares rounded to whole tokens, where a run rounds to whole windows
 * (mixtures/compile.ts). Sources and categories keep the order in which the stages name them. Price: microseconds.
 */
import { entryOf } from "../../batch/entry.ts";

export interface CurriculumTrainingStage {
  readonly name: string;
  /** Budget in trained tokens. */
  readonly tokens: number;
  readonly sequence_length: number;
  /** Share of tokens by source; any positive sum. */
  readonly weights: Readonly<Record<string, number>>;
}

export interface CurriculumSource {
  readonly category?: string;
  /** Tokens the source is said to hold. */
  readonly available_tokens?: number;
}

export interface CurriculumInput {
  readonly stages: readonly CurriculumTrainingStage[];
  readonly sources: Readonly<Record<string, CurriculumSource>>;
  /** Tokens of one optimizer step; without it nothing is said in steps. */
  readonly tokens_per_step?: number;
}

/** A share of a stage. `weight` is normalised: the weights of a stage add up to 1. */
export interface ShareAccount {
  readonly name: string;
  readonly weight_requested: number;
  readonly weight: number;
  readonly tokens: number;
}

/** Sources without a category are under the empty name. */
export type CategoryAccount = ShareAccount;

export interface TrainingStageAccount {
  readonly name: string;
  readonly tokens: number;
  readonly sequence_length: number;
  readonly weights_sum: number;
  /** Whole steps the budget fills. */
  readonly steps?: number;
  /** Counted from 1 in each run of stages of one sequence length, because a trainer cannot change it under way. */
  readonly start_step?: number;
  readonly categories: readonly CategoryAccount[];
  readonly sources: readonly (ShareAccount & { readonly category?: string })[];
}

export interface SourceAccount {
  readonly name: string;
  readonly category?: string;
  /** Over all stages. */
  readonly tokens: number;
  /** By the name of each stage that reads it. */
  readonly tokens_by_stage: Readonly<Record<string, number>>;
  readonly available_tokens?: number;
  /** tokens / available_tokens: how often the curriculum reads the source. */
  readonly epochs?: number;
}

export interface CurriculumAccount {
  readonly tokens: number;
  readonly steps?: number;
  readonly stages: readonly TrainingStageAccount[];
  /** Most tokens first. */
  readonly sources: readonly SourceAccount[];
}

/** Draws up the accounts. Every source a stage names must be among `sources`. */
export function accountCurriculum({ stages, sources, tokens_per_step }: CurriculumInput): CurriculumAccount {
  let startStep = 1;
  let length: number | undefined;
  const accounts = stages.map((stage): TrainingStageAccount => {
    if (stage.sequence_length !== length) startStep = 1;
    length = stage.sequence_length;
    const account = accountStage(stage, sources);
    if (tokens_per_step === undefined) return account;
    const steps = Math.floor(stage.tokens / tokens_per_step);
    const start_step = startStep;
    startStep += steps;
    return { ...account, steps, start_step };
  });
  return {
    tokens: stages.reduce((sum, stage) => sum + stage.tokens, 0),
    ...(tokens_per_step === undefined ? {} : { steps: accounts.reduce((sum, stage) => sum + (stage.steps ?? 0), 0) }),
    stages: accounts,
    sources: accountSources(accounts, sources),
  };
}

function accountStage(stage: CurriculumTrainingStage, sources: CurriculumInput["sources"]): TrainingStageAccount {
  const { name, tokens, sequence_length, weights } = stage;
  const weights_sum = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const share = (of: string, requested: number): ShareAccount => {
    const weight = requested / weights_sum;
    return { name: of, weight_requested: requested, weight, tokens: Math.round(tokens * weight) };
  };
  const categories = new Map<string, number>();
  const shares = Object.entries(weights).map(([source, weight]) => {
    const { category } = entryOf(sources, source, "source");
    categories.set(category ?? "", (categories.get(category ?? "") ?? 0) + weight);
    return { ...share(source, weight), ...(category === undefined ? {} : { category }) };
  });
  return {
    name,
    tokens,
    sequence_length,
    weights_sum,
    categories: [...categories].map(([category, weight]) => share(category, weight)),
    sources: shares,
  };
}

function accountSources(stages: readonly TrainingStageAccount[], sources: CurriculumInput["sources"]): SourceAccount[] {
  const byStage = new Map<string, Record<string, number>>();
  for (const stage of stages) {
    for (const { name, tokens } of stage.sources) {
      byStage.set(name, { ...byStage.get(name), [stage.name]: tokens });
    }
  }
  const accounts = [...byStage].map(([name, tokens_by_stage]): SourceAccount => {
    const { category, available_tokens } = entryOf(sources, name, "source");
    const tokens = Object.values(tokens_by_stage).reduce((sum, count) => sum + count, 0);
    return {
      name,
      ...(category === undefined ? {} : { category }),
      tokens,
      tokens_by_stage,
      ...(available_tokens === undefined ? {} : { available_tokens, epochs: tokens / available_tokens }),
    };
  });
  return accounts.sort((a, b) => b.tokens - a.tokens);
}
