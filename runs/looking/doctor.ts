/**
 * Whether this machine can do what runs need: Node, WebAssembly, codecs, memory, disk, secrets that are set, the Hub.
 *
 * Invariant: a secret is never told, only that there is one and where it came from; nothing is written; without a network all says the
 * same but the checks of the Hub and of an S3 role. Price: milliseconds, the time the Hub takes to answer (`timeout_ms` at most), and outside a cloud a second of
 * waiting for a role of S3.
 */
import fs from "node:fs";
import os from "node:os";
import { dirname, resolve } from "node:path";
import { ShardmillError } from "../../batch/errors.ts";
import { type Codec, decode } from "../../io/codecs/codec.ts";
import { blockEncoder } from "../../io/codecs/encoder.ts";
import { createIoEnvironment, type IoEnvironment } from "../../io/environment.ts";
import { findIdentity } from "../../io/remote/aws-credentials.ts";
import { redactUrl } from "../../io/remote/redact.ts";
import { wasmModule } from "../../io/wasm.ts";

/** `warning`: runs go on, slower or without something. `failed`: some run cannot go on. */
export type CheckState = "ok" | "warning" | "failed" | "skipped";

export interface Check {
  readonly name: string;
  readonly state: CheckState;
  readonly found: string;
  readonly fix?: string;
}

export interface DoctorOptions {
  /** Folder that holds `store/` and `runs/`. */
  readonly out?: string;
  /** How long the Hub may take to answer; 3000 where absent, 0: neither it nor a role of S3 is asked. */
  readonly timeout_ms?: number;
  /** In the place of the process's own. */
  readonly environment?: IoEnvironment;
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly fetch?: typeof fetch;
}

/** In the order in which people look. */
export async function checkMachine(options: DoctorOptions = {}): Promise<readonly Check[]> {
  const environment = options.environment ?? createIoEnvironment();
  const variables = options.variables ?? process.env;
  return [
    nodeCheck(process.versions.node),
    processorCheck(),
    wasmCheck(),
    ...(await codecChecks()),
    memoryCheck(),
    diskCheck(options.out ?? "."),
    hubTokenCheck(environment, variables),
    await storeKeyCheck(environment, options),
    endpointCheck(environment),
    await hubCheck(environment, options),
  ];
}

const LEAST_NODE = [20, 12] as const;

export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return {
    name: "node",
    state: isNew ? "ok" : "failed",
    found: `${version} on ${process.platform} ${process.arch}`,
    ...(isNew ? {} : { fix: `install Node ${LEAST_NODE.join(".")} or later` }),
  };
}

function processorCheck(): Check {
  const cores = os.availableParallelism();
  const model = os.cpus()[0]?.model.trim() ?? "unknown";
  return { name: "processor", state: "ok", found: `${cores} ${cores === 1 ? "core" : "cores"}, ${model}` };
}

function wasmCheck(): Check {
  const name = "webassembly simd";
  if (wasmModule("bpe") !== undefined) return { name, state: "ok", found: "kernels run as WebAssembly" };
  const isOff = process.env.SHARDMILL_WASM === "off";
  return {
    name,
    state: "warning",
    found: isOff ? "turned off by SHARDMILL_WASM=off" : "not to be had here",
    fix: isOff
      ? "unset SHARDMILL_WASM"
      : "nothing has to be done: plain JavaScript makes the same bytes, several times slower",
  };
}

const SAMPLE = "shardmill\n";
/** The sample under each codec. */
const SAMPLES: Readonly<Record<Exclude<Codec, "plain">, string>> = {
  gzip: "H4sIAAAAAAACAyvOSCxKyc3MyeECAL6tQKIKAAAA",
  zstd: "KLUv/SAKUQAAc2hhcmRtaWxsCg==",
  bzip2: "QlpoOTFBWSZTWUXIcfMAAATBgAAQJGYYACAAMQZMQQGR6jXAgDxdyRThQkEXIcfM",
  xz: "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAJc2hhcmRtaWxsCgAAABIo6BxtK+f9AAEiChUa4WcftvN9AQAAAAAEWVo=",
};

async function codecChecks(): Promise<readonly Check[]> {
  const broken: string[] = [];
  for (const [codec, sample] of Object.entries(SAMPLES)) {
    const text = await decoded(codec as Codec, Buffer.from(sample, "base64")).catch(() => "");
    if (text !== SAMPLE) broken.push(`reading ${codec}`);
  }
  for (const codec of ["zstd", "gzip"] as const) {
    const text = await decoded(codec, blockEncoder(codec).frame(Buffer.from(SAMPLE))).catch(() => "");
    if (text !== SAMPLE) broken.push(`writing ${codec}`);
  }
  const name = "codecs";
  if (broken.length === 0)
    return [{ name, state: "ok", found: "gzip, zstd, bzip2 and xz are read, gzip and zstd written" }];
  const fix = "install the package again: a file of it is damaged or missing";
  return [{ name, state: "failed", found: `fails at ${broken.join(", ")}`, fix }];
}

