/** A finished run laid out for a trainer. Everything is read from manifests and stores, so an export made later is the one the run would have made. */
import { join } from "node:path";
import { writeExport } from "../manifests/exports/folder.ts";
import { GEOMETRY, rowTokens, type Trainer } from "../manifests/exports/geometry.ts";
import { exportLitdata } from "../manifests/exports/litdata.ts";
import { exportMegatron } from "../manifests/exports/megatron.ts";
import { exportModdedNanogpt } from "../manifests/exports/modded-nanogpt.ts";
import { exportMosaic } from "../manifests/exports/mosaic.ts";
import { exportNanotron } from "../manifests/exports/nanotron.ts";
import { exportOlmoCore } from "../manifests/exports/olmo-core.ts";
import { exportTorchtitan } from "../manifests/exports/torchtitan.ts";
import { exportTrl } from "../manifests/exports/trl.ts";
import type { TrainingStageDocuments, ExportContext, Exported, ExportOptions, TrainingStageRows } from "../manifests/exports/views.ts";
import { readManifests } from "../manifests/read.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import { loadPlugins } from "../plan/recipe/plugins.ts";
import { type StageRegistry, stageRegistry } from "../stages/registry.ts";
import { documentStages } from "./export-documents.ts";
import { repackedStages, windowStages } from "./export-rows.ts";
import type { OpenRun } from "./status.ts";

export interface ExportResult {
  /** What a trainer is pointed at: its configuration files, then the folder of shards. */
  readonly paths: readonly string[];
  readonly warnings: readonly string[];
}

const rowExporters: Readonly<Record<"trl" | "olmo-core" | "mosaic" | "litdata", RowExporter>> = {
  trl: exportTrl,
  "olmo-core": exportOlmoCore,
  mosaic: exportMosaic,
  litdata: exportLitdata,
};

const documentExporters: Readonly<Record<"megatron" | "torchtitan" | "modded-nanogpt", DocumentExporter>> = {
  megatron: exportMegatron,
  torchtitan: exportTorchtitan,
  "modded-nanogpt": exportModdedNanogpt,
};

type RowExporter = (stages: readonly TrainingStageRows[], context: ExportContext) => Exported;
type DocumentExporter = (stages: readonly TrainingStageDocuments[], context: ExportContext) => Exported;

/** Writes `runs/NAME/exports/TRAINER`. Throws RunError `run/export-folder-taken`, `run/export-failed`. */
export function exportManifests(
  { layout, plan }: OpenRun,
  manifests: readonly TrainingStageManifest[],
  registry: StageRegistry,
  trainer: Trainer,
  options: ExportOptions = {},
): ExportResult {
  const folder = join(layout.run(plan.name), "exports", trainer);
  const { store } = layout;
  if (trainer === "nanotron") return result(folder, exportNanotron(manifests, { ...options, store, folder }));
  const head = { trainer, plan_fingerprint: manifests[0].plan_fingerprint };
  const exported = writeExport(folder, head, (target): Exported => {
    const context = { folder: target, tokenizer: manifests[0].tokenizer, options };
    if (trainer === "megatron" || trainer === "torchtitan" || trainer === "modded-nanogpt") {
      const { stages, warnings } = documentStages(manifests, store, plan.recipe.limits.max_epochs);
      const done = documentExporters[trainer](stages, context);
      return { ...done, warnings: [...warnings, ...done.warnings] };
    }
    const geometry = GEOMETRY[trainer];
    const stages =
      geometry.layout === "windows"
        ? windowStages(manifests, store)
        : repackedStages(manifests, {
            store,
            registry,
            rowTokens: (length) => rowTokens(geometry, length),
            epochOrder: plan.recipe.limits.epoch_order,
          });
    return rowExporters[trainer](stages, context);
  });
  return result(folder, exported);
}

function result(folder: string, { configs, warnings }: Pick<Exported, "configs" | "warnings">): ExportResult {
  return { paths: [...configs.map((name) => join(folder, name)), folder], warnings };
}

/** Lays a finished run out for a trainer. Throws RunError where the run has no manifests yet. */
export async function exportRun(run: OpenRun, trainer: Trainer, options: ExportOptions = {}): Promise<ExportResult> {
  const { manifests } = await readManifests(join(run.layout.run(run.plan.name), "manifests"));
  const registry = stageRegistry(await loadPlugins(run.plan.recipe.plugins, ""));
  return exportManifests(run, manifests, registry, trainer, options);
}
