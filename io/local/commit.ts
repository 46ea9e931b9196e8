/**
 * How anything is written: beside its target under a temporary name, fsynced, then renamed.
 *
 * Invariant: under its final name a file is whole or absent, whatever was killed when. A marker goes one step further: it is made with
 * `link`, so of many writers exactly one wins and the others learn whether they agree. Everything is synchronous: writers live in
 * worker threads, and a write that cannot be interleaved is a write that can be reasoned about.
 * Price: one fsync per file and one per folder change; sha256 of every byte of final files (about 1.5 GB/s where the CPU helps).
 */
import fs from "node:fs";
import path from "node:path";
import { RunError } from "../../batch/errors.ts";
import { type CommittedFile, type Digest, FinalDigest, IntermediateDigest } from "./digests.ts";
import { writeBoundary } from "./fault.ts";
import { seal } from "./seal.ts";
import { temporaryName } from "./temporary-name.ts";
import type { VouchedFile } from "./vouched.ts";

export type { CommittedFile } from "./digests.ts";

/** A file being written. Nothing is visible under the target's name before {@link PendingFile.commit} returns. */
export class PendingFile<File extends VouchedFile = CommittedFile> {
  readonly target: string;
  readonly temporary: string;
  size_bytes = 0;
  readonly #digest: Digest<File>;
  #descriptor: number;

  /** Use {@link createPending} or {@link createIntermediate}. */
  constructor(target: string, temporary: string, descriptor: number, digest: Digest<File>) {
    this.target = target;
    this.temporary = temporary;
    this.#descriptor = descriptor;
    this.#digest = digest;
  }

  /** Appends all of `bytes`; after an error the file can only be aborted. */
  write(bytes: Uint8Array): void {
    if (this.#descriptor < 0) throw new Error(`${this.target}: written after commit or abort`);
    this.#put(bytes);
    this.#digest.update(bytes);
  }

  #put(bytes: Uint8Array): void {
    attempt("write", this.target, () => {
      writeBoundary();
      // A disk that fills up shortens the write before it fails the next one.
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.#descriptor, bytes, at, bytes.length - at);
    });
    this.size_bytes += bytes.length;
  }

  /** Makes the file appear under its name, replacing what was there. */
  commit(): File {
    const entry = this.#settle();
    attempt("rename", this.target, () => {
      fs.renameSync(this.temporary, this.target);
      writeBoundary();
      syncFolder(path.dirname(this.target));
      writeBoundary();
    });
    return entry(path.basename(this.target), this.size_bytes);
  }

