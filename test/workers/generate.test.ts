/** Whole runs that ask models: nothing is asked twice, bytes depend on the recipe and the answers alone, nobody's key is written down. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type ChatRequest, chaos, type FakeEndpoint, startFakeEndpoint } from "../chat/fake-endpoint.ts";
import { cliWith, type Outcome } from "../cli/in-process.ts";
import { temporaryFolder, treeDigests } from "./fixture.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));
const KEY = "sk-SecretSecret0123456789";

interface Done extends Outcome {
  readonly signal: NodeJS.Signals | null;
}

/** `shardmill` in this process, which is the server that it asks, too; with `started` in one beside it, which may be killed. */
async function shardmill(
  cwd: string,
  args: readonly string[],
  {
    env = {},
    started,
  }: { readonly env?: Record<string, string>; readonly started?: (child: ChildProcess) => void } = {},
): Promise<Done> {
  if (started === undefined) return { signal: null, ...(await cliWith(cwd, args, env)) };
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...process.env, ...env } });
  started(child);
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (piece) => {
    text.stdout += String(piece);
  });
  child.stderr.on("data", (piece) => {
    text.stderr += String(piece);
  });
  return new Promise((resolve) => child.on("close", (status, signal) => resolve({ status, signal, ...text })));
}

function corpus(t: TestContext, { rows = 90, options = "", more = "" } = {}): string {
  const folder = temporaryFolder(t);
  const line = (i: number): string => {
    const messages = [{ role: "user", content: `Question ${i}: ${"why ".repeat(1 + (i % 7))}?` }];
    return `${JSON.stringify({ id: `d${i}`, text: `q${i}`, messages })}\n`;
  };
  fs.mkdirSync(path.join(folder, "docs"));
  const lines = Array.from({ length: rows }, (_, i) => line(i));
  fs.writeFileSync(path.join(folder, "docs", "a.jsonl"), lines.slice(0, rows / 2).join(""));
  fs.writeFileSync(path.join(folder, "docs", "b.jsonl"), lines.slice(rows / 2).join(""));
  fs.writeFileSync(
    path.join(folder, "recipe.yaml"),
    `schema: 1
name: asks
pipelines:
  asked: [ { use: chat/generate, endpoint: qwen, model: m, retry_ms: 1${options} } ]
sources: { docs: { from: "docs/*.jsonl", metadata: [{ name: messages, kind: json }], pipeline: asked } }
outputs: [ { name: answered, sources: [docs], format: jsonl, columns: [id, messages] } ]
${more}`,
  );
  return folder;
}

const isProduct = (file: string): boolean =>
  /^(store\/output-|runs\/)/.test(file) && !/plan\.json$|\.lock|\.tmp$/.test(file);
const RUN = ["run", "recipe.yaml", "--quiet"];
const at = (server: FakeEndpoint): string => `qwen=${server.url}`;
const bodies = (requests: readonly ChatRequest[]): string[] =>
  requests.map((request) => JSON.stringify(request)).sort();

function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile());
}

test("a killed run repeats no call that was answered, and ends with the bytes of one that was not", async (t) => {
  const folder = corpus(t, { options: ", concurrency: 4" });
  const calm = await startFakeEndpoint(t);
  const whole = await shardmill(folder, [...RUN, "--out", "whole", "--endpoint", at(calm)]);
  assert.equal(whole.status, 0, whole.stderr);
  assert.equal(calm.answered.length, 90);

  let child: ChildProcess | undefined;
  let answer = 0;
  let held = 0;
  const server = await startFakeEndpoint(t, {
    fault: () => {
      if (answer-- > 0) return undefined;
      // All calls that may be out hang: what was answered before has arrived and is kept.
      if (++held === 4) child?.kill("SIGKILL");
      return "no_answer";
    },
  });
  for (const answers of [0, 1, 29, 30]) {
    answer = answers;
    held = 0;
    const { signal } = await shardmill(folder, [...RUN, "--out", "killed", "--endpoint", at(server)], {
      started: (started) => {
        child = started;
      },
    });
    assert.equal(signal, "SIGKILL");
  }
  assert.equal(server.answered.length, 60);
  answer = Number.POSITIVE_INFINITY;
  const last = await shardmill(folder, [...RUN, "--out", "killed", "--endpoint", at(server)]);
  assert.equal(last.status, 0, last.stderr);
  assert.equal(new Set(bodies(server.answered)).size, server.answered.length, "a call was answered twice");
  assert.deepEqual(bodies(server.answered), bodies(calm.answered));
  const digests = treeDigests(path.join(folder, "whole"), isProduct);
  assert.deepEqual(treeDigests(path.join(folder, "killed"), isProduct), digests);
  assert.ok(Object.keys(digests).length > 2);
});

