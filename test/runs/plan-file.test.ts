/** A run that ranks do alone: `plan --write` begins it, and its plan says nothing of the host it was written on. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { advanceRun, openRun, peekRun, prepare, runStatus, writePlan } from "../../index.ts";
import { cliAt as shardmill } from "../cli/in-process.ts";
import { tinyTokenizerWithBos } from "../kernels/bpe/tiny-tokenizer.ts";
import { isResult, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/** Drops rows whose text has a word of a list. */
const PLUGIN = `import { assetPath, defineStage, filter, utf8String } from ${JSON.stringify(INDEX)};
import { z } from ${JSON.stringify(ZOD)};
export default defineStage({
  name: "local/word", version: 1, kind: "filter", summary: "Drops texts with a word of a list.",
  options: z.strictObject({ list: assetPath() }),
  reads: ["text"], writes: [], reasons: { has_word: "the text has a word of the list" }, examples: [],
  create: ({ list }, { assets }) => {
    const words = Buffer.from(assets.bytes(list)).toString().trim().split("\\n");
    return filter((batch, drop) => {
      batch.alive.forEach((row) => {
        if (words.some((word) => utf8String(batch.text, row).includes(word))) drop(row, "has_word");
      });
    });
  },
});
`;

const RECIPE = `schema: 1
name: tiny
seed: 3
tokenizer: { file: tokenizer.json, eos: <eos> }
plugins: [ ../plugins/word.js ]
pipelines: { web: [ { use: local/word, list: words.txt }, { use: dedup/exact } ] }
sources: { web: { from: "web/*", read: jsonl, pipeline: web } }
shard_tokens: 60000
training_stages:
  - { name: stage1, tokens: 32K, sequence_length: 512, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
outputs: [ { name: rows, format: jsonl } ]
exports: [nanotron]
`;

function project(t: TestContext): string {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  for (const folder of ["recipes", "plugins"]) fs.mkdirSync(path.join(root, folder));
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  fs.writeFileSync(path.join(root, "plugins/word.js"), PLUGIN);
  fs.writeFileSync(path.join(root, "recipes/words.txt"), "日本語\n");
  fs.writeFileSync(path.join(root, "recipes/tiny.yaml"), RECIPE);
  fs.writeFileSync(path.join(root, "recipes/tokenizer.json"), tinyTokenizerWithBos());
  return root;
}

/** Has ranks do a run, as far as it is advanced. That they are processes, killed ones too, is rank.test.ts's. */
async function rankAlone(cwd: string, out: string): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    const { ready, result } = await advanceRun("tiny", { out: path.join(cwd, out) });
    if (result !== undefined) return;
    for (const { phase } of ready) {
      const rank = await shardmill(cwd, "rank", "tiny", "--phase", phase, "--out", out, "--workers", "0");
      assert.equal(rank.status, 0, rank.stderr);
    }
  }
  assert.fail("the run is never done");
}

test("plan --write, then ranks alone over a root that was moved, with a plugin: the bytes of a pool", async (t) => {
  const root = project(t);
  const pool = await shardmill(root, "run", "recipes/tiny.yaml", "--out", "whole", "--workers", "2", "--quiet");
  assert.equal(pool.status, 0, pool.stderr);
  const written = await shardmill(root, "plan", "recipes/tiny.yaml", "--write", "--out", "out");
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stdout, /plan written to out\/runs\/tiny; `shardmill advance tiny` says what may be done/);
  assert.deepEqual(
    Object.keys(treeDigests(path.join(root, "out"))).filter((file) => !file.startsWith("store/assets")),
    [
      "runs/tiny/plan.json",
      ...(fs.existsSync(path.join(root, "out/store/identities.jsonl")) ? ["store/identities.jsonl"] : []),
    ],
  );
  const text = fs.readFileSync(path.join(root, "out/runs/tiny/plan.json"), "utf8");
  assert.ok(!text.includes(root), "the plan names nothing by a path of this host");
  assert.match(text, /"file": "\.\.\/recipes\/tiny\.yaml"/);

  const moved = path.join(temporaryFolder(t), "elsewhere");
  fs.cpSync(root, moved, { recursive: true, filter: (from) => !from.startsWith(path.join(root, "whole")) });
  for (const gone of ["out", "recipes", "plugins", "web"]) fs.rmSync(path.join(root, gone), { recursive: true });
  const web = path.join(moved, "web");
  const waits = await shardmill(web, "rank", "tiny", "--phase", "cut:web", "--out", "../out", "--data-root", "..");
  assert.equal(waits.status, 0, waits.stderr);
  await rankAlone(moved, "out");
  assert.deepEqual(treeDigests(path.join(moved, "out"), isResult), treeDigests(path.join(root, "whole"), isResult));
  const run = openRun("tiny", path.join(moved, "out"));
  assert.equal(runStatus(run).done, true);
  const dropped = await peekRun(run, { count: 100, dropped: "word", dataRoot: moved });
  assert.ok(dropped.length > 0, "the plugin drops something");
});

