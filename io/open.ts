/** Opens a planned shard, wherever it lies. */
import type { IoEnvironment } from "./environment.ts";
import { openLocal } from "./local/open-local.ts";
import { openHttp } from "./remote/http.ts";
import { openHub } from "./remote/hub.ts";
import type { ByteSource, ShardRef } from "./source.ts";

/** Throws DataError `data/unreadable`, `data/changed` for local files; remote ones are first asked when they are read. */
export async function openShard(ref: ShardRef, env: IoEnvironment): Promise<ByteSource> {
  if (ref.location.startsWith("hf://")) return openHub(ref, env);
  if (/^https?:\/\//i.test(ref.location)) return openHttp(ref, env);
  return openLocal(ref, env.identityCacheFile);
}
