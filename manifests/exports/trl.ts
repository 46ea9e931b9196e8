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
import { type UnpaddedRows, writeUnpadded } from "./packed-rows.ts";
import type { TrainingStageRows } from "./views.ts";

const options = z.strictObject({
  path_prefix: sharedOptions.path_prefix,
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
  ],
  write,
});

const IGNORED = -100;
const COLUMNS = [{ name: "input_ids" }, { name: "labels" }, { name: "seq_lengths" }];

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const configs: string[] = [];
  const summary = stages.map((stage) => {
    const datasets = stage.sources.map((source) => {
      return { source, files: writeUnpadded(context.folder, stage.name, source, COLUMNS, rowColumns) };
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

function rowColumns({ ids, trained, ends, lengths, length_ends }: UnpaddedRows): ListColumn[] {
  const labels = ids.slice();
  for (let i = 0; i < labels.length; i++) if (trained[i] === 0) labels[i] = IGNORED;
  return [
    { values: ids, ends },
    { values: labels, ends },
    { values: lengths, ends: length_ends },
  ];
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
    dataset_kwargs: { skip_prepare_dataset: true },
    packing: false,
    padding_free: true,
    max_length: null,
  };
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0 })}`;
}
