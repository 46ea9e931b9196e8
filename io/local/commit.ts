/**
 * How anything is written: beside its target under a temporary name, fsynced, then renamed.
 *
 * Invariant: under its final name a file is whole or absent, whatever was killed when. A marker goes one step further: it is made with
 * `link`, so of many writers exactly one wins and the others learn whether they agree. Everything is synchronous: writers live in
 * worker threads, and a write that cannot be interleaved is a write that can be reasoned about.
 * Price: one fsync per file and one per folder change; sha256 of every byte on the way out (about 1.5 GB/s where the CPU helps).
 */
import { createHash, type Hash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { RunError } from "../../batch/errors.ts";
import { canonicalJson } from "../../kernels/json/canonical.ts";
import { writeBoundary } from "./fault.ts";

/** A file that exists under its final name. */
export interface CommittedFile {
  /** Without folder. */
  readonly name: string;
  readonly size_bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** A file being written. Nothing is visible under the target's name before {@link PendingFile.commit} returns. */
export class PendingFile {
  readonly target: string;
  readonly temporary: string;
  size_bytes = 0;
  readonly #hash: Hash = createHash("sha256");
  #descriptor: number;

  /** Use {@link createPending}. */
  constructor(target: string, temporary: string, descriptor: number) {
    this.target = target;
    this.temporary = temporary;
    this.#descriptor = descriptor;
  }

  /** Appends all of `bytes`; after an error the file can only be aborted. */
  write(bytes: Uint8Array): void {
    if (this.#descriptor < 0) throw new Error(`${this.target}: written after commit or abort`);
    attempt("write", this.target, () => {
      writeBoundary();
      // A disk that fills up shortens the write before it fails the next one.
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.#descriptor, bytes, at, bytes.length - at);
    });
    this.#hash.update(bytes);
    this.size_bytes += bytes.length;
  }

  /** Makes the file appear under its name, replacing what was there. */
  commit(): CommittedFile {
    this.#settle();
    attempt("rename", this.target, () => {
      fs.renameSync(this.temporary, this.target);
      writeBoundary();
      syncFolder(path.dirname(this.target));
      writeBoundary();
    });
    return this.#result();
  }

  /**
   * Makes the file appear under its name unless that name is taken, in one step that only one of many writers can win.
   * Undefined where it is taken; the file is then gone.
   */
  commitExclusive(): CommittedFile | undefined {
    this.#settle();
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
    return won ? this.#result() : undefined;
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

  #settle(): void {
    if (this.#descriptor < 0) throw new Error(`${this.target}: committed twice, or after abort`);
    attempt("fsync", this.target, () => {
      writeBoundary();
      const descriptor = this.#descriptor;
      fs.fsyncSync(descriptor);
      this.#descriptor = -1;
      fs.closeSync(descriptor);
      writeBoundary();
    });
  }

  #result(): CommittedFile {
    return { name: path.basename(this.target), size_bytes: this.size_bytes, sha256: this.#hash.digest("hex") };
  }
}

/** Starts a file that will be `target`; makes its folder where needed. Throws RunError `run/disk-full`, `run/not-writable`. */
export function createPending(target: string): PendingFile {
  const folder = path.dirname(path.resolve(target));
  const unique = `${process.pid}.${randomBytes(6).toString("hex")}`;
  const temporary = path.join(folder, `.${path.basename(target)}.${unique}.tmp`);
  return attempt("create", target, () => {
    makeFolder(folder);
    return new PendingFile(target, temporary, fs.openSync(temporary, "wx"));
  });
}

/** Writes a whole small file. */
export function commitBytes(target: string, bytes: Uint8Array): CommittedFile {
  return writeWhole(target, bytes, (pending) => pending.commit());
}

/**
 * Writes a completion marker: canonical JSON and a newline, made by exactly one of many writers.
 *
 * Returns `created` for the winner, `already` where the same content was there. Throws RunError `run/not-deterministic` where other
 * content was there: two attempts at the same work disagree, and neither can be trusted.
 */
export function commitMarker(target: string, value: unknown): "created" | "already" {
  const bytes = Buffer.from(`${canonicalJson(value)}\n`);
  if (writeWhole(target, bytes, (pending) => pending.commitExclusive()) !== undefined) return "created";
  const there = attempt("read", target, () => fs.readFileSync(target));
  if (there.equals(bytes)) return "already";
  throw new RunError({
    code: "run/not-deterministic",
    what: `${target} was already written by another attempt, with other content`,
    why: "the same work gave two results, so at least one of them is wrong and a rerun could not be trusted",
    fix: "check that every worker runs the same version on the same input, remove the run folder and start again; if it happens again it is a bug",
  });
}

function writeWhole<Result>(target: string, bytes: Uint8Array, finish: (pending: PendingFile) => Result): Result {
  const pending = createPending(target);
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