test("the same bytes for one, two and five workers, streamed or not, whatever goes wrong on the way", async (t) => {
  const digests: Record<string, string>[] = [];
  for (const workers of [1, 2, 5]) {
    const folder = corpus(t, {
      options: ", n: 2, choose: longest, body: { chat_template_kwargs: { enable_thinking: true } }",
    });
    const server = await startFakeEndpoint(t, {
      style: workers === 2 ? "tgi" : "vllm",
      fault: workers === 1 ? () => undefined : chaos,
    });
    const flags = ["--workers", String(workers), "--endpoint", at(server)];
    const { status, stderr } = await shardmill(folder, ["run", "recipe.yaml", "--quiet", "--out", "out", ...flags]);
    assert.equal(status, 0, stderr);
    assert.equal(server.answered.length, 180);
    if (workers > 1) assert.ok(server.requests.length > 200, `${server.requests.length}`);
    digests.push(treeDigests(path.join(folder, "out"), isProduct));
  }
  assert.deepEqual(digests[1], digests[0]);
  assert.deepEqual(digests[2], digests[0]);
});

test("the output's summary says how answers were drawn and what they came to", async (t) => {
  const folder = corpus(t, {
    rows: 10,
    options:
      ", sampling: { temperature: 0.6 }, prices: { prompt: 1, completion: 4 }, validation: { max_characters: 60 }",
  });
  const server = await startFakeEndpoint(t);
  const { status, stderr } = await shardmill(folder, [...RUN, "--out", "out", "--endpoint", at(server)]);
  assert.equal(status, 0, stderr);
  const summary = JSON.parse(fs.readFileSync(path.join(folder, "out/runs/asks/outputs/answered/output.json"), "utf8"));
  const [{ id, options, state }] = summary.sources[0].requests;
  assert.equal(id, "generate");
  assert.deepEqual([options.sampling, options.seed, options.model], [{ temperature: 0.6 }, "row", "m"]);
  assert.equal(state.rows, 10);
  assert.equal(state.models[0].prompt_tokens, 110);
  assert.equal(state.models[0].cost, (110 + 4 * 70) / 1e6);
  assert.match(state.seeds, /sha256/);
  assert.equal(state.rejected.too_long.count, 10 - state.kept);
  assert.ok(state.kept > 0 && state.kept < 10);
});

test("a key is in no file and no message, nor is where it went", async (t) => {
  const folder = corpus(t, { rows: 20 });
  const server = await startFakeEndpoint(t, {
    key: KEY,
    fault: chaos,
    bad: ({ seed = 0 }) => (seed % 7 === 0 ? "refused" : undefined),
  });
  const host = new URL(server.url).host;
  const env = { SHARDMILL_API_KEY_QWEN: KEY, SHARDMILL_ENDPOINT_QWEN: server.url };
  const runs = [
    await shardmill(folder, [...RUN, "--out", "out"], { env }),
    await shardmill(folder, ["run", "recipe.yaml", "--json", "--out", "out"], { env }),
    await shardmill(folder, ["plan", "recipe.yaml", "--json", "--out", "out"], { env }),
    await shardmill(folder, [...RUN, "--out", "bad"], {
      env: { ...env, SHARDMILL_API_KEY_QWEN: "sk-WrongWrong0123456789" },
    }),
  ];
  assert.deepEqual(
    runs.map(({ status }) => status),
    [0, 0, 0, 1],
    runs.map(({ stderr }) => stderr).join("\n"),
  );
  assert.match(runs[3].stderr, /run\/endpoint-refuses.*endpoint qwen does not answer: HTTP 401/s);
  const secrets = [KEY, "sk-Wrong", host];
  for (const { stdout, stderr } of runs)
    for (const secret of secrets) assert.ok(!`${stdout}${stderr}`.includes(secret), stdout + stderr);
  const files = filesIn(path.join(folder, "out")).concat(filesIn(path.join(folder, "bad")));
  assert.ok(files.some((file) => file.endsWith(".journal.jsonl")));
  for (const file of files) {
    const bytes = fs.readFileSync(file);
    for (const secret of secrets) assert.ok(!bytes.includes(secret), `${file} holds ${secret}`);
  }
});

