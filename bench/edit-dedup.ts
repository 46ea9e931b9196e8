/**
 * Deduplication that edits, on one core and through the disk, all passes: substrings beside a suffix array in memory, sentences and lines beside
 * datatrove.
 *
 *   node dist/bench/edit-dedup.js --data DIR [NAME ...] [--stages substring,sentences,…] [--megabytes 60] [--peer-megabytes 20] [--rounds 1]
 *
 * Texts: DIR/NAME.jsonl, at most so many megabytes of each. A stage is measured as a run of rows through it and out again, less the same run without it, in turns:
 * what is left is all passes, the spool between them included. `mb_per_s` is that in MB of text per second of CPU time, `run_mb_per_s` the whole
 * run with reading and writing. Scratch is what the run leaves for itself, by kind, in bytes a byte of text; memory the peak of the process.
 * `--worst NAME` makes the texts in place of --data: one-letter (rows of 16 MB), short-letters (rows of 1,000), licence (1,000 bytes in every row), core (120 bytes
 * in as many surroundings), notice (220 bytes in as many), random. `--match-memory BYTES` is the budget of what is matched and compared, 64 MiB unless it is given.
 *
 * Peers run where SHARDMILL_PYTHON names a Python that has pydivsufsort and datatrove 0.10.1, on the first megabytes of the same texts. JSON on stdout.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { prepare, run } from "../index.ts";
import { cpuSeconds } from "./support/figures.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";

/** Stages by name, as a recipe has them, and the peer that does the like. */
const STAGES: Readonly<Record<string, { readonly use: string; readonly peer?: readonly string[] }>> = {
  substring: { use: "{ use: dedup/substring }", peer: ["suffix_array_peer.py"] },
  "substring-whole": { use: "{ use: dedup/substring, keep: whole }" },
  "substring-tokens": { use: "{ use: dedup/substring, unit: tokens, encoding: cl100k_base }" },
  sentences: { use: "{ use: dedup/sentences }", peer: ["sentence_dedup_peer.py", "-"] },
  "sentences-spacy": { use: "{ use: dedup/sentences, words: spacy-en }" },
  lines: { use: "{ use: dedup/lines }", peer: ["sentence_dedup_peer.py", "-", "lines"] },
  paragraphs: { use: "{ use: dedup/paragraphs }" },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    worst: { type: "string" },
    stages: { type: "string", default: "substring,sentences,lines,paragraphs" },
    megabytes: { type: "string", default: "60" },
    "peer-megabytes": { type: "string", default: "20" },
    "match-memory": { type: "string", default: String(64 << 20) },
    rounds: { type: "string", default: "1" },
  },
});
if (values.data === undefined && values.worst === undefined) {
  throw new Error("name a folder of JSON lines, --data DIR, or a corpus that is hard, --worst NAME");
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-bench-"));

interface Slice {
  readonly file: string;
  readonly text_bytes: number;
}

/** Texts of all files, at most `megabytes` of each, as one file of rows. */
function slice(name: string, megabytes: number): Slice {
  const file = path.join(folder, `${name}.jsonl`);
  const out = fs.openSync(file, "w");
  let total = 0;
  if (values.worst !== undefined) {
    for (let row = 0; total < megabytes * 1e6; row++) {
      const text = hardText(values.worst, row);
      total += Buffer.byteLength(text);
      fs.writeSync(out, `${JSON.stringify({ text })}\n`);
    }
    fs.closeSync(out);
    return { file, text_bytes: total };
  }
  for (const source of sources()) {
    let bytes = 0;
    for (const line of linesOf(source)) {
      const { text } = JSON.parse(line);
      if (typeof text !== "string" || text === "") continue;
      bytes += Buffer.byteLength(text);
      fs.writeSync(out, `${JSON.stringify({ text })}\n`);
      if (bytes > megabytes * 1e6) break;
    }
    total += bytes;
  }
  fs.closeSync(out);
  return { file, text_bytes: total };
}

/** Row `row` of a corpus that is hard for one part of the work. */
function hardText(name: string, row: number): string {
  switch (name) {
    case "one-letter":
      return "a".repeat(16_000_000);
    case "short-letters":
      return "a".repeat(1000);
    case "licence":
      return `${noise(row, 150)}${noise(-1, 1000)}${noise(-2 - row, 50)}`;
    case "core":
      return `${noise(row, 150)}${noise(-1, 120)}${noise(-2 - row, 150)}`;
    case "notice":
      return `${noise(row, 150)}${noise(-1, 220)}${noise(-2 - row, 150)}`;
    case "random":
      return noise(row, 4000);
    default:
      throw new Error(`no hard corpus ${name}`);
  }
}

/** Letters without a pattern, the same for the same seed. */
function noise(seed: number, letters: number): string {
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995;
  const bytes = Buffer.alloc(letters);
  for (let i = 0; i < letters; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i;
    state ^= state >>> 13;
    bytes[i] = 97 + ((state >>> 0) % 26);
  }
  return bytes.toString("latin1");
}

function sources(): string[] {
  const data = values.data ?? "";
  const names = positionals.length > 0 ? positionals.map((name) => `${name}.jsonl`) : fs.readdirSync(data).sort();
  return names.filter((name) => name.endsWith(".jsonl")).map((name) => path.join(data, name));
}

function* linesOf(file: string): Generator<string> {
  const descriptor = fs.openSync(file, "r");
  const piece = Buffer.alloc(1 << 24);
  let rest = Buffer.alloc(0);
  try {
    for (let read = fs.readSync(descriptor, piece); read > 0; read = fs.readSync(descriptor, piece)) {
      const bytes = Buffer.concat([rest, piece.subarray(0, read)]);
      let at = 0;
      for (let end = bytes.indexOf(10, at); end >= 0; end = bytes.indexOf(10, at)) {
        yield bytes.toString("utf8", at, end);
        at = end + 1;
      }
      rest = Buffer.from(bytes.subarray(at));
    }
    if (rest.length > 0) yield rest.toString("utf8");
  } finally {
    fs.closeSync(descriptor);
  }
}

interface Measured {
  readonly cpu_s: number;
  readonly kept_bytes: number;
  readonly scratch: Readonly<Record<string, number>>;
  readonly edits: unknown;
}

/** Rows through a stage, or through none, and out again. */
async function through({ file, text_bytes }: Slice, stage: string | undefined): Promise<Measured> {
  const out = fs.mkdtempSync(path.join(folder, "out-"));
  const recipe = path.join(out, "rows.yaml");
  fs.writeFileSync(
    recipe,
    `schema: 1\nname: rows\n${stage === undefined ? "" : `pipelines: { all: [ ${stage} ] }\n`}sources:\n  rows: { from: ${JSON.stringify(file)}${stage === undefined ? "" : ", pipeline: all"} }\noutputs:\n  - { name: rows, sources: [rows], format: { use: jsonl, codec: none } }\n`,
  );
  const { plan, environment, registry } = await prepare(recipe, { out, dataRoot: folder });
  const before = cpuSeconds();
  const { sources: done } = await run(plan, {
    root: out,
    workers: 0,
    environment,
    registry,
    keep_intermediates: true,
    match_memory_bytes: Number(values["match-memory"]),
  });
  const cpu_s = cpuSeconds() - before;
  const scratch = scratchOf(path.join(out, "store"), text_bytes);
  const summary = path.join(out, "runs", "rows", "outputs", "rows", "output.json");
  const edits = fs.existsSync(summary)
    ? JSON.parse(fs.readFileSync(summary, "utf8")).sources?.[0]?.edits?.[0]
    : undefined;
  fs.rmSync(out, { recursive: true });
  return { cpu_s, kept_bytes: done.reduce((sum, source) => sum + source.text_bytes, 0), scratch, edits };
}

/** Bytes a byte of text that only served the run, by the endings of files. */
function scratchOf(store: string, text_bytes: number): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const name of fs.readdirSync(store, { recursive: true, encoding: "utf8" })) {
    const kind = /\.(spool|keys|samples|parts|verdicts|contexts|ranges|duplicates|edges)\b/.exec(name)?.[1];
    if (kind === undefined) continue;
    sizes[kind] = (sizes[kind] ?? 0) + fs.statSync(path.join(store, name)).size;
  }
  return Object.fromEntries(
    Object.entries(sizes).map(([kind, size]) => [kind, Number((size / text_bytes).toFixed(4))]),
  );
}

