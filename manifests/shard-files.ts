/** Which file of a manifest holds a shard. A later epoch has files of its own, or reads those of the first again. */

interface ShardFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly shard: number;
  /** Absent for the first epoch. */
  readonly epoch?: number | undefined;
}

/** The `.ds` of a shard as epoch `epoch` (from 0) reads it. What no manifest that passed its schema lacks is a bug where it does. */
export function shardFile(files: readonly ShardFile[], shard: number, epoch = 0): ShardFile {
  const candidates = files.filter((file) => file.shard === shard && file.path.endsWith(".ds"));
  const own = epoch === 0 ? undefined : candidates.find((file) => file.epoch === epoch);
  const file = own ?? candidates.find((candidate) => candidate.epoch === undefined);
  if (file === undefined) throw new Error(`no token file of shard ${shard} in the manifest`);
  return file;
}
