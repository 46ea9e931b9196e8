/** Shards and their parts: how they are cut, what they are called in messages, what is refused by its first bytes. */
import { DataError } from "../../batch/errors.ts";
import type { ShardRef } from "../../io/source.ts";
import { utf16ByteOrder } from "../../kernels/utf16.ts";
import type { Extent, ReadContext } from "../define.ts";

/** One extent a shard, for formats that can only be read from their start. */
export function wholeShards(shards: readonly ShardRef[]): Extent[] {
  return shards.map((shard, i) => ({
    shard: i,
    unit: "all",
    start: 0,
    end: shard.size_bytes,
    size_bytes: shard.size_bytes,
  }));
}

/** Cuts `size` bytes into equal parts of about `partBytes`; a part begins where the one before it ends. */
export function byteExtents(shard: number, size: number, partBytes: number): Extent[] {
  const parts = Math.max(1, Math.round(size / Math.max(1, partBytes)));
  return Array.from({ length: parts }, (_, part) => {
    const start = Math.floor((size * part) / parts);
    const end = Math.floor((size * (part + 1)) / parts);
    return { shard, unit: "bytes" as const, start, end, size_bytes: end - start };
  });
}

/** The place of a shard in an error message. */
export function shardPlace(context: ReadContext, shard: ShardRef): { source: string; shard: string } {
  return { source: context.source, shard: shard.key };
}

/** Refuses UTF-16 by the first bytes of a file. */
export function refuseUtf16(head: Uint8Array, context: ReadContext, shard: ShardRef): void {
  const order = utf16ByteOrder(head);
  if (!order) return;
  throw new DataError({
    code: "data/not-utf8",
    what: `the file is UTF-16 (${order}), it must be UTF-8`,
    fix: `convert it: iconv -f UTF-16${order === "little-endian" ? "LE" : "BE"} -t UTF-8 FILE > NEW_FILE`,
    place: shardPlace(context, shard),
  });
}
