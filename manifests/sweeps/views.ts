/**
 * What the writers of a sweep are given: candidates, each with what its training stages read, and the stores that all of them read.
 *
 * Invariant: nothing here names a token of one candidate alone: candidates are words over shared files.
 */

import type { ExportFolder } from "../exports/folder.ts";
import type { DocumentRange, SourceFiles, SourceRows } from "../exports/views.ts";
import type { TrainingStageManifest } from "../schema.ts";

/** What one training stage of a candidate reads of one source. */
export interface SweptShare {
  readonly source: string;
  /** Share of the stage's windows. */
  readonly weight: number;
  readonly windows: number;
  readonly tokens: number;
  /** Windows, numbered through epochs of the part that there is. */
  readonly start_window: number;
  readonly end_window: number;
  readonly epoch_windows: number;
}

export interface SweptTrainingStage {
  readonly name: string;
  readonly sequence_length: number;
  readonly windows: number;
  readonly tokens: number;
  /** Sources with no window are left out. */
  readonly sources: readonly SweptShare[];
}

export interface SweptCandidate {
  readonly id: string;
  readonly name: string;
  /** Of each source, the part that there is. */
  readonly part_ratio: number;
  readonly stages: readonly SweptTrainingStage[];
}

export interface SweptStores {
  /** Windows of a source as a training stage packs them. */
  readonly windows: (stage: string, source: string) => SourceFiles;
  /** The shards of a source's token store, whole. */
  readonly documents: (source: string) => readonly DocumentRange[];
  /** Packed rows of a source at the stage's length, all of them. */
  readonly rows: (stage: string, source: string) => SourceRows;
}

export interface SweepContext {
  readonly folder: ExportFolder;
  readonly tokenizer: TrainingStageManifest["tokenizer"];
  readonly seed: number;
  readonly global_batch_size: number;
  /** What configurations put before paths of shared files. */
  readonly path_prefix?: string | undefined;
}

/** Writes the shared files and every candidate's configuration for one trainer; returns what people should know. */
export type SweepWriter = (
  candidates: readonly SweptCandidate[],
  stores: SweptStores,
  context: SweepContext,
) => readonly string[];

export const candidateFile = (candidate: SweptCandidate, name: string): string => `candidates/${candidate.id}/${name}`;

/** A shared file as a candidate's configuration spells it: below the prefix, or from the candidate's folder. */
export function sharedPath(path: string, { path_prefix }: Pick<SweepContext, "path_prefix">): string {
  return path_prefix === undefined ? `../../${path}` : `${path_prefix.replace(/\/+$/, "")}/${path}`;
}

/** Windows of each shard that are among the first `windows` of all. */
export function firstWindows(shards: readonly number[], windows: number): readonly number[] {
  let left = windows;
  return shards.map((held) => {
    const kept = Math.min(left, held);
    left -= kept;
    return kept;
  });
}

/** Every (stage, source) that some candidate reads, once each. */
export function usedShares(
  candidates: readonly SweptCandidate[],
): readonly { readonly stage: SweptTrainingStage; readonly source: string }[] {
  const used = new Map<string, { readonly stage: SweptTrainingStage; readonly source: string }>();
  for (const { stages } of candidates) {
    for (const stage of stages) {
      for (const { source } of stage.sources) {
        const key = JSON.stringify([stage.name, source]);
        if (!used.has(key)) used.set(key, { stage, source });
      }
    }
  }
  return [...used.values()];
}
