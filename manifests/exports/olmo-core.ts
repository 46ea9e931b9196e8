/**
 * Packed rows as OLMo-core reads them: raw ids under `.npy` (no NumPy header), `.csv.gz` with document bounds, and the
 * source mixture.
 *
 * OLMo-core cuts a file into rows of sequence_length and finds documents by EOS; the CSV says the same, each padding
 * token being a document of its own. The label after a document's end is trained unless a mask says otherwise:
 * `.label_mask.npy` is one byte per token, 0 for padding, for the first token of every piece and where the loss lane
 * has 0. It is written when asked for, and for all sources of a stage where one has a lane. Price: the ids once more on
 * disk.
 */
import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { z } from "zod";
import { PADDING_WORD, piecesOf } from "../../kernels/pack/fill.ts";
import { bytesOf } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, numbered, sharedOptions, trainerPath } from "./define.ts";
import { type RowBlock, rowBlocks, type SourceRows, type TrainingStageRows } from "./views.ts";

const options = z.strictObject({
  path_prefix: sharedOptions.path_prefix,
  global_batch_size: sharedOptions.global_batch_size,
  label_mask: z
    .boolean()
    .optional()
    .describe("write which labels are trained, and name the files in the configuration"),
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "olmo-core",
  summary: "packed rows as raw ids for OLMo-core, with document bounds and a source mixture",
  files: ["STAGE/SOURCE/part-*.npy", "STAGE/SOURCE/part-*.csv.gz", "STAGE/SOURCE/part-*.label_mask.npy", "STAGE.yaml"],
  reads: "rows",
  geometry: {
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "eos",
    boundaries: "eos",
    boundary_labels: "masked_by_file",
    order: "shuffled",
  },
  loss: {
    written: "always",
    notes: "`part-*.label_mask.npy`, written for all sources of a training stage as soon as one has a loss lane.",
  },
  options,
  readers: [
    {
      name: "OLMo-core",
      version: "fa6c5014, 2026-06",
      notes: [
        "The YAML is a `SourceMixtureDatasetConfig`, `global_batch_size` in tokens.",
        "`.npy` is raw, without NumPy's header; its type must be the data set's `dtype`.",
        "Documents come from EOS, or from the CSV where files are remote. Where documents begin with BOS, `bos_token_id` of",
        "the data set's tokenizer stays unset: with it documents only end where BOS follows EOS, and a piece of a document",
        "that was cut begins with none.",
        "The label after a document's end is trained unless `label_mask_paths` says otherwise: one byte a",
        "token, 0 for padding and for the first token of every piece.",
      ],
    },
    {
      name: "MaxText",
      version: "e591f30",
      notes: [
        "`dataset_type=olmo_grain` reads the same `.npy` (ids of four bytes) through an index that its own",
        "script makes.",
      ],
    },
  ],
  write,
});

/** Gzip members follow each other in one file: a reader sees one stream, and no more than this is held. */
const CSV_BYTES = 1 << 22;

interface SourceFiles {
  readonly source: SourceRows;
  readonly paths: readonly string[];
  readonly masks: readonly string[];
  readonly padding_tokens: number;
}

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const { folder, options } = context;
  const configs: string[] = [];
  const warnings: string[] = [];
  const summary = stages.map((stage) => {
    const masked = options.label_mask === true || stage.sources.some(({ has_loss }) => has_loss);
    const written = stage.sources.map((source) => writeSource(stage.name, source, masked, context));
    const config = `${stage.name}.yaml`;
    folder.text(config, configText(stage, written, context));
    configs.push(config);
    const padding = written.reduce((sum, { padding_tokens }) => sum + padding_tokens, 0);
    if (padding > 0 && !masked) {
      warnings.push(`${stage.name}: ${padding} EOS of padding are trained on: export with a label mask (--label-mask)`);
    }
    return {
      name: stage.name,
      sequence_length: stage.sequence_length,
      rows: stage.rows,
      padding_tokens: padding,
      sources: written.map(({ source, paths }) => ({ name: source.source, rows: source.rows, files: paths.length })),
    };
  });
  return { configs, warnings, record: { stages: summary } };
}

