/**
 * A run as nanotron reads it: one folder of `.ds` files per source, and the `data_stages` block that names them.
 *
 * nanotron reads a folder's files in name order, each to its last whole window, and cannot loop; between stages it goes on in a folder by how
 * many tokens it has consumed under the same path. So a folder holds exactly what consecutive stages read of a source, in order, a
 * second epoch as further files, and a source packed anew gets a folder of its own.
 * A stage cannot change the sequence length within one nanotron run: each length in turn gets its own file.
 * Price: hard links; a copy where links are impossible, and of the rest of a shard where a run starts inside it.
 */
import { join } from "node:path";
import { stringify } from "yaml";
import { readPart } from "../../io/local/read-part.ts";
import { type ShardRange, shardRanges } from "../../kernels/pack/ranges.ts";
import { companions, decodeEnds, encodeEnds, formatMetadata } from "../../store/token-file.ts";
import type { SourceManifest, StoredFile, TrainingStageManifest } from "../schema.ts";
import { type ExportFolder, writeExport } from "./folder.ts";
import { trainerPath } from "./views.ts";

export interface NanotronOptions {
  /** Made anew; a folder that is there and was not made by an earlier export is refused. */
  readonly folder: string;
  /** The folder manifest paths are relative to. */
  readonly store: string;
  /** What the trainer puts before a folder's name; none by default, so that paths are relative to `folder`. */
  readonly path_prefix?: string;
  /** Sequences per training step: turns windows into steps. 1 where not given, so that steps count windows. */
  readonly global_batch_size?: number;
  /** What the trainer loads its tokenizer by; the name in the manifests where not given. */
  readonly tokenizer_name?: string;
}

export interface NanotronExport {
  /** Names of the YAML files, in training order. */
  readonly configs: readonly string[];
  readonly folders: readonly WindowFolder[];
  readonly warnings: readonly string[];
}

