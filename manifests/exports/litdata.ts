/**
 * Packed windows as litData and litgpt read them: chunks of ids per source, `index.json`, and the weights of each
 * training stage.
 *
 * Rows are the windows of the manifests as they are: sequence_length + 1 ids, `TokensLoader(block_size=…)`. litgpt does
 * not mask documents. A chunk holds whole rows, because its tail would be dropped. Price: one chunk (64 MiB) in memory
 * twice.
 */
import { stringify } from "yaml";
import { z } from "zod";
import { type LitdataChunk, litdataIndex, litdataRowsPerChunk } from "../../kernels/exports/litdata.ts";
import { encodeOffsetShard } from "../../kernels/exports/offset-shard.ts";
import { bytesOf } from "../../store/token-file.ts";
import type { StoredFile } from "../schema.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import { contentVersion } from "./folder.ts";
import { rowBlocks, type SourceRows, type TrainingStageRows } from "./views.ts";

const options = z.strictObject({
  ignore_loss: sharedOptions.ignore_loss,
  path_prefix: sharedOptions.path_prefix,
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "litdata",
  summary: "packed windows as chunks of ids for litData and litgpt",
  files: ["STAGE/SOURCE/chunk-0-*.bin", "STAGE/SOURCE/index.json", "STAGE.yaml"],
  reads: "windows",
  geometry: {
    row_extra_tokens: 1,
    stride_extra_tokens: 1,
    padding: "eos",
    boundaries: "nothing",
    boundary_labels: "trained",
    order: "shuffled",
  },
  loss: {
    written: "never",
    notes: "litgpt reads ids alone: the next id is the label, everywhere.",
  },
  options,
  readers: [
    {
      name: "litData",
      version: "8805bae0",
      notes: [
        "`StreamingDataset(input_dir, item_loader=TokensLoader(block_size=n + 1))` cuts a chunk into blocks",
        "and drops its tail: chunks hold whole rows.",
        "`CombinedStreamingDataset` draws a source for each sample and ends with the first that ends.",
        "There is no code for uint32: ids of four bytes are int32.",
      ],
    },
    {
      name: "litgpt",
      version: "26857050",
      notes: ["Reads n + 1 ids a row and masks no document: it attends across them and trains on padding."],
    },
  ],
  write,
});

const CHUNK_BYTES = 1 << 26;

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const configs: string[] = [];
  const summary = stages.map((stage) => {
    const sources = stage.sources.map((source) => ({
      name: source.source,
      rows: source.rows,
      chunks: writeSource(`${stage.name}/${source.source}`, source, context),
    }));
    const config = `${stage.name}.yaml`;
    context.folder.text(config, configText(stage, context));
    configs.push(config);
    return { name: stage.name, sequence_length: stage.sequence_length, rows: stage.rows, sources };
  });
  return { configs, warnings: ["litgpt attends across documents and trains on padding"], record: { stages: summary } };
}

/** Writes the chunks and the index of one source; the number of chunks. */
function writeSource(path: string, source: SourceRows, { folder, tokenizer }: Context): number {
  const rowBytes = source.row_tokens * tokenizer.token_bytes;
  const perChunk = litdataRowsPerChunk(rowBytes, CHUNK_BYTES);
  const chunks: LitdataChunk[] = [];
  const files: StoredFile[] = [];
  let rows: Uint8Array[] = [];
  const flush = (): void => {
    const bytes = encodeOffsetShard(rows);
    const filename = `chunk-0-${chunks.length}.bin`;
    files.push(folder.bytes(`${path}/${filename}`, bytes));
    chunks.push({ filename, chunk_bytes: bytes.length, chunk_size: rows.length, dim: rows.length * source.row_tokens });
    rows = [];
  };
  for (const range of source.ranges) {
    for (const { tokens } of rowBlocks(source, range)) {
      const bytes = bytesOf(tokens);
      for (let at = 0; at < bytes.length; at += rowBytes) {
        rows.push(bytes.subarray(at, at + rowBytes));
        if (rows.length === perChunk) flush();
      }
    }
  }
  if (rows.length > 0) flush();
  folder.text(`${path}/index.json`, litdataIndex(chunks, tokenizer.token_bytes, CHUNK_BYTES, contentVersion(files)));
  return chunks.length;
}

function configText(stage: TrainingStageRows, { options }: Context): string {
  const head = [
    `# litData, training stage ${stage.name}: StreamingDataset(input_dir, item_loader=TokensLoader(block_size)) for each source,`,
    "# joined by CombinedStreamingDataset(datasets, weights, iterate_over_all=False).",
  ];
  const config = {
    block_size: stage.sequence_length + 1,
    datasets: stage.sources.map(({ source, weight, rows }) => ({
      input_dir: trainerPath(`${stage.name}/${source}`, options),
      weight,
      rows,
    })),
  };
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0 })}`;
}
