/**
 * A finished run laid out for a trainer. Everything is read from manifests and stores, so an export made later is the
 * one the run would have made.
 */
import { join } from "node:path";
import { entryAt, ownOf } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import {
  type ExportContext,
  type Exported,
  type Exporter,
  type ExportOptions,
  findsByEos,
  parseExportOptions,
  rowTokens,
  takes,
  writesLoss,
} from "../manifests/exports/define.ts";
import { readSummary, writeExport } from "../manifests/exports/folder.ts";
import { EXPORTERS, TRAINERS, type Trainer } from "../manifests/exports/registry.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import { hasLoss } from "../manifests/shard-files.ts";
import { askedExports, askedOptions } from "../plan/exports.ts";
import { planRegistry } from "../plan/plugins.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { runFiles } from "../store/layout.ts";
import { documentStages } from "./export-documents.ts";
import { fileStages } from "./export-files.ts";
import { rowPlanStages, withPackedRows } from "./export-row-plans.ts";
import { repackedStages, windowStages } from "./export-rows.ts";
import { readPlan } from "./plan-file.ts";
import { stageManifests } from "./run-manifests.ts";
import type { OpenRun } from "./status.ts";

export interface ExportResult {
  /** What a trainer is pointed at: its configuration files, then the folder of shards. */
  readonly paths: readonly string[];
  readonly warnings: readonly string[];
  /** Options that were not given and are those of the export that stood there. */
  readonly kept_options: ExportOptions;
  readonly written: { readonly files: number; readonly size_bytes: number };
}

/**
 * Writes `runs/NAME/exports/TRAINER` with `options`, those that the recipe gives it, and those of the export that stands there: whoever made it by hand
 * meant them. Of one option the first of these counts, but that what was given by hand goes before the recipe's until that is told again in `options`.
 * Throws RunError `run/export-folder-taken`, `run/export-failed`,
 * `run/export-loses-loss`, `run/export-needs-eos`, RecipeError `flag/bad-export-option`.
 */
export function exportManifests(
  run: OpenRun,
  all: readonly StageManifest[],
  registry: StageRegistry,
  trainer: Trainer,
  options: ExportOptions = {},
  { reset = false }: { readonly reset?: boolean } = {},
): ExportResult {
  const exporter = EXPORTERS[trainer];
  const kept_options = reset ? {} : standingOptions(run, exporter, options);
  const given = { ...askedOptions(run.plan.recipe, trainer), ...kept_options, ...options };
  const parsed = parseExportOptions(exporter, given);
  const manifests = all.filter((manifest): manifest is TrainingStageManifest => !mixesRows(manifest));
  const rows = all.filter(mixesRows);
  checkKinds(exporter, manifests, rows);
  refuseWithoutEos(exporter, all);
  const ignored = ignoredLoss(exporter, all, parsed);
  const { plan_fingerprint, tokenizer, seed } = entryAt(all, 0, "manifest");
  const folder = join(run.folder ?? run.layout.run(run.plan.name), runFiles.exports, trainer);
  const exported = writeExport(folder, { trainer, plan_fingerprint }, (target) => {
    const context = { folder: target, tokenizer, seed, options: parsed };
    const { record, configs, warnings } = write(exporter, run, { manifests, rows }, registry, context);
    return {
      configs,
      warnings: [...ignored, ...parsedWarnings(exporter, all), ...warnings],
      options: given,
      ...record,
    };
  });
  const { files = [] } = readSummary(folder) ?? {};
  return {
    paths: [...exported.configs.map((name) => join(folder, name)), folder],
    warnings: exported.warnings,
    kept_options,
    written: { files: files.length, size_bytes: files.reduce((sum, { size_bytes }) => sum + size_bytes, 0) },
  };
}

type StageManifest = TrainingStageManifest | RowManifest;

interface SplitManifests {
  readonly manifests: readonly TrainingStageManifest[];
  readonly rows: readonly RowManifest[];
}

