/**
 * Documents as Megatron, NeMo and gpt-neox read them: `.bin` and `.idx` per source and training stage, the blend, the
 * sequence counts.
 *
 * Megatron cuts rows itself and starts every phase at sample 0 of its data sets, so a prefix named in two phases would
 * be read twice: each stage has prefixes of its own, with documents no other stage has. Where a stage reads one whole
 * shard of a store, its `.bin` is a link to it.
 * Price: the ids once more on disk, 20 bytes a document of index.
 */

import { stringify } from "yaml";
import { z } from "zod";
import { megatronDocuments, megatronHeader, megatronLengths, megatronOffsets } from "../../kernels/exports/megatron.ts";
import { bytesOf, encodeEnds } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import type { ExportFolder } from "./folder.ts";
import { documentBlocks, rangeEnds, type SourceDocuments, type TrainingStageDocuments } from "./views.ts";

const options = z.strictObject({
  ignore_loss: sharedOptions.ignore_loss,
  gpt_neox_labels: z
    .boolean()
    .optional()
    .describe("write the labels too, as gpt-neox reads them, with the keys of its configuration"),
  path_prefix: sharedOptions.path_prefix,
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "megatron",
  summary: "documents as `.bin` and `.idx` for Megatron-LM, NeMo and gpt-neox, with the blend",
  files: [
    "STAGE/SOURCE.bin",
    "STAGE/SOURCE.idx",
    "STAGE/SOURCE_label.bin",
    "STAGE/SOURCE_label.idx",
    "STAGE.blend",
    "STAGE.gpt-neox.yaml",
    "sequences.json",
  ],
  reads: "documents",
  geometry: {
    row_extra_tokens: 1,
    stride_extra_tokens: 0,
    padding: "none",
    boundaries: "document_index",
    boundary_labels: "trained",
    order: "shuffled",
  },
  loss: {
    written: "with_option",
    option: "gpt_neox_labels",
    notes: "Megatron-LM and NeMo read ids alone. gpt-neox reads labels from files of their own: `gpt_neox_labels`.",
  },
  options,
  readers: [
    {
      name: "Megatron-LM",
      version: "d98e8a64, 2026-08",
      notes: [
        "Pass a `.blend` with `--data-args-path`, and `sequences.json` with `--per-dataset-sequences-path`,",
        "which spares reading headers.",
        "It shuffles documents, cuts rows of n + 1 ids that overlap by one, and starts every phase at sample",
        "0: each training stage has files of its own.",
        "Ids of two bytes are uint16, of four int32.",
        "Documents hold their EOS, and BOS where the recipe has one: nothing is to be appended. BOS as a label is trained",
        "unless `--eod-mask-loss` is given.",
        "Documents are kept apart with `--dataloader-inter-document-masking`, or with `--reset-attention-mask` where EOS ends them.",
      ],
    },
    {
      name: "gpt-neox",
      version: "0321b40e",
      notes: [
        "The same `.bin` and `.idx`. `gpt_neox_labels` adds `train_label_data_paths`: documents of labels in step with those",
        "of ids, i32, where a negative label is not trained.",
      ],
    },
    {
      name: "NeMo, AutoModel",
      version: "8cfedd72, 36044ad",
      notes: ["The same `.bin` and `.idx`."],
    },
  ],
  write,
});

const DOCUMENTS_PER_WRITE = 1 << 16;
/** Labels are signed: i32 whatever the ids have. */
const LABEL_BYTES = 4;
const IGNORED = -100;

