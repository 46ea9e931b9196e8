/**
 * The main job, end to end: a recipe from JSONL to packed shards and manifests, timed as whole processes.
 *
 *   node dist/bench/main-job.js --data DIR [--recipe bench/recipes/smoke.yaml] [--workers 1,2] [--profile]
 *
 * MB are 10^6 bytes of input JSONL; "per core" divides by CPU seconds of all threads (user + system), so that other load on the
 * machine matters little. Peak memory is that of the process. Every run starts with an empty store. JSON on stdout, table on stderr.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RunEvent } from "../index.ts";
import { builtFile } from "../io/built-file.ts";

/** What a user runs is the bundle. */
const { prepare, run }: typeof import("../index.ts") = await import(builtFile("bundle/index.js").href);

interface Outcome {
  readonly workers: number;
  readonly input_bytes: number;
  readonly kept_text_bytes: number;
  readonly rows_in: number;
  readonly kept: number;
  readonly tokens: number;
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly mb_per_core_s: number;
  readonly mb_per_wall_s: number;
  readonly peak_rss_mb: number;
  /** Seconds and share of the workers' wall-clock time, by stage or phase. */
  readonly time_spent: readonly { readonly part: string; readonly seconds: number; readonly share: number }[];
}

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    recipe: { type: "string", default: "bench/recipes/smoke.yaml" },
    workers: { type: "string", default: "1,2" },
    child: { type: "string" },
    out: { type: "string" },
  },
});
if (flags.data === undefined) throw new Error("--data DIR: the folder bench/corpus.sh filled");

if (flags.child === undefined) {
  const outcomes = flags.workers.split(",").map((workers) => measure(workers));
  report(outcomes);
} else {
  await child(Number(flags.child), flags.data, flags.out ?? ".");
}

function measure(workers: string): Outcome {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-bench-"));
  try {
    const script = fileURLToPath(import.meta.url);
    const args = [script, "--data", flags.data ?? "", "--recipe", flags.recipe, "--child", workers, "--out", out];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Outcome;
  } finally {
    fs.rmSync(out, { recursive: true, force: true });
  }
}

async function child(workers: number, data: string, out: string): Promise<void> {
  const started = performance.now();
  const { plan, environment, registry } = await prepare(flags.recipe, { out, dataRoot: data });
  let timeSpent: Outcome["time_spent"] = [];
  const report = (event: RunEvent): void => {
    if (event.type === "time_spent") timeSpent = event.parts;
  };
  const result = await run(plan, { root: out, workers, environment, registry, report });
  const wall = (performance.now() - started) / 1000;
  const usage = process.resourceUsage();
  const cpu = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
  const input = plan.sources.flatMap((source) => source.shards).reduce((sum, shard) => sum + shard.size_bytes, 0);
  const total = (field: "rows_in" | "kept" | "tokens" | "text_bytes"): number =>
    result.sources.reduce((sum, source) => sum + source[field], 0);
  const outcome: Outcome = {
    workers,
    input_bytes: input,
    kept_text_bytes: total("text_bytes"),
    rows_in: total("rows_in"),
    kept: total("kept"),
    tokens: total("tokens"),
    wall_s: round(wall),
    cpu_s: round(cpu),
    mb_per_core_s: round(input / 1e6 / cpu),
    mb_per_wall_s: round(input / 1e6 / wall),
    peak_rss_mb: Math.round(usage.maxRSS / 1000),
    time_spent: timeSpent.map(({ part, seconds, share }) => ({ part, seconds: round(seconds), share: round(share) })),
  };
  process.stdout.write(JSON.stringify(outcome));
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function report(outcomes: readonly Outcome[]): void {
  process.stdout.write(`${JSON.stringify({ bench: "main-job", recipe: flags.recipe, outcomes }, null, 2)}\n`);
  const first = outcomes[0];
  for (const { part, seconds, share } of first.time_spent) {
    process.stderr.write(
      `  ${part.padEnd(24)} ${seconds.toFixed(2).padStart(8)} s ${(100 * share).toFixed(1).padStart(5)} %\n`,
    );
  }
  for (const outcome of outcomes) {
    const speedUp = first.wall_s / outcome.wall_s;
    process.stderr.write(
      `${outcome.workers} workers: ${(outcome.input_bytes / 1e6).toFixed(0)} MB, ${outcome.rows_in} rows, ${outcome.tokens} tokens in ${outcome.wall_s} s ` +
        `(${outcome.mb_per_wall_s} MB/s), ${outcome.mb_per_core_s} MB/s per core, peak ${outcome.peak_rss_mb} MB, speed-up ${speedUp.toFixed(2)}\n`,
    );
  }
}
