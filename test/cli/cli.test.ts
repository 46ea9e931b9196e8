import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";

const CLI = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shardmill(cwd: string, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

function project(t: TestContext, recipe = RECIPE): string {
  const root = temporaryFolder(t);
  writeCorpus(root);
  fs.writeFileSync(path.join(root, "tiny.yaml"), recipe);
  return root;
}

test("help, version, unknown verb and unknown flag", (t) => {
  const root = temporaryFolder(t);
  const help = shardmill(root, "--help");
  assert.equal(help.status, 0);
  for (const verb of ["new", "check", "plan", "run", "status", "peek", "verify", "stages"])
    assert.match(help.stdout, new RegExp(`\\b${verb}\\b`));
  assert.match(shardmill(root, "--version").stdout, /^\d+\.\d+\.\d+\n$/);
  const unknown = shardmill(root, "pln");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /plan/);
  assert.equal(shardmill(root, "run", "x.yaml", "--wokers", "2").status, 2);
  const number = shardmill(root, "run", "x.yaml", "--workers", "none");
  assert.equal(number.status, 2);
  assert.match(number.stderr, /whole number from 1/);
});

test("check points at the key, suggests, and exits 2", (t) => {
  const root = project(t, RECIPE.replace("category: web }", "categry: web }"));
  const { status, stderr, stdout } = shardmill(root, "check", "tiny.yaml");
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /error\[recipe\/unknown-key\]/);
  assert.match(stderr, /tiny\.yaml:\d+:\d+/);
  assert.match(stderr, /did you mean `category`/);
});

test("plan, run, status, verify, peek and export of one recipe", (t) => {
  const root = project(t);
  const planned = shardmill(root, "plan", "tiny.yaml", "--check");
  assert.equal(planned.status, 3);
  assert.match(
    planned.stdout,
    /ingest\s+web\s.*filter\/gopher-quality → dedup\/exact → dedup\/minhash → tokenize\/bpe/,
  );
  const done = shardmill(root, "run", "tiny.yaml", "--workers", "2", "--profile");
  assert.equal(done.status, 0, done.stderr);
  const shares = [...done.stdout.matchAll(/^ {2}(\S+) +([\d.]+) s +([\d.]+) %$/gm)];
  const parts = shares.map(([, part]) => part);
  for (const part of [
    "read",
    "filter/gopher-quality",
    "dedup/minhash",
    "tokenize/bpe",
    "write",
    "match",
    "gather",
    "pack",
  ]) {
    assert.ok(parts.includes(part), `${part} is not among ${parts}`);
  }
  assert.ok(Math.abs(shares.reduce((sum, [, , , share]) => sum + Number(share), 0) - 100) < 1);
  assert.match(done.stdout, /tiny: done/);
  assert.match(done.stdout, /manifest {2}runs\/tiny\/manifests\/stage1\.json/);
  assert.match(done.stderr, /ingest {2}web: 1 task /);
  assert.equal(shardmill(root, "plan", "tiny.yaml", "--check").status, 0);
  assert.match(shardmill(root, "status", "tiny").stdout, /^tiny: done/);
  assert.equal(shardmill(root, "verify", "runs/tiny").status, 0);
  const kept = shardmill(root, "peek", "runs/tiny", "--source", "web", "-n", "2");
  assert.match(kept.stdout, /── web\/a\.jsonl#\d+ {2}doc-\d+ {2}kept/);
  const dropped = shardmill(root, "peek", "tiny", "--dropped", "gopher-quality:too_few_words", "-n", "3");
  assert.match(dropped.stdout, /gopher-quality: too_few_words \(5\)/);
  const copies = shardmill(root, "peek", "tiny", "--dropped", "exact", "-n", "2", "--json");
  const rows = JSON.parse(copies.stdout) as { verdict: { reason: string } }[];
  assert.deepEqual(
    rows.map((row) => row.verdict.reason),
    ["duplicate", "duplicate"],
  );
  const windows = shardmill(root, "peek", "tiny", "--tokens", "-n", "9", "--source", "web");
  assert.match(windows.stdout, /window 0: \d+ documents?, \d+ padding/);
  assert.match(windows.stdout, /<\|endoftext\|>‖/);
  assert.match(shardmill(root, "export", "tiny", "--to", "nanotron").stdout, /data_stages/);
  const again = shardmill(root, "run", "tiny.yaml", "--json");
  const events = again.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });
  assert.equal(events.at(-1)?.type, "run_done");
});

