/**
 * Decontamination on one core, beside a plain Python script of the same rule.
 *
 *   node dist/bench/decontaminate.js --benchmark FILE=COLUMN[,COLUMN] … [--data DIR] [NAME ...] [--megabytes 6] [--rounds 5] [--ngram 8]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. Figures are MB of text per second of CPU time, the best
 * of rounds. The script runs where SHARDMILL_PYTHON names a Python, and must find the same rows. JSON on stdout.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Batch } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { AssetLibrary } from "../io/assets.ts";
import type { Assets } from "../stages/define.ts";
import { NO_RESOURCES } from "../stages/define.ts";
import decontaminate from "../stages/filter/decontaminate.ts";
import { readFolder, readSamples } from "./support/texts.ts";

function batchOf(texts: readonly Buffer[]): Batch {
  const builder = new Utf8Builder();
  for (const text of texts) builder.append(text);
  const rows = texts.length;
  return new Batch({
    source: "bench",
    shards: new Int32Array(rows),
    rowsInShard: Int32Array.from({ length: rows }, (_, row) => row),
    columns: [["text", builder.finish()]],
  });
}

const library = new AssetLibrary();
const assets: Assets = {
  bytes: ({ asset }) => readFileSync(asset),
  name: ({ asset }) => path.basename(asset),
  tables: (size_bytes, fill) => library.tables("bench", "bench", size_bytes, fill),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    benchmark: { type: "string", multiple: true, default: [] },
    data: { type: "string" },
    megabytes: { type: "string", default: "6" },
    rounds: { type: "string", default: "5" },
    ngram: { type: "string", default: "8" },
  },
});
const benchmarks = values.benchmark.map((spec) => {
  const [file = "", columns = "question"] = spec.split("=");
  return { name: path.basename(file), file, columns: columns.split(",") };
});
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const options = decontaminate.options.parse({ benchmarks, ngram: Number(values.ngram) });
const operator = decontaminate.create(options, { ...NO_RESOURCES, assets, seed: [0, 0] });
const started = process.cpuUsage();
await operator.prepare?.();
const opened = process.cpuUsage(started);
const results: Record<string, unknown> = { open_cpu_s: (opened.user + opened.system) / 1e6 };
for (const [name, texts] of corpora) {
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  let best = Number.POSITIVE_INFINITY;
  let rows: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const batch = batchOf(texts);
    rows = [];
    const before = process.cpuUsage();
    operator.apply(batch, (row) => rows.push(row));
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  const figures = { texts: texts.length, contaminated: rows.length, mb_per_s: bytes / best / 1e6 };
  results[name] = { ...figures, ...peer(texts, rows) };
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);

function peer(texts: readonly Buffer[], rows: readonly number[]): Record<string, unknown> {
  const python = process.env.SHARDMILL_PYTHON;
  if (python === undefined) return {};
  const input = JSON.stringify({
    benchmarks: benchmarks.map(({ file, columns }) => [file, columns]),
    ngram: Number(values.ngram),
    texts: texts.map((text) => text.toString("utf8")),
  });
  const { stdout } = spawnSync(python, ["bench/peers/ngram_decontamination.py"], {
    encoding: "utf8",
    input,
    maxBuffer: 1 << 28,
  });
  const answer = JSON.parse(stdout) as { readonly rows: readonly number[]; readonly mb_per_s: number };
  return { peer_mb_per_s: answer.mb_per_s, peer_finds_the_same: JSON.stringify(answer.rows) === JSON.stringify(rows) };
}
