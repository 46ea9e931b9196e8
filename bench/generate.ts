/**
 * What a run costs beside the model: rows asked at a server that does nothing, in a process of its own.
 *
 *   node dist/bench/generate.js [--rows 100000] [--workers 2] [--concurrency 64] [--answer 1] [--span-mb 32]
 *
 * A whole run over `--rows` prompts: read, asked, journaled, written as JSON lines. `requests_per_second` is of the pass that asks, from its first
 * task to its last; `resume_rows_per_second` is of the same pass once more with every answer in the journal. CPU time is that of this process, user and
 * system: on a machine that does other things it tells more than the clock. Memory is that of the process that
 * runs, its workers included, sampled twice a second while it asks: the highest of each tenth of the time. `--answer` repeats the answer's
 * sentence of 80 bytes; rows of a span are asked by one worker, so `--span-mb` says from how many rows on there is work for more than one. Table on stderr, JSON on stdout.
 */
import { fork } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RunEvent } from "../index.ts";
import { builtFile } from "../io/built-file.ts";

/** What a user runs is the bundle. */
const { prepare, run }: typeof import("../index.ts") = await import(builtFile("bundle/index.js").href);

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    workers: { type: "string", default: "2" },
    concurrency: { type: "string", default: "64" },
    answer: { type: "string", default: "1" },
    "span-mb": { type: "string", default: "32" },
  },
});
const rows = Number(values.rows);
const SAMPLE_MS = 500;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-generate-"));
const server = fork(fileURLToPath(new URL("./support/no-op-endpoint.js", import.meta.url)), [values.answer]);
const told = <Told>(): Promise<Told> =>
  new Promise((resolve) => server.once("message", (said) => resolve(said as Told)));
try {
  const { port } = await told<{ port: number }>();
  writeCorpus();
  const asked = await timedRun(port, "out");
  server.send("how many?");
  const { answered, cpu_us } = await told<{ answered: number; cpu_us: number }>();
  if (answered !== rows) throw new Error(`${answered} requests for ${rows} rows`);
  // Behind the answers, the same rows are asked once more: another recipe, since the choice of good answers is another.
  const resumed = await timedRun(port, "out", "4096");
  const result = {
    rows,
    workers: Number(values.workers),
    concurrency: Number(values.concurrency),
    requests: answered,
    requests_per_second: Math.round(rows / asked.seconds),
    seconds: Number(asked.seconds.toFixed(1)),
    cpu_us_per_request: Math.round((asked.cpu_seconds / rows) * 1e6),
    server_cpu_us_per_request: Math.round(cpu_us / rows),
    resume_cpu_us_per_row: Math.round((resumed.cpu_seconds / rows) * 1e6),
    load_average: Number((os.loadavg()[0] ?? 0).toFixed(1)),
    resume_rows_per_second: Math.round(rows / resumed.seconds),
    rss_mb_by_tenth: tenths(asked.samples),
    journal_mb: Math.round(journalBytes() / 1e6),
  };
  process.stderr.write(
    `${result.requests_per_second} requests/s, ${result.resume_rows_per_second} rows/s from the journal; RSS by tenth of the time, MB: ${result.rss_mb_by_tenth.join(" ")}\n`,
  );
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  server.disconnect();
  fs.rmSync(folder, { recursive: true, force: true });
}

function writeCorpus(): void {
  fs.mkdirSync(path.join(folder, "docs"));
  const file = fs.openSync(path.join(folder, "docs", "prompts.jsonl"), "w");
  let text = "";
  for (let row = 0; row < rows; row++) {
    const content = `Question ${row}: why is the sky blue at noon and red in the evening?`;
    text += `{"id":"${row}","text":"q","messages":[{"role":"user","content":"${content}"}]}\n`;
    if (text.length < 1 << 20 && row < rows - 1) continue;
    fs.writeSync(file, text);
    text = "";
  }
  fs.closeSync(file);
}

async function timedRun(port: number, out: string, mostCharacters = "1000000") {
  const root = path.join(folder, out);
  const recipe = {
    text: `schema: 1
name: bench
pipelines:
  asked:
    - use: chat/generate
      model: no-op
      concurrency: ${values.concurrency}
      validation: { max_characters: ${mostCharacters} }
sources: { docs: { from: "docs/*.jsonl", metadata: [{ name: messages, kind: json }], pipeline: asked } }
outputs: [ { name: answered, sources: [docs], format: jsonl, columns: [id, messages] } ]
`,
    name: "bench",
    folder,
  };
  const endpoints = [`default=http://127.0.0.1:${port}/v1`];
  const { plan, environment, registry } = await prepare(recipe, { out: root, dataRoot: folder, endpoints });
  const samples: number[] = [];
  let started = 0;
  let ended = 0;
  let cpu = process.cpuUsage();
  let spent = process.cpuUsage(cpu);
  const report = (event: RunEvent): void => {
    if (event.type === "phase_started" && event.phase === "ingest") {
      started = performance.now();
      cpu = process.cpuUsage();
      samples.length = 0;
    }
    if (event.type === "task_done" && event.phase === "ingest") {
      ended = performance.now();
      spent = process.cpuUsage(cpu);
    }
  };
  const sampler = setInterval(() => samples.push(process.memoryUsage.rss()), SAMPLE_MS);
  await run(plan, {
    root,
    workers: Number(values.workers),
    environment,
    registry,
    report,
    span_bytes: Number(values["span-mb"]) * 1e6,
    keep_intermediates: true,
  });
  clearInterval(sampler);
  return { seconds: (ended - started) / 1000, cpu_seconds: (spent.user + spent.system) / 1e6, samples };
}

function tenths(samples: readonly number[]): readonly number[] {
  const size = Math.max(1, Math.ceil(samples.length / 10));
  const parts = Array.from({ length: Math.ceil(samples.length / size) }, (_, part) =>
    samples.slice(part * size, (part + 1) * size),
  );
  return parts.map((part) => Math.round(Math.max(...part) / 1e6));
}

function journalBytes(): number {
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sizes = names
    .filter((name) => name.endsWith(".journal.jsonl"))
    .map((name) => fs.statSync(path.join(folder, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}
