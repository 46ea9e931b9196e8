/**
 * From what a recipe writes for a file to the file's content hash.
 *
 * Invariant: a location stands for one file. Price: of a local file one hash, remembered between plans; of a file on the Hub that lies in its
 * large file storage one listing, since that says the hash; anything else remote is downloaded, once a process.
 */
import fs from "node:fs";
import path from "node:path";
import { DataError, RecipeError } from "../batch/errors.ts";
import { memoryOf } from "./asset-memory.ts";
import { type Asset, type AssetOrigin, filePieces, hashOf } from "./assets.ts";
import type { IoEnvironment } from "./environment.ts";
import { identifyFile } from "./local/identity.ts";
import { reading } from "./local/reading.ts";
import { openShard } from "./open.ts";
import { findHttp } from "./remote/http.ts";
import { findHub } from "./remote/hub.ts";
import { redactUrl } from "./remote/redact.ts";
import { findS3 } from "./remote/s3.ts";
import type { ShardRef } from "./source.ts";
import { encodingFile, TIKTOKEN } from "./tokenizer-files.ts";

/** Prefix of an asset that is written out where it is named: RFC 2397, as text. */
const DATA = "data:,";
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;
/** What a folder stands for. */
const TOKENIZER = "tokenizer.json";

/** `location` as it is to be kept in a recipe from `folder`: relative paths start there. */
export function resolveLocation(location: string, folder: string): string {
  return isRemote(location) || location.startsWith(TIKTOKEN) || location.startsWith(DATA)
    ? location
    : path.resolve(folder, location);
}

export function isRemote(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(location);
}

/** What messages and plans call a file. */
export function assetName(location: string): string {
  if (location.startsWith(DATA)) return "text in the recipe";
  if (location.startsWith(TIKTOKEN)) return location.slice(TIKTOKEN.length);
  if (!isRemote(location)) return path.basename(location);
  const [address = ""] = redactUrl(location).split("?");
  return address.slice(address.lastIndexOf("/") + 1);
}

/** Where an asset lies that needs no network: a file, or text of its own. */
export function localAsset(location: string): { readonly file: string } | { readonly content: Uint8Array } {
  if (location.startsWith(DATA)) return { content: Buffer.from(decodeURIComponent(location.slice(DATA.length))) };
  if (location.startsWith(TIKTOKEN)) return { file: encodingFile(location.slice(TIKTOKEN.length)) };
  const isFolder = fs.statSync(location, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) return { file: location };
  const file = path.join(location, TOKENIZER);
  if (!fs.existsSync(file)) throw new Error(`it is a folder without a ${TOKENIZER}`);
  return { file };
}

/** The bytes of an asset of this machine, in pieces. Throws DataError `data/unreadable`. */
export async function* streamLocal(location: string): AsyncGenerator<Uint8Array> {
  const found = localAsset(location);
  if ("content" in found) yield found.content;
  else yield* filePieces(found.file);
}

/** Finds the file at `location`, which `user` needs, and tells the environment's library of it. Throws RecipeError `recipe/missing-asset`. */
export async function findAsset(location: string, user: string, env: IoEnvironment): Promise<Asset> {
  try {
    const { asset, origin } = await locate(location, env);
    env.assets.add(asset, origin);
    return asset;
  } catch (error) {
    // What the network or a server says is understood as it is.
    const isLocal = !isRemote(location);
    if (!isLocal && error instanceof Error && error.name !== "TypeError") throw error;
    throw missingAsset(location, user, error);
  }
}

/** Looks whether the file at `location` can be read, where it is one of this machine. Throws RecipeError `recipe/missing-asset`. */
export function requireLocal(location: string, user: string): void {
  if (isRemote(location)) return;
  try {
    const found = localAsset(location);
    if ("file" in found) reading(found.file, () => fs.closeSync(fs.openSync(found.file, "r")));
  } catch (error) {
    throw missingAsset(location, user, error);
  }
}

function missingAsset(location: string, user: string, error: unknown): RecipeError {
  const reason = error instanceof DataError ? error.details.what : error instanceof Error ? error.message : error;
  return new RecipeError(
    {
      code: "recipe/missing-asset",
      what: `${user} needs the file ${redactUrl(location)}, which cannot be read: ${reason}`,
      fix: "check the path; relative paths start at the recipe's folder",
    },
    { cause: error },
  );
}

async function locate(location: string, env: IoEnvironment): Promise<{ asset: Asset; origin: AssetOrigin }> {
  const name = assetName(location);
  if (isRemote(location)) return remote(location, name, env);
  const found = localAsset(location);
  if ("content" in found) return inMemory(name, found.content.length, [found.content]);
  const { size_bytes, identity } = await identifyFile(found.file, env.identityCacheFile, env.stop);
  return { asset: { name, sha256: identity.slice("sha256:".length), size_bytes }, origin: { file: found.file } };
}

async function inMemory(
  name: string,
  size_bytes: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<{ asset: Asset; origin: AssetOrigin }> {
  const memory = await memoryOf(name, size_bytes, pieces);
  return { asset: { name, sha256: hashOf(new Uint8Array(memory.bytes)), size_bytes }, origin: { memory } };
}

async function remote(
  location: string,
  name: string,
  env: IoEnvironment,
): Promise<{ asset: Asset; origin: AssetOrigin }> {
  const shard = await oneFile(location, env);
  const found = location.startsWith("hf://") ? { location: shard.location } : {};
  const [kind, sha256] = shard.identity.split(":");
  if (kind === "sha256" && sha256 !== undefined) {
    const asset = { name, sha256, size_bytes: shard.size_bytes, ...found };
    return { asset, origin: { open: () => openShard(shard, env) } };
  }
  const source = await openShard(shard, env);
  try {
    const { asset, origin } = await inMemory(name, shard.size_bytes, source.stream(0));
    return { asset: { ...asset, ...found }, origin };
  } finally {
    await source.close();
  }
}

async function oneFile(location: string, env: IoEnvironment): Promise<ShardRef> {
  const shards = location.startsWith("hf://") ? await findHub(location, env, true) : undefined;
  const [first] = shards ?? [];
  if (first !== undefined && shards?.length === 1) return first;
  if (shards !== undefined) throw manyFiles(location, shards.length);
  if (/^https?:/i.test(location)) return findHttp(location, env);
  if (location.startsWith("s3://")) {
    const [object, ...others] = await findS3(location, env);
    if (object !== undefined && others.length === 0) return object;
    throw manyFiles(location, others.length + 1);
  }
  throw new RecipeError({
    code: "recipe/scheme",
    what: `${SCHEME.exec(location)?.[1]}:// cannot be read (${redactUrl(location)})`,
    fix: "use a local path, http(s)://, s3://BUCKET/PATH, hf://ORG/NAME@REVISION/PATH of a model, or hf://datasets/ORG/NAME@REVISION/PATH",
  });
}

function manyFiles(location: string, files: number): RecipeError {
  return new RecipeError({
    code: "recipe/asset-pattern",
    what: `${location} names ${files} files, and one is needed`,
    fix: "name the file itself",
  });
}
