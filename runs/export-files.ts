/**
 * The packed windows of a run as files of the store, for trainers that read those as they are.
 *
 * Invariant: files are named by the manifests alone, and stages keep their order. Price: none; nothing is read.
 */
import { join } from "node:path";
import type { SourceFiles, StoreFile, TrainingStageFiles, WindowFiles } from "../manifests/exports/views.ts";
import type { SourceManifest, TrainingStageManifest } from "../manifests/schema.ts";
import { companions } from "../store/token-file.ts";

export function fileStages(manifests: readonly TrainingStageManifest[], store: string): TrainingStageFiles[] {
  return manifests.map(({ stage, sources }) => ({
    name: stage.name,
    sequence_length: stage.sequence_length,
    rows: stage.windows,
    sources: Object.entries(sources).flatMap(([source, share]): SourceFiles[] => {
      if (share.windows === 0) return [];
      const { shard_windows, start_window, end_window, epoch_windows } = share;
      return [
        {
          source,
          weight: share.weight_achieved,
          rows: share.windows,
          window_tokens: stage.window_tokens,
          fingerprint: share.fingerprints.windows,
          shard_windows,
          start_window,
          end_window,
          epoch_windows,
          files: windowFiles(share, store),
        },
      ];
    }),
  }));
}

function windowFiles({ files }: SourceManifest, store: string): WindowFiles[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const stored = (path: string): StoreFile => {
    const file = byPath.get(path);
    if (file === undefined) throw new Error(`no ${path} in the manifest`);
    return { path: join(store, path), size_bytes: file.size_bytes, sha256: file.sha256 };
  };
  return files
    .filter(({ path }) => path.endsWith(".ds"))
    .map(({ path, shard, epoch = 0 }) => ({
      shard,
      epoch,
      tokens: stored(path),
      index: stored(path + companions.index),
    }));
}
