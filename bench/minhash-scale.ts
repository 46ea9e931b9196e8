/**
 * MinHash of many documents end to end: read, sketched, matched, united, settled and their ids written.
 *
 *   node dist/bench/minhash-scale.js [--documents 1M] [--words 150] [--workers 2] [--folder DIR] [--family fast]
 *
 * Documents are made up, a fifth of them near-copies of earlier ones with some phrases changed; they are written as JSONL first, which is not measured. Wall-clock and CPU
 * seconds by phase, bytes of the store by kind of file, the most of them at a time as far as files stay, peak memory of the process with all threads; and the lines that
 * follow for 1 and 15 billion documents, all else equal: disk and time grow by document, memory by 5 bytes a document in one process. JSON on stdout.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { parseSize, prepare, type RunEvent, run } from "../index.ts";
import { cpuSeconds } from "./support/figures.ts";

const SHARD_DOCUMENTS = 250_000;
const PHRASE_WORDS = 8;
const PHRASES = 1 << 16;
/** One document of so many is a near-copy. */
const COPY_EVERY = 5;
/** Bytes a document that one process holds while it unites: a root, and the depth of its chain. */
const UNITE_BYTES = 5;

const { values: flags } = parseArgs({
  options: {
    documents: { type: "string", default: "1M" },
    words: { type: "string", default: "150" },
    workers: { type: "string", default: "2" },
    family: { type: "string", default: "fast" },
    folder: { type: "string" },
  },
});
const documents = parseSize(flags.documents);
if (documents === undefined) throw new Error("--documents: a number, such as 10M");
const folder = fs.mkdtempSync(path.join(flags.folder ?? os.tmpdir(), "shardmill-scale-"));
try {
  const input_bytes = writeDocuments(documents, Math.ceil(Number(flags.words) / PHRASE_WORDS));
  process.stdout.write(`${JSON.stringify(await measure(documents, input_bytes), null, 2)}\n`);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

async function measure(count: number, input_bytes: number) {
  fs.writeFileSync(
    path.join(folder, "recipe.yaml"),
    `schema: 1
name: scale
pipelines: { all: [ { use: dedup/minhash, family: ${flags.family} } ] }
sources: { rows: { from: "*.jsonl", pipeline: all } }
outputs: [ { name: ids, columns: [id], format: { use: jsonl, codec: none } } ]
`,
  );
  const before = { wall: performance.now(), cpu: cpuSeconds() };
  const { plan, environment, registry } = await prepare(path.join(folder, "recipe.yaml"), {
    out: folder,
    dataRoot: folder,
  });
  const planned = (performance.now() - before.wall) / 1000;
  let parts: Extract<RunEvent, { type: "time_spent" }>["parts"] = [];
  const report = (event: RunEvent): void => {
    if (event.type === "time_spent") parts = event.parts;
  };
  const result = await run(plan, {
    root: folder,
    environment,
    registry,
    workers: Number(flags.workers),
    keep_intermediates: true,
    report,
  });
  const wall_s = (performance.now() - before.wall) / 1000;
  const cpu_s = cpuSeconds() - before.cpu;
  const store_bytes = sizes(path.join(folder, "store"));
  const all = Object.values(store_bytes).reduce((sum, bytes) => sum + bytes, 0);
  const line = (target: number) => ({
    documents: target,
    cpu_hours: (cpu_s / count) * (target / 3600),
    store_tb: (all / count) * (target / 1e12),
    unite_memory_gb: (UNITE_BYTES * target) / 1e9,
  });
  return {
    documents: count,
    input_bytes,
    workers: Number(flags.workers),
    wall_s,
    planned_s: planned,
    cpu_s,
    documents_per_cpu_s: count / cpu_s,
    peak_rss_mb: process.resourceUsage().maxRSS / 1024,
    dropped: result.dedup?.[0]?.dropped,
    largest_cluster: result.dedup?.[0]?.largest[0]?.size,
    chain_depth: result.dedup?.[0]?.chain_depth,
    time_spent: parts,
    store_bytes,
    store_bytes_per_document: all / count,
    lines: [line(1e9), line(15e9)],
  };
}

/** Bytes of the files below a folder, by what stands behind the first dot of their names. */
function sizes(root: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const entry of fs.readdirSync(root, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const kind = entry.name.replace(/^[^.]*\./, "");
    found[kind] = (found[kind] ?? 0) + fs.statSync(path.join(entry.parentPath, entry.name)).size;
  }
  return found;
}

/** Returns how many bytes the files have. */
function writeDocuments(count: number, phrases: number): number {
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const word = (): string => Array.from({ length: 2 + next(8) }, () => String.fromCharCode(97 + next(26))).join("");
  const vocabulary = Array.from({ length: 20_000 }, word);
  const known = Array.from({ length: PHRASES }, () =>
    Array.from({ length: PHRASE_WORDS }, () => vocabulary[Math.floor(next(20_000) * (next(1000) / 1000))]).join(" "),
  );
  // Phrases of a document follow from its number, so that a copy of any earlier one can be made.
  const phraseOf = (document: number, at: number): number => {
    const x = Math.imul(Math.imul(document + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b), 0xc2b2ae35);
    return (x ^ (x >>> 15)) & (PHRASES - 1);
  };
  let bytes = 0;
  for (let start = 0; start < count; start += SHARD_DOCUMENTS) {
    const shard = String(start / SHARD_DOCUMENTS).padStart(5, "0");
    const file = fs.openSync(path.join(folder, `${shard}.jsonl`), "w");
    let lines: string[] = [];
    const flush = (): void => {
      bytes += fs.writeSync(file, lines.join(""));
      lines = [];
    };
    for (let document = start; document < Math.min(count, start + SHARD_DOCUMENTS); document++) {
      const isCopy = document % COPY_EVERY === COPY_EVERY - 1;
      // Of originals alone, so that copies make no chains.
      const original = isCopy ? COPY_EVERY * next(Math.floor(document / COPY_EVERY) + 1) : document;
      const changed = isCopy ? next(phrases) : -1;
      const text = Array.from({ length: phrases }, (_, at) => {
        return known[at === changed ? next(PHRASES) : phraseOf(original, at)];
      });
      lines.push(`{"id":"${document}","text":"${text.join(" ")}"}\n`);
      if (lines.length === 4096) flush();
    }
    flush();
    fs.closeSync(file);
  }
  return bytes;
}
