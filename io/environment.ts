/**
 * Everything io/ must be told: roots, caches, the Hub, retry rules.
 *
 * Plain data plus one {@link HttpClient}; workers rebuild it from {@link environmentData}, which is structured-cloneable and shares the
 * rate budget. Invariant: nothing here changes output bytes, so none of it is in a fingerprint. The token lives in this object and in
 * request headers only, and so do addresses and keys of endpoints and stores.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AssetLibrary, type SharedAsset, type SharedTablesByKey } from "./assets.ts";
import { ChatClient } from "./chat-completions.ts";
import { ObjectStore } from "./object-store.ts";
import { Aws } from "./remote/aws.ts";
import { type AwsData, awsData } from "./remote/aws-credentials.ts";
import { type EndpointData, endpointData } from "./remote/endpoints.ts";
import { DEFAULT_RETRY, HttpClient, type RetryOptions, type Transport } from "./remote/fetch.ts";
import { createRateMemory } from "./remote/rate-budget.ts";
import { createLimitMemory } from "./remote/shared-limit.ts";

/** What crosses to a worker thread. */
export interface EnvironmentData {
  /** Absolute folder that relative patterns start from. */
  readonly root: string;
  /** Hub cache, in the layout the Hub's Python library uses. */
  readonly cacheDir: string;
  /** Keep whole files that were streamed from the Hub in the cache. */
  readonly cacheDownloads: boolean;
  /** Address of the Hub, without a slash at the end; whoever asks the Hub checks that it is one. */
  readonly hubUrl: string;
  readonly hubToken?: string;
  /** JSON lines of known file hashes; absent = every plan hashes every local file. */
  readonly identityCacheFile?: string;
  readonly retry: RetryOptions;
  readonly rateMemory: SharedArrayBuffer;
  /** Where models answer, with their keys. */
  readonly endpoints: EndpointData;
  /** Where S3 stores are, and where the keys to them come from. */
  readonly store: AwsData;
  /** Calls to endpoints that are out, over all threads. */
  readonly limitMemory: SharedArrayBuffer;
  /** Assets that the threads of a process share. */
  readonly sharedAssets?: readonly SharedAsset[];
  readonly sharedTables?: SharedTablesByKey;
}

export interface IoEnvironment extends EnvironmentData {
  readonly client: HttpClient;
  /** Asks models. */
  readonly chat: ChatClient;
  /** Finds buckets and signs what is asked of them. */
  readonly aws: Aws;
  /** Gets objects by their keys. */
  readonly objects: ObjectStore;
  /** Aborted: nothing more is listed, hashed or fetched in this thread. */
  readonly stop?: AbortSignal | undefined;
  /** Files that stages need besides their input. */
  readonly assets: AssetLibrary;
}

/**
 * Fills what `overrides` leaves out from the process environment: HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT,
 * XDG_CACHE_HOME, and the variables of endpoints and of object stores. What of them is empty counts as not set. `transport` is for tests.
 */
export function createIoEnvironment(
  overrides: Partial<EnvironmentData> & {
    readonly transport?: Transport;
    readonly stop?: AbortSignal | undefined;
  } = {},
): IoEnvironment {
  const { transport, stop, ...given } = overrides;
  const env = setVariables();
  const home = env.HF_HOME ?? path.join(env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "huggingface");
  const hubToken = given.hubToken ?? env.HF_TOKEN ?? readToken(env.HF_TOKEN_PATH ?? path.join(home, "token"));
  const data: EnvironmentData = {
    cacheDir: env.HF_HUB_CACHE ?? path.join(home, "hub"),
    cacheDownloads: false,
    retry: DEFAULT_RETRY,
    rateMemory: createRateMemory(),
    endpoints: endpointData([], env),
    store: awsData(env),
    limitMemory: createLimitMemory(),
    ...given,
    root: path.resolve(given.root ?? "."),
    hubUrl: (given.hubUrl ?? env.HF_ENDPOINT ?? "https://huggingface.co").trim().replace(/\/+$/, ""),
    ...(hubToken ? { hubToken } : {}),
  };
  const outside = transport ?? realTransport();
  const client = new HttpClient({ ...data, transport: outside, stop });
  const chat = new ChatClient({ ...data, now: outside.now, sleep: outside.sleep });
  const aws = new Aws({ data: data.store, fetch: outside.fetch, now: outside.now });
  const objects = new ObjectStore({ ...data, aws, now: outside.now, sleep: outside.sleep });
  return { ...data, client, chat, aws, objects, stop, assets: new AssetLibrary(data.sharedAssets, data.sharedTables) };
}

/** The part of `environment` that a worker thread can be given, with the assets that are in the store or at hand by now. */
export function environmentData(environment: IoEnvironment): EnvironmentData {
  const { client: _client, chat: _chat, aws: _aws, objects: _objects, stop: _stop, assets, ...data } = environment;
  return { ...data, sharedAssets: assets.share(), sharedTables: assets.shareTables() };
}

/** The process environment; a variable that is empty is one that nobody set. */
function setVariables(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value?.trim()));
}

function realTransport(): Transport {
  return {
    fetch: globalThis.fetch,
    now: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
    random: Math.random,
  };
}

function readToken(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
