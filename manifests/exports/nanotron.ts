/**
 * A run as nanotron reads it: one folder of `.ds` files per source, and the `data_stages` block that names them.
 *
 * nanotron reads a folder's files in name order, each to its last whole window, and cannot loop; between stages it goes
 * on in a folder by how many tokens it has consumed under the same path. So a folder holds exactly what consecutive
 * stages read of a source, in order, a second epoch as further files, and a source packed anew gets a folder of its
 * own. A stage cannot change the sequence length within one nanotron run: each length in turn gets its own file.
 * Price: hard links; a copy where links are impossible, and of the rest of a shard where a run starts inside it.
 */
import { basename } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { entryAt } from "../../batch/entry.ts";
import { readPart } from "../../io/local/read-part.ts";
import { type ShardRange, shardRanges } from "../../kernels/pack/ranges.ts";
import { companions, decodeEnds, encodeEnds, formatMetadata } from "../../store/token-file.ts";
import { defineExporter, type ExportContext, type Exported, sharedOptions, trainerPath } from "./define.ts";
import type { ExportFolder } from "./folder.ts";
import type { SourceFiles, TrainingStageFiles, WindowFiles } from "./views.ts";

const options = z.strictObject({
  path_prefix: sharedOptions.path_prefix,
  global_batch_size: sharedOptions.global_batch_size,
  tokenizer_name: sharedOptions.tokenizer_name,
});
type Options = z.output<typeof options>;
type Context = ExportContext<Options>;

export default defineExporter({
  name: "nanotron",
  summary: "the packed windows as folders of `.ds` files for nanotron, with its `data_stages`",
  files: [
    "s3/SOURCE_ROW/*.ds",
    "s3/SOURCE_ROW/*.ds.index",
    "s3/SOURCE_ROW/*.ds.loss",
    "s3/SOURCE_ROW/SOURCE.ds.metadata",
    "data_stages*.yaml",
  ],
  reads: "window_files",
  geometry: {
    row_extra_tokens: 1,
    stride_extra_tokens: 1,
    padding: "eos",
    boundaries: "eos",
    boundary_labels: "masked",
    order: "kept",
  },
  loss: {
    written: "always",
    notes: "`.ds.loss` beside `.ds`, as datatrove writes it; nanotron's data set does not read it yet.",
  },
  options,
  readers: [
    {
      name: "nanotron, its smollm3 branch",
      version: "bc1f5a61",
      notes: [
        "Reads a folder's files in name order, each to its last whole window, without shuffling, and cannot loop:",
        "epochs lie in the folder. Positions restart after every EOS id in a window, and labels at position 0 are masked,",
        "so padding with EOS costs no loss, and neither does a BOS, which stands at position 0. Between stages it finds its place in a folder by the path.",
      ],
    },
    {
      name: "nanotron",
      version: "2411b022, 2026-04",
      notes: [
        "The same bytes, but its data set does not fit datatrove's main branch (argument names differ since 2025-04-30):",
        "use the pair of branches SmolLM3 used.",
      ],
    },
  ],
  write,
});

/**
 * A folder of token files and the windows of its source that it starts and ends with; `mix next` finds its place by it.
 */
interface WindowFolder {
  readonly name: string;
  readonly source: string;
  readonly sequence_length: number;
  readonly start_window: number;
  readonly end_window: number;
}

/** nanotron's bookkeeping between stages is off by a few samples per source: folders hold that much more. */
const SPARE_WINDOWS = 16;
/** nanotron's consumption statistics look for "s3" in every folder's path. */
const PARENT = "s3";
/** Bytes of a shard copied at a time. */
const COPY_BYTES = 4 * 1024 * 1024;

/** What a folder holds: windows `[start, end)` of a source. */
export interface Chain {
  readonly name: string;
  readonly files: SourceFiles;
  readonly start: number;
  end: number;
}

interface Group {
  readonly sequence_length: number;
  readonly stages: { readonly stage: TrainingStageFiles; readonly chains: readonly Chain[] }[];
}

