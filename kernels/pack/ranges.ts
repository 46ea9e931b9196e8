/**
 * Windows of a store, unrolled over epochs: window w of epoch e has the number e · windows + w.
 *
 * Invariant: ranges are in reading order, not empty, and never cross a shard or an epoch.
 */

/** Windows `[start, end)` of one shard, read in one epoch. */
export interface ShardRange {
  readonly epoch: number;
  readonly shard: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The shard windows that the unrolled range `[start, end)` stands for. `shardWindows` are the windows of each shard.
 */
export function shardRanges(shardWindows: readonly number[], start: number, end: number): ShardRange[] {
  const total = shardWindows.reduce((sum, windows) => sum + windows, 0);
  const ranges: ShardRange[] = [];
  if (end <= start || total === 0) return ranges;
  for (let epoch = Math.floor(start / total); epoch * total < end; epoch++) {
    let base = epoch * total;
    for (let shard = 0; shard < shardWindows.length; shard++) {
      const from = Math.max(start, base);
      const to = Math.min(end, base + shardWindows[shard]);
      if (from < to) ranges.push({ epoch, shard, start: from - base, end: to - base });
      base += shardWindows[shard];
    }
  }
  return ranges;
}

/**
 * Where a store packed differently goes on after `position` windows of this one (both unrolled): at the first shard
 * none of whose documents have been read. The shards of the two stores hold the same documents.
 */
export function handOver(from: readonly number[], position: number, to: readonly number[]): number {
  const fromTotal = from.reduce((sum, windows) => sum + windows, 0);
  const toTotal = to.reduce((sum, windows) => sum + windows, 0);
  if (fromTotal === 0) return 0;
  const epoch = Math.floor(position / fromTotal);
  let left = position - epoch * fromTotal;
  let at = epoch * toTotal;
  for (let shard = 0; left > 0; shard++) {
    left -= from[shard];
    at += to[shard];
  }
  return at;
}
