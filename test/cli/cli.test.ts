import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";
import { cliIn } from "./in-process.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shardmill(cwd: string, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Verbs over the fixture in this process, which is what most of them need. */
function project(t: TestContext, recipe = RECIPE): ReturnType<typeof cliIn> {
  const root = temporaryFolder(t);
  writeCorpus(root);
  fs.writeFileSync(path.join(root, "tiny.yaml"), recipe);
  return cliIn(t, root);
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
  assert.match(number.stderr, /whole number from 0/);
});

test("check points at the key, suggests, and exits 2", async (t) => {
  const shardmill = project(t, RECIPE.replace("category: web }", "categry: web }"));
  const { status, stderr, stdout } = await shardmill("check", "tiny.yaml");
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /error\[recipe\/unknown-key\]/);
  assert.match(stderr, /tiny\.yaml:\d+:\d+/);
  assert.match(stderr, /did you mean `category`/);
});

test("one recipe, verb by verb", async (t) => {
  const shardmill = project(t);
  await t.test("plan, run, status, verify, peek and export", async () => {
    const planned = await shardmill("plan", "tiny.yaml", "--check");
    assert.equal(planned.status, 3);
    assert.match(
      planned.stdout,
      /ingest\s+web\s.*filter\/gopher-quality → dedup\/exact → dedup\/minhash → tokenize\/bpe/,
    );
    const done = await shardmill("run", "tiny.yaml", "--workers", "2", "--profile");
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
    assert.equal((await shardmill("plan", "tiny.yaml", "--check")).status, 0);
    assert.match((await shardmill("status", "tiny")).stdout, /^tiny: done/);
    assert.equal((await shardmill("verify", "runs/tiny")).status, 0);
    const kept = await shardmill("peek", "runs/tiny", "--source", "web", "-n", "2");
    assert.match(kept.stdout, /── web\/a\.jsonl#\d+ {2}doc-\d+ {2}kept/);
    const dropped = await shardmill("peek", "tiny", "--dropped", "gopher-quality:too_few_words", "-n", "3");
    assert.match(dropped.stdout, /gopher-quality: too_few_words \(5\)/);
    const copies = await shardmill("peek", "tiny", "--dropped", "exact", "-n", "2", "--json");
    const rows = JSON.parse(copies.stdout) as { verdict: { reason: string } }[];
    assert.deepEqual(
      rows.map((row) => row.verdict.reason),
      ["duplicate", "duplicate"],
    );
    const windows = await shardmill("peek", "tiny", "--tokens", "-n", "9", "--source", "web");
    assert.match(windows.stdout, /window 0: \d+ documents?, \d+ padding/);
    assert.match(windows.stdout, /<\|endoftext\|>‖/);
    assert.match((await shardmill("export", "tiny", "--to", "nanotron")).stdout, /data_stages/);
    const again = await shardmill("run", "tiny.yaml", "--json");
    const events = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    assert.equal(events.at(-1)?.type, "run_done");
  });

  await t.test("a changed option is named as the reason work is due", async () => {
    const { stdout } = await shardmill("plan", "tiny.yaml", "--set", "pipelines.web.gopher-quality.min_words=21");
    assert.match(stdout, /ingest\s+web.*todo\s+min_words 20 → 21/);
  });

  await t.test("more tokens than there are: the source, what it has and what to do, exit 1", async () => {
    const more = ["--set", "training_stages.stage1.tokens=90M"];
    const { status, stderr } = await shardmill("run", "tiny.yaml", "--quiet", ...more);
    assert.equal(status, 1);
    assert.match(stderr, /run\/source-exhausted/);
    assert.match(stderr, /max_epochs/);
  });

  await t.test("a gate that fails exits 3 and keeps what was made", async () => {
    const strict = ["--set", "gates.min_packing_fill=0.99999", "--set", "name=strict"];
    const { status, stdout } = await shardmill("run", "tiny.yaml", "--quiet", ...strict);
    assert.equal(status, 3);
    assert.match(stdout, /gate min_packing_fill of \w+: FAILED/);
    assert.ok(fs.existsSync("runs/strict/manifests/stage1.json"));
  });

  await t.test("verify finds one flipped byte and exits 1", async () => {
    const folder = fs.readdirSync("store").find((name) => name.startsWith("windows-")) ?? "";
    const name = fs.readdirSync(path.join("store", folder)).find((each) => each.endsWith(".ds")) ?? "";
    const file = path.join("store", folder, name);
    const bytes = fs.readFileSync(file);
    bytes[10] ^= 1;
    // Exports may be links to the file.
    fs.rmSync(file);
    fs.writeFileSync(file, bytes);
    const { status, stdout } = await shardmill("verify", "tiny");
    assert.equal(status, 1);
    assert.match(stdout, /verify\/file-changed/);
  });
});

test("new writes a recipe that checks, and never overwrites", async (t) => {
  const shardmill = cliIn(t, temporaryFolder(t));
  assert.equal((await shardmill("new", "mine")).stdout, "mine.yaml\n");
  assert.equal((await shardmill("check", "mine.yaml")).status, 0);
  const again = await shardmill("new", "mine");
  assert.equal(again.status, 2);
  assert.match(again.stderr, /already there/);
});

test("stages lists and shows", async (t) => {
  const shardmill = cliIn(t, temporaryFolder(t));
  assert.match((await shardmill("stages")).stdout, /dedup\/minhash/);
  assert.match((await shardmill("stages", "show", "filter/gopher-quality")).stdout, /too_few_words/);
  const wrong = await shardmill("stages", "show", "filter/gofer-quality");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean `filter\/gopher-quality`/);
});