function write(stages: readonly TrainingStageFiles[], context: Context): Exported {
  const groups = groupStages(stages);
  const chains = [...new Set(groups.flatMap((group) => group.stages.flatMap((stage) => stage.chains)))];
  for (const chain of chains) writeFolder(chain, context);
  const configs = groups.map((group, index) => {
    const name = groups.length === 1 ? "data_stages.yaml" : `data_stages-${index + 1}-${group.sequence_length}.yaml`;
    context.folder.text(name, configText(group, context));
    return name;
  });
  const folders = chains.map(
    ({ name, files, start, end }): WindowFolder => ({
      name,
      source: files.source,
      sequence_length: files.window_tokens - 1,
      start_window: start,
      end_window: end,
    }),
  );
  return { configs, warnings: exportWarnings(groups, chains, context.options), record: { folders } };
}

/**
 * Consecutive stages of one sequence length, and for each of their sources the chain of stages that read on in one
 * folder.
 */
function groupStages(stages: readonly TrainingStageFiles[]): Group[] {
  const groups: Group[] = [];
  const used = new Map<string, number>();
  let open = new Map<string, Chain>();
  for (const stage of stages) {
    const { sequence_length } = stage;
    let group = groups.at(-1);
    if (group?.sequence_length !== sequence_length) {
      group = { sequence_length, stages: [] };
      groups.push(group);
      open = new Map();
    }
    const chains: Chain[] = [];
    for (const files of stage.sources) {
      const { source } = files;
      let chain = open.get(source);
      const goesOn = chain?.files.fingerprint === files.fingerprint && chain.end === files.start_window;
      if (chain === undefined || !goesOn) {
        const base = `${source}_${files.window_tokens}`;
        const count = (used.get(base) ?? 0) + 1;
        used.set(base, count);
        chain = { name: count === 1 ? base : `${base}_${count}`, files, start: files.start_window, end: 0 };
        open.set(source, chain);
      }
      chain.end = files.end_window;
      chains.push(chain);
    }
    group.stages.push({ stage, chains });
  }
  return groups;
}

function exportWarnings(groups: readonly Group[], chains: readonly Chain[], { global_batch_size }: Options): string[] {
  const warnings = chains.flatMap(({ name, files, start, end }) => {
    const repeats = shardRanges(files.shard_windows, start, end).some(
      ({ epoch, shard }) => epoch > 0 && ownFiles(files, shard, epoch) === undefined,
    );
    return repeats
      ? [`${name} reads windows of its source again in the same order: later epochs are links to the same files`]
      : [];
  });
  for (const { name, files } of chains) {
    if (!files.has_loss) continue;
    warnings.push(
      `${name} has .ds.loss files, which nanotron's data set does not read: masked tokens are trained on without a change there`,
    );
  }
  if (global_batch_size === undefined) {
    warnings.push("start_training_step counts windows: export again with the trainer's global batch size");
  }
  if (groups.length > 1) {
    warnings.push(
      `nanotron keeps one sequence length per run: train the ${groups.length} data_stages files one after the other`,
    );
  }
  return warnings;
}

function configText(group: Group, { tokenizer, seed, options }: Context): string {
  const batch = options.global_batch_size ?? 1;
  let step = 1;
  const data_stages = group.stages.map(({ stage, chains }) => {
    const start_training_step = step;
    step += Math.max(1, Math.floor(stage.rows / batch));
    return dataBlock(
      {
        name: stage.name,
        start_training_step,
        sequence_length: group.sequence_length,
        folders: chains.map(({ name }) => trainerPath(`${PARENT}/${name}`, options)),
        weights: stage.sources.map(({ weight }) => weight),
      },
      { tokenizer, seed, options },
    );
  });
  const head = [
    "# The data_stages block of a nanotron config; folders and weights are lists in the same order.",
    `# Steps at a global batch size of ${batch} sequences; train_steps is ${step - 1}.`,
    "# Weights are the achieved ones: nanotron's blend then takes exactly the windows of the manifests.",
    ...(tokenizer.bos === undefined
      ? []
      : [
          `# Documents begin with BOS ${tokenizer.bos.id} and end with EOS ${tokenizer.eos.id}, by which positions restart.`,
        ]),
    "# Keep the paths as they are between stages: nanotron finds its place in a folder by the path.",
  ];
  return `${head.join("\n")}\n${stringify({ data_stages }, { lineWidth: 0 })}`;
}

export interface DataBlock {
  readonly name: string;
  readonly start_training_step: number;
  readonly sequence_length: number;
  /** In one order. */
  readonly folders: readonly string[];
  readonly weights: readonly number[];
}

