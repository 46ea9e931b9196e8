/**
 * The packed rows of training stages that mix rows as an index over token stores: nothing is copied, and a new mixture costs its index alone.
 *
 * `STAGE.json` names the token files by their numbers in `STAGE.pieces.u32` (four u32 a piece: file, first token, tokens, 1 where a sequence begins);
 * `STAGE.ends.u64` has the exclusive end of every row in pieces. `docs/examples/read_rows.py` reads it with numpy alone.
 * Invariant: token files are links to the store's. Price: 16 bytes a piece, 8 a row.
 */
import { z } from "zod";
import { companions } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import type { StoreFile, TrainingStageRowPlan } from "./views.ts";

const options = z.strictObject({ path_prefix: sharedOptions.path_prefix });
type Context = ExportContext<z.output<typeof options>>;

export default defineExporter({
  name: "row-index",
  summary: "packed rows that mix sources, as an index over the token stores",
  files: ["STAGE.json", "STAGE.pieces.u32", "STAGE.ends.u64", "tokens/SOURCE-*.ds", "tokens/SOURCE-*.ds.loss"],
  reads: "row_plans",
  geometry: {
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "none",
    boundaries: "sequence_lengths",
    boundary_labels: "masked",
    order: "kept",
  },
  loss: { written: "always", notes: "The lanes of the stores are linked beside their tokens." },
  options,
  readers: [
    {
      name: "numpy",
      version: "2.4",
      notes: [
        "`docs/examples/read_rows.py`: `Rows(folder, stage)[i]` is a row with `input_ids`, `labels`, `seq_lengths`.",
        "The first id of a sequence is a label for nobody, as in the export for TRL.",
      ],
    },
  ],
  write,
});

function write(stages: readonly TrainingStageRowPlan[], { folder, tokenizer, options: given }: Context): Exported {
  const linked = new Map<string, string>();
  const link = ({ path, ...stored }: StoreFile, to: string): string => {
    const known = linked.get(path);
    if (known !== undefined) return known;
    folder.link(path, to, stored);
    linked.set(path, to);
    return to;
  };
  const configs: string[] = [];
  const record = stages.map((stage) => {
    const { name, rows, sequence_length } = stage;
    const counts = new Map<string, number>();
    const token_files = stage.token_files.map(({ source, tokens, loss }) => {
      const number = counts.get(source) ?? 0;
      counts.set(source, number + 1);
      // Stages may read the store of one source under the same name: the file is the same, too.
      const path = link(tokens, `tokens/${source}-${String(number).padStart(5, "0")}.ds`);
      return {
        source,
        tokens: trainerPath(path, given),
        ...(loss && { loss: trainerPath(link(loss, path + companions.loss), given) }),
      };
    });
    folder.link(stage.pieces.path, `${name}.pieces.u32`, stage.pieces);
    folder.link(stage.ends.path, `${name}.ends.u64`, stage.ends);
    const config = `${name}.json`;
    const text = { name, rows, sequence_length, token_bytes: tokenizer.token_bytes, token_files };
    folder.text(config, `${JSON.stringify(text, null, 2)}\n`);
    configs.push(config);
    return { name, rows, sequence_length };
  });
  return { configs, warnings: [], record: { stages: record } };
}
