/** `publish` as a process: killed, interrupted, told in JSON, with a token that comes from the environment and goes nowhere else. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { openRun, publishToHub, runRecipe } from "../../index.ts";
import { status, strike, TOKEN } from "../io/fake-hub.ts";
import { type FakeRepositories, startFakeRepositories } from "../io/fake-repositories.ts";
import { built, outputFiles } from "../runs/published-run.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";
import { cliWith } from "./in-process.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(root: string, hub: FakeRepositories, args: readonly string[], token = TOKEN) {
  const env = { ...process.env, HF_ENDPOINT: hub.url, HF_TOKEN: token, HF_HOME: path.join(root, "no-home") };
  const all = ["publish", "splits", "--to", "hf://datasets/o/r", ...args];
  const child: ChildProcess = spawn(process.execPath, [CLI, ...all], { cwd: root, env });
  const parts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (data) => {
      parts[name] += String(data);
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (status, signal) => resolve({ status, signal, ...parts }));
  });
  return { child, ended };
}

/** The same in this process, where nothing is killed. */
async function here(root: string, hub: FakeRepositories, args: readonly string[], token = TOKEN) {
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: token, HF_HOME: path.join(root, "no-home") };
  return cliWith(root, ["publish", "splits", "--to", "hf://datasets/o/r", ...args], env);
}

test("a publishing that is killed, and one that is interrupted, go on where they were", async (t) => {
  const root = await built(t);
  const hub = await startFakeRepositories(t);
  const { commits } = hub.add("o/r");
  for (const [signal, at] of [
    ["SIGKILL", 6],
    ["SIGINT", 9],
  ] as const) {
    const { child, ended } = start(root, hub, ["--files-per-commit", "4"]);
    hub.faults.push((request, response) => {
      if (request.method !== "PUT" || hub.puts.size < at) return false;
      child.kill(signal);
      // What comes behind it would have been too late; what is on its way when asked to stop gets through.
      if (signal === "SIGKILL") response.destroy();
      return signal === "SIGKILL";
    });
    const { status, signal: killedBy, stderr } = await ended;
    if (signal === "SIGKILL") assert.equal(killedBy, signal);
    else assert.equal(status, 130, stderr);
    hub.faults.length = 0;
  }
  assert.ok(commits.length > 0, "part of it was committed");
  const sent = hub.puts.size;
  const { status: code, stdout, stderr } = await start(root, hub, ["--files-per-commit", "4", "--json"]).ended;
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout);
  const { "README.md": card, ".gitattributes": _, ...files } = hub.files("o/r");
  assert.deepEqual(files, outputFiles(root));
  assert.ok(card?.includes("config_name: SFT"));
  assert.ok(
    [...hub.puts.values()].every((times) => times === 1),
    "nothing was sent twice",
  );
  assert.ok(hub.puts.size > sent && result.uploaded_bytes > 0);
  const added = commits.flatMap((commit) => commit.added);
  assert.equal(added.length, new Set(added).size, "nothing was committed twice");
  assert.ok(![stdout, stderr].join("").includes(TOKEN));

  const again = await here(root, hub, []);
  assert.match(again.stdout, /^http:.*\/datasets\/o\/r: sent 0 files \(0 B\) in 0 commits; \d+ files there already\n$/);
  const dry = await here(root, hub, ["--dry-run", "--to", "hf://datasets/o/r"]);
  assert.equal(dry.status, 2, "one --to");
});

test("exit codes and messages say what to do", async (t) => {
  const root = await built(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  const dry = await here(root, hub, ["--dry-run"]);
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stdout, /^ {2}SFT\/a_b-00000-of-00001\.jsonl\.zst +[\d.]+ kB {2}send$/m);
  assert.match(dry.stdout, /^would send \d+ files \([\d.]+ kB\) in 1 commit to o\/r@main; 0 files there already$/m);
  const blind = await here(root, hub, ["--dry-run"], " ");
  assert.match(blind.stderr, /HF_TOKEN is not set: the Hub was not asked/);
  const none = await here(root, hub, [], "");
  assert.equal(none.status, 2);
  assert.match(none.stderr, /^error\[flag\/hub-token\]: HF_TOKEN is not set/);
  const wrong = await here(root, hub, ["--json"], "hf_WrongWrongWrong0123");
  assert.equal(wrong.status, 1);
  assert.equal(JSON.parse(wrong.stdout).error.code, "run/hub-access");
  assert.ok(!`${wrong.stdout}${wrong.stderr}`.includes("WrongWrong"));
  hub.faults.push(strike(9, /\/commit\//, status(429, { "retry-after": "3000" })));
  const busy = await here(root, hub, []);
  assert.equal(busy.status, 75, busy.stderr);
  assert.match(busy.stderr, /the server asks to wait 3000 s/);
  const everything = [dry, blind, none, wrong, busy].map(({ stdout, stderr }) => stdout + stderr).join("");
  assert.ok(!everything.includes(TOKEN) && !everything.includes("SignedSecret"));
  const written = fs.readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  assert.ok(written.every((file) => !fs.readFileSync(path.join(root, file), "utf8").includes(TOKEN)));
});

test("exports and manifests go along on request", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const hub = await startFakeRepositories(t);
  hub.add("o/r", { "README.md": "# Mine\n" });
  const recipe = path.join(root, "tiny.yaml");
  fs.writeFileSync(recipe, RECIPE);
  await runRecipe(recipe, { out: root, dataRoot: root, workers: 0 });
  const run = openRun("tiny", root);
  const options = { to: "hf://datasets/o/r", environment: hub.environment() };
  await assert.rejects(publishToHub(run, options), /flag\/nothing-to-publish/);
  const { files, card } = await publishToHub(run, { ...options, extras: ["exports", "manifests"] });
  const names = files.map(({ path }) => path);
  assert.ok(names.includes("manifests/stage1.json") && names.includes("exports/nanotron/export.json"));
  assert.equal(card, "unchanged");
  assert.deepEqual(Object.keys(hub.files("o/r")).sort(), [".gitattributes", "README.md", ...names].sort());
  const harmed = names.find((name) => name.startsWith("exports/nanotron/") && !name.endsWith("export.json")) ?? "";
  fs.appendFileSync(path.join(root, "runs/tiny", harmed), "#");
  const again = { ...options, to: "hf://datasets/o/s", create: true, extras: ["exports"] as const };
  await assert.rejects(publishToHub(run, again), /exports\/nanotron\/\S+ has \d+ bytes instead of/);
});
