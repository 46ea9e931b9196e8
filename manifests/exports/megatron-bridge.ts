/**
 * Packed rows as Megatron-Bridge and Nemotron read them: Parquet with `input_ids`, `loss_mask`, `seq_start_id`.
 *
 * A reader makes labels itself, by one id to the left inside each subsequence, and takes the mask as shifted already: what
 * stands at an id says whether the *next* one is trained, and the last id of a subsequence has 0. So a loss byte is
 * written one place before its token. Rows may be short, so there is no padding. Files are read in the order of their
 * names and shuffled by the trainer; a training stage is one folder.
 * Price: 12 bytes a token on disk, as masks are stored in four.
 */
import { z } from "zod";
import { entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { int32At } from "../../batch/numbers.ts";
import type { ListColumn } from "../../kernels/parquet/int-lists.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import { type UnpaddedRows, writeUnpadded } from "./packed-rows.ts";
import type { TrainingStageRows } from "./views.ts";

const options = z.strictObject({
  path_prefix: sharedOptions.path_prefix,
  pad_to_multiple: z
    .int()
    .min(1)
    .optional()
    .describe(
      "end every subsequence with EOS until its trained positions are a multiple of this: twice the context-parallel size",
    ),
});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "megatron-bridge",
  summary: "packed rows as Parquet with loss masks for Megatron-Bridge and Nemotron",
  files: ["STAGE/SOURCE-*.parquet", "STAGE.packed_metadata.jsonl"],
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
  loss: { written: "always", notes: "`loss_mask`, shifted by one id to the left inside each subsequence." },
  options,
  readers: [
    {
      name: "Megatron-Bridge",
      version: "067f987",
      notes: [
        "Read in source. A packed training set is a folder or a glob of `*.parquet`, read in the order of names;",
        "`pack_size` is n. A subsequence of L ids trains at most L - 1 of them, and its length in `cu_seqlens` is L - 1:",
        "attention and positions restart there. `pad_cu_seqlens` reads `STAGE.packed_metadata.jsonl`. Context parallelism",
        "wants every L - 1 to be a multiple of twice its size: `--pad-to-multiple` ends subsequences with EOS that is masked,",
        "and a training stage of rows leaves room for it with `align_tokens`.",
      ],
    },
    {
      name: "Nemotron",
      version: "e27b371",
      notes: ["Its data preparation writes the same three columns."],
    },
  ],
  write,
});

const COLUMNS = [{ name: "input_ids" }, { name: "loss_mask", element: "int8" }, { name: "seq_start_id" }] as const;

/** What `pad_cu_seqlens` and people look at: bounds over all rows of a training stage. */
class PackMetadata {
  rows = 0;
  tokens = 0;
  subsequences = 0;
  /** Ids of the longest subsequence. */
  longest = 0;
  /** Trained positions of the shortest row. */
  shortest = Number.POSITIVE_INFINITY;
  most = 0;

  add({ ends, lengths, length_ends }: UnpaddedRows): void {
    this.rows += ends.length;
    this.tokens += ends.at(-1) ?? 0;
    this.subsequences += lengths.length;
    for (const length of lengths) if (length > this.longest) this.longest = length;
    let start = 0;
    let firstPiece = 0;
    for (const [row, end] of ends.entries()) {
      const endPiece = entryAt(length_ends, row, "row");
      const pieces = endPiece - firstPiece;
      this.most = Math.max(this.most, pieces);
      this.shortest = Math.min(this.shortest, end - start - pieces);
      start = end;
      firstPiece = endPiece;
    }
  }

  text(packSize: number): string {
    const entry = {
      dataset_max_seqlen: this.longest,
      max_samples_per_bin: this.most,
      min_packed_seqlen: this.shortest,
      pack_size: packSize,
      packing_efficiency: (100 * this.tokens) / (this.rows * packSize),
      packing_factor: this.subsequences / this.rows,
    };
    // A list on one line, whatever the name says: readers parse the whole file.
    return `${JSON.stringify([entry])}\n`;
  }
}

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const configs: string[] = [];
  const record = stages.map((stage) => {
    const metadata = new PackMetadata();
    const files = stage.sources.flatMap((source) =>
      writeUnpadded(context.folder, stage.name, source, COLUMNS, (unpadded) => {
        const rows = paddedRows(unpadded, stage, context);
        metadata.add(rows);
        return columnsOf(rows);
      }),
    );
    const config = `${stage.name}.packed_metadata.jsonl`;
    context.folder.text(config, metadata.text(stage.sequence_length));
    configs.push(config);
    return {
      name: stage.name,
      pack_size: stage.sequence_length,
      packed_data: trainerPath(`${stage.name}/*.parquet`, context.options),
      rows: stage.rows,
      sources: stage.sources.map(({ source, rows }) => ({ name: source, rows })),
      files: files.length,
    };
  });
  return { configs, warnings: [], record: { stages: record } };
}

/** Rows whose subsequences end with masked EOS, so that each trains a multiple of `pad_to_multiple` positions. Throws RunError `run/export-row-length`. */
function paddedRows(
  rows: UnpaddedRows,
  { name, sequence_length }: TrainingStageRows,
  { options: { pad_to_multiple: multiple = 1 }, tokenizer }: Context,
): UnpaddedRows {
  if (multiple === 1) return rows;
  const lengths = rows.lengths.map((length) => Math.ceil((length - 1) / multiple) * multiple + 1);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Int32Array(total).fill(tokenizer.eos.id);
  const trained = new Uint8Array(total);
  const ends = new Int32Array(rows.ends.length);
  let from = 0;
  let to = 0;
  let piece = 0;
  rows.length_ends.forEach((endPiece, row) => {
    const start = to;
    for (; piece < endPiece; piece++) {
      const length = int32At(rows.lengths, piece);
      ids.set(rows.ids.subarray(from, from + length), to);
      trained.set(rows.trained.subarray(from, from + length), to);
      from += length;
      to += int32At(lengths, piece);
    }
    // One more is what the trainer allows where it asks for alignment.
    if (to - start > sequence_length + 1) throw tooLong(name, to - start, sequence_length, multiple);
    ends[row] = to;
  });
  return { ids, trained, ends, lengths, length_ends: rows.length_ends };
}

function tooLong(stage: string, tokens: number, sequenceLength: number, multiple: number): RunError {
  return new RunError({
    code: "run/export-row-length",
    what: `a row of training stage ${stage} has ${tokens} tokens once its subsequences are padded to ${multiple}, and may have ${sequenceLength + 1}`,
    why: "it was packed without room for the padding",
    fix: `mix the stage by \`rows\` with \`align_tokens: ${multiple}\`, or leave pad_to_multiple out`,
  });
}

/** The first id of a subsequence is not trained, so moving all by one place leaves 0 at the end of the one before. */
function columnsOf({ ids, trained, ends, lengths, length_ends }: UnpaddedRows): ListColumn[] {
  const mask = new Int32Array(ids.length);
  mask.set(trained.subarray(1));
  const starts = new Int32Array(lengths.length);
  let piece = 0;
  for (const endPiece of length_ends) {
    let at = 0;
    for (const length of lengths.subarray(piece, endPiece)) {
      starts[piece++] = at;
      at += length;
    }
  }
  return [
    { values: ids, ends },
    { values: mask, ends },
    { values: starts, ends: length_ends },
  ];
}
