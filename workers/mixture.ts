/**
 * The training stages of a plan, compiled from what has been packed: weights from token counts where they decide, then window ranges.
 */
import { addCount, entryAt } from "../batch/entry.ts";
import { sameSelection } from "../kernels/pack/select.ts";
import { type CompiledTrainingStage, compileMixture, type TrainingStageMixture } from "../mixtures/compile.ts";
import { isSubSource, sourceOfShare } from "../mixtures/sub-sources.ts";
import { mixtureWeights } from "../mixtures/weights.ts";
import { packId } from "../plan/fingerprint.ts";
import { type Plan, type PlannedStage, sourceAt } from "../plan/plan.ts";
import type { TrainingStageSpec } from "../plan/types.ts";
import { selectionOf } from "../plan/windows.ts";
import type { PackMarker } from "./protocol.ts";

export interface MixedTrainingStage extends CompiledTrainingStage {
  readonly pack: PlannedStage;
  /** The request, where it is more than weights by source. */
  readonly mixture?: TrainingStageSpec["mixture"];
}

/** Compiles all training stages. `packed` are the markers of every entry of `plan.windows`. Throws as {@link compileMixture} does. */
export function mixTrainingStages(
  plan: Plan,
  packed: readonly (readonly PackMarker[])[],
): readonly MixedTrainingStage[] {
  const specs = new Map(plan.recipe.training_stages.map((stage) => [stage.name, stage]));
  const packs = new Map(plan.recipe.training_stages.map((stage) => [stage.name, packOf(plan, stage)]));
  const markersOf = (source: string, stage: string): readonly PackMarker[] =>
    entryAt(packed, windowsIndex(plan, source, stage), "entry of windows");
  const stages = plan.recipe.training_stages.map((stage): TrainingStageMixture => {
    const { name, tokens, sequence_length } = stage;
    const weights = countedWeights(plan, stage, (source) =>
      markersOf(source, name).reduce((sum, { statistics, windows }) => {
        // How often a sub-source may be read is counted in windows, so its tokens are those that they train.
        return sum + (isSubSource(source) ? windows * sequence_length : statistics.tokens);
      }, 0),
    );
    const selections = Object.keys(weights).flatMap((source) => {
      const selection = selectionOf(plan.recipe, stage, source);
      return selection === undefined ? [] : [[source, selection] as const];
    });
    const pack = packs.get(name) as PlannedStage;
    return {
      name,
      tokens,
      sequence_length,
      weights,
      pack_id: packId(pack),
      selections: Object.fromEntries(selections),
    };
  });
  const compiled = compileMixture({
    stages,
    available: (source, _length, _pack, stage) => markersOf(source, stage.name),
    limits: plan.recipe.limits,
    categories: Object.fromEntries(
      plan.sources.flatMap((source) => (source.category === undefined ? [] : [[source.name, source.category]])),
    ),
  });
  return compiled.map((stage): MixedTrainingStage => {
    const mixture = specs.get(stage.name)?.mixture;
    return { ...stage, pack: packs.get(stage.name) as PlannedStage, ...(mixture === undefined ? {} : { mixture }) };
  });
}

/** The entry of `plan.windows` that a training stage reads of a share. */
export function windowsIndex(plan: Plan, share: string, stageName: string): number {
  const stage = plan.recipe.training_stages.find(({ name }) => name === stageName);
  const index = plan.windows.findIndex(
    (entry) =>
      stage !== undefined &&
      entry.held_out !== true &&
      sourceAt(plan, entry.source).name === sourceOfShare(share) &&
      isPackOf(entry, stage) &&
      sameSelection(entry.selection, selectionOf(plan.recipe, stage, share)),
  );
  if (index < 0) throw new Error(`training stage ${stageName} has no windows of ${share} in the plan`);
  return index;
}

/** The entry of `plan.windows` with what is held out of a source, packed as a training stage packs it; -1 where nothing is. */
export function heldOutIndex(plan: Plan, share: string, stageName: string): number {
  const stage = plan.recipe.training_stages.find(({ name }) => name === stageName);
  return plan.windows.findIndex(
    (entry) =>
      stage !== undefined &&
      entry.held_out &&
      sourceAt(plan, entry.source).name === sourceOfShare(share) &&
      isPackOf(entry, stage),
  );
}

function packOf(plan: Plan, stage: TrainingStageSpec): PlannedStage {
  const entry = plan.windows.find((candidate) => isPackOf(candidate, stage));
  if (entry === undefined) throw new Error(`training stage ${stage.name} has no windows in the plan`);
  return entry.pack;
}

function isPackOf({ sequence_length, pack, pack_id }: Plan["windows"][number], stage: TrainingStageSpec): boolean {
  return (
    sequence_length === stage.sequence_length &&
    pack.use === stage.pack.use &&
    packId({ ...pack, options: stage.pack.options }) === pack_id
  );
}

/** The weights of a stage; sources nobody can get hand theirs on as the plan says. */
export function countedWeights(
  plan: Plan,
  stage: TrainingStageSpec,
  tokensOf: (source: string) => number,
): Readonly<Record<string, number>> {
  if (stage.mixture === undefined) return stage.weights;
  const missing = new Map(plan.missing.map((entry) => [entry.source, entry]));
  const weights = mixtureWeights(stage.mixture, {
    tokensOf: (share) => (missing.has(sourceOfShare(share)) ? 0 : tokensOf(share)),
    budget_tokens: stage.tokens,
  });
  const counted: Record<string, number> = {};
  for (const [name, weight] of Object.entries(weights)) {
    const source = sourceOfShare(name);
    const reader = missing.has(source) ? missing.get(source)?.substitute : name;
    if (reader !== undefined) addCount(counted, reader, weight);
  }
  return counted;
}
