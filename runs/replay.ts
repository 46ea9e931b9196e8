/**
 * Mixtures looked at from the trainer's side: what it has read at a step, and where a checkpoint leaves the next stage.
 *
 * Works from the manifests of a finished run, or for a replay from a recipe alone. No token is read.
 */
import fs from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { entryAt, entryOf, ownOf } from "../batch/entry.ts";
import { RecipeError, RunError } from "../batch/errors.ts";
import type { SourceManifest, TrainingStageManifest } from "../manifests/schema.ts";
import { bookedTokens, type Checkpoint, type Reached, reachedWindows, readCheckpoint } from "../mixtures/checkpoint.ts";
import { compileMixture, type MixtureLimits, type TrainingStageMixture } from "../mixtures/compile.ts";
import { type Replay, type ReplayTrainingStage, replayTo, type SourceCapacity } from "../mixtures/replay.ts";
import { isSubSource, sourceOfShare } from "../mixtures/sub-sources.ts";
import { mixtureWeights, needsCounts, quantilePart } from "../mixtures/weights.ts";
import { loadRecipe } from "../plan/recipe/load.ts";
import type { Recipe, TrainingStageSpec } from "../plan/types.ts";
import { checkTrains, runManifests } from "./run-manifests.ts";
import { isRun, type OpenRun, openRun } from "./status.ts";

export interface ReplayOptions {
  /** Folder that holds `store/` and `runs/`. */
  readonly out: string;
  /** Training steps that are done, from the start of `stage`, or of the trainer's run where none is named; all where not given. */
  readonly step?: number;
  readonly stage?: string;
  /** Sequences per step; else the recipe's `tokens_per_step`, else 1, so that steps count windows. */
  readonly global_batch_size?: number;
  /** Tokens a source holds, for recipes; before their `available_tokens`. */
  readonly tokens?: Readonly<Record<string, number>>;
  /** `path=value` overrides of a recipe. */
  readonly set?: readonly string[];
  /** Told of training stages that are left out because they mix rows, by name; not called where there are none. */
  readonly onLeftOut?: (stages: readonly string[]) => void;
}

/** Replays a trainer's blend on a run (folder or name) or a recipe. Throws as {@link replayTo} does, and RecipeError for flags that do not fit. */
export async function replayMixture(target: string, options: ReplayOptions): Promise<readonly Replay[]> {
  const run = isRun(target, options.out) ? openRun(target, options.out) : undefined;
  const recipe = run?.plan.recipe ?? (await loadRecipe(target, { set: options.set ?? [] }));
  checkTrains(recipe);
  const leftOut = (recipe.row_stages ?? []).map(({ name }) => name);
  if (options.stage !== undefined && leftOut.includes(options.stage)) throw stageOfRows(options.stage, recipe);
  const stages = run === undefined ? recipeStages(recipe, options) : await runStages(run, options);
  if (leftOut.length > 0 && options.stage === undefined) options.onLeftOut?.(leftOut);
  return replayTo(stages, options.step, options.stage);
}

function stageOfRows(stage: string, { training_stages }: Recipe): RecipeError {
  return new RecipeError({
    code: "flag/no-such-stage",
    what: `training stage ${stage} mixes rows, and has no windows to replay`,
    why: "a blend deals windows of single sources; rows of a mixture are shuffled once, and a trainer reads them in order",
    fix: `there are: ${training_stages.map(({ name }) => name).join(", ")}`,
  });
}

async function runStages(run: OpenRun, options: ReplayOptions): Promise<readonly ReplayTrainingStage[]> {
  if (options.tokens !== undefined && Object.keys(options.tokens).length > 0) {
    const fix = "leave --tokens out; it is for recipes";
    throw new RecipeError({ code: "flag/tokens-of-a-run", what: "a run knows how many tokens its sources hold", fix });
  }
  return replayedStages(run, await runManifests(run), options.global_batch_size);
}

/** The training stages of a run as its export gives them to a trainer. `batch` in sequences a step; as the recipe says where absent. */
export function replayedStages(
  { plan }: OpenRun,
  manifests: readonly TrainingStageManifest[],
  batch?: number,
): readonly ReplayTrainingStage[] {
  const { limits, tokens_per_step } = plan.recipe;
  return manifests.map(({ stage, sources }): ReplayTrainingStage => {
    const read = Object.entries(sources).filter(([, source]) => source.windows > 0);
    return {
      name: stage.name,
      sequence_length: stage.sequence_length,
      windows: stage.windows,
      // What an export gives the trainer: achieved weights, in this order.
      weights: read.map(([name, source]) => [name, source.weight_achieved]),
      global_batch_size: batchSize(batch, tokens_per_step, stage.sequence_length),
      start_windows: Object.fromEntries(read.map(([name, source]) => [name, source.start_window])),
      capacities: Object.fromEntries(
        read.map(([name, { epoch_windows }]) => [name, { epoch_windows, max_epochs: limits.max_epochs }]),
      ),
    };
  });
}

