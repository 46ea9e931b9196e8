/**
 * Packed rows as MosaicML streaming and llm-foundry read them: MDS shards per source, and the streams of each training
 * stage.
 *
 * One column, `tokens`, `ndarray:int32` of exactly sequence_length ids. Shards are cut where `MDSWriter` cuts them.
 * llm-foundry finds documents by `eos_token_id` and trains the label after a document's end, padding included.
 * Price: one shard (64 MiB) in memory twice.
 */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { z } from "zod";
import {
  encodeMdsInt32s,
  encodeMdsSample,
  MDS_SAMPLE_EXTRA_BYTES,
  MDS_SIZE_LIMIT_BYTES,
  type MdsFormat,
  type MdsShardInfo,
  mdsConfig,
  mdsIndex,
  mdsShardBase,
} from "../../kernels/exports/mds.ts";
import { encodeOffsetShard } from "../../kernels/exports/offset-shard.ts";
import { defineExporter, type ExportContext, type Exported, numbered, sharedOptions, trainerPath } from "./define.ts";
import { rowBlocks, type SourceRows, signedTokens, type TrainingStageRows } from "./views.ts";

const options = z.strictObject({
  ignore_loss: sharedOptions.ignore_loss,
  path_prefix: sharedOptions.path_prefix,
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "mosaic",
  summary: "packed rows as MDS shards for MosaicML streaming and llm-foundry",
  files: ["STAGE/SOURCE/shard.*.mds", "STAGE/SOURCE/index.json", "STAGE.yaml"],
  reads: "rows",
  geometry: {
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "eos",
    token_bytes: 4,
    boundaries: "eos",
    boundary_labels: "trained",
    order: "shuffled",
  },
  loss: {
    written: "never",
    notes: "llm-foundry shifts `tokens` to labels itself; nothing in a sample masks one.",
  },
  options,
  readers: [
    {
      name: "MosaicML streaming",
      version: "0.13, 89e7bb90",
      notes: [
        "One column `tokens`, `ndarray:int32` of exactly n ids.",
        "A stream's `choose` is the stage's rows, so each is read whole, once. litData reads MDS shards too.",
      ],
    },
    {
      name: "llm-foundry",
      version: "main",
      notes: [
        "`eos_token_id` turns on `sequence_id`, which keeps attention inside documents; the model needs",
        "`attn_uses_sequence_id: true`. It wants `eos_token_id` or `bos_token_id`, never both: EOS ends every document, and",
        "a piece of a document that was cut begins without BOS.",
        "The label after a document's end is trained, EOS after EOS in padding included.",
      ],
    },
  ],
  write,
});

const FORMAT: MdsFormat = {
  columns: [{ name: "tokens", encoding: "ndarray:int32", size_bytes: null }],
  hashes: ["sha1"],
  size_limit: MDS_SIZE_LIMIT_BYTES,
};

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const configs: string[] = [];
  const summary = stages.map((stage) => {
    const sources = stage.sources.map((source) => ({
      name: source.source,
      rows: source.rows,
      shards: writeSource(`${stage.name}/${source.source}`, source, context),
    }));
    const config = `${stage.name}.yaml`;
    context.folder.text(config, configText(stage, context));
    configs.push(config);
    return { name: stage.name, sequence_length: stage.sequence_length, rows: stage.rows, sources };
  });
  const warnings = [
    "llm-foundry trains the label after each document's end, and EOS after EOS in padding: pack/concat pads one row a shard",
  ];
  return { configs, warnings, record: { stages: summary } };
}

/** Writes the shards and the index of one stream; the number of shards. */
function writeSource(path: string, source: SourceRows, { folder }: Context): number {
  const config = mdsConfig(FORMAT);
  const shards: MdsShardInfo[] = [];
  let samples: Uint8Array[] = [];
  let size = mdsShardBase(config);
  const flush = (): void => {
    const bytes = encodeOffsetShard(samples, config);
    const basename = `shard.${numbered(shards.length)}.mds`;
    folder.bytes(`${path}/${basename}`, bytes);
    const hashes = { sha1: createHash("sha1").update(bytes).digest("hex") };
    shards.push({ basename, bytes: bytes.length, hashes, samples: samples.length });
    samples = [];
    size = mdsShardBase(config);
  };
  for (const range of source.ranges) {
    for (const { tokens } of rowBlocks(source, range)) {
      const ids = signedTokens(tokens);
      for (let at = 0; at < ids.length; at += source.row_tokens) {
        const sample = encodeMdsSample(FORMAT.columns, [encodeMdsInt32s(ids.subarray(at, at + source.row_tokens))]);
        const grown = sample.length + MDS_SAMPLE_EXTRA_BYTES;
        if (FORMAT.size_limit < size + grown) flush();
        samples.push(sample);
        size += grown;
      }
    }
  }
  if (samples.length > 0) flush();
  folder.text(`${path}/index.json`, mdsIndex(FORMAT, shards));
  return shards.length;
}

function configText(stage: TrainingStageRows, { options, tokenizer }: Context): string {
  const head = [
    `# llm-foundry, training stage ${stage.name}: the dataset of a text data loader. Each stream is read whole, once.`,
    "# `eos_token_id` keeps attention inside documents: the model needs `attn_uses_sequence_id: true`.",
  ];
  const config = {
    dataset: {
      streams: Object.fromEntries(
        stage.sources.map(({ source, rows }) => [
          source,
          { local: trainerPath(`${stage.name}/${source}`, options), choose: rows },
        ]),
      ),
      max_seq_len: stage.sequence_length,
      eos_token_id: tokenizer.eos.id,
      epoch_size: stage.rows,
      shuffle: true,
    },
  };
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0 })}`;
}
