/**
 * Whether an error about the rows of a compressed shard is the shard's damage.
 *
 * Rows are read while their shard is decompressed, and a checksum stands behind the bytes it checks: damage may first
 * show as a row that makes no sense, which must not be allowed, or told, as a bad row. Price: the shard is read once
 * more, only where its task has failed anyway.
 */
import { DataError } from "../../../batch/errors.ts";
import { codecOf, decode } from "../../../io/codecs/codec.ts";
import type { IoEnvironment } from "../../../io/environment.ts";
import { openShard } from "../../../io/open.ts";
import type { SourcePlan } from "../../../plan/plan.ts";

/** What is to be told instead of `error`: the damage of the shard that it names, or `error` itself. */
export async function shardDamageOr(error: unknown, source: SourcePlan, environment: IoEnvironment): Promise<unknown> {
  const place = error instanceof DataError ? error.details.place : undefined;
  if (place === undefined || !("shard" in place)) return error;
  const shard = source.shards.find(({ key }) => key === place.shard);
  const codec = codecOf(shard?.key ?? "");
  if (shard === undefined || codec === "plain") return error;
  try {
    const bytes = await openShard(shard, environment);
    try {
      for await (const _ of decode(codec, bytes.stream(0), bytes.name));
    } finally {
      await bytes.close();
    }
  } catch (damage) {
    // A shard that cannot be read a second time says nothing about the first.
    if (damage instanceof DataError) return damage;
  }
  return error;
}
