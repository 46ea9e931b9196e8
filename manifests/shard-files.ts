/** Which file of a manifest holds a shard. A later epoch has files of its own, or reads those of the first again. */

import { companions } from "../store/token-file.ts";

interface ShardFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly shard: number;
  /** Absent for the first epoch. */
  readonly epoch?: number | undefined;
}

/**
 * The `.ds` of a shard as epoch `epoch` (from 0) reads it. What no manifest that passed its schema lacks is a bug where
 * it does.
 */
export function shardFile(files: readonly ShardFile[], shard: number, epoch = 0): ShardFile {
  const candidates = files.filter((file) => file.shard === shard && file.path.endsWith(".ds"));
  const own = epoch === 0 ? undefined : candidates.find((file) => file.epoch === epoch);
  const file = own ?? candidates.find((candidate) => candidate.epoch === undefined);
  if (file === undefined) throw new Error(`no token file of shard ${shard} in the manifest`);
  return file;
}

/** The loss lane beside a `.ds`; undefined where all its tokens are trained. */
export function lossFile<File extends { readonly path: string }>(
  files: readonly File[],
  tokens: { readonly path: string },
): File | undefined {
  return files.find(({ path }) => path === tokens.path + companions.loss);
}

/** Whether any shard of a store or of windows has a loss lane. */
export function hasLoss(files: readonly { readonly path: string }[]): boolean {
  return files.some(({ path }) => isLossFile(path));
}

export function isLossFile(path: string): boolean {
  return path.endsWith(`.ds${companions.loss}`);
}
