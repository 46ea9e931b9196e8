/** Opens a planned shard, wherever it lies; and names it so that another host finds it too. */
import path from "node:path";
import type { IoEnvironment } from "./environment.ts";
import { openLocal } from "./local/open-local.ts";
import { openHttp } from "./remote/http.ts";
import { openHub } from "./remote/hub.ts";
import { openS3 } from "./remote/s3.ts";
import type { ByteSource, ShardRef } from "./source.ts";

/** Throws DataError `data/unreadable`, `data/changed` for local files; remote ones are first asked when they are read. */
export async function openShard(ref: ShardRef, env: IoEnvironment): Promise<ByteSource> {
  if (ref.location.startsWith("hf://")) return openHub(ref, env);
  if (ref.location.startsWith("s3://")) return openS3(ref, env);
  if (/^https?:\/\//i.test(ref.location)) return openHttp(ref, env);
  return openLocal({ ...ref, location: path.resolve(env.root, ref.location) }, env.identityCacheFile);
}

/** The shard with a location that starts at `root`, where it lies below it: on another host the root lies elsewhere. */
export function portableShard(ref: ShardRef, root: string): ShardRef {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(ref.location)) return ref;
  const relative = path.relative(root, ref.location);
  const isBelow = relative !== "" && !relative.startsWith("..") && !path.isAbsolute(relative);
  return isBelow ? { ...ref, location: relative.split(path.sep).join("/") } : ref;
}
