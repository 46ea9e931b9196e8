/**
 * Packed rows as TRL reads them: Parquet with `input_ids`, `labels`, `seq_lengths`, and the YAML of each training
 * stage.
 *
 * TRL leaves a data set with these columns as it is (`packing: false`) and its padding-free collator restarts positions
 * by `seq_lengths`. Rows may be short, so there is no padding. Labels are the ids, -100 where the loss lane has 0 and
 * at the first token of every piece: nothing before it can predict it.
 * Invariant: the lengths of a row add up to its ids. Price: 8 bytes a token on disk.
 */
import { stringify } from "yaml";
import { z } from "zod";
import type { ListColumn } from "../../kernels/parquet/int-lists.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import type { ExportFolder } from "./folder.ts";
import { type UnpaddedRows, writeUnpadded } from "./packed-rows.ts";
import type { SourceRows, TrainingStageRows } from "./views.ts";

const options = z.strictObject({
  path_prefix: sharedOptions.path_prefix,
  attention_mask: z
    .boolean()
    .optional()
    .describe("also a column `attention_mask`: the number of its sequence at every token, from 1"),
  position_ids: z
    .boolean()
    .optional()
    .describe("also a column `position_ids`: the place of every token in its sequence, from 0"),
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "trl",
  summary: "packed rows as Parquet for TRL: `input_ids`, `labels`, `seq_lengths`",
  files: ["STAGE/SOURCE-*.parquet", "STAGE.yaml"],
  reads: "rows",
  geometry: {
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "none",
    token_bytes: 4,
    boundaries: "sequence_lengths",
    boundary_labels: "masked",
    order: "shuffled",
  },
  loss: {
    written: "always",
    notes: "`labels` is -100 where a token is not trained.",
  },
  options,
  readers: [
    {
      name: "TRL",
      version: "collator of 1.13 run, 1.16 read",
      notes: [
        "`trl sft --config STAGE.yaml …`.",
        "Columns `input_ids` and `labels` are kept as they are: nothing is tokenized, packed or cut again.",
        "`padding_free` without packing wants `max_length: null`; the collator restarts positions by",
        "`seq_lengths` and sets labels to -100 where a position is 0, which is where a BOS stands.",
        "Rows may be short; there is no padding.",
      ],
    },
    {
      name: "axolotl",
      version: "0.19.0, read",
      notes: [
        "A pre-tokenized data set is one with `input_ids`, `labels` and `attention_mask`: give `--attention-mask`, and",
        "`--position-ids` for sequences to restart. Its multipack tells sequences of a row apart by the numbers in the mask.",
      ],
    },
  ],
  write,
});

const IGNORED = -100;
const COLUMNS = ["input_ids", "labels", "seq_lengths", "attention_mask", "position_ids"] as const;
type Column = (typeof COLUMNS)[number];

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const configs: string[] = [];
  const { attention_mask, position_ids } = context.options;
  const written = COLUMNS.filter((name) => {
    return (name !== "attention_mask" || attention_mask === true) && (name !== "position_ids" || position_ids === true);
  });
  const summary = stages.map((stage) => {
    const datasets = stage.sources.map((source) => {
      return { source, files: writeTrlRows(context.folder, stage.name, source, written) };
    });
    const config = `${stage.name}.yaml`;
    context.folder.text(config, configText(stage, datasets, context));
    configs.push(config);
    return {
      name: stage.name,
      sequence_length: stage.sequence_length,
      rows: stage.rows,
      sources: datasets.map(({ source, files }) => ({ name: source.source, rows: source.rows, files: files.length })),
    };
  });
  return { configs, warnings: [], record: { stages: summary } };
}

/** One Parquet file for every range of a source, below `base`: `input_ids`, `labels` and `seq_lengths` unless told otherwise. Returns their paths. */
export function writeTrlRows(
  folder: ExportFolder,
  base: string,
  source: SourceRows,
  names: readonly Column[] = COLUMNS.slice(0, 3),
): string[] {
  const columnsOf = (rows: UnpaddedRows): ListColumn[] => names.map((name) => column(name, rows));
  return writeUnpadded(
    folder,
    base,
    source,
    names.map((name) => ({ name })),
    columnsOf,
  );
}

/** What keeps TRL from tokenizing, packing or cutting such rows again. */
export const TRL_AS_THEY_ARE = {
  dataset_kwargs: { skip_prepare_dataset: true },
  packing: false,
  padding_free: true,
  max_length: null,
} as const;

function column(name: Column, rows: UnpaddedRows): ListColumn {
  const { ids, trained, ends, lengths, length_ends } = rows;
  if (name === "input_ids") return { values: ids, ends };
  if (name === "seq_lengths") return { values: lengths, ends: length_ends };
  if (name === "labels") {
    return { values: ids.map((id, i) => (trained[i] === 0 ? IGNORED : id)), ends };
  }
  const values = new Int32Array(ids.length);
  let at = 0;
  let first = 0;
  for (const end of length_ends) {
    lengths.subarray(first, end).forEach((length, sequence) => {
      for (let i = 0; i < length; i++) values[at++] = name === "attention_mask" ? sequence + 1 : i;
    });
    first = end;
  }
  return { values, ends };
}

function configText(
  stage: TrainingStageRows,
  datasets: readonly { readonly files: readonly string[] }[],
  { options }: Context,
): string {
  const head = [
    `# TRL, training stage ${stage.name}: ${stage.rows} rows of at most ${stage.sequence_length} tokens, packed.`,
    "# The files hold exactly the rows of the stage, so no source has a fraction. Nothing is to be packed, cut or tokenized again.",
  ];
  const config = {
    datasets: datasets.map(({ files }) => ({
      path: "parquet",
      data_files: files.map((file) => trainerPath(file, options)),
      split: "train",
    })),
    ...TRL_AS_THEY_ARE,
  };
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0 })}`;
}