  /**
   * Makes the file appear under its name unless that name is taken, in one step that only one of many writers can win.
   * Undefined where it is taken; the file is then gone.
   */
  commitExclusive(): File | undefined {
    const entry = this.#settle();
    const won = attempt("link", this.target, () => {
      try {
        fs.linkSync(this.temporary, this.target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        return false;
      }
      writeBoundary();
      return true;
    });
    attempt("unlink", this.target, () => {
      fs.unlinkSync(this.temporary);
      writeBoundary();
      if (won) syncFolder(path.dirname(this.target));
    });
    return won ? entry(path.basename(this.target), this.size_bytes) : undefined;
  }

  /** Removes what was written; never throws, so that it can follow an error. */
  abort(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    try {
      if (descriptor >= 0) fs.closeSync(descriptor);
      fs.rmSync(this.temporary, { force: true });
    } catch {
      // What went wrong before says more; a leftover temporary file is harmless and named so that it can be swept.
    }
  }

  #settle(): (name: string, size_bytes: number) => File {
    if (this.#descriptor < 0) throw new Error(`${this.target}: committed twice, or after abort`);
    const { entry, trailer } = this.#digest.finish();
    if (trailer !== undefined) this.#put(trailer);
    attempt("fsync", this.target, () => {
      writeBoundary();
      const descriptor = this.#descriptor;
      fs.fsyncSync(descriptor);
      this.#descriptor = -1;
      fs.closeSync(descriptor);
      writeBoundary();
    });
    return entry;
  }
}

/** Starts a final file that will be `target`; makes its folder where needed. Throws RunError `run/disk-full`, `run/not-writable`. */
export function createPending(target: string): PendingFile {
  return start(target, new FinalDigest());
}

/** Starts a file that other tasks read in parts: see blocks.ts. As {@link createPending}. */
export function createIntermediate(target: string): PendingFile<VouchedFile> {
  return start(target, new IntermediateDigest(true));
}

/** Starts a file that other tasks read and that checks itself as it is read, as spools do. As {@link createPending}. */
export function createSelfChecked(target: string): PendingFile<VouchedFile> {
  return start(target, new IntermediateDigest(false));
}

function start<File extends VouchedFile>(target: string, digest: Digest<File>): PendingFile<File> {
  const folder = path.dirname(path.resolve(target));
  const temporary = temporaryName(path.join(folder, path.basename(target)));
  return attempt("create", target, () => {
    makeFolder(folder);
    return new PendingFile(target, temporary, fs.openSync(temporary, "wx"), digest);
  });
}

/** Writes a whole small file. */
export function commitBytes(target: string, bytes: Uint8Array): CommittedFile {
  return writeWhole(createPending(target), bytes, (pending) => pending.commit());
}

/** Writes a small file that other tasks read whole. */
export function commitIntermediate(target: string, bytes: Uint8Array): VouchedFile {
  return writeWhole(start(target, new IntermediateDigest(false)), bytes, (pending) => pending.commit());
}

/**
 * Writes a completion marker: sealed JSON (seal.ts), made by exactly one of many writers.
 *
 * Returns `created` for the winner, `already` where the same content was there. Throws RunError `run/not-deterministic` where other
 * content was there: two attempts at the same work disagree, and neither can be trusted.
 */
export function commitMarker(target: string, value: object): "created" | "already" {
  const bytes = seal(value);
  if (commitFirst(target, bytes)) return "created";
  const there = attempt("read", target, () => fs.readFileSync(target));
  if (there.equals(bytes)) return "already";
  throw new RunError({
    code: "run/not-deterministic",
    what: `${target} was already written by another attempt, with other content`,
    why: "the same work gave two results, so at least one of them is wrong and a rerun could not be trusted",
    fix: "check that every worker runs the same version on the same input, remove the run folder and start again; if it happens again it is a bug",
  });
}

/** Writes a small file that only the first of many writers makes; false for the others, whatever they wanted to write. */
export function commitFirst(target: string, bytes: Uint8Array): boolean {
  const made = writeWhole(start(target, new IntermediateDigest(false)), bytes, (pending) => pending.commitExclusive());
  return made !== undefined;
}

function writeWhole<File extends VouchedFile, Result>(
  pending: PendingFile<File>,
  bytes: Uint8Array,
  finish: (pending: PendingFile<File>) => Result,
): Result {
  try {
    pending.write(bytes);
    return finish(pending);
  } catch (error) {
    pending.abort();
    throw error;
  }
}

/** Creates `folder` and makes the entries on the way to it durable. */
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  const parent = path.dirname(folder);
  makeFolder(parent);
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  syncFolder(parent);
}

function syncFolder(folder: string): void {
  // Windows neither opens folders nor needs them synced.
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(descriptor);
  } catch (error) {
    // Some network and FUSE file systems have no fsync for folders; their rename is as durable as they make it.
    if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Runs one step on disk and turns what the operating system says into what a user can act on. */
function attempt<Result>(step: string, target: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw writeError(step, target, error as NodeJS.ErrnoException);
  }
}

function writeError(step: string, target: string, error: NodeJS.ErrnoException): Error {
  const folder = path.dirname(target);
  switch (error.code) {
    case undefined:
      return error;
    case "ENOSPC":
    case "EDQUOT": {
      const full = error.code === "EDQUOT" ? "your quota there is used up" : "its file system is full";
      return new RunError(
        {
          code: "run/disk-full",
          what: `cannot ${step} ${path.basename(target)} in ${folder}: ${full}`,
          why: "nothing half-written was kept, and what was committed before is intact",
          fix: "free space there (old folders under runs/ and store/ and files named .*.tmp may be deleted) or use a folder on a larger disk, then run the same command again: it goes on where it stopped",
        },
        { cause: error },
      );
    }
    case "EACCES":
    case "EPERM":
    case "EROFS":
      // link() says EPERM where the file system has no hard links at all.
      if (step === "link" && error.code === "EPERM") return noHardLinks(target, error);
      return new RunError(
        {
          code: "run/not-writable",
          what: `cannot ${step} ${path.basename(target)} in ${folder}: ${error.code === "EROFS" ? "it is read-only" : "permission denied"}`,
          fix: "use a folder you may write to, or change its permissions",
        },
        { cause: error },
      );
    case "ENOTSUP":
    case "EOPNOTSUPP":
    case "ENOSYS":
      if (step === "link") return noHardLinks(target, error);
  }
  return new RunError(
    { code: "run/write-failed", what: `cannot ${step} ${path.basename(target)} in ${folder}: ${error.code}` },
    { cause: error },
  );
}

function noHardLinks(target: string, error: Error): RunError {
  return new RunError(
    {
      code: "run/no-hard-links",
      what: `${path.dirname(target)} is on a file system without hard links`,
      why: "completion markers are made with link(), so that exactly one of many workers wins",
      fix: "use a folder on ext4, xfs, btrfs, apfs, ntfs, nfs or lustre",
    },
    { cause: error },
  );
}
