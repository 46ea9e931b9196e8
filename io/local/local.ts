/**
 * Files on disk: finding them and reading them.
 *
 * Invariant: a read returns exactly what was asked for, or says that the file is not the one that was planned. Reads are synchronous
 * inside the async interface: a `pread` from the page cache is cheaper than a trip through the thread pool (3 GB/s, pieces of 1 MiB).
 */
import fs from "node:fs";
import path from "node:path";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { HEAP } from "../../batch/memory.ts";
import type { ByteSource, ShardRef } from "../source.ts";
import { globDepth, globMatcher, type Pattern, splitPattern, wantsHidden } from "./glob.ts";

const PIECE = 1 << 20;

/** A file that a pattern matched. */
export interface LocalFile {
  /** `/`-separated, from the pattern's fixed folder. */
  readonly relative: string;
  readonly absolute: string;
}

/** The files `pattern` names below `root`, in no particular order. Throws RecipeError `recipe/no-match`, `recipe/folder`. */
export function findLocal(pattern: string, root: string): LocalFile[] {
  const { base, rest, isGlob } = splitLocal(pattern, root);
  const folder = path.resolve(root, base);
  if (!isGlob) return [single(pattern, path.join(folder, rest))];
  const found: LocalFile[] = [];
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const matches = globMatcher(rest);
    walk(folder, "", globDepth(rest), wantsHidden(rest), [], (relative) => {
      if (matches(relative)) found.push({ relative, absolute: path.join(folder, relative) });
    });
  }
  if (found.length === 0) throw noMatch(pattern, folder);
  return found;
}

/** A name that exists as it is written is no glob: brackets and braces are legal in file names. */
function splitLocal(pattern: string, root: string): Pattern {
  if (!fs.existsSync(path.resolve(root, pattern))) return splitPattern(pattern);
  return { base: path.dirname(pattern), rest: path.basename(pattern), isGlob: false };
}

function single(pattern: string, absolute: string): LocalFile {
  const stat = fs.statSync(absolute, { throwIfNoEntry: false });
  if (!stat) throw noMatch(pattern, path.dirname(absolute));
  if (!stat.isDirectory()) return { relative: path.basename(absolute), absolute };
  throw new RecipeError({
    code: "recipe/folder",
    what: `${pattern} is a folder`,
    why: "a folder may hold files of several kinds, and readers read one",
    fix: `say which files: ${pattern.replace(/\/$/, "")}/*.parquet, or ${pattern.replace(/\/$/, "")}/** for everything below it`,
  });
}

function walk(
  folder: string,
  prefix: string,
  depth: number,
  hidden: boolean,
  above: readonly string[],
  visit: (relative: string) => void,
): void {
  const { dev, ino } = fs.statSync(folder);
  const here = `${dev}:${ino}`;
  // A link that leads back to a folder above would go round for ever.
  if (above.includes(here)) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (!hidden && entry.name.startsWith(".")) continue;
    const absolute = path.join(folder, entry.name);
    const relative = prefix + entry.name;
    const isLink = entry.isSymbolicLink();
    // A dangling link is visited as a file, so that matching it is an error and not a silent loss.
    const isFolder = isLink ? fs.statSync(absolute, { throwIfNoEntry: false })?.isDirectory() : entry.isDirectory();
    if (!isFolder) visit(relative);
    else if (depth > 0) walk(absolute, `${relative}/`, depth - 1, hidden, [...above, here], visit);
  }
}

function noMatch(pattern: string, folder: string): RecipeError {
  let there = folder;
  while (!fs.statSync(there, { throwIfNoEntry: false })?.isDirectory()) there = path.dirname(there);
  const names = fs.readdirSync(there).filter((name) => !name.startsWith("."));
  const sample = names.sort().slice(0, 5).join(", ");
  const holds =
    names.length === 0 ? "it is empty" : `it holds ${sample}${names.length > 5 ? `, … (${names.length})` : ""}`;
  return new RecipeError({
    code: "recipe/no-match",
    what: `no file matches ${pattern}`,
    why:
      there === folder ? `${there} exists, and ${holds}` : `the nearest folder that exists is ${there}, and ${holds}`,
    fix: "correct the pattern, or say where relative patterns start with --data-root",
  });
}

/** Opens a planned file. Throws DataError `data/unreadable`, `data/changed`. */
export function openLocal(ref: ShardRef): ByteSource {
  const descriptor = reading(ref.location, () => fs.openSync(ref.location, "r"));
  return new LocalFileSource(ref, descriptor);
}

/** Runs a read of `location`; turns what the operating system says into a DataError. */
export function reading<Result>(location: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof DataError) throw error;
    const reason: Record<string, string> = {
      ENOENT: "it does not exist (or is a link to nothing)",
      EACCES: "permission denied",
      EMFILE: "too many files are open",
    };
    throw new DataError(
      { code: "data/unreadable", what: `cannot read ${location}: ${reason[code] ?? code}` },
      { cause: error },
    );
  }
}

class LocalFileSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly identity: string;
  readonly #location: string;
  #descriptor: number;

  constructor(ref: ShardRef, descriptor: number) {
    this.name = ref.location;
    this.byteLength = ref.size_bytes;
    this.identity = ref.identity;
    this.#location = ref.location;
    this.#descriptor = descriptor;
    const { size } = fs.fstatSync(descriptor);
    if (size === ref.size_bytes) return;
    fs.closeSync(descriptor);
    throw this.#changed(`it has ${size} bytes`);
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end > this.byteLength || start > end) throw new RangeError(`${this.name}: read ${start}..${end}`);
    const out = HEAP.allocate(end - start);
    this.readInto(out, start);
    return out;
  }

  readInto(out: Uint8Array, start: number): void {
    for (let at = 0; at < out.length; ) {
      const count = reading(this.#location, () => fs.readSync(this.#descriptor, out, at, out.length - at, start + at));
      if (count === 0) throw this.#changed(`it ends at byte ${start + at}`);
      at += count;
    }
  }

  async *stream(start = 0): AsyncGenerator<Uint8Array> {
    for (let at = start; at < this.byteLength; at += PIECE) {
      yield await this.read(at, Math.min(this.byteLength, at + PIECE));
    }
  }

  async close(): Promise<void> {
    if (this.#descriptor < 0) return;
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    fs.closeSync(descriptor);
  }

  #changed(detail: string): DataError {
    return new DataError({
      code: "data/changed",
      what: `${this.name} is not the file that was planned (${this.byteLength} bytes): ${detail}`,
      why: "a run over changing input could not be repeated or resumed",
      fix: "plan the run again",
    });
  }
}
