/**
 * Documents as torchtitan's README brings tokens: raw uint32 `tokens.bin` and `document_offsets.npy` per source and
 * training stage.
 *
 * `np.load` gives documents + 1 offsets; documents end with EOS. torchtitan packs them itself and its weights count
 * documents, so `weight` is a share of documents where packing comes after mixing, `weight_rows` a share of rows where
 * it comes before.
 * Price: four bytes a token, eight a document.
 */
import { stringify } from "yaml";
import { z } from "zod";
import { npyHeader } from "../../kernels/exports/npy.ts";
import { bytesOf, encodeEnds } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import { documentBlocks, rangeEnds, type SourceDocuments, type TrainingStageDocuments, wideTokens } from "./views.ts";

const options = z.strictObject({
  ignore_loss: sharedOptions.ignore_loss,
  path_prefix: sharedOptions.path_prefix,
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "torchtitan",
  summary: "documents as raw uint32 ids and offsets, as torchtitan's README brings tokens",
  files: ["STAGE/SOURCE/tokens.bin", "STAGE/SOURCE/document_offsets.npy", "STAGE.yaml"],
  reads: "documents",
  geometry: {
    row_extra_tokens: 1,
    stride_extra_tokens: 0,
    padding: "none",
    token_bytes: 4,
    boundaries: "offsets",
    boundary_labels: "masked",
    order: "shuffled",
  },
  loss: {
    written: "never",
    notes: "The token source is ids and offsets; torchtitan shifts them to labels itself.",
  },
  options,
  readers: [
    {
      name: "torchtitan",
      version: "b5bcd76c, 2026-08",
      notes: [
        "`np.memmap` of `tokens.bin`, `np.load` of the documents + 1 offsets.",
        "It packs documents itself and shifts labels inside them.",
        "Its weights count documents before packing and rows after it; the YAML has both.",
      ],
    },
  ],
  write,
});

function write(stages: readonly TrainingStageDocuments[], context: Context): Exported {
  const configs: string[] = [];
  const summary = stages.map((stage) => {
    for (const source of stage.sources) writeSource(`${stage.name}/${source.source}`, source, context);
    const config = `${stage.name}.yaml`;
    context.folder.text(config, configText(stage, context));
    configs.push(config);
    return {
      name: stage.name,
      sequence_length: stage.sequence_length,
      sources: stage.sources.map(({ source, documents, tokens }) => ({ name: source, documents, tokens })),
    };
  });
  return { configs, warnings: [], record: { stages: summary } };
}

function writeSource(path: string, { ranges, documents }: SourceDocuments, { folder, tokenizer }: Context): void {
  folder.file(`${path}/tokens.bin`, (file) => {
    for (const range of ranges) {
      for (const { tokens } of documentBlocks(range, tokenizer.token_bytes)) file.write(bytesOf(wideTokens(tokens)));
    }
  });
  folder.file(`${path}/document_offsets.npy`, (file) => {
    file.write(npyHeader("<i8", documents + 1));
    file.write(encodeEnds([0]));
    let base = 0;
    for (const range of ranges) {
      file.write(encodeEnds(rangeEnds(range), base));
      base += range.tokens;
    }
  });
}

function configText(stage: TrainingStageDocuments, { options, tokenizer }: Context): string {
  const documents = stage.sources.reduce((sum, source) => sum + source.documents, 0);
  const head = [
    `# torchtitan, training stage ${stage.name}: paths for a token source (np.memmap of uint32, np.load of offsets), and weights.`,
    `# weight counts documents, weight_rows packed rows. Documents ${tokenizer.bos ? `begin with BOS ${tokenizer.bos.id} and ` : ""}end with ${tokenizer.append_eos === "never" ? "their text" : `EOS ${tokenizer.eos.id}`}.`,
  ];
  const config = {
    sequence_length: stage.sequence_length,
    sources: stage.sources.map((source) => ({
      name: source.source,
      tokens_path: trainerPath(`${stage.name}/${source.source}/tokens.bin`, options),
      document_offsets_path: trainerPath(`${stage.name}/${source.source}/document_offsets.npy`, options),
      documents: source.documents,
      tokens: source.tokens,
      weight: source.documents / documents,
      weight_rows: source.weight,
    })),
  };
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0 })}`;
}
