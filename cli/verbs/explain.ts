import { buildCommand } from "@stricli/core";
import type { DocumentSequence, ExplainedStage, Explanation, Measure } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { countFlag, dataRootFlag, jsonFlag, outFlag, recipeRootFlag } from "../flags.ts";
import { counted, formatCount, formatInteger, formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";
import { type TrainerFlags, trainerFlags, trainerOptions } from "../trainer-flags.ts";
import { runArgument } from "./status.ts";

interface Flags extends TrainerFlags {
  readonly out: string;
  readonly recipeRoot?: string;
  readonly dataRoot: string;
  readonly count: number;
  readonly json: boolean;
}

const documentArgument = {
  brief: "address of a row as peek shows it, source/path#row, or its id",
  parse: (value: string) => value,
  placeholder: "address|id",
} as const;

export const explainCommand = buildCommand<Flags, [string, string], CliContext>({
  docs: {
    brief: "everything a run knows of one document: verdicts with values and bounds, survivor, windows, training steps",
    fullDescription: [
      "  shardmill explain runs/my-mix web/a.jsonl#12",
      "  shardmill explain runs/my-mix doc-12 --global-batch-size 576",
      "  shardmill explain runs/my-mix web/a.jsonl#12 --trainer megatron --global-batch-size 576 --seed 1234",
      "",
      "Verdicts are those of the ledgers. These hold the values of what was dropped; of what a stage kept, the document is",
      "read and the stages of its first pass are run over it again, and their values say so.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      recipeRoot: recipeRootFlag,
      dataRoot: dataRootFlag,
      count: countFlag("count", "5", "how many rows of one id"),
      ...trainerFlags,
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument, documentArgument] },
  },
  func(flags, name, which) {
    return guarded(this, flags, async ({ explainDocument, openRun }) => {
      const { count, dataRoot, out, recipeRoot } = flags;
      const run = openRun(name, out, recipeRoot);
      const found = await explainDocument(run, which, { count, data_root: dataRoot, ...trainerOptions(flags) });
      if (flags.json) printJson(this, found);
      else print(this, found.map((explanation) => explanationText(explanation)).join("\n\n"));
      return EXIT.ok;
    });
  },
});

function explanationText(explanation: Explanation): string {
  const { address, id, pipeline, fate, problem, stages, stored, sequences, notes } = explanation;
  const head = [
    address,
    ...(id === undefined ? [] : [id]),
    fate === "held_out" ? "held out for validation" : fate,
    ...(pipeline === undefined ? [] : [`pipeline ${pipeline}`]),
  ];
  const rows = stages.flatMap(stageRows);
  return [
    printableLine(head.join("  ")),
    ...(problem === undefined ? [] : [printableLine(`  ${problem.kind}: ${problem.message}`)]),
    ...(rows.length === 0 ? [] : [formatTable(["stage", "verdict", "measured", "value", "bound", ""], rows)]),
    ...(stored === undefined
      ? []
      : [
          `  in the store: shard ${stored.shard}, document ${formatInteger(stored.document)}, ${counted(stored.tokens, "token")}`,
        ]),
    ...(sequences.length === 0 ? [] : [sequenceTable(sequences)]),
    ...notes.map((note) => printableLine(`  note: ${note}`)),
  ].join("\n");
}

function stageRows(stage: ExplainedStage): readonly (readonly string[])[] {
  const { stage: id, verdict, reason, value, measures, values_from } = stage;
  const head = [printableLine(id), verdict.replace("_", " ")];
  const told = values_from === "run_again" ? "run again" : "";
  const about = aboutText(stage);
  if (verdict === "dropped") {
    const [bound] = measures;
    return [[...head, reason ?? "", value === undefined ? "" : formatValue(value), boundText(bound), about]];
  }
  const [first, ...others] = measures.map((measure) => [
    measure.reason,
    measure.value === undefined ? "-" : formatValue(measure.value),
    boundText(measure),
  ]);
  if (first === undefined) return [[...head, "", "", "", about]];
  return [
    [...head, ...first, [told, about].filter(Boolean).join("; ")],
    ...others.map((rest) => ["", "", ...rest, ""]),
  ];
}

function boundText(measure: Measure | undefined): string {
  return measure === undefined ? "" : `${measure.option} ${measure.bound}`;
}

function formatValue(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

/** What else there is to say of a stage. */
function aboutText({ detail, survivor, cluster_documents, changes_text, writes = {} }: ExplainedStage): string {
  const stayed = survivor && `${survivor.address}${survivor.id === undefined ? "" : ` (${survivor.id})`} stayed`;
  const written = Object.entries(writes).map(([column, value]) => `${column}: ${value.slice(0, 40)}`);
  const parts = [
    ...(detail === undefined ? [] : [JSON.stringify(detail)]),
    ...(stayed === undefined ? [] : [stayed]),
    ...(cluster_documents === undefined || cluster_documents < 2
      ? []
      : [`survivor of a cluster of ${formatInteger(cluster_documents)}`]),
    ...(changes_text === true ? ["changes the text"] : []),
    ...written,
  ];
  return printableLine(parts.join("; "));
}

/** Sequences of a document that is read very often are counted from here on. */
const MAX_SEQUENCES = 40;

function sequenceTable(sequences: readonly DocumentSequence[]): string {
  const rows = sequences
    .slice(0, MAX_SEQUENCES)
    .map(({ training_stage, sequence_length, source, window, packed_row, step, sample }) => [
      training_stage,
      formatCount(sequence_length),
      source,
      window === undefined ? "-" : formatInteger(window),
      packed_row === undefined ? "-" : formatInteger(packed_row),
      step === undefined ? "-" : formatInteger(step),
      sample === undefined ? "-" : formatInteger(sample),
    ]);
  const more = sequences.length - rows.length;
  const table = formatTable(["read by", "length", "source", "window", "packed row", "step", "sample"], rows);
  return more > 0 ? `${table}\n  and ${counted(more, "more sequence")}` : table;
}
