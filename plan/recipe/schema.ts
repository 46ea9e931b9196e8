/**
 * The shape of a recipe: one zod definition from which types, defaults, diagnostics and the JSON Schema follow.
 *
 * Invariant: a schema here knows nothing of stages. Where a stage's own options stand beside `use` or `from`, the shape is loose
 * and `resolve.ts` hands the rest to the stage. Every key has a description: the reference is made of them.
 */
import { z } from "zod";
import { ENCODINGS } from "../../io/tokenizer-files.ts";
import { chatGatesShape } from "../../manifests/chat.ts";
import { TRAINERS } from "../../manifests/exports/registry.ts";
import { LINT_FINDINGS } from "../../stages/chat/lint-findings.ts";
import { nameShape, ratio, stageUseShape, tokensShape } from "./shapes.ts";
import { parseSize } from "./sizes.ts";
import { rowStageShape, trainingStageShape } from "./training-shapes.ts";

const MAX_SHARD_TOKENS = 1_073_741_824;

const tokenizerGatesShape = z.strictObject({
  max_unknown_ratio: ratio().describe("largest share of a source's tokens that are the unknown token"),
  min_bytes_per_token: z
    .number()
    .positive()
    .optional()
    .describe("fewest bytes of text that a token of a source holds on average"),
  max_top_token_ratio: ratio().describe("largest share of a source's tokens that are one and the same"),
  max_eos_inside_ratio: ratio().describe(
    "largest share of a source's documents that hold EOS before their end, which only parsed special tokens can bring about",
  ),
  min_round_trip_ratio: ratio().describe("smallest share of sampled documents whose tokens must decode to their text"),
});

const tokenizerShape = z.strictObject({
  file: z
    .string()
    .min(1)
    .optional()
    .describe("path of a `tokenizer.json`, or of a folder that holds one, relative to the recipe"),
  hub: z
    .string()
    .min(1)
    .optional()
    .describe(
      "a model of the Hub whose `tokenizer.json` it is, `ORG/NAME@REVISION`; resolved to a commit when planned",
    ),
  encoding: z
    .enum(ENCODINGS)
    .optional()
    .describe("name of a tiktoken encoding; give one of `file`, `hub` and `encoding`"),
  eos: z.string().min(1).describe("special token that ends every document; looked up before any shard is read"),
  bos: z.string().min(1).optional().describe("special token that every document begins with; none when absent"),
  special_tokens: z
    .enum(["text", "parse"])
    .default("text")
    .describe("what text is that spells a special token: `text`, or `parse`d to the token's id and counted"),
  append_eos: z
    .enum(["always", "never"])
    .default("always")
    .describe(
      "whether EOS is put behind every document; `never` for texts that end as they should, such as rendered chats: then EOS only fills windows",
    ),
  gates: tokenizerGatesShape
    .prefault({})
    .describe("what the tokens of every source must satisfy, else the run ends with exit code 3"),
});

const missingShape = z.union([z.enum(["error", "drop"]), z.strictObject({ substitute: nameShape })]);

export const sourceShape = z.looseObject({
  from: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1), z.null()])
    .describe(
      "path, glob or `hf://` pattern, or a list of them; plain paths start at the data root. null for data nobody can get",
    ),
  read: z
    .string()
    .min(1)
    .optional()
    .describe(
      "reader, `jsonl` or `read/jsonl`; inferred from the file extension when absent. Its options stand beside it",
    ),
  pipeline: nameShape.optional().describe("key into `pipelines`; when absent the text goes straight to the tokenizer"),
  category: nameShape.optional().describe("group under which reports add sources up"),
  missing: missingShape.optional().describe("the recipe's `missing` for this source alone"),
  available_tokens: tokensShape
    .optional()
    .describe("tokens the source is said to hold: a plan without listings tells by it how often the source is read"),
  available_rows: z
    .int()
    .min(1)
    .optional()
    .describe(
      "rows the source is said to hold: a plan without listings tells by it how many a training stage of rows takes",
    ),
});

const bytesShape = z
  .union([z.int(), z.string()])
  .transform((value, context) => {
    const size = typeof value === "number" ? value : parseSize(value.replace(/G$/, "B"));
    if (size !== undefined) return size;
    context.addIssue({ code: "custom", params: { code: "recipe/bad-size" }, message: "is not a number of bytes" });
    return z.NEVER;
  })
  .pipe(z.int().min(1));

export const outputShape = z.strictObject({
  name: nameShape.describe("name of the output; its folder is `runs/NAME/outputs/OUTPUT`"),
  sources: z.array(nameShape).min(1).optional().describe("sources whose rows it takes, in this order; all when absent"),
  format: z
    .union([z.string().min(1), z.looseObject({ use: z.string().min(1) })])
    .default("parquet")
    .describe("how rows are written: `parquet`, `jsonl`, or `{ use: write/parquet, … }` with options"),
  columns: z
    .array(
      z.union([
        z.string().min(1),
        z.strictObject({
          name: z.string().min(1).describe("name of the column"),
          type: z
            .string()
            .min(1)
            .optional()
            .describe("type to write it as, such as `list<struct<role: string, content: string>>` for JSON text"),
        }),
      ]),
    )
    .min(1)
    .optional()
    .describe("columns to write, in this order; all when absent"),
  config: nameShape
    .optional()
    .describe(
      "configuration of the data set that the files are of: they lie in a folder of that name, `CONFIG/SPLIT-00000-of-00004.parquet`",
    ),
  split: nameShape.default("train").describe("first part of file names: `SPLIT-00000-of-00004.parquet`"),
  shard_bytes: bytesShape
    .prefault("512M")
    .describe(
      "bytes of the columns' values in a file, about, before it is packed: rows are spread evenly over as many files as that makes",
    ),
  keep_dropped: z.boolean().default(false).describe("also write the rows that stages dropped, with their verdicts"),
});