/** CPU seconds that the peer took. */
function peer(python: string, { file }: Slice, [script, ...flags]: readonly string[]): number {
  return Number(
    runPeer(python, script, [file, ...flags])
      .trim()
      .split("\n")
      .at(-1),
  );
}

const rounded = (value: number): number => Number(value.toPrecision(4));

try {
  const whole = slice("rows", Number(values.megabytes));
  const small = slice("peer-rows", Number(values["peer-megabytes"]));
  const results: Record<string, unknown> = {
    text_mb: rounded(whole.text_bytes / 1e6),
    match_memory_mb: rounded(Number(values["match-memory"]) / 1e6),
  };
  await through(small, STAGES.substring?.use);
  for (const name of values.stages.split(",")) {
    const stage = STAGES[name];
    if (stage === undefined) throw new Error(`no stage ${name}: ${Object.keys(STAGES).join(", ")}`);
    let [own, base, peer_s] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    let measured: Measured | undefined;
    for (let round = 0; round < Number(values.rounds); round++) {
      base = Math.min(base, (await through(whole, undefined)).cpu_s);
      measured = await through(whole, stage.use);
      own = Math.min(own, measured.cpu_s);
      if (stage.peer !== undefined && PEER_PYTHON !== undefined)
        peer_s = Math.min(peer_s, peer(PEER_PYTHON, small, stage.peer));
    }
    const megabytes = whole.text_bytes / 1e6;
    const speed = megabytes / (own - base);
    const peerSpeed = small.text_bytes / 1e6 / peer_s;
    results[name] = {
      mb_per_s: rounded(speed),
      run_mb_per_s: rounded(megabytes / own),
      run_cpu_s: rounded(own),
      base_cpu_s: rounded(base),
      cut_ratio: rounded(1 - (measured?.kept_bytes ?? 0) / whole.text_bytes),
      scratch: measured?.scratch,
      edits: measured?.edits,
      peak_mb: rounded(process.resourceUsage().maxRSS / 1024),
      ...(peerSpeed > 0 && { peer_mb_per_s: rounded(peerSpeed), ratio: rounded(speed / peerSpeed) }),
    };
    process.stderr.write(`${name}: ${JSON.stringify(results[name])}\n`);
  }
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
} finally {
  fs.rmSync(folder, { recursive: true });
}