/** An entry of `data_stages`. */
export function dataBlock(
  { name, start_training_step, sequence_length, folders, weights }: DataBlock,
  { tokenizer, seed, options }: Pick<Context, "tokenizer" | "seed" | "options">,
): object {
  return {
    name,
    start_training_step,
    sequence_length,
    data: {
      seed,
      num_loading_workers: 0,
      dataset: {
        dataset_folder: folders,
        dataset_weights: weights,
        return_positions: true,
        token_size_in_bytes: tokenizer.token_bytes,
        tokenizer_name: options.tokenizer_name ?? tokenizer.name,
        vocab_size: tokenizer.vocab_size,
        pad_samples_to_global_batch_size: false,
        shuffle_files: false,
        use_old_brrr_dataloader: false,
      },
    },
  };
}

/** The files a shard's windows have in the order of an epoch; undefined where they are read again as in the first. */
function ownFiles({ files }: SourceFiles, shard: number, epoch: number): WindowFiles | undefined {
  return files.find((candidate) => candidate.shard === shard && candidate.epoch === epoch);
}

function firstFiles(files: SourceFiles, shard: number): WindowFiles {
  const first = ownFiles(files, shard, 0);
  if (first === undefined) throw new Error(`${files.source}: no windows of shard ${shard} in the manifest`);
  return first;
}

/** Writes the folder of a chain, its path below `base`. */
export function writeFolder(
  { name, files, start, end }: Chain,
  { folder, tokenizer, options }: Context,
  base = PARENT,
): void {
  const path = `${base}/${name}`;
  const firstEpoch = Math.floor(start / files.epoch_windows);
  let windows = 0;
  shardRanges(files.shard_windows, start, end + SPARE_WINDOWS).forEach((range, position) => {
    // The first epoch's files come first; a later epoch without files of its own reads them again.
    const first = firstFiles(files, range.shard);
    const stored = ownFiles(files, range.shard, range.epoch) ?? first;
    const epoch = range.epoch === firstEpoch ? "" : `e${String(range.epoch - firstEpoch).padStart(3, "0")}_`;
    const target = `${path}/${epoch}${basename(first.tokens.path)}`;
    const whole = entryAt(files.shard_windows, range.shard, "shard");
    const held = stored.tokens.size_bytes / tokenizer.token_bytes / files.window_tokens;
    if ((position === 0 && range.start > 0) || whole < held) {
      copyRest(stored, target, range, whole, files.window_tokens, tokenizer.token_bytes, folder);
      windows += whole - range.start;
    } else {
      // The last file is linked whole: what lies beyond the end is spare.
      folder.link(stored.tokens.path, target, stored.tokens);
      folder.link(stored.index.path, target + companions.index, stored.index);
      if (stored.loss !== undefined) folder.link(stored.loss.path, target + companions.loss, stored.loss);
      windows += whole;
    }
  });
  folder.text(
    `${path}/${files.source}.ds${companions.metadata}`,
    formatMetadata({
      tokenizer_name: options.tokenizer_name ?? tokenizer.name,
      token_bytes: tokenizer.token_bytes,
      tokens: windows * files.window_tokens,
    }),
  );
}

/** Windows from `range.start` to the end of a shard, or of the part of it that counts, as files of their own. */
function copyRest(
  stored: WindowFiles,
  target: string,
  range: ShardRange,
  whole: number,
  windowTokens: number,
  tokenBytes: number,
  folder: ExportFolder,
): void {
  const skipped = range.start * windowTokens;
  copyPart(stored.tokens.path, target, skipped * tokenBytes, whole * windowTokens * tokenBytes, folder);
  if (stored.loss !== undefined) {
    copyPart(stored.loss.path, target + companions.loss, skipped, whole * windowTokens, folder);
  }
  const last = whole * windowTokens;
  const index = decodeEnds(readPart(stored.index.path), stored.index.path).filter(
    (end) => end > skipped && end <= last,
  );
  folder.bytes(target + companions.index, encodeEnds(index, -skipped));
}

function copyPart(from: string, target: string, start: number, end: number, folder: ExportFolder): void {
  folder.file(target, (file) => {
    for (let at = start; at < end; at += COPY_BYTES) file.write(readPart(from, at, Math.min(COPY_BYTES, end - at)));
  });
}
