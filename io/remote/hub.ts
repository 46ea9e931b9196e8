/**
 * Files in repositories of the Hugging Face Hub: data sets, and models where a stage needs one of their files.
 *
 * Listings go through `@huggingface/hub` with our own `fetch`; bytes go through {@link RemoteFile}, because the client neither retries,
 * resumes nor verifies, and probes every file once more. Invariants: a revision is resolved to a commit once, when planning, and only
 * that commit is read afterwards; a whole file is checked against its hash; names from a listing never leave the repository.
 * Price: two API calls per pattern plus one per 1,000 files; one redirect per opened file.
 */
import type { ListFileEntry } from "@huggingface/hub";
import { DataError, RecipeError, RunError } from "../../batch/errors.ts";
import type { IoEnvironment } from "../environment.ts";
import type { PendingFile } from "../local/commit.ts";
import { globDepth, globMatcher, splitPattern } from "../local/glob.ts";
import { openCached } from "../local/open-local.ts";
import type { ByteSource, ShardRef } from "../source.ts";
import { HubCacheEntry, HubHash, writeRef } from "./hub-cache.ts";
import { type HubClient, hubClient } from "./hub-client.ts";
import { formatHubPath, type HubPath, parseHubPath, repoPath } from "./hub-path.ts";
import { redact, redactUrl } from "./redact.ts";
import { RemoteFile } from "./remote.ts";

const COMMIT = /^[0-9a-f]{40}$/;

/** The files `pattern` names, in no particular order; keys are relative to its fixed folder. `models`: whether it may be of a model. */
export async function findHub(pattern: string, env: IoEnvironment, models = false): Promise<ShardRef[]> {
  const wanted = parseHubPath(pattern, models);
  checkHubAddress(env);
  const commit = await resolveCommit(wanted, env);
  const { base, rest, isGlob } = splitPattern(wanted.path);
  const entries = await listFolder({ ...wanted, revision: commit, path: base }, globDepth(rest) > 0, env);
  const matches = isGlob ? globMatcher(rest) : (name: string) => name === rest;
  const prefix = base === "" ? 0 : base.length + 1;
  const shards: ShardRef[] = [];
  for (const entry of entries ?? []) {
    checkPath(entry.path, wanted.repo);
    if (base !== "" && !entry.path.startsWith(`${base}/`)) continue;
    const key = entry.path.slice(prefix);
    if (!matches(key)) continue;
    if (entry.type === "directory") {
      if (!isGlob) throw isFolder(pattern);
      continue;
    }
    const location = formatHubPath({ ...wanted, revision: commit, path: entry.path });
    shards.push({ key, location, size_bytes: entry.lfs?.size ?? entry.size, identity: identityOf(entry, pattern) });
  }
  if (shards.length === 0) throw await noMatch(wanted, base, commit, env);
  return shards;
}

/** Opens a planned file: from the cache where it lies there, else from the Hub. Makes no request. */
export function openHub(ref: ShardRef, env: IoEnvironment): ByteSource {
  const file = parseHubPath(ref.location, true);
  const cache = new HubCacheEntry(env.cacheDir, file, ref.identity);
  const cached = cache.find(ref.size_bytes);
  if (cached) return openCached({ ...ref, location: cached });
  checkHubAddress(env);
  const remote = new RemoteFile({
    client: env.client,
    name: ref.location,
    url: () => `${env.hubUrl}/${repoPath(file)}/resolve/${file.revision}/${encodePath(file.path)}`,
    byteLength: ref.size_bytes,
    identity: ref.identity,
    max_attempts: env.retry.max_attempts,
    refused: ({ status }) => refused(status, file, env),
  });
  return {
    name: remote.name,
    byteLength: remote.byteLength,
    identity: remote.identity,
    read: (start, end) => remote.read(start, end),
    stream: (start = 0) =>
      start === 0 ? checked(remote, env.cacheDownloads ? cache : undefined) : remote.stream(start),
    close: () => remote.close(),
  };
}

/** Throws RecipeError `flag/hub-endpoint` where HF_ENDPOINT is not the address of a server. */
export function checkHubAddress({ hubUrl }: IoEnvironment): void {
  if (/^https?:\/\/[^/]/i.test(hubUrl) && URL.canParse(hubUrl)) return;
  throw new RecipeError({
    code: "flag/hub-endpoint",
    what: `HF_ENDPOINT is ${JSON.stringify(redactUrl(hubUrl.replace(/^.*@/, "")))}, which is no address of a server`,
    why: "files on the Hub are asked for there",
    fix: "write its scheme too, HF_ENDPOINT=https://HOST, or unset it",
  });
}

/** Streams the whole file, keeps it where asked to, and checks its hash before the last piece could be taken for the end. */
async function* checked(remote: RemoteFile, cache: HubCacheEntry | undefined): AsyncGenerator<Uint8Array> {
  const hash = new HubHash(remote.identity, remote.byteLength);
  let pending: PendingFile | undefined = cache?.create();
  try {
    for await (const piece of remote.stream()) {
      hash.update(piece);
      pending?.write(piece);
      yield piece;
    }
    hash.verify(remote.name);
    pending?.commit();
    pending = undefined;
    cache?.link();
  } finally {
    pending?.abort();
  }
}

