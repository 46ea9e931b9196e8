import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Replay } from "../../index.ts";
import { type CliContext, EXIT, guarded, note, print, printJson } from "../context.ts";
import { jsonFlag, outFlag, parseCount, parsePair, setFlag, tokensOf } from "../flags.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";
import { diffCommand } from "./mix-diff.ts";
import { fitCommand } from "./mix-fit.ts";
import { nextCommand } from "./mix-next.ts";
import { sweepCommand } from "./mix-sweep.ts";

interface ReplayFlags {
  readonly out: string;
  readonly stage?: string;
  readonly step?: number;
  readonly globalBatchSize?: number;
  readonly tokens?: readonly (readonly [string, string])[];
  readonly set?: readonly string[];
  readonly json: boolean;
}

const text = (value: string): string => value;

const parseAmount = parsePair("--tokens must be source=amount, such as fineweb-edu=1300B");

const replayCommand = buildCommand<ReplayFlags, [string], CliContext>({
  docs: {
    brief: "what a trainer has read of each source at a step, and when one runs out",
    fullDescription: [
      "Replays the blend of nanotron and Megatron: exact counts at any step, in milliseconds, before a GPU is asked.",
      "",
      "  shardmill mix replay runs/my-mix --step 1000 --global-batch-size 576",
      "  shardmill mix replay my-mix.yaml --stage decay --tokens fineweb-edu=1300B",
      "",
      "Without --stage, steps run on through the stages of the first sequence length, as one trainer's run does.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      stage: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "count steps in this stage alone",
      },
      step: {
        kind: "parsed",
        parse: parseCount("step", 0),
        optional: true,
        placeholder: "n",
        brief: "steps that are done; all when absent",
      },
      globalBatchSize: {
        kind: "parsed",
        parse: parseCount("global-batch-size", 1),
        optional: true,
        placeholder: "n",
        brief: "sequences per training step; from the recipe's tokens_per_step when absent, else 1",
      },
      tokens: {
        kind: "parsed",
        parse: parseAmount,
        variadic: true,
        optional: true,
        placeholder: "source=amount",
        brief: "tokens a source of a recipe holds: fineweb-edu=1300B",
      },
      set: setFlag,
      json: jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "run folder, name of a run, or path of a recipe", parse: text, placeholder: "run|recipe" }],
    },
  },
  func(flags, target) {
    return guarded(this, flags, async (api) => {
      const tokens = (flags.tokens ?? []).map(
        ([source, amount]) => [source, tokensOf(api, `--tokens ${source}`, amount)] as const,
      );
      const replays = await api.replayMixture(target, {
        out: flags.out,
        ...(flags.step === undefined ? {} : { step: flags.step }),
        ...(flags.stage === undefined ? {} : { stage: flags.stage }),
        ...(flags.globalBatchSize === undefined ? {} : { global_batch_size: flags.globalBatchSize }),
        tokens: Object.fromEntries(tokens),
        set: flags.set ?? [],
        onLeftOut: (stages) => {
          note(this, `left out, for they mix rows and have no windows to replay: ${stages.join(", ")}`);
        },
      });
      if (flags.json) printJson(this, replays);
      else print(this, replays.map(replayText).join("\n\n"));
      return EXIT.ok;
    });
  },
});

function replayText({ stage, step, stage_steps, samples, sequence_length, tokens, sources }: Replay): string {
  const rows = sources.map((source) => [
    source.name,
    formatPercent(source.weight_normalized, 3),
    formatInteger(source.windows),
    formatCount(source.tokens),
    formatInteger(source.start_window),
    formatInteger(source.next_window),
    source.epochs?.toFixed(2) ?? "-",
    source.epochs_total?.toFixed(2) ?? "-",
    source.runs_out_at_step === undefined ? "" : formatInteger(source.runs_out_at_step),
  ]);
  const head = `${stage}: step ${formatInteger(step)} of ${formatInteger(stage_steps)}, ${formatInteger(samples)} windows of ${formatInteger(sequence_length)}, ${formatCount(tokens)} tokens`;
  const titles = [
    "source",
    "share",
    "windows",
    "tokens",
    "from window",
    "next window",
    "epochs",
    "in all",
    "runs out at step",
  ];
  return `${head}\n${formatTable(titles, rows)}`;
}

export const mixCommands = buildRouteMap({
  routes: { replay: replayCommand, next: nextCommand, sweep: sweepCommand, fit: fitCommand, diff: diffCommand },
  docs: { brief: "what a mixture comes to, step by step, and which one to train" },
});
