import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { type advanceRun, openRun, prepare, run, runRank, runStatus } from "../../index.ts";
import { cliAt as shardmill } from "../cli/in-process.ts";
import { tinyTokenizerWithBos } from "../kernels/bpe/tiny-tokenizer.ts";
import { isResult, RECIPE, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));

/** Small on purpose: ranks that are killed pay for a process each. */
const SMALL = `schema: 1
name: tiny
seed: 3
tokenizer: { file: tokenizer.json, eos: <eos>, bos: <bos>, special_tokens: parse }
pipelines: { web: [ { use: dedup/exact } ] }
sources: { web: { from: "web/*", read: jsonl, pipeline: web } }
shard_tokens: 32000
training_stages:
  - { name: stage1, tokens: 40K, sequence_length: 512, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`;

async function begin(root: string, out: string, tasks: number): Promise<void> {
  const prepared = await prepare(path.join(root, "tiny.yaml"), { out, dataRoot: root });
  const stop = new AbortController();
  const { environment, registry } = prepared;
  const options = { root: out, workers: 0, environment, registry, span_bytes: 8_000 };
  const left = { tasks };
  const report = (event: { readonly type: string }): void => {
    if (event.type === "task_done" && --left.tasks === 0) stop.abort();
  };
  const running = run(prepared.plan, { ...options, stop: stop.signal, report });
  if (tasks === 0) await running;
  else await assert.rejects(running, { code: "run/interrupted" });
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of its own, which `SHARDMILL_FAULT` may kill. */
function beside(cwd: string, args: readonly string[], fault?: string): Ended {
  const env = { ...process.env, ...(fault !== undefined && { SHARDMILL_FAULT: fault }) };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd,
    env,
    encoding: "utf8",
  });
  return { status, signal, stdout, stderr };
}

test("ranks in two working directories, over a root that was moved, finish what the pool began: the same bytes", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 90);
  fs.writeFileSync(path.join(root, "tiny.yaml"), SMALL);
  fs.writeFileSync(path.join(root, "tokenizer.json"), tinyTokenizerWithBos());
  const whole = path.join(root, "whole");
  await begin(root, whole, 0);
  await begin(root, path.join(root, "out"), 4);

  // Another host sees the same folders under other names.
  const moved = path.join(temporaryFolder(t), "elsewhere");
  fs.cpSync(root, moved, { recursive: true, filter: (from) => !from.startsWith(whole) });
  fs.rmSync(path.join(root, "out"), { recursive: true });
  fs.renameSync(path.join(root, "web"), path.join(root, "web-gone"));
  const places = [
    { cwd: moved, flags: ["--out", "out", "--data-root", "."] },
    { cwd: path.join(moved, "web"), flags: ["--out", "../out", "--data-root", ".."] },
  ];
  let ranks = 0;
  let kills = 0;
  for (let turn = 0; ; turn++) {
    assert.ok(turn < 40, "the run is never done");
    const advance = await shardmill(
      places[turn % 2].cwd,
      "advance",
      "tiny",
      ...places[turn % 2].flags.slice(0, 2),
      "--json",
    );
    assert.equal(advance.status, 0, advance.stderr);
    const { ready, result } = JSON.parse(advance.stdout) as Awaited<ReturnType<typeof advanceRun>>;
    if (result !== undefined) break;
    for (const { phase, numbers } of ready) {
      const { cwd, flags } = places[ranks++ % 2];
      const command = ["rank", "tiny", "--phase", phase, ...flags, "--workers", "0"];
      // One of them is killed at a write, and does it again.
      if (ranks % 2 === 0 && kills < 2) {
        kills += Number(beside(cwd, command, "main:2").signal === "SIGKILL");
      }
      // A range at a time: what else is left is there at the next turn.
      const [range] = numbers.split(",");
      const args = [...command, "--tasks", range];
      // Two of them are processes, as all are on a cluster.
      const part = ranks <= 2 ? beside(cwd, args) : await shardmill(cwd, ...args);
      assert.equal(part.status, 0, part.stderr);
      assert.match(part.stdout, new RegExp(`^${phase}: `));
    }
  }
  assert.ok(kills > 0);
  assert.deepEqual(treeDigests(path.join(moved, "out"), isResult), treeDigests(whole, isResult));
  assert.equal(runStatus(openRun("tiny", path.join(moved, "out"))).done, true);
  const again = await shardmill(moved, "advance", "tiny", "--out", "out");
  assert.match(again.stdout, /^tiny: done before/);
});

test("a rank whose phase waits says for what, and exits 75; a phase or task that is not there is a bad flag", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE);
  const out = path.join(root, "out");
  await begin(root, out, 2);
  const options = { out, dataRoot: root, workers: 0 };
  await assert.rejects(runRank("tiny", { ...options, phase: "scatter:web" }), (error) => {
    assert.equal((error as { code?: string }).code, "run/not-ready");
    assert.match(String(error), /scatter:web waits for .*ingest:web/);
    return true;
  });
  await assert.rejects(runRank("tiny", { ...options, phase: "ingest:books" }), { code: "flag/no-such-phase" });
  await assert.rejects(runRank("tiny", { ...options, phase: "cut:web", tasks: [0, 1] }), { code: "flag/no-such-task" });
  const waits = beside(root, ["rank", "tiny", "--phase", "seal:web", "--out", "out"]);
  assert.equal(waits.status, 75, waits.stderr);
  assert.equal((await shardmill(root, "advance", "tiny", "--out", "out", "--finish")).status, 75);
  const backwards = ["--phase", "ingest:web", "--tasks", "7-3", "--out", "out"];
  assert.equal((await shardmill(root, "rank", "tiny", ...backwards)).status, 2);
});
