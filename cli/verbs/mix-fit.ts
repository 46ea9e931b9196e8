import { buildCommand } from "@stricli/core";
import type { Cap, MixtureFit, MixtureProposal, Union } from "../../index.ts";
import { type CliContext, EXIT, guarded, note, print, printJson, warn } from "../context.ts";
import { jsonFlag, outFlag, parseCount, parsePair, tokensOf } from "../flags.ts";
import { counted, formatPercent, formatTable } from "../format.ts";

interface Flags {
  readonly ratios?: readonly string[];
  readonly metrics?: readonly string[];
  readonly logProbs?: readonly (readonly [string, string])[];
  readonly law?: string;
  readonly predict?: string;
  readonly prior?: string;
  readonly stores?: string;
  readonly out: string;
  readonly union?: readonly Union[];
  readonly cap?: readonly Cap[];
  readonly maxEpochs?: number;
  readonly budget?: readonly (readonly [string, string])[];
  readonly target?: readonly (readonly [string, number])[];
  readonly lambda?: number;
  readonly bootstrap?: number;
  readonly draws?: number;
  readonly compare: boolean;
  readonly seed: number;
  readonly write?: string;
  readonly stage?: string;
  readonly json: boolean;
}

const text = (value: string): string => value;

function parsePositive(flag: string) {
  return (value: string): number => {
    const number = Number(value);
    if (Number.isFinite(number) && value.trim() !== "" && number >= 0) return number;
    throw new SyntaxError(`--${flag} must be a number from 0, not ${value}`);
  };
}

function parseTarget(value: string): readonly [string, number] {
  const [metric, weight] = parsePair("--target must be METRIC=weight, such as pile_cc=1")(value);
  return [metric, parsePositive("target")(weight)];
}

/** `4x` or `0.5`, of one source where it is named: `web=4x`. */
function parseCap(value: string): Cap {
  const equals = value.lastIndexOf("=");
  const [, amount = "", times] = /^(\d+(?:\.\d*)?|\.\d+)(x?)$/.exec(value.slice(equals + 1)) ?? [];
  if (amount === "" || equals === 0) throw new SyntaxError(`--cap must be 4x, 0.5, web=4x or web=0.5, not ${value}`);
  return {
    ...(equals < 0 ? {} : { of: value.slice(0, equals) }),
    ...(times === "x" ? { times_prior: Number(amount) } : { share: Number(amount) }),
  };
}

function parseUnion(value: string): Union {
  const [whole, parts] = parsePair("--union must be whole=part+part, such as code=python+rust")(value);
  return { whole, parts: parts.split("+") };
}

/** `10B`, or `decay=2B` of one training stage. */
function parseBudget(value: string): readonly [string, string] {
  return value.includes("=") ? parsePair("--budget must be 10B or stage=10B")(value) : ["", value];
}

const file = (brief: string) => ({ kind: "parsed", parse: text, optional: true, placeholder: "file", brief }) as const;
const files = (brief: string) => ({ ...file(brief), variadic: true }) as const;

