import { buildCommand } from "@stricli/core";
import type { SweepResult, SweepTrainer } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson, warn } from "../context.ts";
import { jsonFlag, outFlag, parseCount } from "../flags.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";

interface Flags {
  readonly out: string;
  readonly spec?: string;
  readonly name?: string;
  readonly candidates?: number;
  readonly seed?: number;
  readonly trainers?: readonly string[];
  readonly globalBatchSize?: number;
  readonly pathPrefix?: string;
  readonly json: boolean;
}

const text = (value: string): string => value;

const SHOWN_CANDIDATES = 12;

export const sweepCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "candidate mixtures over the stores of a run, each with trainer configurations",
    fullDescription: [
      "Draws mixtures, proves each against what the stores hold, and writes them to sweeps/NAME: a manifest and configurations of",
      "some kilobytes a candidate over the same shards, ratios.csv with the stores of every row, and priors.json. No token is copied, but for TRL once.",
      "",
      "  shardmill mix sweep my-mix.yaml --candidates 50",
      "  shardmill mix sweep runs/my-mix --spec anneal.yaml --trainers nanotron,megatron",
      "",
      "Without a file, 50 mixtures are drawn as RegMix draws them. docs/mixture-experiments.md lists what a file may hold:",
      "",
      "  name: decay-mix",
      "  draw: { method: olmix, candidates: 128 }       # or regmix, grid, one-source, share, anneal, list",
      "  stages: [decay]                                # training stages that are swept",
      "  after: stable                                  # start where this stage ends in every source",
      "  pinned: { code: 0.1 }",
      "  max_epochs: 4",
      "  budgets: [1B, 10B]                             # the smaller one reads a part of the larger",
      "  simulate: { target_tokens: 11T }",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      spec: { kind: "parsed", parse: text, optional: true, placeholder: "file", brief: "YAML file of the sweep" },
      name: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "name of the sweep, without a file",
      },
      candidates: {
        kind: "parsed",
        parse: parseCount("candidates", 1),
        optional: true,
        placeholder: "n",
        brief: "candidates to draw, without a file",
      },
      seed: {
        kind: "parsed",
        parse: parseCount("seed", 0),
        optional: true,
        placeholder: "n",
        brief: "key of the draws, without a file",
      },
      trainers: {
        kind: "parsed",
        parse: text,
        variadic: ",",
        optional: true,
        placeholder: "names",
        brief:
          "nanotron, megatron, olmo-core, trl; all but trl when absent, unless the recipe exports for it: it copies rows, once for all candidates",
      },
      globalBatchSize: {
        kind: "parsed",
        parse: parseCount("global-batch-size", 1),
        optional: true,
        placeholder: "n",
        brief: "sequences per training step; from the recipe's tokens_per_step when absent, else 1",
      },
      pathPrefix: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "path",
        brief: "what configurations put before shared paths; relative to the candidate when absent",
      },
      json: jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "run folder, name of a run, or path of its recipe", parse: text, placeholder: "run|recipe" },
      ],
    },
  },
  func(flags, target) {
    return guarded(this, flags, async ({ sweepMixtures, SWEEP_TRAINERS, RecipeError }) => {
      const byHand = flags.name ?? flags.candidates ?? flags.seed;
      if (flags.spec !== undefined && byHand !== undefined) {
        const fix = "write them into the file";
        throw new RecipeError({
          code: "flag/conflict",
          what: "--name, --candidates and --seed are for sweeps without --spec",
          fix,
        });
      }
      const trainers = flags.trainers?.map((name): SweepTrainer => {
        const known = SWEEP_TRAINERS.find((trainer) => trainer === name);
        if (known !== undefined) return known;
        throw new RecipeError({
          code: "flag/no-such-trainer",
          what: `--trainers: a sweep writes no configuration for ${name}`,
          fix: `there are: ${SWEEP_TRAINERS.join(", ")}`,
        });
      });
      const start = performance.now();
      const result = await sweepMixtures(target, {
        out: flags.out,
        spec: flags.spec ?? {
          ...(flags.name === undefined ? {} : { name: flags.name }),
          ...(flags.seed === undefined ? {} : { seed: flags.seed }),
          ...(flags.candidates === undefined ? {} : { draw: { method: "regmix", candidates: flags.candidates } }),
        },
        ...(trainers === undefined ? {} : { trainers }),
        ...(flags.globalBatchSize === undefined ? {} : { global_batch_size: flags.globalBatchSize }),
        ...(flags.pathPrefix === undefined ? {} : { path_prefix: flags.pathPrefix }),
      });
      if (flags.json) printJson(this, result);
      else print(this, sweepText(result, (performance.now() - start) / 1000));
      for (const warning of result.warnings) warn(this, warning);
      return EXIT.ok;
    });
  },
});

function sweepText({ candidates, rejected, columns, ratios, ...result }: SweepResult, seconds: number): string {
  const rows = candidates
    .slice(0, SHOWN_CANDIDATES)
    .map(({ id, name, budget_tokens, stages }, i) => [
      id,
      name,
      formatCount(budget_tokens),
      ...(ratios[i] ?? []).map((share) => formatPercent(share, 2)),
      Math.max(
        ...stages.flatMap(({ sources }) => Object.values(sources).map(({ epochs_total }) => epochs_total)),
      ).toFixed(2),
    ]);
  const more = candidates.length - rows.length;
  const each = Math.round(result.candidates_bytes / candidates.length);
  return [
    formatTable(["run", "name", "tokens", ...columns, "most epochs"], rows),
    ...(more > 0 ? [`… and ${more} more`] : []),
    "",
    ...Object.entries(rejected).map(([reason, times]) => `left out: ${formatInteger(times)} × ${reason}`),
    `${formatInteger(candidates.length)} candidates in ${seconds.toFixed(1)} s: ${formatInteger(result.candidates_bytes)} bytes, ${formatInteger(each)} each`,
    `shared by all: ${formatInteger(result.shared_bytes)} bytes written, ${formatInteger(result.linked_bytes)} bytes of links; the store is as it was`,
    `  ratios    ${result.folder}/ratios.csv`,
    `  priors    ${result.folder}/priors.json`,
    `  sweep     ${result.folder}`,
  ].join("\n");
}
