/** Mixtures of recipes, runs and candidates of a sweep, compared. Nothing but recipes and manifests is read. */
import fs from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RecipeError } from "../batch/errors.ts";
import { diffTrainingStages, type KnownShare, type KnownTrainingStage, type MixtureDiff } from "../mixtures/diff.ts";
import { loadRecipe } from "../plan/recipe/load.ts";
import { checkTrains, stageManifests } from "./run-manifests.ts";
import { isRun, type OpenRun, openRun } from "./status.ts";

const candidateShape = z.looseObject({
  kind: z.literal("candidate"),
  stages: z.array(
    z.looseObject({
      name: z.string(),
      tokens: z.number(),
      sources: z.record(
        z.string(),
        z.looseObject({ weight_achieved: z.number(), epochs: z.number(), start_window: z.number() }),
      ),
    }),
  ),
});

/** Each side is a recipe's path, a run (folder or name), or a candidate's folder or manifest. Throws RecipeError `flag/no-such-mixture`. */
export async function diffMixtures(a: string, b: string, { out }: { readonly out: string }): Promise<MixtureDiff> {
  return diffTrainingStages(await knownStages(a, out), await knownStages(b, out));
}

async function knownStages(target: string, out: string): Promise<readonly KnownTrainingStage[]> {
  const candidate = readCandidate(target);
  if (candidate !== undefined) return candidate;
  if (isRun(target, out)) return runMixture(openRun(target, out));
  if (!fs.existsSync(target)) {
    throw new RecipeError({
      code: "flag/no-such-mixture",
      what: `${target} is no recipe, no run and no candidate of a sweep`,
      fix: "give the path of a recipe, a run's folder or name, or sweeps/NAME/candidates/ID",
    });
  }
  const recipe = await loadRecipe(target);
  checkTrains(recipe);
  return recipe.training_stages.map(({ name, tokens, weights }) => ({
    name,
    tokens,
    sources: mapShares(weights, (weight) => ({ weight })),
  }));
}

/** The training stages of a finished run, those that mix rows last. Throws what {@link stageManifests} does. */
export async function runMixture(run: OpenRun): Promise<readonly KnownTrainingStage[]> {
  const { windows, rows } = await stageManifests(run);
  return [
    ...windows.map(({ stage, sources }) => ({
      name: stage.name,
      tokens: stage.tokens,
      sources: mapShares(sources, achieved),
    })),
    ...rows.map(({ stage, sources }) => ({
      name: stage.name,
      tokens: Object.values(sources).reduce((sum, { packed }) => sum + packed.tokens, 0),
      sources: mapShares(sources, ({ packed, taken, available }) => ({
        weight: packed.tokens,
        epochs: available.rows === 0 ? 0 : taken.rows / available.rows,
      })),
    })),
  ];
}

function readCandidate(target: string): readonly KnownTrainingStage[] | undefined {
  const path = target.endsWith(".json") ? target : join(target, "manifest.json");
  if (!fs.existsSync(path)) return undefined;
  const { success, data } = candidateShape.safeParse(JSON.parse(fs.readFileSync(path, "utf8")));
  if (!success) return undefined;
  return data.stages.map(({ name, tokens, sources }) => ({ name, tokens, sources: mapShares(sources, achieved) }));
}

function achieved({
  weight_achieved: weight,
  epochs,
  start_window,
}: Record<"weight_achieved" | "epochs" | "start_window", number>): KnownShare {
  return { weight, epochs, start_window };
}

function mapShares<Share>(
  sources: Readonly<Record<string, Share>>,
  known: (share: Share) => KnownShare,
): Record<string, KnownShare> {
  return Object.fromEntries(Object.entries(sources).map(([name, share]) => [name, known(share)]));
}