export const fitCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "which mixture the losses of trained mixtures speak for",
    fullDescription: [
      "Fits a law to what mixtures were trained (ratios.csv) and what came of them (metrics.csv), says how well it predicts runs it has not",
      "seen, and proposes mixtures: the best within caps for each price of going away from the prior, with proof.",
      "",
      "  shardmill mix fit --ratios ratios.csv --metrics metrics.csv",
      "  shardmill mix fit --ratios ratios.csv --metrics metrics.csv --target pile_cc=1 --cap 4x --lambda 0.005",
      "  shardmill mix fit --ratios ratios.csv --metrics metrics.csv --max-epochs 4 --budget 10B --write my-mix.yaml --stage stable",
      "  shardmill mix fit --ratios ratios.csv --metrics metrics.csv --predict other-ratios.csv --json",
      "  shardmill mix fit --law mixmin --log-probs web=web.csv --log-probs code=code.csv",
      "",
      "The same tables give the same result on every machine.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ratios: files(
        "what runs were trained on: `run_id` and a column a source; again for more sweeps, the newest last",
      ),
      metrics: files("what came of them: `run_id` and a column a metric, to be minimised"),
      logProbs: {
        kind: "parsed",
        parse: parsePair("--log-probs must be source=file"),
        variadic: true,
        optional: true,
        placeholder: "source=file",
        brief: "for mixmin: what the proxy of a source gives documents; CSV with document, log_prob, tokens",
      },
      law: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "log-linear (default), mixing-law, trees, ridge or mixmin",
      },
      predict: file("mixtures whose metrics are to be predicted, in the form of --ratios"),
      prior: file("where proposals start: olmix's priors, shares by source, or a mixture of RegMix, DoReMi, Megatron"),
      stores: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "run|file",
        brief:
          "what stores a mixture is wanted for: a run, or the last row of a ratios.csv (default: that of --ratios)",
      },
      out: outFlag,
      union: {
        kind: "parsed",
        parse: parseUnion,
        variadic: true,
        optional: true,
        placeholder: "whole=a+b",
        brief: "a source is the union of others, so that runs made before they were joined, or split, still count",
      },
      cap: {
        kind: "parsed",
        parse: parseCap,
        variadic: true,
        optional: true,
        placeholder: "cap",
        brief: "most that weights may be: 4x the prior, or a share; of one source: web=4x, web=0.5",
      },
      maxEpochs: {
        kind: "parsed",
        parse: parsePositive("max-epochs"),
        optional: true,
        placeholder: "n",
        brief: "most times a source may be read; needs --budget and token counts",
      },
      budget: {
        kind: "parsed",
        parse: parseBudget,
        variadic: true,
        optional: true,
        placeholder: "tokens",
        brief: "trained tokens: 10B; of several training stages each: stable=8B",
      },
      target: {
        kind: "parsed",
        parse: parseTarget,
        variadic: true,
        optional: true,
        placeholder: "metric=weight",
        brief: "metrics to be minimised, by weight; all alike when absent",
      },
      lambda: {
        kind: "parsed",
        parse: parsePositive("lambda"),
        optional: true,
        placeholder: "price",
        brief: "of the proposal to take: loss per nat of divergence from the prior (default 0.05)",
      },
      bootstrap: {
        kind: "parsed",
        parse: parseCount("bootstrap", 2),
        optional: true,
        placeholder: "n",
        brief: "samples of runs that the proposal is made from anew, to see how sure it is",
      },
      draws: {
        kind: "parsed",
        parse: parseCount("draws", 1),
        optional: true,
        placeholder: "n",
        brief: "simulated mixtures, RegMix's way (default 10,000; of trees and ridge 100,000)",
      },
      compare: { kind: "boolean", default: false, withNegated: false, brief: "tell the quality of every law" },
      seed: {
        kind: "parsed",
        parse: parseCount("seed", 0),
        default: "0",
        placeholder: "n",
        brief: "key of folds, draws and samples",
      },
      write: file("recipe that the proposal is written into; comments stay"),
      stage: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "training stage to write; a new one is added after the last",
      },
      json: jsonFlag,
    },
  },
  func(flags) {
    return guarded(this, flags, async (api) => {
      const budgets = (flags.budget ?? []).map(
        ([stage, amount]) => [stage, tokensOf(api, "--budget", amount)] as const,
      );
      const {
        json,
        budget: _budget,
        ratios = [],
        metrics = [],
        logProbs,
        union,
        cap,
        maxEpochs,
        target,
        ...plain
      } = flags;
      const fit = await api.fitMixture({
        ...plain,
        ratios,
        metrics,
        budgets: Object.fromEntries(budgets),
        ...(logProbs && { log_probs: Object.fromEntries(logProbs) }),
        ...(union && { unions: union }),
        ...(cap && { caps: cap }),
        ...(maxEpochs === undefined ? {} : { max_epochs: maxEpochs }),
        ...(target && { targets: Object.fromEntries(target) }),
      });
      if (json) printJson(this, fit);
      else print(this, fitText(fit));
      if (fit.unmeasured_runs.length > 0) {
        warn(this, `${counted(fit.unmeasured_runs.length, "run")} without metrics: ${some(fit.unmeasured_runs)}`);
      }
      if (fit.remapped_runs.length > 0) {
        const runs = counted(fit.remapped_runs.length, "run");
        note(this, `${runs} over other stores, mapped: ${some(fit.remapped_runs)}`);
      }
      if (fit.written !== undefined) note(this, `${fit.written.recipe}: wrote ${fit.written.stages.join(", ")}`);
      return EXIT.ok;
    });
  },
});

