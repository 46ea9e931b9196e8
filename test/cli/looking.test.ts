/** The verbs that look back, as they are typed: what they print, refuse, and exit with; completions and help. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";
import { cliIn, type Outcome } from "./in-process.ts";

function project(t: TestContext): (...args: readonly string[]) => Promise<Outcome> {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE);
  return cliIn(t, root);
}

test("explain, trace, diff, same, list and gc of a run, for people and for programs", async (t) => {
  const shardmill = project(t);
  assert.equal((await shardmill("run", "tiny.yaml", "--quiet")).status, 0);

  const explained = await shardmill("explain", "tiny", "web/a.jsonl#1", "--global-batch-size", "4");
  assert.match(explained.stdout, /^web\/a\.jsonl#1 {2}doc-1 {2}kept {2}pipeline web\n/, explained.stderr);
  assert.match(explained.stdout, /gopher-quality {2}kept +too_few_words +\d+ {2}min_words 20 +run again/);
  assert.match(explained.stdout, /read by +length +source +window +packed row +step +sample\n +stage1/);
  const [told] = JSON.parse((await shardmill("explain", "tiny", "doc-1", "--json")).stdout);
  assert.deepEqual([told.address, told.fate, told.stages.length], ["web/a.jsonl#1", "kept", 4]);
  const unknown = await shardmill("explain", "tiny", "doc-none");
  assert.deepEqual([unknown.status, /run\/no-such-id/.test(unknown.stderr)], [1, true]);

  const step = await shardmill("trace", "tiny", "--step", "1", "--global-batch-size", "4", "--data-parallel", "2");
  assert.match(step.stdout, /^stage1, step 1: nanotron\n#0 {2}web {2}window 0 {2}rank 0, micro-batch 0\n +document /);
  const file = await shardmill("trace", "tiny", "--step", "1", "--trainer", "megatron", "--out", "steps.parquet");
  assert.match(file.stdout, /^steps\.parquet: 1 sequence, \d+ rows?\n$/);
  assert.equal(fs.readFileSync("steps.parquet").subarray(0, 4).toString(), "PAR1");
  for (const args of [[], ["--step", "1", "--window", "1"]]) {
    const refused = await shardmill("trace", "tiny", ...args);
    assert.deepEqual([refused.status, /give one of --step and --window/.test(refused.stderr)], [2, true]);
  }
  const window = await shardmill("trace", "tiny", "--window", "0", "--source", "web");
  assert.match(
    window.stdout,
    /^web window 0: windows-[0-9a-f]+\/00000_web\.ds window 0, 64[\s\S]*\nread by stage1 in step 1 /,
  );

  const same = await shardmill("same", "tiny", "runs/tiny");
  assert.deepEqual([same.status, /\nthe same: [0-9a-f]{64}\n$/.test(same.stdout)], [0, true]);
  for (const folder of ["store", "runs"]) fs.cpSync(folder, path.join("elsewhere", folder), { recursive: true });
  const manifest = fs.readFileSync("elsewhere/runs/tiny/manifests/stage1.json", "utf8");
  const changed = manifest.replace(/"end_window":\s*(\d+)/, '"end_window": 1$1');
  fs.writeFileSync("elsewhere/runs/tiny/manifests/stage1.json", changed);
  const differs = await shardmill("same", "tiny", "elsewhere/runs/tiny");
  assert.equal(differs.status, 3, differs.stderr);
  assert.match(differs.stdout, /first difference: mixture stage1: code\n[\s\S]*cause: the plans are the same/);

  const diff = await shardmill("diff", "tiny", "elsewhere/runs/tiny");
  assert.match(diff.stdout, /^tiny → tiny\n {2}the same plan\n[\s\S]*web: 60 documents compared, 0 with another fate/);
  assert.match((await shardmill("list")).stdout, /run +state +when[\s\S]*tiny +done +\d{4}-\d\d-\d\d \d\d:\d\d /);
  assert.match((await shardmill("gc")).stdout, /^nothing to remove: runs ask for [\d.]+ k?M?B/);
  assert.deepEqual(JSON.parse((await shardmill("gc", "--json")).stdout).entries, []);
  const empty = await shardmill("list", "--out", "nowhere");
  assert.deepEqual([empty.status, empty.stdout], [0, ""]);
  assert.match(empty.stderr, /no runs in nowhere/);
});

test("completions: what may follow is asked of the program, flags behind -- too; bash takes the script", async (t) => {
  const shardmill = cliIn(t, temporaryFolder(t));
  const proposed = async (...words: readonly string[]) =>
    (await shardmill("completions", "--words", "bash", "--", ...words)).stdout.trimEnd().split("\n");
  assert.deepEqual(await proposed("ex"), ["explain", "export"]);
  assert.deepEqual(await proposed("mix", "re"), ["replay"]);
  assert.deepEqual(await proposed("trace", "--st"), ["--stage", "--step"]);
  fs.mkdirSync("runs/my-mix", { recursive: true });
  assert.deepEqual(await proposed("status", "my"), ["my-mix"]);
  const described = await shardmill("completions", "--words", "fish", "--", "doc");
  assert.match(described.stdout, /^doctor\twhether this machine/);
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.match((await shardmill("completions", shell)).stdout, /shardmill completions --words/);
  }
  const refused = await shardmill("completions", "bsh");
  assert.deepEqual([refused.status, /did you mean `bash`/.test(refused.stderr)], [2, true]);

  const { stdout: script } = await shardmill("completions", "bash");
  // `shardmill` answers as it would: the shell's own part is what is tried.
  const trial = `shardmill() { printf '%s\\n' explain export; }\n${script}
COMP_WORDS=(shardmill ex); COMP_CWORD=1; _shardmill; echo "\${COMPREPLY[@]}"; complete -p shardmill`;
  const bash = spawnSync("bash", ["--norc", "-c", trial], { encoding: "utf8" });
  if (bash.error !== undefined) return t.skip("there is no bash here");
  assert.deepEqual([bash.status, bash.stderr], [0, ""]);
  assert.match(bash.stdout, /^explain export\ncomplete .*-F _shardmill shardmill\n$/);
});

test("help is a verb; doctor has every check and asks nothing of a Hub it is not to ask", async (t) => {
  const shardmill = cliIn(t, temporaryFolder(t));
  assert.equal((await shardmill("help", "mix", "replay")).stdout, (await shardmill("mix", "replay", "--help")).stdout);
  assert.equal((await shardmill("help")).stdout, (await shardmill("--help")).stdout);
  const unknown = await shardmill("help", "pek");
  assert.match(unknown.stderr, /did you mean .*`peek`/);
  const doctor = await shardmill("doctor", "--timeout", "0", "--json");
  const checks: readonly { readonly name: string; readonly state: string }[] = JSON.parse(doctor.stdout);
  assert.equal(checks.find(({ name }) => name === "hub")?.state, "skipped");
  assert.equal(doctor.status, checks.some(({ state }) => state === "failed") ? 1 : 0);
  for (const verb of ["explain", "trace", "diff", "same", "list", "gc", "doctor", "completions", "help"]) {
    assert.match(
      (await shardmill("help", verb)).stdout,
      new RegExp(`\\n {2}shardmill ${verb} [^-]`),
      `an example of ${verb}`,
    );
  }
});
