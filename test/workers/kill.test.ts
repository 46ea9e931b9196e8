import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { Blocks } from "../../io/local/blocks.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { readSealed, vouchers, type WithFiles } from "../../store/marker.ts";
import { tinyTokenizerWithBos } from "../kernels/bpe/tiny-tokenizer.ts";
import { isResult, temporaryFolder, treeDigests, writeCorpus } from "./fixture.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));

/** Small on purpose, with a tokenizer that loads at once: every attempt pays for a process. */
const RECIPE = `schema: 1
name: tiny
seed: 3
tokenizer: { file: tokenizer.json, eos: <eos> }
pipelines: { web: [ { use: dedup/exact } ] }
sources: { web: { from: "web/*", read: jsonl, pipeline: web } }
shard_tokens: 32000
training_stages:
  - { name: stage1, tokens: 40K, sequence_length: 512, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`;

/** Two passes, rows that are drawn, BOS, a loss lane, an export and an output beside the tokens: every product that a span can have. */
const PRODUCTS = `schema: 1
name: tiny
seed: 3
tokenizer: { file: tokenizer.json, eos: <eos>, bos: <bos>, special_tokens: parse }
pipelines:
  web: [ { use: dedup/lines }, { use: dedup/exact }, { use: filter/sample, count: 40 }, { use: annotate/completion-loss, after: "the" } ]
sources: { web: { from: "web/*.jsonl", read: jsonl, metadata: [url], pipeline: web } }
shard_tokens: 32000
training_stages:
  - { name: stage1, tokens: 24K, sequence_length: 512, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
exports: [nanotron]
outputs:
  - { name: rows, shard_bytes: 20K, keep_dropped: true }
`;

interface Attempt {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

function attempt(root: string, out: string, workers: number, fault?: string): Attempt {
  const args = [CLI, "run", "tiny.yaml", "--out", out, "--workers", String(workers), "--quiet"];
  const env = fault === undefined ? process.env : { ...process.env, SHARDMILL_FAULT: fault };
  const { status, signal, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
  return { status, signal, stderr };
}

/** Every marker there is names files that are there, whole: whatever was killed when. */
function assertNoHalfFiles(store: string): void {
  if (!fs.existsSync(store)) return;
  for (const folder of fs.readdirSync(store)) {
    const at = path.join(store, folder);
    if (!fs.statSync(at).isDirectory()) continue;
    for (const name of fs.readdirSync(at)) {
      if (!name.endsWith(".done.json")) continue;
      const read = readSealed<WithFiles>(at, name);
      assert.equal(read.state, "done", `${folder}/${name}`);
      const fileOf = vouchers(at, name);
      for (const file of read.state === "done" ? read.marker.files : []) {
        // What only served to build stores and outputs is removed once they are complete.
        if (/\.(tokens|loss|scattered|spool)$/.test(file.name) && !fs.existsSync(path.join(at, file.name))) continue;
        if (file.block_sums) new Blocks(fileOf(file.name)).read();
        else readVouched(fileOf(file.name));
      }
    }
  }
}

// A chain of attempts in one folder, each killed a few boundaries further on, meets boundaries of every kind of task:
// what earlier attempts committed is passed over, so the next kill lands later in the run. Without worker threads one chain
// meets those of tasks and of the owner, whatever they write; a shorter one has a thread write, and die with its process.
for (const [kind, workers, products, recipe, stride, least] of [
  ["main", 0, "every product", PRODUCTS, 13, 8],
  ["worker", 1, "tokens", RECIPE, 16, 3],
] as const) {
  test(`kill -9 at write boundaries of the ${kind} thread, ${products}: no half file, the same bytes in the end`, (t) => {
    const root = temporaryFolder(t);
    writeCorpus(root, 60);
    fs.writeFileSync(path.join(root, "tiny.yaml"), recipe);
    fs.writeFileSync(path.join(root, "tokenizer.json"), tinyTokenizerWithBos());
    const whole = attempt(root, "whole", workers);
    assert.equal(whole.status, 0, whole.stderr);
    const expected = treeDigests(path.join(root, "whole"), isResult);
    let kills = 0;
    for (let step = 1; step < 400; step += stride) {
      const { status, signal, stderr } = attempt(root, "killed", workers, `${kind}:${step}`);
      assertNoHalfFiles(path.join(root, "killed", "store"));
      if (signal !== "SIGKILL") {
        assert.equal(status, 0, stderr);
        break;
      }
      kills++;
    }
    assert.ok(kills >= least, `only ${kills} kills`);
    assert.deepEqual(treeDigests(path.join(root, "killed"), isResult), expected);
  });
}
