/**
 * The folder an export is written to: all of it or none, with a summary that names every file.
 *
 * Files go to a folder beside the target, which takes the target's place when `export.json` is in it. Invariant: a
 * folder with an `export.json` is a whole export; what was there before stays until then; a folder that holds anything
 * else is never removed.
 * Price: a sha256 of what is written; a linked file's is known from its manifest.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { RunError, ShardmillError } from "../../batch/errors.ts";
import { createPending, type PendingFile } from "../../io/local/commit.ts";
import { canonicalJson } from "../../kernels/json/canonical.ts";
import type { StoredFile } from "../schema.ts";

/** Names of the summaries: of an export to a trainer, and of an output of rows. */
export const SUMMARY = "export.json";
export const OUTPUT_SUMMARY = "output.json";

const summarySchema = z.looseObject({
  plan_fingerprint: z.string(),
  files: z.array(z.strictObject({ path: z.string(), size_bytes: z.int().nonnegative(), sha256: z.string() })),
});

export type ExportSummary = z.output<typeof summarySchema>;

/** Reads the summary in a folder; undefined where there is none or it is no summary. */
export function readSummary(folder: string, name = SUMMARY): ExportSummary | undefined {
  try {
    return summarySchema.safeParse(JSON.parse(fs.readFileSync(join(folder, name), "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** An export being written. Paths are relative to the export's folder, with `/` between. */
export class ExportFolder {
  readonly #staging: string;
  readonly #files: StoredFile[] = [];

  /** Use {@link writeExport}. */
  constructor(staging: string) {
    this.#staging = staging;
  }

  /** Writes one file as `write` hands over its bytes. */
  file(path: string, write: (file: PendingFile) => void): StoredFile {
    const pending = createPending(join(this.#staging, path));
    try {
      write(pending);
      return this.#keep(path, pending.commit());
    } catch (error) {
      pending.abort();
      throw error;
    }
  }

  bytes(path: string, bytes: Uint8Array): StoredFile {
    return this.file(path, (file) => file.write(bytes));
  }

  text(path: string, text: string): StoredFile {
    return this.bytes(path, Buffer.from(text));
  }

  /** A file of the store under another name: a hard link, or a copy where links are impossible. */
  link(from: string, path: string, stored: Pick<StoredFile, "size_bytes" | "sha256">): StoredFile {
    const target = join(this.#staging, path);
    fs.mkdirSync(dirname(target), { recursive: true });
    try {
      fs.linkSync(from, target);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (!["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
      fs.copyFileSync(from, target, fs.constants.COPYFILE_EXCL);
    }
    return this.#keep(path, stored);
  }

  /** Every file so far, by path. */
  files(): StoredFile[] {
    return [...this.#files].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #keep(path: string, { size_bytes, sha256 }: Pick<StoredFile, "size_bytes" | "sha256">): StoredFile {
    const stored = { path, size_bytes, sha256 };
    this.#files.push(stored);
    return stored;
  }
}

/**
 * Writes an export with `write` and puts it where `folder` is; what `write` returns is in `export.json` beside trainer,
 * plan and files.
 *
 * Throws RunError `run/export-folder-taken` where the folder holds something that is no export, `run/export-failed`
 * where files of the store are missing, and what io/local/commit.ts throws. Nothing is changed then.
 */
export function writeExport<Result extends object>(
  folder: string,
  head: { readonly trainer: string; readonly plan_fingerprint: string },
  write: (folder: ExportFolder) => Result,
): Result {
  return publishFolder(folder, SUMMARY, head, write);
}

/** {@link writeExport} for any folder that is made as a whole: `summaryName` is the file that says so. */
export function publishFolder<Result extends object>(
  folder: string,
  summaryName: string,
  head: { readonly plan_fingerprint: string },
  write: (folder: ExportFolder) => Result,
): Result {
  checkFolder(folder, summaryName);
  const staging = join(dirname(folder), `.${basename(folder)}.partial`);
  const replaced = join(dirname(folder), `.${basename(folder)}.replaced`);
  return attempt(folder, () => {
    for (const leftover of [staging, replaced]) fs.rmSync(leftover, { recursive: true, force: true });
    fs.mkdirSync(staging, { recursive: true });
    try {
      const writer = new ExportFolder(staging);
      const result = write(writer);
      const summary: ExportSummary = { ...head, ...result, files: writer.files() };
      fs.writeFileSync(join(staging, summaryName), `${JSON.stringify(JSON.parse(canonicalJson(summary)), null, 2)}\n`);
      if (fs.existsSync(folder)) fs.renameSync(folder, replaced);
      fs.renameSync(staging, folder);
      fs.rmSync(replaced, { recursive: true, force: true });
      return result;
    } catch (error) {
      fs.rmSync(staging, { recursive: true, force: true });
      throw error;
    }
  });
}

function checkFolder(folder: string, summaryName: string): void {
  if (!fs.existsSync(folder) || fs.readdirSync(folder).length === 0) return;
  if (fs.existsSync(join(folder, summaryName))) return;
  throw new RunError({
    code: "run/export-folder-taken",
    what: `${folder} is not empty and is no earlier export`,
    why: "an export replaces what is in its folder",
    fix: "name another folder, or empty this one",
  });
}

function attempt<Result>(folder: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof ShardmillError || code === undefined) throw error;
    throw new RunError(
      {
        code: "run/export-failed",
        what: `cannot export to ${folder}: ${code}`,
        fix:
          code === "ENOENT"
            ? "verify the run: files its manifests name are missing"
            : "check space and permissions there, then export again",
      },
      { cause: error },
    );
  }
}

/** A version for readers that cache by one: a hash over what the export holds so far. */
export function contentVersion(files: readonly StoredFile[]): string {
  return createHash("sha256").update(canonicalJson(files)).digest("hex").slice(0, 16);
}
