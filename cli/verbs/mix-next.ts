import { buildCommand } from "@stricli/core";
import type { CountingTrainer, NextSlices, NextTrainingStage } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson, warn } from "../context.ts";
import { jsonFlag, outFlag, parseCount, parsePair, tokensOf } from "../flags.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly fromCheckpoint: string;
  readonly trainer: string;
  readonly stage?: string;
  readonly trained?: string;
  readonly weights?: readonly (readonly [string, string])[];
  readonly tokens?: string;
  readonly dataParallel?: number;
  readonly to?: string;
  readonly json: boolean;
}

const text = (value: string): string => value;

export const nextCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "where the next training stage starts in each source, by a trainer's checkpoint, and slices for it",
    fullDescription: [
      "Reads how far the trainer says that it is, and plans the next stage behind it. With other weights the mixture changes in the middle of a",
      "training, and still nothing is read twice.",
      "",
      "  shardmill mix next runs/my-mix --from-checkpoint checkpoints/3450000/checkpoint_metadata.json",
      "  shardmill mix next runs/my-mix --trainer megatron --from-checkpoint ckpt/ --weights web=0.5 --weights code=0.5 --tokens 2B --to next/",
      "",
      "nanotron goes on in its folders, so nothing is written for it. megatron, olmo-core, mosaic and litdata begin every data set at its start: --to",
      "writes the next stage's slices as an export of its own. Their checkpoints are read without running anything in them.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      fromCheckpoint: {
        kind: "parsed",
        parse: text,
        placeholder: "path",
        brief:
          "checkpoint_metadata.json of nanotron; the checkpoint's folder, or the file with the counter, of the others",
      },
      trainer: {
        kind: "parsed",
        parse: text,
        default: "nanotron",
        placeholder: "name",
        brief: "nanotron, megatron, olmo-core, mosaic or litdata",
      },
      stage: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "stage to start; the one after the checkpoint's last when absent",
      },
      trained: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "stage that the checkpoint began with, or reads; the run's first when absent. Not for nanotron",
      },
      weights: {
        kind: "parsed",
        parse: parsePair("--weights must be source=share, such as web=0.6"),
        variadic: true,
        optional: true,
        placeholder: "source=share",
        brief: "another mixture for the next stage. Not for nanotron",
      },
      tokens: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "amount",
        brief: "another budget for it: 2B. Not for nanotron",
      },
      dataParallel: {
        kind: "parsed",
        parse: parseCount("data-parallel", 1),
        optional: true,
        placeholder: "n",
        brief: "ranks that read data, each with a count of its own: for litdata",
      },
      to: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "dir",
        brief: "folder to write the slices to. Not for nanotron",
      },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, flags, async (api) => {
      const { COUNTING_TRAINERS, nextSlices, nextTrainingStage, RecipeError } = api;
      const refuse = (code: string, what: string, fix: string) => new RecipeError({ code, what, fix });
      if (flags.trainer === "nanotron") {
        if (flags.weights ?? flags.tokens ?? flags.to ?? flags.trained ?? flags.dataParallel) {
          const fix = "change the mixture in the recipe and run it again: what is there is used";
          throw refuse(
            "flag/conflict",
            "nanotron goes on in the folders that it reads, by the recipe's next stage",
            fix,
          );
        }
        const next = await nextTrainingStage(name, {
          out: flags.out,
          checkpoint: flags.fromCheckpoint,
          ...(flags.stage === undefined ? {} : { stage: flags.stage }),
        });
        if (flags.json) printJson(this, next);
        else print(this, nextText(next));
        for (const { stage, source, consumed_tokens, expected_tokens } of next.unexpected) {
          const counts = `the checkpoint counts ${formatInteger(consumed_tokens)} tokens of ${source}`;
          warn(this, `${stage}: ${counts}, the blend of the manifest ${formatInteger(expected_tokens)}`);
        }
        return EXIT.ok;
      }
      const trainer = COUNTING_TRAINERS.find((known): known is CountingTrainer => known === flags.trainer);
      if (trainer === undefined) {
        throw refuse(
          "flag/no-such-trainer",
          `--trainer: nothing is known of checkpoints of ${flags.trainer}`,
          `there are: nanotron, ${COUNTING_TRAINERS.join(", ")}`,
        );
      }
      const weights = Object.fromEntries((flags.weights ?? []).map(([source, share]) => [source, Number(share)]));
      const bad = Object.entries(weights).find(([, share]) => !(share >= 0));
      if (bad !== undefined)
        throw refuse("flag/bad-weight", `--weights ${bad[0]}: not a share`, "a number from 0, such as web=0.6");
      const next = await nextSlices(name, {
        out: flags.out,
        trainer,
        checkpoint: flags.fromCheckpoint,
        ...(flags.trained === undefined ? {} : { trained: flags.trained }),
        ...(flags.stage === undefined ? {} : { stage: flags.stage }),
        ...(flags.weights === undefined ? {} : { weights }),
        ...(flags.tokens === undefined ? {} : { tokens: tokensOf(api, "--tokens", flags.tokens) }),
        ...(flags.dataParallel === undefined ? {} : { data_parallel: flags.dataParallel }),
        ...(flags.to === undefined ? {} : { to: flags.to }),
      });
      if (flags.json) printJson(this, next);
      else print(this, slicesText(next));
      for (const warning of next.warnings) warn(this, warning);
      return EXIT.ok;
    });
  },
});

function slicesText({ trainer, counter_file, trained, stage, sequence_length, sources, paths }: NextSlices): string {
  const rows = sources.map((source) => [
    source.name,
    formatPercent(source.weight_normalized, 2),
    formatInteger(source.consumed_tokens),
    formatInteger(source.set_aside_windows),
    formatInteger(source.start_window),
    formatInteger(source.end_window),
    formatCount(source.tokens),
    source.epochs_total.toFixed(2),
  ]);
  const read = trained.map(
    (each) => `${formatInteger(each.samples)} of ${formatInteger(each.stage_samples)} samples of ${each.stage}`,
  );
  const titles = [
    "source",
    "share",
    "tokens read",
    "windows set aside",
    "from window",
    "to window",
    "tokens",
    "epochs in all",
  ];
  return [
    `${trainer}: ${read.join(", ")} (${counter_file})`,
    `${stage}, windows of ${formatInteger(sequence_length)}`,
    formatTable(titles, rows),
    ...paths.map((path) => `  export    ${path}`),
  ].join("\n");
}

function nextText({ stage, sequence_length, last_train_step, sources }: NextTrainingStage): string {
  const rows = sources.map((source) => {
    const off = source.start_window - source.planned_start_window;
    return [
      source.name,
      formatInteger(source.consumed_tokens),
      formatInteger(source.start_window),
      formatInteger(source.end_window),
      formatInteger(source.planned_start_window),
      off > 0 ? `+${formatInteger(off)}` : formatInteger(off),
      source.folder ?? "a new folder",
    ];
  });
  const titles = ["source", "tokens read", "from window", "to window", "planned from", "off by", "folder"];
  const head = `${stage} after step ${formatInteger(last_train_step)}, windows of ${formatInteger(sequence_length)}`;
  return `${head}\n${formatTable(titles, rows)}`;
}
