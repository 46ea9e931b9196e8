import { buildCommand } from "@stricli/core";
import type { TracedPiece, TracedSequence, TracedWindow } from "../../index.ts";
import { type Api, type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { countFlag, jsonFlag, numberFlag, textFlag } from "../flags.ts";
import { counted, formatInteger, formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";
import { type TrainerFlags, trainerFlags, trainerOptions } from "../trainer-flags.ts";
import { runArgument } from "./status.ts";

interface Flags extends TrainerFlags {
  readonly window?: number;
  readonly source?: string;
  readonly stage?: string;
  readonly step?: number;
  readonly count: number;
  readonly out?: readonly string[];
  readonly json: boolean;
}

const text = (value: string): string => value;

export const traceCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "from what a trainer reads back to source, file and row: the sequences of a training step, or a window",
    fullDescription: [
      "trace RUN --step N      the sequences of training step N, in the trainer's order, each with the rows it was made of",
      "trace RUN --window N    the rows of a packed window, and the steps that read it",
      "",
      "  shardmill trace runs/my-mix --step 1000 --global-batch-size 576",
      "  shardmill trace runs/my-mix --trainer megatron --step 1000 --global-batch-size 576 --seed 1234 --data-parallel 8",
      "  shardmill trace runs/my-mix --step 1000 --count 10 --global-batch-size 576 --out steps.parquet",
      "  shardmill trace runs/my-mix --window 41 --source web",
      "",
      "Steps count from 1 and run on through the stages of the first sequence length, as one trainer's run does; --stage",
      "counts in one stage. Sizes are to be given as the trainer has them. Megatron shuffles documents and samples itself:",
      "its --seed and, where training ends elsewhere than the stage, --train-samples say how.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      window: numberFlag("window", 0, "this window of a source, numbered through its epochs"),
      source: textFlag("name", "source of the window"),
      stage: textFlag("name", "count steps in this training stage alone; or the stage whose windows are meant"),
      step: numberFlag("step", 1, "this training step, from 1"),
      count: countFlag("count", "1", "steps, from that one on"),
      ...trainerFlags,
      out: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "dir|file",
        brief:
          "folder that holds store/ and runs/; a name that ends in .parquet: write that file, a row a piece of a document",
      },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, flags, async (api) => {
      const { root, file } = placesOf(api, flags.out ?? []);
      const run = api.openRun(name, root);
      if ((flags.window === undefined) === (flags.step === undefined)) {
        const what =
          flags.step === undefined ? "nothing says what to trace" : "--window and --step ask for different things";
        throw new api.RecipeError({ code: "flag/conflict", what, fix: "give one of --step and --window" });
      }
      if (flags.window !== undefined) {
        const window = await api.traceWindow(run, windowOptions(flags, flags.window));
        if (flags.json) printJson(this, window);
        else print(this, windowText(window));
      } else await traceSteps(this, api, run, { ...flags, file }, flags.step ?? 1);
      return EXIT.ok;
    });
  },
});

/** Where runs are, and the file that is to be written. Throws RecipeError `flag/conflict` where two of either are given. */
function placesOf({ RecipeError }: Api, out: readonly string[]): { readonly root: string; readonly file?: string } {
  const files = out.filter((path) => path.endsWith(".parquet"));
  const roots = out.filter((path) => !path.endsWith(".parquet"));
  if (files.length > 1 || roots.length > 1) {
    const what = `--out is given as ${out.join(" and ")}`;
    throw new RecipeError({ code: "flag/conflict", what, fix: "give one folder and one file that ends in .parquet" });
  }
  const [root = ".", file] = [roots[0], files[0]];
  return { root, ...(file === undefined ? {} : { file }) };
}

function windowOptions({ source, stage, globalBatchSize }: Flags, window: number): Parameters<Api["traceWindow"]>[1] {
  return {
    window,
    ...(source === undefined ? {} : { source }),
    ...(stage === undefined ? {} : { stage }),
    ...(globalBatchSize === undefined ? {} : { global_batch_size: globalBatchSize }),
  };
}

async function traceSteps(
  context: CliContext,
  api: Api,
  run: ReturnType<Api["openRun"]>,
  flags: Flags & { readonly file?: string | undefined },
  step: number,
): Promise<void> {
  const { count, stage, file, json } = flags;
  const options = { ...trainerOptions(flags), step, count, ...(stage === undefined ? {} : { stage }) };
  const sequences = api.traceSteps(run, options);
  if (file !== undefined) {
    const written = await api.writeSteps(file, sequences);
    if (json) printJson(context, { file, ...written });
    else print(context, `${file}: ${counted(written.sequences, "sequence")}, ${counted(written.rows, "row")}`);
    return;
  }
  if (json) {
    const all: TracedSequence[] = [];
    for await (const sequence of sequences) all.push(sequence);
    printJson(context, all);
    return;
  }
  let before = "";
  for await (const sequence of sequences) {
    const head = `${sequence.training_stage}, step ${formatInteger(sequence.step)}`;
    if (head !== before) print(context, `${head}: ${flags.trainer}`);
    before = head;
    print(context, sequenceText(sequence));
  }
}

function sequenceText({ position, source, data_parallel, window, padding_tokens, pieces }: TracedSequence): string {
  const parts = [
    `#${position}`,
    source,
    ...(window === undefined ? [] : [`window ${formatInteger(window.number)}`]),
    ...(data_parallel === undefined ? [] : [`rank ${data_parallel.rank}, micro-batch ${data_parallel.micro_batch}`]),
    ...(padding_tokens === 0 ? [] : [`${formatInteger(padding_tokens)} padding`]),
  ];
  return `${printableLine(parts.join("  "))}\n${piecesTable(pieces)}`;
}

function windowText({ source, sequence_length, window, padding_tokens, pieces, read_by }: TracedWindow): string {
  const head = `${source} window ${window?.number}: ${window?.file} window ${window?.window}, ${formatInteger(sequence_length)} tokens a sequence`;
  const readers = read_by.map(
    ({ training_stage, step, sample }) =>
      `read by ${training_stage} in step ${formatInteger(step)} (sample ${formatInteger(sample)})`,
  );
  return [
    printableLine(head),
    piecesTable(pieces),
    ...(padding_tokens === 0 ? [] : [`  ${formatInteger(padding_tokens)} padding`]),
    ...(readers.length === 0 ? ["no training stage reads it"] : readers),
  ].join("\n");
}

function piecesTable(pieces: readonly TracedPiece[]): string {
  const rows = pieces.map(({ address, epoch, at, start, tokens }) => [
    printableLine(address),
    formatInteger(epoch),
    formatInteger(at),
    formatInteger(start),
    formatInteger(tokens),
  ]);
  return formatTable(["document", "epoch", "at", "from token", "tokens"], rows);
}