const heldOutShape = {
  fraction: z.number().gt(0).lt(1).optional().describe("share of the documents"),
  tokens: tokensShape.optional().describe("about so many tokens of each source, instead of `fraction`"),
};

const validationShape = z.strictObject({
  ...heldOutShape,
  seed: z
    .int()
    .min(0)
    .default(0)
    .describe("key of the choice, apart from the recipe's: runs with other seeds hold out the same documents"),
  sources: z
    .record(nameShape, z.strictObject(heldOutShape))
    .optional()
    .describe("shares of single sources; with no share beside it, only these give documents"),
});

const limitsShape = z.strictObject({
  max_epochs: z.number().positive().default(1).describe("how often a source may be read over all training stages"),
  on_exhausted: z
    .enum(["error", "redistribute"])
    .default("error")
    .describe("when a source has too few tokens: stop, or share its rest among the others"),
  epoch_order: z
    .enum(["reshuffle", "repeat"])
    .default("reshuffle")
    .describe(
      "windows of a second epoch: written again in an order of their own, or read once more as they are, which costs no disk",
    ),
});

const gatesShape = z.strictObject({
  max_weight_error: ratio().describe("largest difference between a normalised and an achieved weight"),
  min_packing_fill: ratio().describe("smallest share of stored tokens that are not padding"),
  max_dropped_ratio: ratio().describe("largest share of documents that filters and dedup may drop"),
  max_source_dropped_ratio: ratio().describe(
    "largest share of a source's rows that a dedup barrier may take; held before anything is taken",
  ),
  max_cluster_size: z
    .int()
    .min(1)
    .optional()
    .describe("most rows that one may stand for after dedup, itself included; held before anything is taken"),
  lint: z
    .partialRecord(z.enum(LINT_FINDINGS), z.number().min(0).max(1))
    .optional()
    .describe("by finding of `chat/lint`, `unknown_role: 0`: largest share of a source's rows that may have it"),
  max_lost_ratio: ratio().describe("largest share of a training stage's tokens that packing rows may lose"),
  chat: z
    .record(nameShape, chatGatesShape)
    .optional()
    .describe("by source of chats: what its conversations must have kept, as chat/invariants counts it"),
});

/** Every key of a recipe. The sections that hold stages are checked piece by piece, see `resolve.ts`. */
export const recipeShape = z.strictObject({
  schema: z.literal(1).describe("version of this format"),
  name: nameShape.describe("name of the run; its folder is `runs/NAME`"),
  seed: z.int().min(0).default(0).describe("key of all randomness: shuffles, packing, mixing"),
  tokenizer: tokenizerShape
    .optional()
    .describe("how text becomes token ids; needed by training stages and by stages that count tokens"),
  plugins: z
    .array(z.string().min(1))
    .default([])
    .describe("modules that export stages of your own, relative to the recipe"),
  pipelines: z.record(nameShape, z.array(stageUseShape)).default({}).describe("lists of stages by name, run in order"),
  sources: z.record(nameShape, sourceShape).describe("where text comes from, by name"),
  training_stages: z
    .array(z.union([trainingStageShape, rowStageShape]))
    .default([])
    .describe("what is trained, in order; one manifest each. A recipe needs these or outputs"),
  outputs: z.array(outputShape).default([]).describe("data sets of rows: what is left of sources, as files"),
  missing: missingShape
    .default("error")
    .describe(
      "what becomes of weights of sources whose `from` is null: stop; `drop`, so that the others share them; or `{ substitute: NAME }`, which gets them",
    ),
  tokens_per_step: tokensShape.optional().describe("tokens of one optimizer step: lets a plan count in steps as well"),
  shard_tokens: tokensShape
    .pipe(z.int().min(2).max(MAX_SHARD_TOKENS))
    .prefault(33_554_432)
    .describe("size of a token store shard: the unit of shuffling and packing in memory"),
  limits: limitsShape.prefault({}).describe("how far a source may be repeated"),
  validation: validationShape
    .optional()
    .describe(
      "documents to hold out, chosen by content before anything is repeated, in stores and windows of their own",
    ),
  simulate: z
    .strictObject({ target_tokens: tokensShape.describe("budget of the large run, over all its training stages") })
    .optional()
    .describe(
      "be a small model of a larger run: only budget / target_tokens of every source is read, so that each is read as often as there",
    ),
  exports: z
    .array(z.union([z.enum(TRAINERS), z.looseObject({ to: z.enum(TRAINERS) })]))
    .default([])
    .describe("trainers to lay the run out for: `nanotron`, or `{ to: nanotron, … }` with options"),
  gates: gatesShape.prefault({}).describe("what a finished run must satisfy, else exit code 3"),
});

/** A recipe as it is written, for `defineRecipe`. Stage options are checked at run time by the stages themselves. */
export type RecipeInput = z.input<typeof recipeShape>;