function some(names: readonly string[]): string {
  return names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")}, …`;
}

const figure = (value: number | null): string => (value === null ? "-" : value.toFixed(4));

function fitText(fit: MixtureFit): string {
  return [qualityText(fit), proposalText(fit), weightsText(fit), bootstrapText(fit), predictionText(fit)]
    .filter((part) => part !== "")
    .join("\n\n");
}

function qualityText({ law, runs, quality, targets }: MixtureFit): string {
  const laws = [...new Set(Object.values(quality).flatMap((own) => Object.keys(own)))];
  const rows = Object.entries(quality).map(([metric, own]) => [
    metric,
    formatPercent(targets[metric] ?? 0),
    ...laws.flatMap((name) => {
      const found = Object.entries(own).find(([known]) => known === name)?.[1];
      return [figure(found?.spearman ?? null), figure(found?.huber_loss ?? null)];
    }),
  ]);
  const titles = ["metric", "of target", ...laws.flatMap((name) => [`${name}: rank correlation`, "Huber loss"])];
  return `${law} on ${counted(runs, "run")}; of runs that the law has not seen:\n${formatTable(titles, rows)}`;
}

function proposalText({ proposals, chosen_lambda, drawn, prior, law }: MixtureFit): string {
  type Told = Pick<MixtureProposal, "predicted_loss" | "kl_nats" | "nearest_run">;
  const line = (name: string, own: Told, gap: number | undefined): string[] => [
    name,
    figure(own.predicted_loss.by_law),
    figure(own.predicted_loss.by_trees),
    own.kl_nats.toFixed(3),
    own.nearest_run.distance.toFixed(3),
    own.nearest_run.run,
    gap === undefined ? "" : String(gap),
  ];
  const rows = [
    ...proposals.map((own) => {
      const mark = own.lambda === chosen_lambda ? " *" : "";
      return line(`${own.lambda}${mark}`, own, own.certificate?.gap);
    }),
    line(`mean of the best of ${counted(drawn.draws, "draw")} by ${drawn.judged_by}`, drawn, undefined),
  ];
  const titles = ["λ", `loss by ${law}`, "by trees", "nats from prior", "from nearest run", "run", "gap to optimum ≤"];
  return `Proposals from the prior (${prior.from}); * is taken:\n${formatTable(titles, rows)}`;
}

function weightsText({ columns, prior, caps, proposals, drawn, chosen_lambda }: MixtureFit): string {
  const percent = (weights: Readonly<Record<string, number>>, column: string): string =>
    ((weights[column] ?? 0) * 100).toFixed(2);
  const rows = columns.map((column) => [
    column,
    percent(prior.weights, column),
    caps[column] === undefined ? "" : percent(caps, column),
    ...proposals.map(({ weights }) => percent(weights, column)),
    percent(drawn.weights, column),
  ]);
  const titles = [
    "percent",
    "prior",
    "cap",
    ...proposals.map(({ lambda }) => `λ ${lambda}${lambda === chosen_lambda ? " *" : ""}`),
    "draws",
  ];
  return formatTable(titles, rows);
}

function bootstrapText({ bootstrap }: MixtureFit): string {
  if (bootstrap === undefined) return "";
  const rows = Object.entries(bootstrap.weights).map(([column, { mean, standard_deviation, p5, p95 }]) => [
    column,
    ...[mean, standard_deviation, p5, p95].map((value) => (value * 100).toFixed(2)),
  ]);
  const { predicted_loss: loss } = bootstrap;
  const head = `${counted(bootstrap.samples, "sample")} of runs, λ ${bootstrap.lambda}: loss ${figure(loss.mean)} ± ${figure(loss.standard_deviation)}`;
  return `${head}\n${formatTable(["percent", "mean", "deviation", "p5", "p95"], rows)}`;
}

function predictionText({ predictions }: MixtureFit): string {
  if (predictions === undefined) return "";
  const metrics = Object.keys(predictions);
  const [first = []] = Object.values(predictions);
  const rows = first.map((_, i) => [
    String(i + 1),
    ...metrics.map((metric) => figure(predictions[metric]?.[i] ?? null)),
  ]);
  return `Predictions:\n${formatTable(["row", ...metrics], rows)}`;
}