async function decoded(codec: Codec, bytes: Uint8Array): Promise<string> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const parts: Uint8Array[] = [];
  for await (const part of decode(codec, pieces(), "sample")) parts.push(part.slice());
  return Buffer.concat(parts).toString("utf8");
}

const GIB = 1024 ** 3;

function memoryCheck(): Check {
  const limit = process.constrainedMemory?.() ?? 0;
  const total = limit > 0 && limit < os.totalmem() ? limit : os.totalmem();
  const found = `${(total / GIB).toFixed(1)} GiB${total === limit ? " (limited for this process)" : ""}, ${(os.freemem() / GIB).toFixed(1)} GiB free`;
  const least = GIB * (1 + 0.5 * os.availableParallelism());
  if (total >= least) return { name: "memory", state: "ok", found };
  const fix = "run with fewer --workers: each takes some hundred MiB";
  return { name: "memory", state: "warning", found, fix };
}

function diskCheck(out: string): Check {
  // The folder may not be there yet; the disk is that of the nearest one that is.
  let folder = resolve(out);
  while (!fs.existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = fs.statfsSync(folder);
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free under ${folder}`;
  try {
    fs.accessSync(folder, fs.constants.W_OK);
  } catch {
    return {
      name: "disk",
      state: "failed",
      found: `${folder} cannot be written`,
      fix: "give another folder with --out",
    };
  }
  if (free >= 10 * GIB) return { name: "disk", state: "ok", found };
  const fix = "`shardmill plan RECIPE` says what a run needs; `shardmill gc` says what can go";
  return { name: "disk", state: "warning", found, fix };
}

function hubTokenCheck(environment: IoEnvironment, variables: DoctorOptions["variables"]): Check {
  const name = "hub token";
  if (environment.hubToken !== undefined) {
    const from = variables?.HF_TOKEN?.trim() ? "HF_TOKEN" : "the token file of the Hub's tools";
    return { name, state: "ok", found: `there is one, from ${from}` };
  }
  const fix = "set HF_TOKEN for gated data, for publishing and for a higher rate";
  return { name, state: "warning", found: "none is set", fix };
}

/** Roles of a container or an instance are asked for over the network. */
async function storeKeyCheck({ store }: IoEnvironment, { timeout_ms, fetch: ask }: DoctorOptions): Promise<Check> {
  const name = "s3 keys";
  const { container, instance, ...local } = store;
  const roles = { ...(container && { container }), ...(instance === undefined ? {} : { instance }) };
  try {
    const data = timeout_ms === 0 ? local : { ...local, ...roles };
    const { credentials, origin, region } = await findIdentity(data, ask ?? globalThis.fetch, Date.now);
    const found = credentials === undefined ? "none are found: public buckets only" : `there are some, from ${origin}`;
    return { name, state: "ok", found: `${found}; region ${region}` };
  } catch (error) {
    if (!(error instanceof ShardmillError)) throw error;
    const { what, fix } = error.details;
    return { name, state: "warning", found: what, ...(fix === undefined ? {} : { fix }) };
  }
}

function endpointCheck({ endpoints }: IoEnvironment): Check {
  const names = Object.keys(endpoints.variables).filter((name) => /ENDPOINT|BASE_URL/.test(name));
  const keys = Object.keys(endpoints.variables).filter((name) => name.includes("KEY"));
  const found =
    names.length === 0 ? "none in the environment; --endpoint gives one to a run" : `addresses in ${names.join(", ")}`;
  return { name: "endpoints", state: "ok", found: keys.length === 0 ? found : `${found}; keys in ${keys.join(", ")}` };
}

async function hubCheck(
  { hubUrl }: IoEnvironment,
  { timeout_ms = 3000, fetch: ask = globalThis.fetch }: DoctorOptions,
): Promise<Check> {
  const name = "hub";
  if (timeout_ms === 0) return { name, state: "skipped", found: "not asked" };
  const shown = URL.canParse(hubUrl) ? redactUrl(hubUrl) : "HF_ENDPOINT, which is no address,";
  const began = Date.now();
  try {
    // No token goes along: whether the Hub is there does not hang on who asks.
    const answer = await ask(`${hubUrl}/api/models?limit=1`, { signal: AbortSignal.timeout(timeout_ms) });
    await answer.body?.cancel();
    const took = `${shown} answers in ${Date.now() - began} ms`;
    if (answer.ok) return { name, state: "ok", found: took };
    return {
      name,
      state: "warning",
      found: `${took}, with status ${answer.status}`,
      fix: "try again later; local data needs no Hub",
    };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const found = `${shown} ${isLate ? `did not answer within ${timeout_ms} ms` : "cannot be reached"}`;
    return { name, state: "warning", found, fix: "local data needs no Hub; behind a mirror, set HF_ENDPOINT" };
  }
}
