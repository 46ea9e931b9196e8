/**
 * Which windows a recipe's training stages read: one way of cutting for each source, sequence length, packing and selection.
 *
 * Invariant: training stages that ask for the same thing share one entry, and windows for training come before those for validation.
 */
import { entryAt, ownOf } from "../batch/entry.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import { fingerprint, packId, STORE_VERSION } from "./fingerprint.ts";
import type { SourcePlan, WindowsPlan } from "./plan.ts";
import type { StagePlanner } from "./stages.ts";
import type { Recipe, TrainingStageSpec } from "./types.ts";

export async function planWindows(
  recipe: Recipe,
  sources: readonly SourcePlan[],
  stages: StagePlanner,
): Promise<readonly WindowsPlan[]> {
  const trained = new Map<string, WindowsPlan>();
  const heldOut = new Map<string, WindowsPlan>();
  for (const stage of recipe.training_stages) {
    const { sequence_length } = stage;
    const pack = await stages.plan(stage.pack);
    const add = (
      windows: Map<string, WindowsPlan>,
      source: number,
      kind: Pick<WindowsPlan, "selection" | "held_out">,
    ): void => {
      const identity = {
        store_version: STORE_VERSION,
        tokens: entryAt(sources, source, "source").tokens,
        sequence_length,
        pack: packId(pack),
        ...kind,
      };
      const named = fingerprint(identity);
      windows.set(named, { source, sequence_length, pack, pack_id: packId(pack), ...kind, fingerprint: named });
    };
    for (const name of Object.keys(stage.weights)) {
      const source = sources.findIndex((candidate) => candidate.name === sourceOfShare(name));
      const selection = selectionOf(recipe, stage, name);
      add(trained, source, selection === undefined ? {} : { selection });
      if (entryAt(sources, source, "source").validation !== undefined) add(heldOut, source, { held_out: true });
    }
  }
  // Windows for training come first: who looks for a source's windows finds those.
  return [...trained.values(), ...heldOut.values()];
}

/** The documents of a share that a training stage reads: those it asks for, in the part a simulation has. */
export function selectionOf(recipe: Recipe, stage: TrainingStageSpec, share: string): DocumentSelection | undefined {
  const selection = ownOf(stage.selections, share);
  if (selection === undefined && recipe.simulate === undefined) return undefined;
  const budget = recipe.training_stages.reduce((sum, { tokens }) => sum + tokens, 0);
  return { ...selection, ...(recipe.simulate && { part_ratio: budget / recipe.simulate.target_tokens }) };
}