test("budgets of calls and of tokens end a run where they are spent; it goes on", async (t) => {
  const folder = corpus(t, { options: ", concurrency: 5" });
  const server = await startFakeEndpoint(t);
  const flags = ["--out", "out", "--endpoint", at(server)];
  const calls = await shardmill(folder, [...RUN, ...flags, "--max-requests", "20"]);
  assert.equal(calls.status, 1);
  assert.match(calls.stderr, /run\/request-budget.*more questions than the run may ask.*--max-requests/s);
  assert.equal(server.answered.length, 20);
  // 18 tokens a call: after the third one 54 are spent, and at most four more are out by then.
  const tokens = await shardmill(folder, [...RUN, ...flags, "--max-tokens", "50"]);
  assert.match(tokens.stderr, /run\/request-budget.*spend tokens on.*--max-tokens/s);
  assert.ok(server.answered.length >= 23 && server.answered.length <= 27, `${server.answered.length}`);
  const rest = await shardmill(folder, [...RUN, ...flags]);
  assert.equal(rest.status, 0, rest.stderr);
  assert.equal(server.answered.length, 90);
  assert.equal(new Set(bodies(server.answered)).size, 90);
});

const SPLITS = `missing: drop
`;

test("without an endpoint sources that need one are left out by name, or it is an error", async (t) => {
  const folder = corpus(t, { rows: 10, more: SPLITS });
  const recipe = path.join(folder, "recipe.yaml");
  const both = fs
    .readFileSync(recipe, "utf8")
    .replace("sources: {", 'sources: { plain: { from: "docs/*.jsonl", metadata: [{ name: messages, kind: json }] }, ')
    .replace("outputs: [ ", "outputs: [ { name: raw, sources: [plain, docs], format: jsonl, columns: [id] }, ");
  fs.writeFileSync(recipe, both);
  const left = await shardmill(folder, ["run", "recipe.yaml", "--out", "out", "--workers", "1"]);
  assert.equal(left.status, 0, left.stderr);
  assert.match(left.stderr, /docs: needs the endpoint qwen, which nobody gave, and it is left out of raw, answered/);
  assert.deepEqual(fs.readdirSync(path.join(folder, "out/runs/asks/outputs")), ["raw"]);
  const checked = await shardmill(folder, ["check", "recipe.yaml"]);
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stderr, /docs: needs the endpoint qwen/);

  fs.writeFileSync(recipe, both.replace("missing: drop", "missing: error"));
  for (const verb of [["check"], ["run", "--out", "out"], ["plan", "--out", "out"]]) {
    const refused = await shardmill(folder, [verb[0], "recipe.yaml", ...verb.slice(1)]);
    assert.equal(refused.status, 2, refused.stderr);
    assert.match(
      refused.stderr,
      /recipe\/no-endpoint\]: docs: a model is asked at qwen, and nobody said where that is/,
    );
    assert.match(refused.stderr, /SHARDMILL_ENDPOINT_QWEN/);
  }
  const server = await startFakeEndpoint(t);
  assert.equal((await shardmill(folder, ["check", "recipe.yaml", "--endpoint", at(server)])).status, 0);
  const whole = await shardmill(folder, [...RUN, "--out", "out", "--endpoint", at(server)]);
  assert.equal(whole.status, 0, whole.stderr);
  assert.deepEqual(fs.readdirSync(path.join(folder, "out/runs/asks/outputs")).sort(), ["answered", "raw"]);
  fs.writeFileSync(recipe, both.replace("sources: [plain, docs]", "sources: [docs]"));
  const nothing = await shardmill(folder, [...RUN, "--out", "out"]);
  assert.match(nothing.stderr, /recipe\/no-endpoint\]: every output of the recipe asks a model/);
});