function mixesRows(manifest: StageManifest): manifest is RowManifest {
  return "kind" in manifest;
}

/** Throws RunError `run/export-kind` for a training stage that the export cannot hold. */
function checkKinds(
  exporter: Exporter,
  manifests: readonly TrainingStageManifest[],
  rows: readonly RowManifest[],
): void {
  const { rows: takesRows, windows: takesWindows } = takes(exporter);
  const [refused] = takesRows ? (takesWindows ? [] : manifests) : rows;
  if (refused === undefined) return;
  const able = TRAINERS.filter((name) => takes(EXPORTERS[name])[takesRows ? "windows" : "rows"]);
  throw new RunError({
    code: "run/export-kind",
    what: `the export for ${exporter.name} cannot hold training stage ${refused.stage.name}`,
    why: takesRows
      ? "it is an index of packed rows, and this stage reads windows"
      : "it reads one source at a time, and a packed row of this stage holds several",
    fix: `export for one of ${able.join(", ")}`,
  });
}

/**
 * Options that the export which stands there was given by hand, but for those in `given` and what the exporter does not know any more. Those that
 * its recipe gave it are the recipe's to say again.
 */
function standingOptions({ layout, plan }: OpenRun, exporter: Exporter, given: ExportOptions): ExportOptions {
  // What takes the place of a run is made beside it: the export that people use is still the run's.
  const folder = layout.run(plan.name);
  const standing = readSummary(join(folder, runFiles.exports, exporter.name))?.options;
  if (typeof standing !== "object" || standing === null || Object.keys(standing).length === 0) return {};
  const { recipe } = readPlan(folder, layout.root) ?? plan;
  const ofRecipe = askedExports(recipe).find(({ trainer }) => trainer === exporter.name)?.options;
  const shape: Readonly<Record<string, { safeParse(value: unknown): { success: boolean } }>> = exporter.options.shape;
  const kept = Object.entries(standing).filter(([name, value]) => {
    const isByHand = !Object.hasOwn(given, name) && ownOf(ofRecipe, name) !== value;
    return isByHand && ownOf(shape, name)?.safeParse(value).success === true;
  });
  return Object.fromEntries(kept);
}

/** What a trainer is pointed at in an export that is there. */
export function exportPaths(folder: string): readonly string[] {
  const configs = readSummary(folder)?.configs;
  const names = Array.isArray(configs) ? configs.filter((name) => typeof name === "string") : [];
  return [...names.map((name) => join(folder, name)), folder];
}

/**
 * Warnings for masked tokens that this export trains on because that was asked for. Throws RunError
 * `run/export-loses-loss` where it was not.
 */
export function ignoredLoss(
  exporter: Exporter,
  manifests: readonly StageManifest[],
  options: ExportOptions,
): readonly string[] {
  if (writesLoss(exporter, options)) return [];
  const sources = new Set(
    manifests.flatMap((manifest) => {
      if (mixesRows(manifest)) {
        return manifest.order.filter((source) => hasLoss(manifest.sources[source]?.token_store.files ?? []));
      }
      return Object.entries(manifest.sources).flatMap(([source, { windows, files, token_store }]) =>
        windows > 0 && (hasLoss(files) || hasLoss(token_store.files)) ? [source] : [],
      );
    }),
  );
  if (sources.size === 0) return [];
  const named = [...sources].sort().join(", ");
  if (options.ignore_loss === true) {
    return [`${named}: masked tokens are trained on, as asked: the loss lane is not in this export`];
  }
  const needed = manifests.some(mixesRows) ? "rows" : "windows";
  const others = TRAINERS.filter((trainer) => {
    return EXPORTERS[trainer].loss.written === "always" && takes(EXPORTERS[trainer])[needed];
  }).join(", ");
  const { option, notes } = exporter.loss;
  const flag = (name: string): string => `--${name.replaceAll("_", "-")} (${name})`;
  const byOption = option === undefined ? "" : `give ${flag(option)}, or `;
  throw new RunError({
    code: "run/export-loses-loss",
    what: `the export for ${exporter.name} would train on masked tokens of ${named}`,
    why: notes,
    fix: `${byOption}export for one of ${others}; ${flag("ignore_loss")} trains on every token`,
  });
}

