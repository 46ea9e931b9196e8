/**
 * The packed windows of a run as files of the store, for trainers that read those as they are.
 *
 * Invariant: files are named by the manifests alone, and stages keep their order. Price: none; nothing is read.
 */
import { join } from "node:path";
import type { SourceFiles, StoreFile, TrainingStageFiles, WindowFiles } from "../manifests/exports/views.ts";
import type { SourceManifest, StoredFile, TrainingStageManifest } from "../manifests/schema.ts";
import { lossFile } from "../manifests/shard-files.ts";
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
          ...windowFiles(share, store),
        },
      ];
    }),
  }));
}

function windowFiles({ files }: SourceManifest, store: string): Pick<SourceFiles, "files" | "has_loss"> {
  const stored = ({ path, size_bytes, sha256 }: StoredFile): StoreFile => ({
    path: join(store, path),
    size_bytes,
    sha256,
  });
  const beside = (path: string): StoreFile => {
    const file = files.find((candidate) => candidate.path === path);
    if (file === undefined) throw new Error(`no ${path} in the manifest`);
    return stored(file);
  };
  const windows = files
    .filter(({ path }) => path.endsWith(".ds"))
    .map((file): WindowFiles => {
      const loss = lossFile(files, file);
      return {
        shard: file.shard,
        epoch: file.epoch ?? 0,
        tokens: stored(file),
        index: beside(file.path + companions.index),
        ...(loss === undefined ? {} : { loss: stored(loss) }),
      };
    });
  return { files: windows, has_loss: windows.some(({ loss }) => loss !== undefined) };
}