test("another choice of good answers asks nothing again; another model does", async (t) => {
  const folder = corpus(t, { rows: 20 });
  const server = await startFakeEndpoint(t);
  const set = async (...values: readonly string[]) => {
    const flags = values.flatMap((value) => ["--set", `pipelines.asked.generate.${value}`]);
    const done = await shardmill(folder, [...RUN, "--out", "out", "--endpoint", at(server), ...flags]);
    assert.equal(done.status, 0, done.stderr);
    return server.answered.length;
  };
  assert.equal(await set(), 20);
  assert.equal(await set("validation.max_characters=70", "reasoning=inline", "concurrency=3", "stream=true"), 20);
  assert.equal(await set("model=other"), 40);
});

test("a call that fails for good stops the run, or drops its row", async (t) => {
  const folder = corpus(t, { rows: 20, options: ", attempts: 2" });
  const isPoison = ({ messages }: ChatRequest) => messages[0].content?.startsWith("Question 7:") === true;
  const server = await startFakeEndpoint(t, { fault: (request) => (isPoison(request) ? "server_error" : undefined) });
  const flags = [...RUN, "--out", "out", "--endpoint", at(server)];
  const stopped = await shardmill(folder, flags);
  assert.equal(stopped.status, 1);
  assert.match(
    stopped.stderr,
    /run\/unanswered.*chat\/generate got no answer in 2 attempts: endpoint qwen: HTTP 500: something broke/s,
  );
  assert.equal(server.answered.length <= 19, true);
  const dropped = await shardmill(folder, [...flags, "--set", "pipelines.asked.generate.failed=drop"]);
  assert.equal(dropped.status, 0, dropped.stderr);
  assert.equal(server.answered.length, 19);
  const { stdout } = await shardmill(folder, ["peek", "asks", "--out", "out", "--dropped", "all"]);
  assert.match(stdout, /unanswered/);
});

test("a slow answer holds up its batch, and no other call", async (t) => {
  const folder = corpus(t, { rows: 600, options: ", concurrency: 8" });
  const before: number[] = [];
  const server = await startFakeEndpoint(t, {
    hold: ({ messages }) => {
      if (messages[0].content?.startsWith("Question 3:") !== true) return undefined;
      // Batches have 128 rows: without a look ahead there is nothing left to be asked before this is answered.
      return until(() => server.answered.length >= 450, 20_000).then(() => {
        before.push(server.answered.length);
      });
    },
  });
  const { status, stderr } = await shardmill(folder, [...RUN, "--out", "out", "--endpoint", at(server)]);
  assert.equal(status, 0, stderr);
  assert.equal(server.answered.length, 600);
  assert.ok(before.length === 1 && before[0] >= 450, `${before}`);
  assert.ok(server.most <= 8, `${server.most}`);
});

async function until(isSo: () => boolean, most_ms: number): Promise<void> {
  for (const end = Date.now() + most_ms; !isSo() && Date.now() < end; )
    await new Promise((tick) => setTimeout(tick, 10));
}

test("where nobody answers any more, rows stop falling", async (t) => {
  const folder = corpus(t, { rows: 60, options: ", attempts: 1, failed: drop, concurrency: 1" });
  const server = await startFakeEndpoint(t, {
    fault: () => (server.answered.length < 10 ? undefined : "server_error"),
  });
  const flags = [...RUN, "--out", "out", "--endpoint", at(server)];
  const gone = await shardmill(folder, flags);
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /run\/unanswered/);
  assert.equal(server.requests.length, 31);
});

test("a run that is stopped asks nothing more, keeps its answers and says so", async (t) => {
  const folder = corpus(t, { rows: 400, options: ", concurrency: 2" });
  let child: ChildProcess | undefined;
  let told = false;
  const server = await startFakeEndpoint(t, {
    delay_ms: 20,
    fault: () => {
      if (server.requests.length >= 30 && !told) {
        told = true;
        child?.kill("SIGINT");
      }
      return undefined;
    },
  });
  const flags = [...RUN, "--out", "out", "--endpoint", at(server)];
  const stopped = await shardmill(folder, flags, {
    started: (started) => {
      child = started;
    },
  });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.ok(server.answered.length < 100, `${server.answered.length}`);
  const rest = await shardmill(folder, flags);
  assert.equal(rest.status, 0, rest.stderr);
  assert.equal(new Set(bodies(server.answered)).size, 400);
  assert.equal(server.answered.length, 400);
});