/** A folder of token files and the windows of its source that it starts and ends with. */
export interface WindowFolder {
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

interface Chain {
  readonly name: string;
  readonly source: string;
  readonly share: SourceManifest;
  readonly start: number;
  end: number;
}

interface Group {
  readonly sequence_length: number;
  readonly stages: { readonly manifest: TrainingStageManifest; readonly chains: readonly Chain[] }[];
}

/** Writes the export. Throws RunError `run/export-folder-taken`, `run/export-failed`. */
export function exportNanotron(manifests: readonly TrainingStageManifest[], options: NanotronOptions): NanotronExport {
  const groups = groupStages(manifests);
  const chains = [...new Set(groups.flatMap((group) => group.stages.flatMap((stage) => stage.chains)))];
  const warnings = exportWarnings(groups, chains, options);
  const configs = groups.map((group, index) => ({
    name: groups.length === 1 ? "data_stages.yaml" : `data_stages-${index + 1}-${group.sequence_length}.yaml`,
    text: configText(group, options),
  }));
  const folders = chains.map(({ name, source, share, start, end }) => ({
    name,
    source,
    sequence_length: share.packing.window_tokens - 1,
    start_window: start,
    end_window: end,
  }));
  const result: NanotronExport = { configs: configs.map(({ name }) => name), folders, warnings };

  const head = { trainer: "nanotron", plan_fingerprint: manifests[0].plan_fingerprint };
  return writeExport(options.folder, head, (folder) => {
    for (const chain of chains) writeFolder(chain, manifests[0], options, folder);
    for (const { name, text } of configs) folder.text(name, text);
    return result;
  });
}

/** Consecutive stages of one sequence length, and for each of their sources the chain of stages that read on in one folder. */
function groupStages(manifests: readonly TrainingStageManifest[]): Group[] {
  const groups: Group[] = [];
  const used = new Map<string, number>();
  let open = new Map<string, Chain>();
  for (const manifest of manifests) {
    const { sequence_length, window_tokens } = manifest.stage;
    let group = groups.at(-1);
    if (group?.sequence_length !== sequence_length) {
      group = { sequence_length, stages: [] };
      groups.push(group);
      open = new Map();
    }
    const chains: Chain[] = [];
    for (const [source, share] of Object.entries(manifest.sources)) {
      if (share.windows === 0) continue;
      let chain = open.get(source);
      const goesOn =
        chain?.share.fingerprints.windows === share.fingerprints.windows && chain.end === share.start_window;
      if (chain === undefined || !goesOn) {
        const base = `${source}_${window_tokens}`;
        const count = (used.get(base) ?? 0) + 1;
        used.set(base, count);
        chain = { name: count === 1 ? base : `${base}_${count}`, source, share, start: share.start_window, end: 0 };
        open.set(source, chain);
      }
      chain.end = share.end_window;
      chains.push(chain);
    }
    group.stages.push({ manifest, chains });
  }
  return groups;
}

function exportWarnings(groups: readonly Group[], chains: readonly Chain[], options: NanotronOptions): string[] {
  const warnings = chains.flatMap(({ name, share, start, end }) => {
    const repeats = shardRanges(share.shard_windows, start, end).some(
      ({ epoch, shard }) => epoch > 0 && !share.files.some((file) => file.epoch === epoch && file.shard === shard),
    );
    return repeats
      ? [`${name} reads windows of its source again in the same order: later epochs are links to the same files`]
      : [];
  });
  if (options.global_batch_size === undefined) {
    warnings.push("start_training_step counts windows: export again with the trainer's global batch size");
  }
  if (groups.length > 1) {
    warnings.push(
      `nanotron keeps one sequence length per run: train the ${groups.length} data_stages files one after the other`,
    );
  }
  return warnings;
}

function configText(group: Group, options: NanotronOptions): string {
  const batch = options.global_batch_size ?? 1;
  const { tokenizer, seed } = group.stages[0].manifest;
  let step = 1;
  const data_stages = group.stages.map(({ manifest, chains }) => {
    const start_training_step = step;
    step += Math.max(1, Math.floor(manifest.stage.windows / batch));
    return {
      name: manifest.stage.name,
      start_training_step,
      sequence_length: group.sequence_length,
      data: {
        seed,
        num_loading_workers: 0,
        dataset: {
          dataset_folder: chains.map((chain) => folderPath(chain, options)),
          dataset_weights: chains.map((chain) => manifest.sources[chain.source].weight_achieved),
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
  });
  const head = [
    "# The data_stages block of a nanotron config; folders and weights are lists in the same order.",
    `# Steps at a global batch size of ${batch} sequences; train_steps is ${step - 1}.`,
    "# Weights are the achieved ones: nanotron's blend then takes exactly the windows of the manifests.",
    "# Keep the paths as they are between stages: nanotron finds its place in a folder by the path.",
  ];
  return `${head.join("\n")}\n${stringify({ data_stages }, { lineWidth: 0 })}`;
}

function folderPath(chain: Chain, options: NanotronOptions): string {
  return trainerPath(`${PARENT}/${chain.name}`, options);
}

function writeFolder(
  chain: Chain,
  manifest: TrainingStageManifest,
  options: NanotronOptions,
  folder: ExportFolder,
): void {
  const { share, start, end } = chain;
  const path = `${PARENT}/${chain.name}`;
  const windowTokens = share.packing.window_tokens;
  const firstEpoch = Math.floor(start / share.epoch_windows);
  let windows = 0;
  shardRanges(share.shard_windows, start, end + SPARE_WINDOWS).forEach((range, position) => {
    const ofShard = share.files.filter((candidate) => candidate.shard === range.shard);
    // The first epoch's files come first; a later epoch without files of its own reads them again.
    const ownOrder = range.epoch > 0 && ofShard.some((candidate) => candidate.epoch === range.epoch);
    const stored = (suffix: string, epoch?: number): StoredFile => {
      const file = ofShard.find((candidate) => candidate.epoch === epoch && candidate.path.endsWith(`.ds${suffix}`));
      if (file === undefined)
        throw new Error(`${chain.source}: no .ds${suffix} of shard ${range.shard} in the manifest`);
      return file;
    };
    const source = ownOrder ? range.epoch : undefined;
    const tokens = stored("", source);
    const { path: first } = stored("");
    const name = first.slice(first.lastIndexOf("/") + 1);
    const epoch = range.epoch === firstEpoch ? "" : `e${String(range.epoch - firstEpoch).padStart(3, "0")}_`;
    const target = `${path}/${epoch}${name}`;
    const whole = share.shard_windows[range.shard];
    if (position === 0 && range.start > 0) {
      copyRest(
        join(options.store, tokens.path),
        target,
        range,
        whole,
        windowTokens * manifest.tokenizer.token_bytes,
        folder,
      );
      copyEnds(join(options.store, tokens.path), target, range.start * windowTokens, folder);
      windows += whole - range.start;
    } else {
      // The last file is linked whole: what lies beyond the end is spare.
      for (const suffix of ["", companions.index]) {
        const file = stored(suffix, source);
        folder.link(join(options.store, file.path), target + suffix, file);
      }
      windows += whole;
    }
  });
  folder.text(
    `${path}/${chain.source}.ds${companions.metadata}`,
    formatMetadata({
      tokenizer_name: options.tokenizer_name ?? manifest.tokenizer.name,
      token_bytes: manifest.tokenizer.token_bytes,
      tokens: windows * windowTokens,
    }),
  );
}

/** Windows from `range.start` to the end of a shard, as a file of their own. */
function copyRest(
  from: string,
  target: string,
  range: ShardRange,
  whole: number,
  windowBytes: number,
  folder: ExportFolder,
): void {
  const end = whole * windowBytes;
  folder.file(target, (file) => {
    for (let at = range.start * windowBytes; at < end; at += COPY_BYTES) {
      file.write(readPart(from, at, Math.min(COPY_BYTES, end - at)));
    }
  });
}

/** Document ends beyond the first `skipped` tokens of a shard. */
function copyEnds(from: string, target: string, skipped: number, folder: ExportFolder): void {
  const ends = decodeEnds(readPart(from + companions.index), from + companions.index).filter((end) => end > skipped);
  folder.bytes(target + companions.index, encodeEnds(ends, -skipped));
}
