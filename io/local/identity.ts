/**
 * What a local file's content is called: the sha256 of all of it, remembered between plans.
 *
 * The cache is a JSON-lines file, appended to; a line counts while path, size, times of modification and change (ns) and inode are the
 * same. Invariant: a file that changed while or shortly before it was hashed is not remembered, because its next change might not
 * show in the time stamps. Identities and errors are the same whichever thread hashes. Price: 0.5 to 2 GB/s and core the first time,
 * one `stat` per file after that; much that is unknown is hashed by at most {@link MAX_THREADS} threads, which take 50 ms to start.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import PQueue from "p-queue";
import { Piscina } from "piscina";
import { entryAt } from "../../batch/entry.ts";
import { DataError, errorFromData } from "../../batch/errors.ts";
import { builtFile } from "../built-file.ts";
import type { FileStamp } from "../source.ts";
import { lookUp } from "../stopping.ts";
import { isSameStamp, stampOf } from "./file-stamp.ts";
import { hashFile } from "./hash-file.ts";
import type { HashResult } from "./identity-worker.ts";
import { reading } from "./reading.ts";

/** Files being hashed at a time: one is read while another is hashed. */
const PARALLEL = 4;
const MAX_THREADS = 4;
const PARALLEL_BYTES = 256 * 1024 * 1024;
/** Coarsest time stamp of file systems in use (FAT), as ms. */
const TIMESTAMP_MS = 2000;

interface Known extends FileStamp {
  readonly path: string;
  readonly sha256: string;
}

export interface LocalIdentity {
  readonly size_bytes: number;
  readonly identity: string;
  /** Of the file when it was hashed. */
  readonly stamp: FileStamp;
}

export interface IdentifyOptions {
  /** Threads hash where more than this is not remembered. */
  readonly parallelBytes?: number;
  /** Aborted: no more is hashed. */
  readonly stop?: AbortSignal | undefined;
}

/** Size and identity of the file at `path` (absolute). Throws as {@link identifyLocal} does. */
export async function identifyFile(
  path: string,
  cacheFile: string | undefined,
  stop?: AbortSignal,
): Promise<LocalIdentity> {
  return entryAt(await identifyLocal([path], cacheFile, { stop }), 0, "identity");
}

/**
 * Size and identity of every one of `paths` (absolute), in their order. Throws DataError `data/unreadable`, `data/changed`, and RunError
 * `run/interrupted`; what was hashed before is remembered all the same.
 */
export async function identifyLocal(
  paths: readonly string[],
  cacheFile: string | undefined,
  { parallelBytes = PARALLEL_BYTES, stop }: IdentifyOptions = {},
): Promise<LocalIdentity[]> {
  const known = readCache(cacheFile);
  const learned: Known[] = [];
  const unknown = paths.flatMap((path) => {
    const stamp = readStamp(path);
    return isSameStamp(known.get(path), stamp) ? [] : [stamp];
  });
  const bytes = unknown.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const threads = bytes > parallelBytes ? Math.min(MAX_THREADS, os.availableParallelism(), unknown.length) : 1;
  const hasher = threads > 1 ? new HashingThreads(threads) : undefined;
  // Ended threads answer what was asked of them with an error.
  const end = (): void => void hasher?.close();
  stop?.addEventListener("abort", end);
  try {
    const hash = (file: string): Promise<string> => hasher?.hash(file) ?? hashFile(file, stop);
    const queue = new PQueue({ concurrency: Math.max(PARALLEL, 2 * threads) });
    const identities = await queue.addAll(
      paths.map((path) => () => {
        lookUp(stop);
        return identify(path, known, learned, hash);
      }),
    );
    return identities as LocalIdentity[];
  } catch (error) {
    lookUp(stop);
    throw error;
  } finally {
    stop?.removeEventListener("abort", end);
    await hasher?.close();
    if (cacheFile && learned.length > 0) appendCache(cacheFile, learned);
  }
}

async function identify(
  file: string,
  known: ReadonlyMap<string, Known>,
  learned: Known[],
  hash: (file: string) => Promise<string>,
): Promise<LocalIdentity> {
  const stamp = readStamp(file);
  const { size_bytes } = stamp;
  const before = known.get(file);
  if (before !== undefined && isSameStamp(before, stamp)) {
    return { size_bytes, identity: `sha256:${before.sha256}`, stamp };
  }
  const sha256 = await hash(file);
  if (!isSameStamp(readStamp(file), stamp)) {
    throw new DataError({
      code: "data/changed",
      what: `${file} changed while it was hashed`,
      why: "a run over changing input could not be repeated or resumed",
      fix: "plan again when the file is complete",
    });
  }
  if (isSettled(stamp.mtime_ns) && isSettled(stamp.ctime_ns)) learned.push({ path: file, ...stamp, sha256 });
  return { size_bytes, identity: `sha256:${sha256}`, stamp };
}

/** Worker threads that hash; each reads a second file while it hashes a first. */
class HashingThreads {
  readonly #piscina: Piscina;

  constructor(threads: number) {
    this.#piscina = new Piscina({
      filename: builtFile("bundle/identity-worker.js").href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 2,
      // Hashing awaits reads, which a thread blocked in Atomics.wait could not do.
      atomics: "disabled",
    });
  }

  async hash(file: string): Promise<string> {
    const result = (await this.#piscina.run(file)) as HashResult;
    if (!result.ok) throw errorFromData(result.error);
    return result.sha256;
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}

/** Whether a change from now on would show in this time stamp. */
function isSettled(time_ns: string): boolean {
  return Date.now() - Number(BigInt(time_ns) / 1_000_000n) > TIMESTAMP_MS;
}

function readStamp(file: string): FileStamp {
  return stampOf(reading(file, () => fs.statSync(file, { bigint: true })));
}

/** A line cut by a crash, or from another version, is one file hashed again. */
function readCache(cacheFile: string | undefined): Map<string, Known> {
  const known = new Map<string, Known>();
  if (!cacheFile || !fs.existsSync(cacheFile)) return known;
  for (const line of fs.readFileSync(cacheFile, "utf8").split("\n")) {
    const entry = parseLine(line);
    if (entry) known.set(entry.path, entry);
  }
  return known;
}

function parseLine(line: string): Known | undefined {
  try {
    const entry = JSON.parse(line) as Partial<Known>;
    return typeof entry.path === "string" && /^[0-9a-f]{64}$/.test(entry.sha256 ?? "") ? (entry as Known) : undefined;
  } catch {
    return undefined;
  }
}

function appendCache(cacheFile: string, learned: readonly Known[]): void {
  try {
    fs.mkdirSync(path.dirname(cacheFile), { recursive: true });
    // The newline in front keeps a line that a crash cut short from swallowing the first of these.
    fs.appendFileSync(cacheFile, `\n${learned.map((entry) => JSON.stringify(entry)).join("\n")}\n`);
  } catch {
    // Not being able to remember costs time, and nothing else.
  }
}
