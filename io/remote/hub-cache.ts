/**
 * The Hub's cache on disk, in the layout its Python library uses, so that files fetched by either are found by both:
 * `{datasets,models}--ORG--NAME/{blobs/ETAG, snapshots/COMMIT/PATH, refs/REVISION}`.
 *
 * Invariant: a blob appears under its name whole and checked; ranks that fetch the same file do not disturb each other.
 */
import { createHash, type Hash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { DataError } from "../../batch/errors.ts";
import { commitBytes, createPending, type PendingFile } from "../local/commit.ts";
import type { HubPath } from "./hub-path.ts";

/** Checks a file's content against its Hub identity: `sha256:` of LFS files, `git:` (sha1 of a git blob) of small ones. */
export class HubHash {
  readonly #hash: Hash;
  readonly #expected: string;

  constructor(identity: string, size_bytes: number) {
    const [kind, digest = ""] = identity.split(":");
    this.#expected = digest;
    this.#hash = createHash(kind === "git" ? "sha1" : "sha256");
    if (kind === "git") this.#hash.update(`blob ${size_bytes}\0`);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Throws DataError `data/hash-mismatch`. */
  verify(name: string): void {
    const found = this.#hash.digest("hex");
    if (found === this.#expected) return;
    throw new DataError({
      code: "data/hash-mismatch",
      what: `${name} arrived with hash ${found}, and the repository says ${this.#expected}`,
      why: "the content was damaged or replaced on its way",
      fix: "run again; if it stays, look for a proxy that changes downloads",
    });
  }
}

/** One file's places in the cache. */
export class HubCacheEntry {
  readonly #folder: string;
  readonly #file: HubPath;
  readonly #etag: string;

  /** `file.revision` is a commit. */
  constructor(cacheDir: string, file: HubPath, identity: string) {
    this.#folder = repositoryFolder(cacheDir, file);
    this.#file = file;
    this.#etag = identity.slice(identity.indexOf(":") + 1);
  }

  get blob(): string {
    return path.join(this.#folder, "blobs", this.#etag);
  }

  /** Where the whole file lies, if it does. */
  find(size_bytes: number): string | undefined {
    const found = fs.statSync(this.blob, { throwIfNoEntry: false });
    return found?.isFile() && found.size === size_bytes ? this.blob : undefined;
  }

  create(): PendingFile {
    return createPending(this.blob);
  }

  /** Makes the blob reachable by commit and path. */
  link(): void {
    const target = path.join(this.#folder, "snapshots", this.#file.revision, this.#file.path);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    try {
      fs.symlinkSync(path.relative(path.dirname(target), this.blob), target);
    } catch (error) {
      // Another rank was first, or links are not allowed here: the blob alone is enough for us.
      if (!["EEXIST", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

/** Notes which commit a revision stood for. */
export function writeRef(cacheDir: string, file: HubPath, commit: string): void {
  commitBytes(path.join(repositoryFolder(cacheDir, file), "refs", file.revision), Buffer.from(commit));
}

function repositoryFolder(cacheDir: string, { type, repo }: HubPath): string {
  return path.join(cacheDir, `${type}s--${repo.replace("/", "--")}`);
}
