/** A run made for tests, as the export takes it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExportOptions } from "../../../manifests/exports/define.ts";
import { readSummary } from "../../../manifests/exports/folder.ts";
import type { Trainer } from "../../../manifests/exports/registry.ts";
import type { TrainingStageManifest } from "../../../manifests/schema.ts";
import type { Plan } from "../../../plan/plan.ts";
import { type ExportResult, exportManifests } from "../../../runs/export.ts";
import type { OpenRun } from "../../../runs/status.ts";
import { stageRegistry } from "../../../stages/registry.ts";
import { Layout } from "../../../store/layout.ts";

export interface ExportedRun extends ExportResult {
  readonly folder: string;
  readonly files: readonly string[];
  readonly read: (path: string) => Buffer;
}

/** `root` holds the run's `store` folder. */
export function openTestRun(root: string, manifests: readonly TrainingStageManifest[], maxEpochs = 3): OpenRun {
  const { run, plan_fingerprint } = manifests[0];
  const plan = {
    name: run,
    fingerprint: plan_fingerprint,
    recipe: { limits: { max_epochs: maxEpochs, epoch_order: "reshuffle" }, exports: [] },
  };
  return { plan: plan as unknown as Plan, layout: new Layout(root) };
}

export function exportTo(
  root: string,
  manifests: readonly TrainingStageManifest[],
  trainer: Trainer,
  options: ExportOptions = {},
): ExportedRun {
  const run = openTestRun(root, manifests);
  const result = exportManifests(run, manifests, stageRegistry(), trainer, options);
  const folder = join(run.layout.run(run.plan.name), "exports", trainer);
  const files = readSummary(folder)?.files.map(({ path }) => path) ?? [];
  return { ...result, folder, files, read: (path) => readFileSync(join(folder, path)) };
}

/** Unsigned 32-bit ids. */
export function idsOf(bytes: Uint8Array): number[] {
  return [...new Uint32Array(Uint8Array.from(bytes).buffer)];
}
