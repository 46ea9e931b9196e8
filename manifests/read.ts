/** Manifests from a run's folder, in training order. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import { type RowManifest, rowManifestSchema } from "./row-schema.ts";
import { type TrainingStageManifest, trainingStageManifestSchema } from "./schema.ts";

export interface ReadManifests {
  readonly manifests: readonly TrainingStageManifest[];
  /** Of training stages that mix rows. */
  readonly row_manifests: readonly RowManifest[];
  /** Files that are no manifests, and why. */
  readonly problems: readonly { readonly file: string; readonly what: string }[];
}

/**
 * Reads every `*.json` of `folder`. Throws RunError `run/not-a-run` where the folder is not there or holds none.
 * `folder` is the run's `manifests` folder.
 */
export async function readManifests(folder: string): Promise<ReadManifests> {
  const names = await manifestNames(folder);
  const manifests: TrainingStageManifest[] = [];
  const row_manifests: RowManifest[] = [];
  const problems: { file: string; what: string }[] = [];
  for (const name of names) {
    try {
      const value: unknown = JSON.parse(await readFile(join(folder, name), "utf8"));
      const mixesRows = typeof value === "object" && value !== null && "kind" in value && value.kind === "rows";
      const rows = mixesRows ? rowManifestSchema.safeParse(value) : undefined;
      const windows = mixesRows ? undefined : trainingStageManifestSchema.safeParse(value);
      if (rows?.success === true) row_manifests.push(rows.data);
      if (windows?.success === true) manifests.push(windows.data);
      const [issue] = (rows ?? windows)?.error?.issues ?? [];
      if (issue !== undefined)
        problems.push({ file: name, what: `is not a manifest: ${issue.path.join(".")}: ${issue.message}` });
    } catch (error) {
      problems.push({ file: name, what: `cannot be read: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  manifests.sort((a, b) => a.stage.index - b.stage.index);
  row_manifests.sort((a, b) => a.stage.position - b.stage.position);
  return { manifests, row_manifests, problems };
}

async function manifestNames(folder: string): Promise<string[]> {
  let names: string[] = [];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith(".json") && !name.startsWith(".")).sort();
  } catch (error) {
    throw notARun(folder, error);
  }
  if (names.length === 0) throw notARun(folder);
  return names;
}

function notARun(folder: string, cause?: unknown): RunError {
  return new RunError(
    {
      code: "run/not-a-run",
      what: `${folder} holds no manifests`,
      why: "a run has one manifest per training stage, written when it is complete",
      fix: "name the folder of a finished run, or finish it with shardmill run RECIPE",
    },
    { cause },
  );
}
