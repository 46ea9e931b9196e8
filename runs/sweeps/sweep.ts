/**
 * Candidates of a mixture over the stores of a finished run: drawn, proven against what the stores hold, written with ready configurations.
 *
 * Invariant: the store is only read; the same run, spec and trainers give the same bytes. Price: seconds for fifty candidates, kilobytes each; TRL
 * alone needs a copy of the rows, one for all.
 */
import fs from "node:fs";
import { join } from "node:path";
import { entryOf, ownOf } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { hasLoss } from "../../manifests/shard-files.ts";
import type { SweptCandidate } from "../../manifests/sweeps/views.ts";
import { SWEEP_TRAINERS, type SweepTrainer, type WrittenSweep, writeSweep } from "../../manifests/sweeps/write.ts";
import { priorsJson, priorsOf } from "../../mixtures/experiments/priors.ts";
import { type Candidate, type ResolvedSweep, type Sweep, sweepCandidates } from "../../mixtures/experiments/sweep.ts";
import type { SweepInput } from "../../mixtures/experiments/sweep-spec.ts";
import { olmixRatios, type RatioTable, ratiosCsv, storesDigest } from "../../mixtures/experiments/tables.ts";
import { askedExports } from "../../plan/exports.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import { batchSize } from "../replay.ts";
import { runManifests } from "../run-manifests.ts";
import { isRun, type OpenRun, openRun } from "../status.ts";
import { sourceStores } from "./source-stores.ts";
import { readSweep } from "./spec.ts";
import { heldOutFiles, sweepFacts, sweptStores } from "./stores.ts";

export interface SweepOptions {
  /** Folder that holds `store/` and `runs/`; the sweep goes to `sweeps/NAME` there. */
  readonly out: string;
  /** Path of the sweep's file, or what would stand in it. */
  readonly spec?: SweepInput | string;
  readonly trainers?: readonly SweepTrainer[];
  /** Sequences per step; else the recipe's `tokens_per_step`, else 1. */
  readonly global_batch_size?: number;
  /** What configurations put before shared paths; relative to the candidate's folder without. */
  readonly path_prefix?: string;
}

export interface SweepResult extends WrittenSweep {
  readonly folder: string;
  readonly candidates: readonly Candidate[];
  readonly rejected: Sweep["rejected"];
  readonly columns: readonly string[];
  /** Rows of `ratios.csv`, as the candidates are. */
  readonly ratios: readonly (readonly number[])[];
}

/** `target` is a run, or the recipe of one in `out`. Throws what {@link readSweep}, {@link sweepCandidates} and {@link writeSweep} do. */
export async function sweepMixtures(target: string, options: SweepOptions): Promise<SweepResult> {
  const run = await runOf(target, options.out);
  const spec = readSweep(options.spec ?? {});
  const manifests = await runManifests(run);
  const stores = sourceStores(run.plan, manifests);
  const sweep = sweepCandidates(spec, { ...sweepFacts(run, manifests), stores: storesDigest(stores) });
  const trainers = options.trainers ?? usualTrainers(run);
  refuseLoss(manifests, trainers);
  const { candidates, rejected } = sweep;
  const table = ratioTable(candidates, stores);
  const swept = candidates.map(sweptCandidate);
  const [first] = manifests;
  if (first === undefined) throw new Error(`${run.plan.name} has no manifests`);
  const folder = join(run.layout.root, "sweeps", spec.name);
  const written = writeSweep({
    folder,
    plan_fingerprint: run.plan.fingerprint,
    trainers,
    candidates: swept,
    stores: await sweptStores(run, manifests),
    context: {
      tokenizer: first.tokenizer,
      seed: first.seed,
      global_batch_size: batchSize(
        options.global_batch_size,
        run.plan.recipe.tokens_per_step,
        first.stage.sequence_length,
      ),
      path_prefix: options.path_prefix,
    },
    manifests: candidates.map((candidate) => candidateManifest(candidate, run, spec, manifests)),
    tables: {
      "ratios.csv": ratiosCsv(table),
      "ratios.olmix.csv": olmixRatios(table),
      "priors.json": priorsJson(
        priorsOf(Object.fromEntries(Object.entries(stores).map(([name, { tokens }]) => [name, tokens]))),
      ),
    },
    held_out: heldOutFiles(manifests, run.layout.store),
    record: {
      run: run.plan.name,
      // Without what was not asked for.
      spec: JSON.parse(JSON.stringify(spec)) as unknown,
      stores,
      rejected,
      candidates: candidates.map(({ id, name, budget_tokens }) => ({ id, name, budget_tokens })),
    },
  });
  const { columns, rows } = table;
  return {
    folder,
    candidates,
    rejected,
    columns,
    ratios: rows.map(({ ratios }) => ratios),
    ...written,
    warnings: warnings(spec, manifests, written),
  };
}

/** Those that need no copy, and TRL where the recipe exports for it: it reads rows of its own, 8 bytes a token. */
function usualTrainers({ plan }: OpenRun): readonly SweepTrainer[] {
  return SWEEP_TRAINERS.filter(
    (trainer) => trainer !== "trl" || askedExports(plan.recipe).some((each) => each.trainer === "trl"),
  );
}