function write(stages: readonly TrainingStageDocuments[], context: Context): Exported {
  const { folder, options, tokenizer } = context;
  const configs: string[] = [];
  const counts: Record<string, [sequences: number, documents: number]> = {};
  const summary = stages.map((stage) => {
    const blend = stage.sources.map((source) => {
      const prefix = `${stage.name}/${source.source}`;
      writeBin(`${prefix}.bin`, source, context);
      writeIndex(`${prefix}.idx`, source, tokenizer.token_bytes, folder);
      if (options.gpt_neox_labels === true) {
        writeLabels(`${prefix}_label.bin`, source, context);
        writeIndex(`${prefix}_label.idx`, source, LABEL_BYTES, folder);
      }
      const path = trainerPath(prefix, options);
      // The second count is that of document starts, one more than there are documents.
      counts[path] = [source.documents, source.documents + 1];
      return `${source.weight} ${path}`;
    });
    const config = `${stage.name}.blend`;
    folder.text(config, `${blend.join("\n")}\n`);
    configs.push(config);
    if (options.gpt_neox_labels === true) {
      const neox = `${stage.name}.gpt-neox.yaml`;
      folder.text(neox, neoxText(stage, context));
      configs.push(neox);
    }
    return {
      name: stage.name,
      sequence_length: stage.sequence_length,
      train_samples: stage.rows,
      sources: stage.sources.map(({ source, weight, documents, tokens }) => ({
        name: source,
        weight,
        documents,
        tokens,
      })),
    };
  });
  folder.text("sequences.json", `${JSON.stringify(counts, null, 2)}\n`);
  const warnings =
    context.tokenizer.append_eos === "never"
      ? [
          "no EOS ends a document: `--dataloader-inter-document-masking` keeps them apart, `--reset-attention-mask` and `--eod-mask-loss` do not",
        ]
      : [];
  return { configs: [...configs, "sequences.json"], warnings, record: { stages: summary } };
}

function writeBin(path: string, source: SourceDocuments, { folder, tokenizer }: Context): void {
  const [only] = source.ranges.length === 1 ? source.ranges : [];
  if (only !== undefined && only.tokens * tokenizer.token_bytes === only.size_bytes) {
    folder.link(only.path, path, only);
    return;
  }
  folder.file(path, (file) => {
    for (const range of source.ranges) {
      for (const { tokens } of documentBlocks(range, tokenizer.token_bytes)) file.write(bytesOf(tokens));
    }
  });
}

/**
 * Labels as documents of their own: the ids, or -100 where a token is not trained. The first of a document has nothing
 * before it.
 */
function writeLabels(path: string, { ranges }: SourceDocuments, { folder, tokenizer }: Context): void {
  folder.file(path, (file) => {
    for (const range of ranges) {
      for (const { tokens, loss, ends } of documentBlocks(range, tokenizer.token_bytes)) {
        const labels = Int32Array.from(tokens);
        loss?.forEach((trained, i) => {
          if (trained === 0) labels[i] = IGNORED;
        });
        let start = 0;
        for (const end of ends) {
          labels[start] = IGNORED;
          start = end;
        }
        file.write(new Uint8Array(labels.buffer));
      }
    }
  });
}

function neoxText(stage: TrainingStageDocuments, { options }: Context): string {
  const paths = stage.sources.map(({ source }) => trainerPath(`${stage.name}/${source}`, options));
  const head = `# gpt-neox, training stage ${stage.name}: data, labels (-100 is not trained) and weights, in the same order.`;
  const config = {
    train_data_paths: paths,
    train_label_data_paths: paths.map((path) => `${path}_label`),
    train_data_weights: stage.sources.map(({ weight }) => weight),
  };
  return `${head}\n${stringify(config, { lineWidth: 0 })}`;
}

function writeIndex(
  path: string,
  { ranges, documents }: SourceDocuments,
  tokenBytes: 2 | 4,
  folder: ExportFolder,
): void {
  folder.file(path, (file) => {
    file.write(megatronHeader(tokenBytes, documents));
    for (const range of ranges) {
      const lengths = megatronLengths(rangeEnds(range));
      file.write(new Uint8Array(lengths.buffer));
    }
    let base = 0;
    for (const range of ranges) {
      file.write(encodeEnds(megatronOffsets(rangeEnds(range), base, tokenBytes)));
      base += range.tokens;
    }
    for (let from = 0; from <= documents; from += DOCUMENTS_PER_WRITE) {
      file.write(encodeEnds(megatronDocuments(from, Math.min(documents + 1, from + DOCUMENTS_PER_WRITE))));
    }
  });
}
