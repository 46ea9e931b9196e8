/**
 * What a local file's content is called: the sha256 of all of it, remembered between plans.
 *
 * The cache is a JSON-lines file, appended to; a line counts while path, size, modification time (ns) and inode are the same.
 * Invariant: a file that changed while or shortly before it was hashed is not remembered, because its next change might not
 * show in the time stamp. Price: 0.5 to 2 GB/s the first time, one `stat` per file after that.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import PQueue from "p-queue";
import { DataError } from "../batch/errors.ts";
import { reading } from "./local.ts";

const PARALLEL = 4;
const PIECE = 1 << 20;
/** Coarsest time stamp of file systems in use (FAT), as ms. */
const TIMESTAMP_MS = 2000;

interface Known {
  readonly path: string;
  readonly size_bytes: number;
  /** Decimal: nanoseconds do not fit a number. */
  readonly mtime_ns: string;
  readonly inode: string;
  readonly sha256: string;
}

export interface LocalIdentity {
  readonly size_bytes: number;
  readonly identity: string;
}

/** Size and identity of every one of `paths` (absolute), in their order. Throws DataError `data/unreadable`, `data/changed`. */
export async function identifyLocal(paths: readonly string[], cacheFile: string | undefined): Promise<LocalIdentity[]> {
  const known = readCache(cacheFile);
  const learned: Known[] = [];
  const queue = new PQueue({ concurrency: PARALLEL });
  const identities = await queue.addAll(paths.map((path) => () => identify(path, known, learned)));
  if (cacheFile && learned.length > 0) appendCache(cacheFile, learned);
  return identities as LocalIdentity[];
}

async function identify(file: string, known: ReadonlyMap<string, Known>, learned: Known[]): Promise<LocalIdentity> {
  const stat = statOf(file);
  const before = known.get(file);
  if (
    before &&
    before.mtime_ns === stat.mtime_ns &&
    before.inode === stat.inode &&
    before.size_bytes === stat.size_bytes
  ) {
    return { size_bytes: before.size_bytes, identity: `sha256:${before.sha256}` };
  }
  const sha256 = await hashFile(file);
  const after = statOf(file);
  if (after.mtime_ns !== stat.mtime_ns || after.size_bytes !== stat.size_bytes || after.inode !== stat.inode) {
    throw new DataError({
      code: "data/changed",
      what: `${file} changed while it was hashed`,
      why: "a run over changing input could not be repeated or resumed",
      fix: "plan again when the file is complete",
    });
  }
  if (Date.now() - Number(BigInt(stat.mtime_ns) / 1_000_000n) > TIMESTAMP_MS) {
    learned.push({ path: file, ...stat, sha256 });
  }
  return { size_bytes: stat.size_bytes, identity: `sha256:${sha256}` };
}

function statOf(file: string): Omit<Known, "path" | "sha256"> {
  const stat = reading(file, () => fs.statSync(file, { bigint: true }));
  return { size_bytes: Number(stat.size), mtime_ns: String(stat.mtimeNs), inode: String(stat.ino) };
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  const handle = await fs.promises.open(file, "r").catch((error) => reading(file, () => Promise.reject(error)));
  try {
    const buffer = Buffer.allocUnsafeSlow(PIECE);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
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