test("verify finds one flipped byte and exits 1", (t) => {
  const root = project(t);
  assert.equal(shardmill(root, "run", "tiny.yaml", "--quiet").status, 0);
  const store = path.join(root, "store");
  const folder = fs.readdirSync(store).find((name) => name.startsWith("windows-")) ?? "";
  const file = fs.readdirSync(path.join(store, folder)).find((name) => name.endsWith(".ds")) ?? "";
  const bytes = fs.readFileSync(path.join(store, folder, file));
  bytes[10] ^= 1;
  fs.writeFileSync(path.join(store, folder, file), bytes);
  const { status, stdout } = shardmill(root, "verify", "tiny");
  assert.equal(status, 1);
  assert.match(stdout, /verify\/file-changed/);
});

test("a changed option is named as the reason work is due", (t) => {
  const root = project(t);
  assert.equal(shardmill(root, "run", "tiny.yaml", "--quiet").status, 0);
  const { stdout } = shardmill(root, "plan", "tiny.yaml", "--set", "pipelines.web.gopher-quality.min_words=21");
  assert.match(stdout, /ingest\s+web.*todo\s+min_words 20 → 21/);
});

test("a gate that fails exits 3 and keeps what was made", (t) => {
  const root = project(t, RECIPE.replace("min_packing_fill: 0.9", "min_packing_fill: 0.99999"));
  const { status, stdout } = shardmill(root, "run", "tiny.yaml", "--quiet");
  assert.equal(status, 3);
  assert.match(stdout, /gate min_packing_fill of \w+: FAILED/);
  assert.ok(fs.existsSync(path.join(root, "runs", "tiny", "manifests", "stage1.json")));
});

test("more tokens than there are: the source, what it has and what to do, exit 1", (t) => {
  const root = project(t, RECIPE.replace("tokens: 12K", "tokens: 90M"));
  const { status, stderr } = shardmill(root, "run", "tiny.yaml", "--quiet");
  assert.equal(status, 1);
  assert.match(stderr, /run\/source-exhausted/);
  assert.match(stderr, /max_epochs/);
});

test("Ctrl-C commits what is in flight, exits 130 and can be resumed", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 6000);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE);
  const child = spawn(process.execPath, [CLI, "run", "tiny.yaml", "--workers", "1", "--json"], { cwd: root });
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  child.stdout.once("data", () => child.kill("SIGINT"));
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  assert.equal(await exit, 130, stderr);
  assert.match(stderr, /run\/interrupted/);
  const { status, stderr: more } = shardmill(root, "run", "tiny.yaml", "--quiet");
  assert.equal(status, 0, more);
});

test("new writes a recipe that checks, and never overwrites", (t) => {
  const root = temporaryFolder(t);
  assert.equal(shardmill(root, "new", "mine").stdout, "mine.yaml\n");
  assert.equal(shardmill(root, "check", "mine.yaml").status, 0);
  const again = shardmill(root, "new", "mine");
  assert.equal(again.status, 2);
  assert.match(again.stderr, /already there/);
});

test("stages lists and shows", (t) => {
  const root = temporaryFolder(t);
  assert.match(shardmill(root, "stages").stdout, /dedup\/minhash/);
  assert.match(shardmill(root, "stages", "show", "filter/gopher-quality").stdout, /too_few_words/);
  const wrong = shardmill(root, "stages", "show", "filter/gofer-quality");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean `filter\/gopher-quality`/);
});