test("a recipe that lies elsewhere on a host is found by --recipe-root; a changed plugin ends a rank", async (t) => {
  const root = project(t);
  const recipe = path.join(root, "recipes/tiny.yaml");
  assert.equal((await shardmill(root, "plan", recipe, "--write", "--out", "out")).status, 0);
  assert.equal((await shardmill(root, "rank", "tiny", "--phase", "cut:web", "--out", "out")).status, 0);
  const away = path.join(root, "mounted/recipe");
  fs.mkdirSync(away, { recursive: true });
  fs.renameSync(path.join(root, "plugins"), path.join(root, "mounted/plugins"));
  fs.rmSync(path.join(root, "recipes"), { recursive: true });
  const rank = (...flags: readonly string[]) =>
    shardmill(root, "rank", "tiny", "--phase", "ingest:web", "--out", "out", "--workers", "1", ...flags);
  const lost = await rank();
  assert.equal(lost.status, 1);
  assert.match(lost.stderr, /run\/missing-plugin.*\.\.\/plugins\/word\.js cannot be read in .*--recipe-root DIR/s);

  const plugin = path.join(root, "mounted/plugins/word.js");
  fs.appendFileSync(plugin, "// edited\n");
  const changed = await rank("--recipe-root", "mounted/recipe");
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /run\/changed-plugin.*\.\.\/plugins\/word\.js is not the file that was planned/s);
  fs.writeFileSync(plugin, PLUGIN);
  const found = await rank("--recipe-root", "mounted/recipe");
  assert.equal(found.status, 0, found.stderr);
  const next = await shardmill(root, "advance", "tiny", "--out", "out", "--recipe-root", "mounted/recipe");
  assert.match(next.stdout, /match:exact@web/, next.stderr);
});

test("a plan is written by the owner of the run alone, and a finished run stays until the new one is", async (t) => {
  const root = project(t);
  const recipe = path.join(root, "recipes/tiny.yaml");
  const out = path.join(root, "out");
  const done = await shardmill(root, "run", recipe, "--out", "out", "--workers", "0", "--quiet");
  assert.equal(done.status, 0, done.stderr);
  const before = treeDigests(out, isResult);
  const again = await shardmill(root, "plan", recipe, "--write", "--out", "out", "--check");
  assert.equal(again.status, 0, again.stderr);
  assert.equal(runStatus(openRun("tiny", out)).done, true, "the same plan leaves a finished run as it is");

  const other = await shardmill(root, "plan", recipe, "--write", "--out", "out", "--set", "seed=4");
  assert.match(other.stderr, /what stands there is finished, and stays until this is/);
  assert.ok(fs.existsSync(path.join(out, "runs/tiny/next/plan.json")));
  assert.deepEqual(treeDigests(out, isResult), before);

  const { plan, environment, layout } = await prepare(recipe, { out, dataRoot: root });
  const { lockRun } = await import("../../store/lock.ts");
  const lock = lockRun(layout, "tiny", plan.fingerprint);
  try {
    await assert.rejects(writePlan(plan, { root: out, environment }), { code: "run/owned" });
  } finally {
    await lock.release();
  }
  const conflict = await shardmill(root, "plan", recipe, "--write", "--no-listing");
  assert.equal(conflict.status, 2);
});
