/** A finished run laid out for a trainer. Everything is read from manifests and stores, so an export made later is the one the run would have made. */
import { join } from "node:path";
import {
  type ExportContext,
  type Exported,
  type Exporter,
  type ExportOptions,
  parseExportOptions,
  rowTokens,
} from "../manifests/exports/define.ts";
import { writeExport } from "../manifests/exports/folder.ts";
import { EXPORTERS, type Trainer } from "../manifests/exports/registry.ts";
import { readManifests } from "../manifests/read.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import { loadPlugins } from "../plan/recipe/plugins.ts";
import { type StageRegistry, stageRegistry } from "../stages/registry.ts";
import { documentStages } from "./export-documents.ts";
import { fileStages } from "./export-files.ts";
import { repackedStages, windowStages } from "./export-rows.ts";
import type { OpenRun } from "./status.ts";

export interface ExportResult {
  /** What a trainer is pointed at: its configuration files, then the folder of shards. */
  readonly paths: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Writes `runs/NAME/exports/TRAINER`. Throws RunError `run/export-folder-taken`, `run/export-failed`, RecipeError
 * `flag/bad-export-option`.
 */
export function exportManifests(
  run: OpenRun,
  manifests: readonly TrainingStageManifest[],
  registry: StageRegistry,
  trainer: Trainer,
  options: ExportOptions = {},
): ExportResult {
  const exporter = EXPORTERS[trainer];
  const parsed = parseExportOptions(exporter, options);
  const { plan_fingerprint, tokenizer, seed } = manifests[0];
  const folder = join(run.layout.run(run.plan.name), "exports", trainer);
  const exported = writeExport(folder, { trainer, plan_fingerprint }, (target) => {
    const context = { folder: target, tokenizer, seed, options: parsed };
    const { record, configs, warnings } = write(exporter, run, manifests, registry, context);
    return { configs, warnings, ...record };
  });
  return { paths: [...exported.configs.map((name) => join(folder, name)), folder], warnings: exported.warnings };
}

/** Gives the exporter what it reads. */
function write(
  exporter: Exporter,
  { layout, plan }: OpenRun,
  manifests: readonly TrainingStageManifest[],
  registry: StageRegistry,
  context: ExportContext<ExportOptions>,
): Exported {
  const { store } = layout;
  const { max_epochs, epoch_order } = plan.recipe.limits;
  switch (exporter.reads) {
    case "window_files":
      return exporter.write(fileStages(manifests, store), context);
    case "windows":
      return exporter.write(windowStages(manifests, store), context);
    case "rows": {
      const options = {
        store,
        registry,
        rowTokens: (length: number) => rowTokens(exporter.geometry, length),
        epochOrder: epoch_order,
      };
      return exporter.write(repackedStages(manifests, options), context);
    }
    case "documents": {
      const { stages, warnings } = documentStages(manifests, store, max_epochs);
      const exported = exporter.write(stages, context);
      return { ...exported, warnings: [...warnings, ...exported.warnings] };
    }
  }
}

/** Lays a finished run out for a trainer. Throws RunError where the run has no manifests yet. */
export async function exportRun(run: OpenRun, trainer: Trainer, options: ExportOptions = {}): Promise<ExportResult> {
  const { manifests } = await readManifests(join(run.layout.run(run.plan.name), "manifests"));
  const registry = stageRegistry(await loadPlugins(run.plan.recipe.plugins, ""));
  return exportManifests(run, manifests, registry, trainer, options);
}
