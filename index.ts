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
export { didYouMean } from "./batch/suggest.ts";
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
export { SWEEP_TRAINERS, type SweepTrainer } from "./manifests/sweeps/write.ts";
export type { Finding } from "./manifests/verify.ts";
export { type PublishedConfig, publishedDataStages } from "./mixtures/curriculum/smollm3.ts";
export type { KnownTrainingStage, MixtureDiff, SourceDiff, TrainingStageDiff } from "./mixtures/diff.ts";
export type { Bootstrap, SampleSpread } from "./mixtures/experiments/bootstrap.ts";
export type { Cap } from "./mixtures/experiments/caps.ts";
export { type FitTablesOptions, fitTables, type MixtureFit } from "./mixtures/experiments/fit.ts";
export { LAWS, type LawName, type LawQuality } from "./mixtures/experiments/laws.ts";
export {
  MIXTURE_FORMS,
  type MixtureFileOptions,
  type MixtureForm,
  mixtureFile,
  parseMixture,
} from "./mixtures/experiments/mixture-files.ts";
export { type Priors, parsePriors, priorsJson, priorsOf } from "./mixtures/experiments/priors.ts";
export type { DrawnMixture, MixtureProposal } from "./mixtures/experiments/proposals.ts";
export type { Union } from "./mixtures/experiments/stores.ts";
export type { Candidate } from "./mixtures/experiments/sweep.ts";
export type { SweepInput } from "./mixtures/experiments/sweep-spec.ts";
export {
  type MetricTable,
  metricsCsv,
  olmixRatios,
  parseMetrics,
  parseRatios,
  type RatioRow,
  type RatioTable,
  type RowStores,
  ratiosCsv,
  type SourceStore,
  storesDigest,
} from "./mixtures/experiments/tables.ts";
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
  type DiffOptions,
  diffRuns,
  type FateChange,
  type FateTold,
  type Pair,
  type RunDiff,
  type SourceCountsDiff,
  type SourceFatesDiff,
} from "./runs/looking/diff.ts";
export { type Check, type CheckState, checkMachine, type DoctorOptions } from "./runs/looking/doctor.ts";
export type { DocumentSequence, PlacedDocument } from "./runs/looking/document-places.ts";
export {
  type ExplainedStage,
  type ExplainOptions,
  type Explanation,
  explainDocument,
  type StageVerdict,
} from "./runs/looking/explain.ts";
export { collectGarbage, type GcOptions, type GcResult, type UnaskedEntry } from "./runs/looking/gc.ts";
export { type ListedRun, listRuns, type RunState } from "./runs/looking/list.ts";
export type { Measure } from "./runs/looking/measures.ts";
export type { PartKind } from "./runs/looking/roots.ts";
export { type ComparedPart, type Comparison, compareRuns, type FirstDifference } from "./runs/looking/same.ts";
export { type StepsFile, writeSteps } from "./runs/looking/steps-file.ts";
export {
  type TracedPiece,
  type TracedPlace,
  type TracedSequence,
  type TracedWindow,
  type TraceStepsOptions,
  type TraceWindowOptions,
  traceSteps,
  traceWindow,
} from "./runs/looking/trace.ts";
export { TRACED_TRAINERS, type TracedTrainer, type TrainerOptions } from "./runs/looking/trainer.ts";
export { type FitMixtureOptions, type FitMixtureResult, fitMixture } from "./runs/mix-fit.ts";
export { diffMixtures } from "./runs/mixture-diff.ts";
export { COUNTING_TRAINERS, type CountingTrainer } from "./runs/next/counters.ts";
export { type NextSlice, type NextSlices, type NextSlicesOptions, nextSlices } from "./runs/next/slices.ts";
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
export { type SweepOptions, type SweepResult, sweepMixtures } from "./runs/sweeps/sweep.ts";
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