function recipeStages(recipe: Recipe, options: ReplayOptions): readonly ReplayTrainingStage[] {
  const { tokens = {} } = options;
  for (const name of Object.keys(tokens)) {
    if (Object.hasOwn(recipe.sources, name)) continue;
    const fix = `there are: ${Object.keys(recipe.sources).join(", ")}`;
    throw new RecipeError({ code: "flag/no-such-source", what: `--tokens: there is no source ${name}`, fix });
  }
  return recipe.training_stages.map((stage): ReplayTrainingStage => {
    const { name, sequence_length, selections } = stage;
    const tokensOf = (share: string): number | undefined => {
      const source = sourceOfShare(share);
      const held = tokens[source] ?? entryOf(recipe.sources, source, "source").available_tokens;
      const part = isSubSource(share) ? quantilePart(ownOf(selections, share) ?? {}) : 1;
      return held === undefined ? undefined : held * part;
    };
    const weights = recipeWeights(stage, tokensOf);
    const capacities = Object.keys(weights).flatMap((source): [string, SourceCapacity][] => {
      const held = tokensOf(source);
      if (held === undefined) return [];
      const epoch_windows = Math.floor(held / (sequence_length + 1));
      return [[source, { epoch_windows, max_epochs: recipe.limits.max_epochs }]];
    });
    return {
      name,
      sequence_length,
      windows: Math.max(1, Math.round(stage.tokens / sequence_length)),
      weights: Object.entries(weights),
      global_batch_size: batchSize(options.global_batch_size, recipe.tokens_per_step, sequence_length),
      capacities: Object.fromEntries(capacities),
    };
  });
}

function recipeWeights(
  stage: TrainingStageSpec,
  tokensOf: (source: string) => number | undefined,
): Readonly<Record<string, number>> {
  if (stage.mixture === undefined || !needsCounts(stage.mixture)) return stage.weights;
  const unknown = Object.keys(stage.weights).filter((source) => tokensOf(source) === undefined);
  if (unknown.length === 0) {
    return mixtureWeights(stage.mixture, {
      tokensOf: (source) => tokensOf(source) ?? 0,
      budget_tokens: stage.tokens,
    });
  }
  throw new RecipeError({
    code: "flag/tokens-needed",
    what: `training stage ${stage.name} shares by token counts, and those of ${unknown.join(", ")} are not known`,
    fix: `give them: --tokens ${unknown[0]}=8B`,
  });
}

/** Sequences a training step has: those given, else what the recipe's `tokens_per_step` makes, else 1. */
export function batchSize(
  given: number | undefined,
  tokensPerStep: number | undefined,
  sequenceLength: number,
): number {
  if (given !== undefined) return given;
  return tokensPerStep === undefined ? 1 : Math.max(1, Math.round(tokensPerStep / sequenceLength));
}

export interface NextTrainingStageOptions {
  readonly out: string;
  /** `checkpoint_metadata.json` of a nanotron checkpoint. */
  readonly checkpoint: string;
  /** The stage to start; the one after the checkpoint's last where not given. */
  readonly stage?: string;
}

export interface NextTrainingStage {
  readonly stage: string;
  readonly sequence_length: number;
  readonly last_train_step: number;
  readonly sources: readonly {
    readonly name: string;
    /** The folder the trainer reads, as the checkpoint spells it; absent where it starts in a new one. */
    readonly folder?: string;
    readonly consumed_tokens: number;
    /** First and exclusive last window of the stage, from where the checkpoint stands. */
    readonly start_window: number;
    readonly end_window: number;
    /** Where the manifest starts the stage. */
    readonly planned_start_window: number;
  }[];
  /** Folders of earlier stages whose consumption is not what the trainer's blend comes to. */
  readonly unexpected: readonly {
    readonly stage: string;
    readonly source: string;
    readonly consumed_tokens: number;
    readonly expected_tokens: number;
  }[];
}

/**
 * Where the next stage of a run starts, told by a checkpoint. Throws RunError `run/not-exported`, `run/source-exhausted`, DataError for
 * a checkpoint of something else, RecipeError `flag/no-such-stage`.
 */
