/**
 * Pages to plain text on one core, beside Resiliparse.
 *
 *   node dist/bench/main-text.js [--pages FILE.jsonl] [--archive FILE.warc.gz ...] [--rounds 3]
 *
 * Pages: JSON lines with `html` and, where people have judged the page, `with` and `without`: strings that its main content has and has not; else the pages of archives, by
 * default the samples beside the repository, whose reading is timed too. Figures are MB of HTML per second of CPU time, the best of rounds, and how alike the texts are: the share of
 * pages with equal texts, white space aside, and the mean F1 of their words. The peer runs where SHARDMILL_PYTHON names a Python that has it. JSON on stdout.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { utf8String } from "../batch/column.ts";
import { createIoEnvironment } from "../io/environment.ts";
import { listShards } from "../io/list.ts";
import { openShard } from "../io/open.ts";
import { TextExtractor } from "../kernels/html/plain-text.ts";
import warc, { warcSource } from "../stages/read/warc.ts";
import { cpuSeconds } from "./support/figures.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";

interface Page {
  readonly html: string;
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

const SAMPLES = ["dolma-sample-0000", "dolma-sample-0001", "whirlwind"].map(
  (name) => `../shared/samples/commoncrawl/${name}.warc.gz`,
);

async function pagesOf(archives: readonly string[]): Promise<Page[]> {
  const environment = createIoEnvironment();
  const shards = await listShards(archives, environment);
  const context = {
    source: "bench",
    shards,
    open: (shard: (typeof shards)[number]) => openShard(shard, environment),
    problem: () => {},
  };
  const reader = warcSource(warc.options.parse({}));
  const pages: Page[] = [];
  for await (const batch of reader.read(await reader.extents(shards, context, Number.MAX_SAFE_INTEGER), context))
    for (let row = 0; row < batch.rows; row++) pages.push({ html: utf8String(batch.text, row) });
  return pages;
}

function wordsOf(text: string): Map<string, number> {
  const words = new Map<string, number>();
  for (const word of text.split(/\s+/)) if (word !== "") words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}

function f1(a: Map<string, number>, b: Map<string, number>): number {
  let common = 0;
  for (const [word, count] of a) common += Math.min(count, b.get(word) ?? 0);
  const sum = (words: Map<string, number>) => [...words.values()].reduce((total, count) => total + count, 0);
  const all = sum(a) + sum(b);
  return all === 0 ? 1 : (2 * common) / all;
}

const bare = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Precision and recall of the strings that a page's main content has, by those that it has not. */
function judged(pages: readonly Page[], texts: readonly string[]) {
  let found = 0;
  let wrong = 0;
  let all = 0;
  for (const [i, page] of pages.entries()) {
    const text = bare(texts[i]);
    all += page.with?.length ?? 0;
    found += page.with?.filter((part) => text.includes(bare(part))).length ?? 0;
    wrong += page.without?.filter((part) => text.includes(bare(part))).length ?? 0;
  }
  if (all === 0) return {};
  const [precision, recall] = [found / (found + wrong), found / all];
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}

function peerTexts(pages: readonly Page[], mode: string, rounds: string) {
  if (PEER_PYTHON === undefined) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
  try {
    const file = path.join(folder, "pages.jsonl");
    writeFileSync(file, pages.map(({ html }) => `${JSON.stringify({ html })}\n`).join(""));
    const lines = runPeer(PEER_PYTHON, "main_text_peer.py", [file, mode, rounds]).trim().split("\n");
    const { seconds } = JSON.parse(lines.pop()!) as { seconds: number };
    return { seconds, texts: lines.map((line) => (JSON.parse(line) as { text: string }).text) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    pages: { type: "string" },
    archive: { type: "string", multiple: true },
    rounds: { type: "string", default: "3" },
  },
});
const archives = values.archive ?? SAMPLES;
let pages: readonly Page[];
const results: Record<string, unknown> = {};
if (values.pages !== undefined) {
  const lines = readFileSync(values.pages, "utf8").trim().split("\n");
  pages = lines.map((line) => JSON.parse(line) as Page);
} else {
  pages = await pagesOf(archives);
  const started = cpuSeconds();
  for (let round = 0; round < Number(values.rounds); round++) await pagesOf(archives);
  const seconds = (cpuSeconds() - started) / Number(values.rounds);
  const stored = archives.reduce((sum, file) => sum + statSync(file).size, 0);
  const html = pages.reduce((sum, page) => sum + Buffer.byteLength(page.html), 0);
  results.reading = { stored_mb_per_s: stored / 1e6 / seconds, html_mb_per_s: html / 1e6 / seconds };
}
const megabytes = pages.reduce((sum, { html }) => sum + Buffer.byteLength(html), 0) / 1e6;
results.pages = pages.length;
results.megabytes = megabytes;
for (const mode of ["main", "all"]) {
  const extractor = new TextExtractor({
    main_content: mode === "main",
    list_bullets: true,
    alt_texts: true,
    comments: true,
    post_meta: true,
  });
  let best = Number.POSITIVE_INFINITY;
  let texts: string[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const started = cpuSeconds();
    texts = pages.map(({ html }) => extractor.extract(html));
    best = Math.min(best, cpuSeconds() - started);
  }
  const peer = peerTexts(pages, mode, values.rounds);
  results[mode] = {
    mb_per_s: megabytes / best,
    judged: judged(pages, texts),
    ...(peer && {
      peer_mb_per_s: megabytes / peer.seconds,
      peer_judged: judged(pages, peer.texts),
      equal_texts: texts.filter((text, i) => bare(text) === bare(peer.texts[i])).length / pages.length,
      mean_f1: texts.reduce((sum, text, i) => sum + f1(wordsOf(text), wordsOf(peer.texts[i])), 0) / pages.length,
    }),
  };
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