/** Throws RunError `run/export-needs-eos` where the trainer would look for EOS at the end of documents that have none. */
export function refuseWithoutEos(exporter: Exporter, manifests: readonly StageManifest[]): void {
  const lost = (other: Exporter): boolean =>
    manifests.some(
      ({ tokenizer }) => tokenizer.append_eos === "never" && findsByEos(other, tokenizer.bos !== undefined),
    );
  if (!lost(exporter)) return;
  throw new RunError({
    code: "run/export-needs-eos",
    what: `${exporter.name} would not find the documents of this run: their tokenizer says \`append_eos: never\``,
    why: "it finds documents by the EOS behind each, and would attend from one into the next",
    fix: `export for one of ${TRAINERS.filter((trainer) => !lost(EXPORTERS[trainer])).join(", ")}; or run the recipe without \`append_eos\``,
  });
}

/** Where trainers would find documents that end, or begin, where text only spelled the token that they go by. */
function parsedWarnings({ name, geometry }: Exporter, manifests: readonly StageManifest[]): readonly string[] {
  if (geometry.boundaries !== "eos" && geometry.boundaries !== "first_token") return [];
  const warnings = new Set<string>();
  for (const { tokenizer, sources } of manifests) {
    const byBos = geometry.boundaries === "first_token" && tokenizer.bos !== undefined;
    for (const [source, read] of Object.entries(sources)) {
      const { tokenizer_guard: guard } = read;
      const windows = "windows" in read ? read.windows : read.packed.tokens;
      const documents = byBos ? guard?.documents_with_bos_inside : guard?.documents_with_eos_inside;
      if (windows === 0 || documents === undefined || documents === 0) continue;
      const held = byBos ? "BOS" : "EOS";
      warnings.add(
        `${source}: ${documents} documents hold ${held} inside, parsed from their text, and ${name} takes each for the border of a document`,
      );
    }
  }
  return [...warnings];
}

/** Gives the exporter what it reads. */
function write(
  exporter: Exporter,
  { layout, plan }: OpenRun,
  { manifests, rows }: Pick<SplitManifests, "manifests" | "rows">,
  registry: StageRegistry,
  context: ExportContext<ExportOptions>,
): Exported {
  const lengthOf = (length: number): number => rowTokens(exporter.geometry, length);
  const { store } = layout;
  const { max_epochs, epoch_order } = plan.recipe.limits;
  switch (exporter.reads) {
    case "window_files":
      return exporter.write(fileStages(manifests, store), context);
    case "windows":
      return withPackedRows(rows, store, lengthOf, (packed) =>
        exporter.write([...windowStages(manifests, store), ...packed], context),
      );
    case "rows": {
      const options = {
        store,
        registry,
        rowTokens: lengthOf,
        epochOrder: epoch_order,
      };
      return withPackedRows(rows, store, lengthOf, (packed) =>
        exporter.write([...repackedStages(manifests, options), ...packed], context),
      );
    }
    case "row_plans":
      return exporter.write(rowPlanStages(rows, store), context);
    case "documents": {
      const { stages, warnings } = documentStages(manifests, store, max_epochs);
      const exported = exporter.write(stages, context);
      return { ...exported, warnings: [...warnings, ...exported.warnings] };
    }
  }
}

/** Lays a finished run out for a trainer. Throws RunError where the run has no manifests yet. */
export async function exportRun(
  run: OpenRun,
  trainer: Trainer,
  options: ExportOptions = {},
  how: { readonly reset?: boolean } = {},
): Promise<ExportResult> {
  const { windows, rows } = await stageManifests(run);
  const registry = await planRegistry(run.plan);
  return exportManifests(run, [...windows, ...rows], registry, trainer, options, how);
}
