/**
 * Windows of a store, unrolled over epochs: window w of epoch e has the number e · windows + w.
 *
 * Invariant: ranges are in reading order, not empty, and never cross a shard or an epoch.
 */

import { entryAt } from "../../batch/entry.ts";
import { endDocument, firstDocument, type PackedShard, windowFrom } from "./cuts.ts";

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
 * Where a store packed differently goes on after `position` windows of this one (both unrolled): inside the shard where that lies, at the first
 * cut behind every document that has been read; where there is none, at the next shard. The shards of the two stores hold the same documents.
 */
export function handOver(from: readonly PackedShard[], position: number, to: readonly PackedShard[]): number {
  const fromTotal = windowsOf(from);
  if (fromTotal === 0) return 0;
  const epoch = Math.floor(position / fromTotal);
  let left = position - epoch * fromTotal;
  let at = epoch * windowsOf(to);
  for (let shard = 0; left > 0; shard++) {
    const read = entryAt(from, shard, "shard");
    const next = entryAt(to, shard, "shard");
    const document = left < read.windows ? endDocument(read, left) : undefined;
    if (document !== undefined) return at + windowFrom(next, document);
    left -= read.windows;
    at += next.windows;
  }
  return at;
}

/** Windows of one epoch. */
export function windowsOf(shards: readonly PackedShard[]): number {
  return shards.reduce((sum, { windows }) => sum + windows, 0);
}

/** What is known of the documents of a range, which another packing of them may border on. */
export interface DocumentBounds {
  /** In the shard where the range starts it holds none below; absent where it may hold all. */
  readonly first_document?: number;
  /** In the shard where the range ends it holds none from here on; absent where it may hold all. */
  readonly end_document?: number;
}

/** The bounds of the unrolled range `[start, end)`. */
export function documentBounds(shards: readonly PackedShard[], start: number, end: number): DocumentBounds {
  const total = windowsOf(shards);
  if (end <= start || total === 0) return {};
  const [first, firstWindow] = shardAt(shards, start % total);
  const [last, lastWindow] = shardAt(shards, (end - 1) % total);
  const first_document = firstDocument(first, firstWindow);
  const end_document = lastWindow + 1 < last.windows ? endDocument(last, lastWindow + 1) : undefined;
  return {
    ...(first_document === 0 ? {} : { first_document }),
    ...(end_document === undefined ? {} : { end_document }),
  };
}

function shardAt(shards: readonly PackedShard[], window: number): readonly [shard: PackedShard, window: number] {
  let left = window;
  for (const shard of shards) {
    if (left < shard.windows) return [shard, left];
    left -= shard.windows;
  }
  throw new RangeError(`window ${window} is beyond the last shard`);
}