async function resolveCommit(wanted: HubPath, env: IoEnvironment): Promise<string> {
  if (COMMIT.test(wanted.revision)) return wanted.revision;
  const { repo: name, revision } = wanted;
  const request = { name, revision, hubUrl: env.hubUrl, fetch: env.client.fetch };
  const info = await asking(wanted, env, ({ datasetInfo, modelInfo }) =>
    wanted.type === "dataset"
      ? datasetInfo({ ...request, additionalFields: ["sha"] })
      : modelInfo({ ...request, additionalFields: ["sha"] }),
  );
  if (!COMMIT.test(info.sha ?? "")) {
    throw new RunError({ code: "run/hub-answer", what: `the Hub did not say which commit ${revision} of ${name} is` });
  }
  if (env.cacheDownloads) writeRef(env.cacheDir, { ...wanted, revision }, info.sha);
  return info.sha;
}

/** Everything in one folder (or below it); undefined where there is no such folder. */
async function listFolder(
  folder: HubPath,
  recursive: boolean,
  env: IoEnvironment,
): Promise<ListFileEntry[] | undefined> {
  return asking(folder, env, async ({ HubApiError, listFiles }) => {
    const listing = listFiles({
      repo: { type: folder.type, name: folder.repo },
      revision: folder.revision,
      path: encodePath(folder.path),
      recursive,
      hubUrl: env.hubUrl,
      fetch: env.client.fetch,
    });
    const entries: ListFileEntry[] = [];
    try {
      for await (const entry of listing) entries.push(entry);
    } catch (error) {
      // Below the top, the commit may well exist without the folder.
      if (error instanceof HubApiError && error.statusCode === 404 && folder.path !== "") return undefined;
      throw error;
    }
    return entries;
  });
}

/** Runs a call of the client; its errors say what the user can do, and hold no secret. */
async function asking<Result>(
  about: HubPath,
  env: IoEnvironment,
  run: (client: HubClient) => Promise<Result>,
): Promise<Result> {
  const client = await hubClient();
  try {
    return await run(client);
  } catch (error) {
    if (error instanceof client.HubApiError) throw refused(error.statusCode, about, env);
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    const what = `the Hub's answer about ${about.repo} cannot be understood: ${redact(error.message)}`;
    throw new RunError({ code: "run/hub-answer", what });
  }
}

function refused(status: number, file: HubPath, env: IoEnvironment): Error {
  const { type, repo, revision, path } = file;
  const page = `${env.hubUrl}/${repoPath(file)}`;
  const slip = type === "model" ? `; for a data set write hf://datasets/${repo}` : "";
  const login = env.hubToken
    ? "check that the token in HF_TOKEN may read it"
    : "set HF_TOKEN to a token that may read it";
  if (status === 401 || status === 403) {
    return new DataError({
      code: "data/hub-access",
      what: `the Hub does not let us read ${repo} (HTTP ${status})`,
      why: "it is private, gated behind a licence, or does not exist",
      fix: `open ${page}, accept its terms if it shows any, and ${login}${slip}`,
    });
  }
  if (status === 404) {
    const what = `${repo} has no revision ${revision}${path ? ` or no ${path} in it` : ""}, or does not exist (HTTP 404)`;
    return new RecipeError({
      code: "recipe/no-match",
      what,
      fix: `look at ${page}/tree/main; for a private one, ${login}${slip}`,
    });
  }
  return new RunError({ code: "run/hub-answer", what: `the Hub answered HTTP ${status} about ${repo}` });
}

function identityOf(entry: ListFileEntry, pattern: string): string {
  const { lfs, oid } = entry;
  if (lfs && /^[0-9a-f]{64}$/.test(lfs.oid)) return `sha256:${lfs.oid}`;
  if (!lfs && oid && COMMIT.test(oid)) return `git:${oid}`;
  throw new RunError({ code: "run/hub-answer", what: `the Hub gives no usable hash for ${entry.path} of ${pattern}` });
}

/** Names from a listing become keys, and keys may become file names: they must not lead anywhere else. */
function checkPath(path: string, repo: string): void {
  const bad = /[\\\0]/.test(path) || path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (!bad) return;
  throw new DataError({
    code: "data/unsafe-path",
    what: `the listing of ${repo} holds the path ${JSON.stringify(path)}`,
    why: "such a name could lead outside the folders that belong to this run",
    fix: "do not use this repository, and tell its owner",
  });
}

function isFolder(pattern: string): RecipeError {
  return new RecipeError({
    code: "recipe/folder",
    what: `${pattern} is a folder`,
    why: "a folder may hold files of several kinds, and readers read one",
    fix: `say which files: ${pattern}/*.parquet, or ${pattern}/** for everything below it`,
  });
}

async function noMatch(wanted: HubPath, base: string, commit: string, env: IoEnvironment): Promise<RecipeError> {
  let folder = base;
  let entries = await listFolder({ ...wanted, revision: commit, path: folder }, false, env);
  while (!entries && folder !== "") {
    folder = folder.split("/").slice(0, -1).join("/");
    entries = await listFolder({ ...wanted, revision: commit, path: folder }, false, env);
  }
  const names = (entries ?? []).map((entry) => entry.path.slice(folder === "" ? 0 : folder.length + 1)).sort();
  const sample = `${names.slice(0, 5).join(", ")}${names.length > 5 ? `, … (${names.length})` : ""}`;
  const there = folder === "" ? "its top" : `its folder ${folder}`;
  return new RecipeError({
    code: "recipe/no-match",
    what: `no file of ${wanted.repo}@${wanted.revision} matches ${wanted.path}`,
    why: names.length === 0 ? `${there} is empty` : `${there} holds ${sample}`,
    fix: "correct the pattern",
  });
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
