/** A small corpus with everything a run can meet: copies, near copies, short and odd documents, several shards and formats. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { asLocation, tinyTokenizer, wordMerges } from "../kernels/bpe/tiny-tokenizer.ts";

export function temporaryFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-run-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const WORDS =
  "the of and to in that is was for on with as by at from river mountain people water light system number field country state data model window token shard batch paper result method value".split(
    " ",
  );

/** Deterministic pseudo-random integers: a test that fails must fail again. */
export function randomizer(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * bound);
  };
}

export function sentence(random: (bound: number) => number, words: number): string {
  const parts = Array.from({ length: words }, () => WORDS[random(WORDS.length)]);
  return `${parts.join(" ")}.`;
}

export function article(random: (bound: number) => number, sentences: number): string {
  return Array.from({ length: sentences }, () => sentence(random, 6 + random(14))).join("\n");
}

export interface CorpusCounts {
  /** Rows written, by source. */
  readonly web: number;
  readonly code: number;
}

/** Writes `web` (three JSONL shards, one gzipped) and `code` (two JSONL shards) below `root`. */
export function writeCorpus(root: string, documents = 240): CorpusCounts {
  const random = randomizer(7);
  const rows: { id: string; text: string; url: string }[] = [];
  for (let i = 0; i < documents; i++) {
    const text = rows.length > 20 && i % 9 === 0 ? rows[random(rows.length)].text : article(random, 4 + random(30));
    const odd = i % 31 === 0 ? `${text}\n日本語のテキスト и кириллица — ‘quotes’` : text;
    rows.push({ id: `doc-${i}`, text: i % 17 === 0 ? sentence(random, 5) : odd, url: `https://example.org/${i}` });
  }
  const lines = (from: number, to: number): string =>
    rows
      .slice(from, to)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  const third = Math.floor(documents / 3);
  fs.mkdirSync(path.join(root, "web"), { recursive: true });
  fs.mkdirSync(path.join(root, "code"), { recursive: true });
  fs.writeFileSync(path.join(root, "web", "a.jsonl"), lines(0, third));
  fs.writeFileSync(path.join(root, "web", "b.jsonl.gz"), gzipSync(lines(third, 2 * third)));
  fs.writeFileSync(path.join(root, "web", "c.jsonl"), lines(2 * third, documents));
  const code = Array.from({ length: Math.floor(documents / 3) }, (_, i) => ({
    content: `export function f${i % 40}(x: number): number {\n  return x * ${i % 40};\n}\n`.repeat(1 + random(6)),
    path: `src/f${i}.ts`,
  }));
  const half = Math.floor(code.length / 2);
  const codeLines = (from: number, to?: number): string =>
    code
      .slice(from, to)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  fs.writeFileSync(path.join(root, "code", "0.jsonl"), codeLines(0, half));
  fs.writeFileSync(path.join(root, "code", "1.jsonl"), codeLines(half));
  return { web: documents, code: code.length };
}

/** A recipe's tokenizer that makes a token of most words of the corpus; a vocabulary of thousands takes a fifth of a second in every thread. */
export const TOKENIZER = `{ file: "${asLocation(smallTokenizer())}", eos: "<|endoftext|>" }`;

function smallTokenizer(): object {
  const file = tinyTokenizer(wordMerges([...WORDS, "export", "function", "number", "return", "x", "f"]));
  const { merges } = file.model;
  const id = 256 + (merges as readonly unknown[]).length;
  return { ...file, added_tokens: [{ id, content: "<|endoftext|>", special: true }] };
}

export const RECIPE = `schema: 1
name: tiny
seed: 3
tokenizer: ${TOKENIZER}
pipelines:
  web:
    - { use: filter/gopher-quality, min_words: 20, min_stop_words: 1 }
    - { use: dedup/exact }
    - { use: dedup/minhash }
  code: [ { use: dedup/exact, scope: pipeline } ]
sources:
  web: { from: "web/*", read: jsonl, metadata: [url], pipeline: web, category: web }
  code: { from: "code/*.jsonl", text: content, id: path, pipeline: code, category: code }
shard_tokens: 6000
training_stages:
  - { name: stage1, tokens: 12K, sequence_length: 64, pack: concat, weights: { web: 0.9, code: 0.1 } }
  - { name: stage2, tokens: 6K, sequence_length: 64, pack: concat, weights: { web: 0.7, code: 0.3 } }
  - { name: long, tokens: 4K, sequence_length: 256, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
exports: [nanotron]
gates: { max_weight_error: 0.02, min_packing_fill: 0.9 }
`;

/** sha256 of every file below `root` that `keep` lets through, by relative path, but of the one that tells of time. Temporary files are never there. */
export function treeDigests(root: string, keep: (file: string) => boolean = () => true): Record<string, string> {
  const digests: Record<string, string> = {};
  const walk = (folder: string): void => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else if (entry.name !== "times.json") {
        const relative = path.relative(root, file);
        if (keep(relative)) digests[relative] = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
      }
    }
  };
  walk(root);
  return digests;
}

/** What a trainer or a person reads of a run: token stores, windows, manifests, exports. Not what only existed to build them. */
export function isResult(file: string): boolean {
  return (
    /^(store\/(tokens|windows)-|runs\/)/.test(file) && !/plan\.json$|\.scattered|\.duplicates\.arrow$|\.tmp$/.test(file)
  );
}