/** The run itself, or that of a recipe. */
async function runOf(target: string, out: string): Promise<OpenRun> {
  if (isRun(target, out) || !fs.existsSync(target)) return openRun(target, out);
  const { name } = await loadRecipe(target);
  if (isRun(name, out)) return openRun(name, out);
  throw new RunError({
    code: "run/no-such-run",
    what: `${target} has not been run in ${out}`,
    why: "candidates read the stores of a finished run, and what they may ask for is counted there",
    fix: `run it first: shardmill run ${target} --out ${out}`,
  });
}

function sweptCandidate({ id, name, part_ratio, stages }: Candidate): SweptCandidate {
  return {
    id,
    name,
    part_ratio,
    stages: stages.map((stage) => ({
      name: stage.name,
      sequence_length: stage.sequence_length,
      windows: stage.windows,
      tokens: stage.tokens,
      sources: Object.entries(stage.sources).flatMap(([source, share]) => {
        const { windows, tokens, start_window, end_window, epoch_windows, weight_achieved: weight } = share;
        return windows === 0 ? [] : [{ source, weight, windows, tokens, start_window, end_window, epoch_windows }];
      }),
    })),
  };
}

function ratioTable(candidates: readonly Candidate[], stores: ReturnType<typeof sourceStores>): RatioTable {
  const stages = candidates[0]?.stages ?? [];
  const columnOf = (stage: string, source: string): string => (stages.length === 1 ? source : `${stage}/${source}`);
  const columns = stages.flatMap(({ name, sources }) => Object.keys(sources).map((source) => columnOf(name, source)));
  const rows = candidates.map((candidate): RatioTable["rows"][number] => {
    const named = new Map(
      candidate.stages.flatMap(({ name, sources }) =>
        Object.entries(sources).map(([source, share]) => [columnOf(name, source), share.weight_normalized] as const),
      ),
    );
    const read = new Set(candidate.stages.flatMap(({ sources }) => Object.keys(sources)));
    const sources = Object.fromEntries(
      [...read].sort().map((source) => {
        const epochs = candidate.stages.reduce((sum, stage) => sum + (ownOf(stage.sources, source)?.epochs ?? 0), 0);
        const { tokens, ...store } = entryOf(stores, source, "store");
        return [source, { ...store, tokens: Math.round(tokens * candidate.part_ratio), epochs }];
      }),
    );
    return {
      run: candidate.id,
      name: candidate.name,
      ratios: columns.map((column) => named.get(column) ?? 0),
      made_over: { stores: storesDigest(sources), budget_tokens: candidate.budget_tokens, sources },
    };
  });
  return { columns, rows };
}

function candidateManifest(
  { id, name, budget_tokens, part_ratio, stages }: Candidate,
  { plan }: OpenRun,
  { name: sweep, after }: ResolvedSweep,
  manifests: readonly TrainingStageManifest[],
): object {
  const fingerprints = (stage: string, source: string) => {
    return manifests.find((manifest) => manifest.stage.name === stage)?.sources[source]?.fingerprints;
  };
  return {
    schema: 1,
    kind: "candidate",
    sweep,
    id,
    name,
    run: plan.name,
    plan_fingerprint: plan.fingerprint,
    budget_tokens,
    part_ratio,
    ...(after === undefined ? {} : { after }),
    stages: stages.map(({ categories: _categories, sources, ...stage }) => ({
      ...stage,
      sources: Object.fromEntries(
        Object.entries(sources).map(([source, share]) => [
          source,
          { ...share, fingerprints: fingerprints(stage.name, source) },
        ]),
      ),
    })),
  };
}

/** Throws RunError `run/export-loses-loss` where a trainer would train on masked tokens. */
function refuseLoss(manifests: readonly TrainingStageManifest[], trainers: readonly SweepTrainer[]): void {
  const blind = trainers.filter((trainer) => trainer === "megatron" || trainer === "olmo-core");
  if (blind.length === 0) return;
  const masked = manifests.flatMap(({ sources }) =>
    Object.entries(sources).flatMap(([name, { token_store }]) => (hasLoss(token_store.files) ? [name] : [])),
  );
  if (masked.length === 0) return;
  throw new RunError({
    code: "run/export-loses-loss",
    what: `candidates for ${blind.join(" and ")} would train on masked tokens of ${[...new Set(masked)].join(", ")}`,
    why: "they read the token store as it is, and it says nothing of the loss",
    fix: "sweep for nanotron or trl: --trainers nanotron,trl",
  });
}

function warnings(
  { simulate }: ResolvedSweep,
  manifests: readonly TrainingStageManifest[],
  { warnings: told }: WrittenSweep,
): readonly string[] {
  const held = manifests.some(({ sources }) =>
    Object.values(sources).some(({ validation }) => validation !== undefined),
  );
  return [
    ...told,
    ...(held ? [] : ["nothing is held out: add `validation` to the recipe, or candidates have no common measure"]),
    ...(simulate === undefined ? [] : ["a simulated part is the start of each store, in its random order"]),
  ];
}
