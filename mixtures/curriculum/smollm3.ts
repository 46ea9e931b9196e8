/**
 * SmolLM3's five nanotron configurations, made again from its recipe.
 *
 * Weights, budgets, order and seed come from the recipe; what is the trainer's alone (file and stage names, folders) from smollm3-folders.ts.
 * Invariant: for the shipped recipe the result equals the published files item by item; a changed weight or budget changes it accordingly.
 */
import { entryAt, ownOf } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import { accountCurriculum, type CurriculumTrainingStage } from "./account.ts";
import { BUCKET, type FolderTable, LONG_32K, LONG_64K, MAIN } from "./smollm3-folders.ts";

/** What is needed of a recipe: any loaded recipe will do. */
export interface PublishedRecipe {
  readonly seed: number;
  readonly tokens_per_step?: number;
  readonly training_stages: readonly CurriculumTrainingStage[];
}

/** One stage as nanotron's `data_stages` lists it. */
export interface PublishedDataStage {
  readonly data: {
    readonly dataset: {
      /** Local copies, `READ_ROOT/NAME`; only where a read root was given. */
      readonly dataset_read_path?: readonly string[];
      readonly dataset_folder: readonly string[];
      readonly dataset_weights: readonly number[];
      readonly pad_samples_to_global_batch_size: boolean;
      readonly return_positions: boolean;
      readonly token_size_in_bytes: number;
      readonly tokenizer_name: string;
      readonly use_old_brrr_dataloader: boolean;
      readonly vocab_size: number;
    };
    readonly num_loading_workers: number;
    readonly seed: number;
  };
  readonly name: string;
  readonly start_training_step: number;
}

/** The parts of one published file that say what is read. */
export interface PublishedConfig {
  /** Path in huggingface/smollm. */
  readonly file: string;
  /** A later file of the main run repeats the stages before it. */
  readonly data_stages: readonly PublishedDataStage[];
  /** `train_steps` counts the whole run, of which a file may list only the first stages. */
  readonly tokens: { readonly sequence_length: number; readonly train_steps: number };
}

interface StageFacts {
  readonly file: string;
  readonly name: string;
  readonly tokenizer_name: string;
  readonly folders: FolderTable;
  /** Where a source goes by another name than in the table. */
  readonly renamed?: Readonly<Record<string, string>>;
}

const FILES = "text/pretraining/smollm3";
const LLAMA = "meta-llama/Llama-3.2-1B";

/** By the recipe's stage names, in training order. */
const STAGES: Readonly<Record<string, StageFacts>> = {
  stage1: { file: `${FILES}/stage1_8T.yaml`, name: "stable", tokenizer_name: LLAMA, folders: MAIN },
  stage2: { file: `${FILES}/stage2_8T_9T.yaml`, name: "stable stage 2", tokenizer_name: LLAMA, folders: MAIN },
  stage3: {
    file: `${FILES}/stage3_9T_11T.yaml`,
    name: "decay stage",
    tokenizer_name: LLAMA,
    folders: MAIN,
    renamed: { "stack-v2-HTML": "stack-edu-HTML" },
  },
  long_context_4k_to_32k: {
    file: `${FILES}/long_context_4k_to_32k.yaml`,
    name: "lc stage",
    tokenizer_name: "HuggingFaceTB/SmolLM3-11T-32k-v1-remote-code",
    folders: LONG_32K,
  },
  long_context_32k_to_64k: {
    file: `${FILES}/long_context_32k_to_64.yaml`,
    name: "lc stage",
    tokenizer_name: "HuggingFaceTB/smollm3-11T-4k-remote-code",
    folders: LONG_64K,
  },
};

/**
 * The published configurations, one per training stage of the recipe, in training order.
 *
 * @param readRoot folder of local copies; writes `dataset_read_path` as the published files do
 * @throws RecipeError `recipe/not-published` for a recipe that is not SmolLM3's: a stage or source the files do not know, or no
 *   `tokens_per_step`
 */
export function publishedDataStages(recipe: PublishedRecipe, readRoot?: string): PublishedConfig[] {
  if (recipe.tokens_per_step === undefined)
    throw unpublished("the recipe has no `tokens_per_step`, and nanotron counts in steps");
  const { stages } = accountCurriculum({
    stages: recipe.training_stages,
    sources: Object.fromEntries(
      recipe.training_stages.flatMap((stage) => Object.keys(stage.weights).map((name) => [name, {}])),
    ),
    tokens_per_step: recipe.tokens_per_step,
  });
  const written = recipe.training_stages.map((stage, i) =>
    dataStage(stage, entryAt(stages, i, "training stage").start_step ?? 1, recipe.seed, readRoot),
  );
  return recipe.training_stages.map((stage, i) => {
    // A run is the stretch of stages of one sequence length; it begins where steps are counted from 1.
    const first = stages.findLastIndex((account, at) => at <= i && account.start_step === 1);
    const next = stages.findIndex((account, at) => at > i && account.start_step === 1);
    const run = stages.slice(first, next === -1 ? undefined : next);
    return {
      file: factsOf(stage.name).file,
      data_stages: written.slice(first, i + 1),
      tokens: {
        sequence_length: stage.sequence_length,
        train_steps: run.reduce((sum, account) => sum + (account.steps ?? 0), 0),
      },
    };
  });
}

function factsOf(stage: string): StageFacts {
  const facts = ownOf(STAGES, stage);
  if (facts === undefined) throw unpublished(`there is no published file for training stage ${stage}`);
  return facts;
}

function dataStage(
  stage: CurriculumTrainingStage,
  startStep: number,
  seed: number,
  readRoot?: string,
): PublishedDataStage {
  const facts = factsOf(stage.name);
  const read = Object.entries(stage.weights).map(([source, weight]) => {
    const known = ownOf(facts.folders, source);
    if (known === undefined)
      throw unpublished(`training stage ${stage.name} reads ${source}, for which ${facts.file} has no folder`);
    const [name, folder] = known;
    return { name: ownOf(facts.renamed, source) ?? name, folder, weight };
  });
  return {
    data: {
      dataset: {
        ...(readRoot === undefined ? {} : { dataset_read_path: read.map(({ name }) => `${readRoot}/${name}`) }),
        dataset_folder: read.map(({ folder }) => BUCKET + folder),
        dataset_weights: read.map(({ weight }) => weight),
        pad_samples_to_global_batch_size: false,
        return_positions: true,
        token_size_in_bytes: 4,
        tokenizer_name: facts.tokenizer_name,
        use_old_brrr_dataloader: false,
        vocab_size: 128256,
      },
      num_loading_workers: 0,
      seed,
    },
    name: facts.name,
    start_training_step: startStep,
  };
}

function unpublished(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/not-published",
    what,
    why: "only SmolLM3's own curriculum has published files",
    fix: "start from mixtures/recipes/smollm3.yaml; for any other recipe, `shardmill export` writes nanotron's configuration",
  });
}
