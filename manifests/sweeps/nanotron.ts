/**
 * A sweep for nanotron: one folder a source of links to the packed windows, and `data_stages` a candidate.
 *
 * nanotron reads a folder from its first window on, so all candidates must start a source at one place; a folder goes on as far as the candidate
 * that reads most. Where windows of a later epoch have no files of their own, those of the first are linked again. Price: links; copies only
 * of what lies inside a shard where a start or a simulated end does.
 */
import { stringify } from "yaml";
import { dataBlock, writeFolder } from "../exports/nanotron.ts";
import type { SourceFiles } from "../exports/views.ts";
import {
  candidateFile,
  firstWindows,
  type SweepContext,
  type SweepWriter,
  type SweptCandidate,
  type SweptShare,
  type SweptStores,
  type SweptTrainingStage,
  sharedPath,
} from "./views.ts";

/** nanotron's statistics look for "s3" in every folder's path. */
const BASE = "shared/nanotron/s3";

interface Folder {
  readonly name: string;
  readonly files: SourceFiles;
  readonly start: number;
  end: number;
}

export const writeNanotron: SweepWriter = (candidates, stores, context) => {
  const folders = new Map<string, Folder>();
  const starts = new Map<string, number>();
  const unreadable = new Set<string>();
  const keyOf = (candidate: SweptCandidate, stage: SweptTrainingStage, share: SweptShare): string =>
    JSON.stringify([
      stores.windows(stage.name, share.source).fingerprint,
      share.epoch_windows,
      candidate.part_ratio < 1,
    ]);
  for (const candidate of candidates) {
    const seen = new Set<string>();
    for (const stage of candidate.stages) {
      for (const share of stage.sources) {
        const key = keyOf(candidate, stage, share);
        if (!seen.has(key)) {
          seen.add(key);
          const start = starts.get(key) ?? share.start_window;
          starts.set(key, start);
          if (start !== share.start_window) unreadable.add(key);
        }
        const folder = folders.get(key);
        if (folder === undefined) folders.set(key, folderOf(folders, stage, share, stores, candidate));
        else folder.end = Math.max(folder.end, share.end_window);
      }
    }
  }
  const options = { path_prefix: undefined };
  for (const [key, folder] of folders) if (!unreadable.has(key)) writeFolder(folder, { ...context, options }, BASE);
  const left = new Set<string>();
  for (const candidate of candidates) {
    const readable = candidate.stages.filter((stage) => {
      return stage.sources.every((share) => !unreadable.has(keyOf(candidate, stage, share)));
    });
    for (const stage of candidate.stages) if (!readable.includes(stage)) left.add(stage.name);
    for (const [name, text] of configs(candidate, readable, context, (stage, share) => {
      return folders.get(keyOf(candidate, stage, share))?.name ?? "";
    })) {
      context.folder.text(candidateFile(candidate, name), text);
    }
  }
  return [...left].map(
    (name) =>
      `nanotron: candidates start ${name} at different windows of a source, and it reads a folder from its first: export the candidate you choose`,
  );
};

function folderOf(
  folders: ReadonlyMap<string, Folder>,
  stage: SweptTrainingStage,
  share: SweptShare,
  stores: SweptStores,
  { part_ratio }: SweptCandidate,
): Folder {
  const files = stores.windows(stage.name, share.source);
  const base = `${share.source}_${files.window_tokens}${part_ratio < 1 ? `_first-${share.epoch_windows}` : ""}`;
  const same = [...folders.values()].filter(({ name }) => name === base || name.startsWith(`${base}_v`)).length;
  return {
    name: same === 0 ? base : `${base}_v${same + 1}`,
    files: {
      ...files,
      shard_windows: firstWindows(files.shard_windows, share.epoch_windows),
      epoch_windows: share.epoch_windows,
    },
    start: share.start_window,
    end: share.end_window,
  };
}

/** One file for the stages of each length in turn, as nanotron keeps one length a run. */
function configs(
  candidate: SweptCandidate,
  stages: readonly SweptTrainingStage[],
  context: SweepContext,
  folderName: (stage: SweptTrainingStage, share: SweptShare) => string,
): readonly (readonly [name: string, text: string])[] {
  const groups: SweptTrainingStage[][] = [];
  for (const stage of stages) {
    const group = groups.at(-1);
    if (group?.[0]?.sequence_length === stage.sequence_length) group.push(stage);
    else groups.push([stage]);
  }
  return groups.map((group, at) => {
    let step = 1;
    const data_stages = group.map((stage) => {
      const start_training_step = step;
      step += Math.max(1, Math.floor(stage.windows / context.global_batch_size));
      return dataBlock(
        {
          name: stage.name,
          start_training_step,
          sequence_length: stage.sequence_length,
          folders: stage.sources.map((share) => sharedPath(`${BASE}/${folderName(stage, share)}`, context)),
          weights: stage.sources.map(({ weight }) => weight),
        },
        { ...context, options: {} },
      );
    });
    const head = `# ${candidate.name}: train_steps is ${step - 1} at a global batch size of ${context.global_batch_size} sequences.`;
    const name = groups.length === 1 ? "nanotron.yaml" : `nanotron-${at + 1}-${group[0]?.sequence_length}.yaml`;
    return [name, `${head}\n${stringify({ data_stages }, { lineWidth: 0 })}`] as const;
  });
}
