/**
 * The public API. The command line is one of its clients.
 *
 * `z` is the zod that options are declared with: a stage's schema must be made by the same copy that reads it.
 */
export { z } from "zod";
export * from "./batch/batch.ts";
export * from "./batch/bitmap.ts";
export * from "./batch/builder.ts";
export * from "./batch/column.ts";
export * from "./batch/errors.ts";
export { createIoEnvironment, type IoEnvironment } from "./io/environment.ts";
export { listShards } from "./io/list.ts";
export { openShard } from "./io/open.ts";
export { TABLES_START } from "./io/shared-tables.ts";
export type { ByteSource, ShardRef } from "./io/source.ts";
export type { PackingFigures, Spread } from "./kernels/pack/figures.ts";
export { defineExporter, type Exporter, type ExportOptions, sharedOptions } from "./manifests/exports/define.ts";
export type { Trainer } from "./manifests/exports/registry.ts";
export { documentBlocks, rowBlocks } from "./manifests/exports/views.ts";
export type { RowManifest, RowSourceManifest } from "./manifests/row-schema.ts";
export type { SourceManifest, TrainingStageManifest } from "./manifests/schema.ts";
export type { Finding } from "./manifests/verify.ts";
export { type PublishedConfig, publishedDataStages } from "./mixtures/curriculum/smollm3.ts";
export type { Replay, ReplayedSource } from "./mixtures/replay.ts";
export { makePlan } from "./plan/make.ts";
export type { Plan } from "./plan/plan.ts";
export { RecipeErrors } from "./plan/recipe/diagnostics.ts";
export { defineRecipe, loadRecipe, type NamedText } from "./plan/recipe/load.ts";
export { stageFacts, stagePage } from "./plan/recipe/reference.ts";
export type { RecipeInput } from "./plan/recipe/schema.ts";
export { parseSize } from "./plan/recipe/sizes.ts";
export { newRecipe } from "./plan/recipe/template.ts";
export type { Recipe } from "./plan/types.ts";
export { type ReportOptions, reportPage } from "./report/report.ts";
export { type ServedReport, type ServeOptions, serveReport } from "./report/serve.ts";
export { accountRows } from "./runs/account.ts";
export { type Advance, type AdvanceOptions, advanceRun, type ReadyPhase } from "./runs/advance.ts";
export { type CheckedRecipe, checkRecipe } from "./runs/check.ts";
export {
  describePlan,
  describeRecipe,
  type PlanDescription,
  type RecipeDescription,
  type RowStageDescription,
  type SourceDescription,
  type TrainingStageDescription,
} from "./runs/describe.ts";
export type { DiskEstimate } from "./runs/disk.ts";
export { type ExportResult, exportRun } from "./runs/export.ts";
export {
  packingReport,
  type RowStagePackingReport,
  type SourcePacking,
  type SourcePackingReport,
  type TrainingStagePackingReport,
} from "./runs/packing-report.ts";
export type { Fate, PeekedDocument, PeekedProblem, PeekedVerdict } from "./runs/peek/document.ts";
export { type PeekDocumentsOptions, peekDocuments } from "./runs/peek/pattern.ts";
export { type PeekProblemsOptions, peekProblems } from "./runs/peek/problems.ts";
export { type PeekRunOptions, peekRun } from "./runs/peek/run.ts";
export { type PeekedWindow, type PeekWindowsOptions, peekWindows } from "./runs/peek/windows.ts";
export { type Prepared, type PrepareOptions, prepare } from "./runs/prepare.ts";
export { publishToHub } from "./runs/publish.ts";
export { PUBLISHED_EXTRAS, type PublishedExtra } from "./runs/publish-files.ts";
export type { PublishEvent, PublishOptions, PublishResult } from "./runs/publish-options.ts";
export { type RankOptions, type RankResult, runRank } from "./runs/rank.ts";
export {
  readDocuments,
  readManifest,
  readWindows,
  type TokenDocument,
  type TokenWindow,
} from "./runs/read-tokens.ts";
export {
  type NextTrainingStage,
  type NextTrainingStageOptions,
  nextTrainingStage,
  type ReplayOptions,
  replayMixture,
} from "./runs/replay.ts";
export {
  type BenchmarkFinding,
  type Review,
  type ReviewedBenchmark,
  type ReviewOptions,
  reviewRun,
} from "./runs/review.ts";
export { type RunOptions, run } from "./runs/run.ts";
export { type RunRecipeOptions, runRecipe } from "./runs/run-recipe.ts";
export { isRun, type OpenRun, openPending, openRun, type RunStatus, runStatus } from "./runs/status.ts";
export { verifyRun } from "./runs/verify.ts";
export { type WritePlanOptions, writePlan } from "./runs/write-plan.ts";
export { type CellKind, type Cells, ColumnPath } from "./stages/cells.ts";
export { type GenerateStage, generateStage } from "./stages/chat/generate/stage.ts";
export type { ChatTool } from "./stages/chat/generate/tools.ts";
export * from "./stages/define.ts";
export { MeasuredBounds } from "./stages/filter/measured-bounds.ts";
export { stageRegistry } from "./stages/registry.ts";
export { requestOptions } from "./stages/request-options.ts";
export type { StageRegistry } from "./stages/stage-registry.ts";
export { Layout } from "./store/layout.ts";
export type { Phase, RowAccount, RowAccountSoFar, RunEvent, RunResult } from "./workers/events.ts";
