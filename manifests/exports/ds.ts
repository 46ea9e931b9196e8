/**
 * Packed rows as plain `.ds` files: ids, where sequences end, and which ids are trained. What is the store's own format, as a folder that can be
 * carried away, for training stages that mix rows too.
 *
 * A row has one id more than the sequence length, as datatrove's readers want it; what sequences leave of it is EOS, each its own entry of the index and
 * masked in the lane. Invariant: `.ds.loss` is there where any source of the stage has a loss lane. Price: a copy of every id.
 */
import { z } from "zod";
import { PADDING_WORD, piecesOf } from "../../kernels/pack/fill.ts";
import { bytesOf, companions, encodeEnds, formatMetadata } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, numbered } from "./define.ts";
import { rowBlocks, type SourceRows, type TrainingStageRows } from "./views.ts";

const options = z.strictObject({});
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "ds",
  summary: "packed rows as `.ds`, `.ds.index` and `.ds.loss`",
  files: [
    "STAGE/SOURCE-*.ds",
    "STAGE/SOURCE-*.ds.index",
    "STAGE/SOURCE-*.ds.loss",
    "STAGE/SOURCE-*.ds.metadata",
    "STAGE.json",
  ],
  reads: "windows",
  geometry: {
    row_extra_tokens: 1,
    stride_extra_tokens: 1,
    padding: "eos",
    boundaries: "document_index",
    boundary_labels: "masked_by_file",
    order: "kept",
  },
  loss: { written: "always", notes: "`.ds.loss`, one byte an id: 1 where it is trained." },
  options,
  readers: [
    {
      name: "datatrove",
      version: "as `nanotron` has it",
      notes: [
        '`DatatroveFolderDataset(folder, n, filename_pattern="*.ds", return_positions=True)` reads rows of n + 1 ids and restarts',
        "positions by the index. Byte i of the lane speaks of id i as a label; its first loader is still to come.",
      ],
    },
  ],
  write,
});

function write(stages: readonly TrainingStageRows[], context: Context): Exported {
  const configs: string[] = [];
  const summary = stages.map((stage) => {
    const sources = stage.sources.map((source) => ({
      name: source.source,
      rows: source.rows,
      weight: source.weight,
      files: writeSource(stage.name, source, context),
    }));
    const { name, sequence_length, rows } = stage;
    const config = `${name}.json`;
    const text = { name, sequence_length, row_tokens: sequence_length + 1, rows, sources };
    context.folder.text(config, `${JSON.stringify(text, null, 2)}\n`);
    configs.push(config);
    return {
      name,
      sequence_length,
      rows,
      sources: sources.map(({ name: source, rows: own }) => ({ name: source, rows: own })),
    };
  });
  return { configs, warnings: [], record: { stages: summary } };
}

/** One `.ds` with what stands beside it for every range of a source. Returns their paths. */
function writeSource(stage: string, source: SourceRows, { folder, tokenizer }: Context): string[] {
  return source.ranges.map((range, i) => {
    const path = `${stage}/${source.source}-${numbered(i)}.ds`;
    const ends: number[] = [];
    const lanes: Uint8Array[] = [];
    let tokens = 0;
    folder.file(path, (file) => {
      for (const block of rowBlocks(source, range)) {
        file.write(bytesOf(block.tokens));
        lanes.push(source.has_loss ? (block.loss ?? laneOf(block.pieces, block.tokens.length)) : new Uint8Array());
        for (const { document, length } of piecesOf(block.pieces)) {
          if (document === PADDING_WORD) for (let pad = 1; pad <= length; pad++) ends.push(tokens + pad);
          else ends.push(tokens + length);
          tokens += length;
        }
      }
    });
    folder.bytes(`${path}${companions.index}`, encodeEnds(ends));
    if (source.has_loss) {
      folder.file(`${path}${companions.loss}`, (file) => {
        for (const lane of lanes) file.write(lane);
      });
    }
    const { name: tokenizer_name, token_bytes } = tokenizer;
    folder.text(`${path}${companions.metadata}`, formatMetadata({ tokenizer_name, token_bytes, tokens }));
    return path;
  });
}

/** Where all but padding is trained. */
function laneOf(pieces: Uint32Array, tokens: number): Uint8Array {
  const lane = new Uint8Array(tokens).fill(1);
  let at = 0;
  for (const { document, length } of piecesOf(pieces)) {
    if (document === PADDING_WORD) lane.fill(0, at, at + length);
    at += length;
  }
  return lane;
}
