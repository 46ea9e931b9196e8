/**
 * The shapes of training stages: what is mixed, by tokens or by rows, and how it is packed.
 *
 * Invariant: as in `schema.ts`, of which they are parts.
 */
import { z } from "zod";
import { ROW_RULES } from "../../kernels/row-rules.ts";
import type { WeightNode } from "../../mixtures/weights.ts";
import { nameShape, stageUseShape, tokensShape } from "./shapes.ts";

/** One more token is stored than is trained on, and offsets are 32-bit: far above any context length. */
const MAX_SEQUENCE_LENGTH = 16_777_216;

const quantile = () => z.number().min(0).max(1).optional();

const unscoredShape = z
  .enum(["lowest"])
  .optional()
  .describe("documents without a score count as those with the lowest ones; without it they are in no quantile");

const scoreShape = z
  .strictObject({
    column: z.string().min(1).describe("numeric column that documents carry to the end"),
    min: z.number().optional().describe("lowest score"),
    max: z.number().optional().describe("highest score"),
    min_quantile: quantile().describe("from this quantile on: 0.9 is the best tenth of the source's tokens"),
    max_quantile: quantile().describe("below this quantile"),
    unscored: unscoredShape,
  })
  .refine(
    ({ column: _column, unscored: _unscored, ...bounds }) => Object.values(bounds).some((at) => at !== undefined),
    {
      error: "says no bound: give it `min_quantile`, `max_quantile`, `min` or `max`",
    },
  )
  .refine(({ min_quantile = 0, max_quantile = 1 }) => min_quantile < max_quantile, {
    error: "no document is in it: `min_quantile` must be below `max_quantile`",
    path: ["min_quantile"],
  })
  .refine(({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) => min <= max, {
    error: "no document is in it: `min` must not be above `max`",
    path: ["min"],
  });

const MAX_BINS = 1000;

const upsampleShape = z
  .strictObject({
    column: z.string().min(1).describe("numeric column that documents carry to the end"),
    bins: z.int().min(2).max(MAX_BINS).default(20).describe("quantile bins of equal tokens"),
    drop_below: z.number().min(0).lt(1).default(0.4).describe("share of the tokens, the worst ones, that is not read"),
    max_repeats: z.number().positive().default(7).describe("times the best bin is read, and none more often"),
    exponent: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe(
        "of the curve: repeats follow `height ^ exponent`; when absent, the one that reads the best bin `max_repeats` times",
      ),
    unscored: unscoredShape,
  })
  .refine(({ bins, drop_below }) => Math.abs(bins * drop_below - Math.round(bins * drop_below)) < 1e-6, {
    error: "`drop_below` must be a whole number of bins",
    path: ["drop_below"],
  });

const selectionShape = {
  min_tokens: z
    .int()
    .min(1)
    .optional()
    .describe("read only documents of at least so many tokens, BOS and EOS included"),
  max_tokens: z.int().min(1).optional().describe("read only documents of at most so many tokens, BOS and EOS included"),
  score: scoreShape.optional().describe("read only documents of these quantiles, or values, of a numeric column"),
};

const countRuleShape = {
  temperature: z
    .number()
    .positive()
    .optional()
    .describe("shares of listed sources follow `token count ^ (1 / temperature)`; 1 when absent"),
  max_epochs: z
    .number()
    .positive()
    .optional()
    .describe("cap on how often the stage reads a listed source; the others get what it cuts off"),
  unimax: z
    .strictObject({ max_epochs: z.number().positive() })
    .optional()
    .describe("listed sources share evenly, none read more than `max_epochs` times; instead of `temperature`"),
};

/** A source with conditions or a group of shares. Which keys go together is checked in `training-stages.ts`. */
const weightGroupShape: z.ZodType<WeightNode> = z.lazy(() =>
  z.strictObject({
    share: z.number().positive().describe("share of the whole, or of the group it is in"),
    of: z
      .union([weightTreeShape, z.array(nameShape).min(1)])
      .optional()
      .describe(
        "a group: shares within it, pinned whatever its own share is; or a list of sources, shared by token counts",
      ),
    upsample: upsampleShape
      .optional()
      .describe("of a source: reads its quantile bins as sub-sources, the better ones more often"),
    ...countRuleShape,
    ...selectionShape,
  }),
);

export const weightTreeShape = z.record(nameShape, z.union([z.number().positive(), weightGroupShape]));

/** Shares of a whole stage by token counts. */
export const weightRuleShape = z.strictObject({
  of: z.array(nameShape).min(1).optional().describe("sources; all of the recipe when absent"),
  ...countRuleShape,
  ...selectionShape,
});

const bySource = <T extends z.ZodType>(value: T) => z.record(nameShape, value).optional();

export const trainingStageShape = z.strictObject({
  name: nameShape.describe("name of the stage and of its manifest; unique in the recipe"),
  tokens: tokensShape
    .optional()
    .describe(
      "budget in trained tokens: a whole number, or with K, M, B or T (`8B`, `1.5M`); with `amounts`, their sum",
    ),
  sequence_length: z.int().min(2).max(MAX_SEQUENCE_LENGTH).describe("tokens trained per window; one more is stored"),
  pack: z
    .union([z.string().min(1), stageUseShape])
    .prefault("concat")
    .describe("how documents fill windows: `concat`, `best-fit`, or `{ use: pack/best-fit, … }` with options"),
  weights: z
    .union([weightTreeShape, weightRuleShape])
    .optional()
    .describe(
      "share of *tokens* by source name; need not add up to 1, the manifest records requested and achieved. Other spellings: [mixing](../mixing.md)",
    ),
  amounts: bySource(tokensShape).describe("tokens by source name, instead of `weights`"),
  repeat: bySource(z.number().positive()).describe(
    "how often each source is read relative to the others, instead of `weights`",
  ),
});

/** A training stage that mixes rows: see `row-stages.ts`. */
export const rowStageShape = z.strictObject({
  name: nameShape.describe("name of the stage and of its manifest; unique in the recipe"),
  rows: z
    .strictObject({
      rule: z
        .enum(ROW_RULES)
        .describe(
          "what fractions mean: `handbook`, shares of each source's rows; `trl`, shares of the mixture's rows; `tokens` and `supervised_tokens`, shares of its tokens",
        ),
      seed: z.int().min(0).default(0).describe("key of the rule's shuffles, as `datasets` shuffles"),
      shuffle_seed: z
        .int()
        .min(0)
        .optional()
        .describe(
          "TRL's `shuffle_dataset` with this seed: rows are shuffled before they are packed, packed rows after it",
        ),
      split: z
        .strictObject({
          test_size: z
            .number()
            .positive()
            .describe("share of the mixture's rows that are for tests, rounded up; or their number"),
          part: z.enum(["train", "test"]).describe("the side that this stage reads"),
        })
        .optional()
        .describe(
          "reads one side of the mixture, as `datasets` splits it with `seed`; another stage may read the other",
        ),
      fractions: z
        .record(nameShape, z.number().positive())
        .describe("fraction by source name, in the order in which sources are concatenated"),
    })
    .describe("mixes whole rows, instead of `tokens` and `weights`"),
  sequence_length: z.int().min(2).max(MAX_SEQUENCE_LENGTH).describe("tokens that a packed row may hold"),
  pack: z
    .union([z.string().min(1), stageUseShape])
    .prefault("bfd")
    .describe(
      "how rows share packed rows: `bfd`, `bfd-split`, `wrapped`, `best-fit`, or `{ use: pack/bfd, … }` with options",
    ),
  long_rows: z
    .union([
      z.enum(["truncate", "drop"]),
      z.strictObject({
        split_before: z
          .string()
          .min(1)
          .describe("text that every exchange begins with, a special token first: `<|im_start|>user`"),
      }),
    ])
    .default("truncate")
    .describe(
      "a row that is longer than a packed row: its end is lost; all of it is; or it is split where an exchange begins, and what stands before the first exchange begins every part",
    ),
  align_tokens: z
    .int()
    .min(1)
    .default(1)
    .describe(
      "count the room of a sequence so that its length less one may be padded to a multiple of this: twice the context-parallel size",
    ),
});
