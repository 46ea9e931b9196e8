/**
 * What a sweep of mixtures is asked for: how candidates come about, in which training stages, under which bounds, at which budgets.
 *
 * Defaults are those of the papers: RegMix's and olmix's draws. Invariant: an unknown key is an error. Price: none.
 */
import { z } from "zod";

const share = z.number().min(0).max(1);
const name = z.string().min(1);
const strengths = {
  min_strength: z.number().positive().default(0.1).describe("lowest strength of the Dirichlet distribution"),
  max_strength: z
    .number()
    .positive()
    .default(5)
    .describe("highest one; strengths are spaced evenly in their logarithm"),
  strengths: z.int().min(1).default(15).describe("how many strengths there are to draw from"),
};

export const METHODS = {
  regmix: z.strictObject({
    method: z.literal("regmix"),
    candidates: z.int().min(1).default(50).describe("how many to choose"),
    temperature: z.number().positive().default(0.5).describe("the prior is raised to this before draws"),
    ...strengths,
    min_weight: share.default(2e-4).describe("a smaller share is 0; shares are multiples of it"),
    max_times_prior: z.number().positive().default(15).describe("no share above so many times its prior"),
  }),
  olmix: z.strictObject({
    method: z.literal("olmix"),
    candidates: z.int().min(1).default(50).describe("how many to choose"),
    temperature: z.number().positive().default(1).describe("the prior is raised to this before draws"),
    ...strengths,
    min_weight: share.default(0.002).describe("a source below this share of its category is 0"),
    min_distance: z.number().min(0).default(0.01).describe("candidates nearer than this (Euclid) are one"),
  }),
  grid: z.strictObject({
    method: z.literal("grid"),
    weights: z
      .record(name, z.array(share).min(1))
      .describe("shares to try of each source named; the others share the rest by the prior"),
  }),
  "one-source": z.strictObject({
    method: z.literal("one-source"),
    factor: z.number().gt(1).default(2).describe("each source once so many times its share, and once that part of it"),
    sources: z.array(name).min(1).optional().describe("sources to move; all when absent"),
  }),
  share: z.strictObject({
    method: z.literal("share"),
    source: name.describe("source whose share is swept"),
    within: z.array(name).min(1).optional().describe("sources it is a share of; all when absent"),
    shares: z.array(share).min(1).describe("SmolLM3's web sweep: `[0.2, 0.4, 0.6, 0.8]`"),
  }),
  anneal: z.strictObject({
    method: z.literal("anneal"),
    baseline: share.default(0.4).describe("what the stage's own mixture keeps; a candidate gets the rest"),
    candidates: z
      .record(name, z.array(name).min(1))
      .optional()
      .describe("sources of each candidate, which share by the prior; one a source when absent"),
  }),
  list: z.strictObject({
    method: z.literal("list"),
    file: z.string().optional().describe("a `ratios.csv`, from the sweep file's folder"),
    mixtures: z
      .array(z.record(name, z.number().min(0)))
      .optional()
      .describe("weights by source, or `stage/source`"),
  }),
} as const;

const tokens = z.union([z.int().positive(), z.string()]);

export const sweepShape = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/)
    .default("sweep")
    .describe("name of the sweep and of its folder"),
  seed: z.int().min(0).default(42).describe("key of all draws"),
  draw: z
    .discriminatedUnion("method", [
      METHODS.regmix,
      METHODS.olmix,
      METHODS.grid,
      METHODS["one-source"],
      METHODS.share,
      METHODS.anneal,
      METHODS.list,
    ])
    .prefault({ method: "regmix" })
    .describe("how candidates come about"),
  stages: z
    .array(name)
    .min(1)
    .optional()
    .describe("training stages that are swept; all when absent. The others keep their mixture"),
  same_in_all_stages: z.boolean().default(false).describe("one mixture for all swept stages, instead of one each"),
  prior: z
    .union([z.enum(["tokens", "recipe"]), z.record(name, z.number().min(0))])
    .default("tokens")
    .describe("what draws are centred on: token counts of the stores, the stage's own weights, or weights by source"),
  pinned: z.record(name, share).default({}).describe("shares that no candidate changes"),
  max_weights: z.record(name, share).default({}).describe("highest share by source"),
  max_epochs: z.number().positive().optional().describe("times a source may be read; the recipe's when absent"),
  budgets: z
    .array(tokens)
    .min(1)
    .optional()
    .describe(
      "trained tokens of a candidate over all its stages, each a variant; a smaller one reads a part of what a larger one does",
    ),
  simulate: z
    .strictObject({ target_tokens: tokens })
    .optional()
    .describe("shows each source so little that a candidate sees the epochs of a run of so many tokens"),
  after: name.optional().describe("candidates start where this stage of the recipe has left every source"),
  unlike: z
    .string()
    .optional()
    .describe("a `ratios.csv` of an earlier sweep: candidates near to its rows are left out"),
});

export type SweepSpec = z.output<typeof sweepShape>;
export type SweepInput = z.input<typeof sweepShape>;
export type DrawSpec = SweepSpec["draw"];