function writeSource(stage: string, source: SourceRows, masked: boolean, { folder }: Context): SourceFiles {
  const paths: string[] = [];
  const masks: string[] = [];
  let padding = 0;
  source.ranges.forEach((range, i) => {
    const base = `${stage}/${source.source}/part-${numbered(i)}`;
    folder.file(`${base}.npy`, (file) => {
      for (const { tokens } of rowBlocks(source, range)) file.write(bytesOf(tokens));
    });
    folder.file(`${base}.csv.gz`, (file) => {
      const csv = new DocumentCsv(`shard ${range.shard}`, (bytes) => file.write(bytes));
      for (const { pieces } of rowBlocks(source, range)) csv.add(pieces);
      csv.finish();
      padding += csv.padding_tokens;
    });
    paths.push(`${base}.npy`);
    if (!masked) return;
    folder.file(`${base}.label_mask.npy`, (file) => {
      for (const block of rowBlocks(source, range)) file.write(labelMask(block));
    });
    masks.push(`${base}.label_mask.npy`);
  });
  return { source, paths, masks, padding_tokens: padding };
}

/** 1 for every token that is trained as a label. */
function labelMask({ tokens, loss, pieces }: RowBlock): Uint8Array {
  const mask = loss?.slice() ?? new Uint8Array(tokens.length).fill(1);
  let at = 0;
  for (const { document, length } of piecesOf(pieces)) {
    if (document === PADDING_WORD) mask.fill(0, at, at + length);
    else mask[at] = 0;
    at += length;
  }
  return mask;
}

/**
 * Rows `start,end,id,src,loc`: bounds in tokens of the file; id the document's number in its shard, loc where in it the
 * piece starts.
 */
class DocumentCsv {
  padding_tokens = 0;
  readonly #shard: string;
  readonly #write: (bytes: Uint8Array) => void;
  #lines: string[] = [];
  #held = 0;
  #at = 0;

  constructor(shard: string, write: (bytes: Uint8Array) => void) {
    this.#shard = shard;
    this.#write = write;
  }

  add(pieces: Uint32Array): void {
    for (const { document, start, length } of piecesOf(pieces)) {
      if (document === PADDING_WORD) {
        this.padding_tokens += length;
        for (let pad = 0; pad < length; pad++) this.#line(1, "padding", 0);
      } else {
        this.#line(length, String(document), start);
      }
    }
  }

  finish(): void {
    this.#flush();
  }

  #line(length: number, id: string, loc: number): void {
    const line = `${this.#at},${this.#at + length},${id},${this.#shard},${loc}\r\n`;
    this.#at += length;
    this.#lines.push(line);
    this.#held += line.length;
    if (this.#held >= CSV_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#held === 0) return;
    this.#write(gzipSync(this.#lines.join("")));
    this.#lines = [];
    this.#held = 0;
  }
}

function configText(
  stage: TrainingStageRows,
  written: readonly SourceFiles[],
  { options, tokenizer }: Context,
): string {
  const batch = (options.global_batch_size ?? 1) * stage.sequence_length;
  const spell = (paths: readonly string[]): string[] => paths.map((path) => trainerPath(path, options));
  const head = [
    `# OLMo-core, training stage ${stage.name}: a SourceMixtureDatasetConfig for rows of sequence_length ${stage.sequence_length}.`,
    `# Set the data set's dtype to uint${8 * tokenizer.token_bytes}; EOS is ${tokenizer.eos.id}. The files hold exactly the rows of the stage, repeats included.`,
    ...(tokenizer.bos === undefined
      ? []
      : [
          `# Documents begin with BOS ${tokenizer.bos.id}. Leave the tokenizer's bos_token_id unset: pieces of documents that were cut begin without it.`,
        ]),
  ];
  const config = {
    requested_tokens: stage.rows * stage.sequence_length,
    global_batch_size: batch,
    source_list: {
      sources: written.map(({ source, paths }) => ({
        source_name: source.source,
        target_ratio: source.weight,
        max_repetition_ratio: 1,
        max_source_fraction: 1,
        paths: spell(paths),
      })),
    },
  };
  const masks = written.flatMap(({ masks: paths }) => spell(paths));
  const extra = masks.length === 0 ? "" : `\n${stringify({ label_mask_paths: masks }, { lineWidth: 0 })}`;
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0 })}${extra}`;
}
