/** Several processes over one folder: a run has one owner, a store has as many users as there are. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isResult, temporaryFolder, treeDigests, writeCorpus } from "./fixture.ts";

const CLI = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
const INDEX = new URL("../../index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/** A stage that waits in every batch while the file `held` is there. */
const WAIT = `import { defineStage, filter } from ${JSON.stringify(INDEX)};
import { existsSync } from "node:fs";
import { z } from ${JSON.stringify(ZOD)};
export default defineStage({
  name: "local/wait", version: 1, summary: "Waits.", options: z.strictObject({ held: z.string().describe("file") }),
  reads: ["text"], writes: [], reasons: {}, examples: [],
  create: ({ held }) => filter(() => {
    while (existsSync(held)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }),
});
`;

function recipe(root: string, name: string, tokens: string): string {
  return `schema: 1
name: ${name}
seed: 3
tokenizer: { encoding: gpt2, eos: "<|endoftext|>" }
plugins: [ ./wait.js ]
pipelines: { web: [ { use: local/wait, held: ${JSON.stringify(path.join(root, "held"))} }, { use: dedup/exact } ] }
sources: { web: { from: "web/*", read: jsonl, pipeline: web } }
shard_tokens: 8000
training_stages:
  - { name: stage1, tokens: ${tokens}, sequence_length: 128, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`;
}

interface Attempt {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

function attempt(root: string, file: string, out: string): Attempt {
  const child = spawn(process.execPath, [CLI, "run", file, "--out", out, "--workers", "1", "--quiet"], { cwd: root });
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  return { child, ended: new Promise((resolve) => child.on("close", (status) => resolve({ status, stderr }))) };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); ) {
    assert.ok(Date.now() < end, "waited for a minute");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function project(root: string): { readonly hold: () => void; readonly letGo: () => void } {
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "wait.js"), WAIT);
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  fs.writeFileSync(path.join(root, "one.yaml"), recipe(root, "one", "10K"));
  fs.writeFileSync(path.join(root, "two.yaml"), recipe(root, "two", "4K"));
  return {
    hold: () => fs.writeFileSync(path.join(root, "held"), ""),
    letGo: () => fs.rmSync(path.join(root, "held")),
  };
}

test("the second process on a run is told who has it and exits 75; the first is none the worse for it", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo } = project(root);
  const alone = await attempt(root, "one.yaml", "alone").ended;
  assert.equal(alone.status, 0, alone.stderr);
  hold();
  const first = attempt(root, "one.yaml", "out");
  await until(() => fs.existsSync(path.join(root, "out/runs/one/lock.json")));
  const second = await attempt(root, "one.yaml", "out").ended;
  assert.equal(second.status, 75, second.stderr);
  assert.match(
    second.stderr,
    new RegExp(`run/owned.*the run one is being worked on by process ${first.child.pid} on `),
  );
  letGo();
  const done = await first.ended;
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(treeDigests(path.join(root, "out"), isResult), treeDigests(path.join(root, "alone"), isResult));
});

test("two runs over one store at once: both succeed, with the bytes each has alone, and leave nothing behind", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo } = project(root);
  const expected: Record<string, string> = {};
  for (const name of ["one", "two"]) {
    const alone = await attempt(root, `${name}.yaml`, `alone-${name}`).ended;
    assert.equal(alone.status, 0, alone.stderr);
    Object.assign(expected, treeDigests(path.join(root, `alone-${name}`), isResult));
  }
  hold();
  const both = [attempt(root, "one.yaml", "out"), attempt(root, "two.yaml", "out")];
  await until(() => ["one", "two"].every((name) => fs.existsSync(path.join(root, "out/runs", name, "plan.json"))));
  letGo();
  for (const { ended } of both) {
    const { status, stderr } = await ended;
    assert.equal(status, 0, stderr);
  }
  assert.deepEqual(treeDigests(path.join(root, "out"), isResult), expected);
  const names = Object.keys(treeDigests(path.join(root, "out")));
  assert.deepEqual(
    names.filter((name) => /\.tmp$|\.next$|lock\.json$/.test(name)),
    [],
  );
});

test("a killed run's temporary files go with the next attempt", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo } = project(root);
  hold();
  const killed = attempt(root, "one.yaml", "out");
  const leftovers = (): string[] =>
    fs.existsSync(path.join(root, "out"))
      ? Object.keys(treeDigests(path.join(root, "out"))).filter((name) => name.endsWith(".tmp"))
      : [];
  await until(() => leftovers().length > 0 && fs.existsSync(path.join(root, "out/runs/one/plan.json")));
  killed.child.kill("SIGKILL");
  await killed.ended;
  assert.ok(leftovers().length > 0);
  letGo();
  const done = await attempt(root, "one.yaml", "out").ended;
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(leftovers(), []);
});