export async function nextTrainingStage(target: string, options: NextTrainingStageOptions): Promise<NextTrainingStage> {
  const run = openRun(target, options.out);
  const manifests = await runManifests(run);
  const checkpoint = readCheckpoint(readText(options.checkpoint), options.checkpoint);
  const folders = exportedFolders(join(run.layout.run(run.plan.name), "exports", "nanotron", "export.json"));
  const reached = reachedWindows(checkpoint, folders);
  const next = chooseStage(manifests, checkpoint, options.stage);
  const { sequence_length } = next.stage;
  const read = Object.entries(next.sources).filter(([, source]) => source.windows > 0);
  const starts = read.map(([name, source]) => {
    const folder = folders.find(
      (entry) =>
        entry.source === name &&
        entry.sequence_length === sequence_length &&
        entry.start_window <= source.start_window &&
        source.end_window <= entry.end_window,
    );
    const known = reached.find((entry) => entry.name === folder?.name);
    return { name, source, known, window: known?.next_window ?? folder?.start_window ?? source.start_window };
  });
  const ranges = compileFrom(next, run.plan.recipe.limits, starts);
  return {
    stage: next.stage.name,
    sequence_length,
    last_train_step: checkpoint.last_train_step,
    sources: starts.map(({ name, source, known }, i) => {
      return {
        name,
        ...(known === undefined ? {} : { folder: known.folder }),
        consumed_tokens: known?.consumed_tokens ?? 0,
        ...entryAt(ranges, i, "source"),
        planned_start_window: source.start_window,
      };
    }),
    unexpected: unexpectedConsumption(manifests, checkpoint, reached),
  };
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new RecipeError({ code: "flag/no-such-file", what: `--from-checkpoint: cannot read ${path}: ${code}` });
  }
}

const exportShape = z.looseObject({
  folders: z.array(
    z.object({
      name: z.string(),
      source: z.string(),
      sequence_length: z.int(),
      start_window: z.int(),
      end_window: z.int(),
    }),
  ),
});

function exportedFolders(path: string): z.output<typeof exportShape>["folders"] {
  try {
    return exportShape.parse(JSON.parse(fs.readFileSync(path, "utf8"))).folders;
  } catch (error) {
    throw new RunError(
      {
        code: "run/not-exported",
        what: "the run has no export for nanotron, so nothing says what lies in the trainer's folders",
        fix: "export it as it was for the training: shardmill export RUN --to nanotron",
      },
      { cause: error },
    );
  }
}

function chooseStage(
  manifests: readonly TrainingStageManifest[],
  checkpoint: Checkpoint,
  name?: string,
): TrainingStageManifest {
  const names = manifests.map(({ stage }) => stage.name);
  const last = names.indexOf(checkpoint.stages.at(-1)?.name ?? "");
  const chosen = name === undefined ? manifests[last + 1] : manifests[names.indexOf(name)];
  if (chosen !== undefined && (name !== undefined || last >= 0)) return chosen;
  const trained = checkpoint.stages.map((stage) => stage.name).join(", ");
  throw new RecipeError({
    code: "flag/no-such-stage",
    what:
      name === undefined
        ? `the checkpoint has trained ${trained}, and the run has no stage after that`
        : `there is no training stage ${name}`,
    fix: `name one of the run's with --stage: ${names.join(", ")}`,
  });
}

/** The ranges of a stage whose sources start at given windows. */
function compileFrom(
  { stage, sources }: TrainingStageManifest,
  limits: MixtureLimits,
  starts: readonly { readonly name: string; readonly source: SourceManifest; readonly window: number }[],
): readonly { readonly start_window: number; readonly end_window: number }[] {
  const mixture: TrainingStageMixture = {
    name: stage.name,
    tokens: stage.tokens_requested,
    sequence_length: stage.sequence_length,
    pack_id: stage.pack.use,
    weights: Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, source.weight_requested])),
    selections: Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, source.selection ?? {}])),
  };
  const compiled = compileMixture({
    stages: [mixture],
    available: (name) => entryOf(sources, name, "source").shard_windows.map((windows) => ({ windows })),
    limits,
    start: starts.map(({ name, window }) => ({ source: name, stage: mixture, window })),
  });
  return starts.map(({ name }) => {
    const { start_window, end_window } = entryOf(entryAt(compiled, 0, "training stage").sources, name, "source");
    return { start_window, end_window };
  });
}

function unexpectedConsumption(
  manifests: readonly TrainingStageManifest[],
  checkpoint: Checkpoint,
  reached: readonly Reached[],
): NextTrainingStage["unexpected"] {
  let before = 0;
  return checkpoint.stages.flatMap((trained) => {
    const first = before;
    before += trained.samples;
    const manifest = manifests.find(({ stage }) => stage.name === trained.name);
    if (manifest === undefined) return [];
    const read = Object.entries(manifest.sources).filter(([, source]) => source.windows > 0);
    const weights = read.map(([, source]) => source.weight_achieved);
    const expected = bookedTokens(weights, first, trained.samples, trained.sequence_length);
    return read.flatMap(([source], i) => {
      const folder = reached.find((entry) => entry.source === source && entry.folder in trained.consumed_tokens);
      const consumed_tokens = folder === undefined ? 0 : entryOf(trained.consumed_tokens, folder.folder, "folder");
      const expected_tokens = entryAt(expected, i, "source");
      if (consumed_tokens === expected_tokens) return [];
      return [{ stage: trained.name, source, consumed_tokens, expected_tokens }];
    });
  });
}
