/**
 * From the patterns of a recipe to the shards of a source.
 *
 * Invariant: the list depends on patterns and content alone. Patterns keep their order; within one, shards are ordered by code point of
 * their key; a file that several patterns match is kept once, at the first; keys are unique.
 * Price: one directory walk or one listing per pattern, and one hash per local file that the identity cache does not know.
 */
import { RecipeError } from "../batch/errors.ts";
import type { IoEnvironment } from "./environment.ts";
import { findLocal } from "./local/find-local.ts";
import { compareCodePoints, splitPattern } from "./local/glob.ts";
import { identifyLocal } from "./local/identity.ts";
import { findHttp } from "./remote/http.ts";
import { findHub } from "./remote/hub.ts";
import { findS3 } from "./remote/s3.ts";
import type { ShardRef } from "./source.ts";
import { lookUp } from "./stopping.ts";

interface Found {
  readonly shard: ShardRef;
  /** Position of its pattern, and the folders above its key, outermost first. */
  readonly pattern: number;
  readonly above: readonly string[];
}

/**
 * Lists what `from` names: local paths and globs (relative ones below `env.root`), `http(s)://` URLs, `s3://BUCKET/GLOB`, and
 * `hf://datasets/ORG/NAME@REVISION/GLOB`. Throws RecipeError `recipe/no-match` and others for patterns, DataError for files,
 * RunError `run/interrupted`.
 */
export async function listShards(from: string | readonly string[], env: IoEnvironment): Promise<ShardRef[]> {
  const patterns = typeof from === "string" ? [from] : from;
  const found: Found[] = [];
  const seen = new Set<string>();
  for (const [index, pattern] of patterns.entries()) {
    lookUp(env.stop);
    const shards = await findShards(pattern, env);
    shards.sort((a, b) => compareCodePoints(a.key, b.key));
    const above = splitPattern(pattern)
      .base.split("/")
      .filter((segment) => segment !== "" && segment !== ".");
    for (const shard of shards) {
      if (seen.has(shard.location)) continue;
      seen.add(shard.location);
      found.push({ shard, pattern: index, above });
    }
  }
  return withLocalIdentities(uniqueKeys(found), env);
}

async function findShards(pattern: string, env: IoEnvironment): Promise<ShardRef[]> {
  if (pattern.startsWith("hf://")) return findHub(pattern, env);
  if (pattern.startsWith("s3://")) return findS3(pattern, env);
  if (/^https?:\/\//i.test(pattern)) return [await findHttp(pattern, env)];
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(pattern)?.[1];
  if (scheme) {
    throw new RecipeError({
      code: "recipe/scheme",
      what: `${scheme}:// cannot be read (${pattern})`,
      fix: "use a local path, http(s)://, s3://BUCKET/GLOB, or hf://datasets/ORG/NAME@REVISION/GLOB",
    });
  }
  const files = findLocal(pattern, env.root);
  return files.map(({ relative, absolute }) => ({ key: relative, location: absolute, size_bytes: -1, identity: "" }));
}

/**
 * Where two patterns give the same key, all keys get as many of the folders above them as tell the patterns apart;
 * where none do, the number of the pattern.
 */
function uniqueKeys(found: readonly Found[]): ShardRef[] {
  const deepest = Math.max(0, ...found.map(({ above }) => above.length));
  for (let depth = 0; depth <= deepest; depth++) {
    const named = found.map(({ shard, above }) => ({
      ...shard,
      key: [...above.slice(Math.max(0, above.length - depth)), shard.key].join("/"),
    }));
    if (new Set(named.map(({ key }) => key)).size === named.length) return named;
  }
  return found.map(({ shard, pattern }) => ({ ...shard, key: `${pattern}/${shard.key}` }));
}

async function withLocalIdentities(shards: readonly ShardRef[], env: IoEnvironment): Promise<ShardRef[]> {
  const local = shards.filter((shard) => shard.identity === "");
  const identities = await identifyLocal(
    local.map((shard) => shard.location),
    env.identityCacheFile,
    { stop: env.stop },
  );
  const known = new Map(local.map((shard, i) => [shard.location, identities[i]]));
  return shards.map((shard) => ({ ...shard, ...known.get(shard.location) }));
}
