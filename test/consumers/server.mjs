/**
 * `chat/generate` against a real server of the OpenAI chat protocol, which is not ours: `transformers serve` with a tiny model of random weights. Not part of `npm test`.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/server.mjs [dist]
 *
 * Python needs torch and transformers[serving]; without them it is SKIPPED with the reason. What is shown: whole and streamed answers, their usage and finish reasons are
 * understood, every row is answered or dropped for a reason, and a second run asks nothing. Ends with `N passed, N failed, N skipped`.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = resolve(process.argv[2] ?? join(here, "../../dist"));
const python = process.env.SHARDMILL_PYTHON ?? "python3";
const TOKENIZER = join(here, "../../mixtures/recipes/smoltalk2-mini/tokenizer.json");
const ROWS = 6;
const MAX_TOKENS = 12;
/** Loading torch takes its time on a busy machine. */
const START_MS = 300_000;

const counts = { passed: 0, failed: 0, skipped: 0 };
const root = mkdtempSync(join(tmpdir(), "shardmill-server-"));
const server = await start();
try {
  if (server === undefined) counts.skipped++;
  else for (const stream of [false, true]) await check(server, stream);
} finally {
  server?.child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 ? 1 : 0);

/** The server, when it answers; undefined where it cannot be had. */
async function start() {
  const port = await freePort();
  const model = join(root, "model");
  const child = spawn(python, [join(here, "serve_tiny.py"), TOKENIZER, model, String(port)]);
  const said = { stdout: "", stderr: "" };
  let ended;
  child.stdout.on("data", (data) => {
    said.stdout += data;
  });
  child.stderr.on("data", (data) => {
    said.stderr += data;
  });
  child.on("error", (error) => {
    ended = { why: error.message };
  });
  child.on("close", (code) => {
    ended ??= { why: /skip: (.*)/.exec(said.stdout)?.[1] ?? `ended with ${code}: ${said.stderr.slice(-500)}`, code };
  });
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; waited < START_MS && ended === undefined; waited += 500) {
    const answer = await fetch(`${url}/v1/models`).catch(() => undefined);
    // Its own log says how often it was asked.
    const calls = () => `${said.stdout}${said.stderr}`.split("POST /v1/chat/completions").length - 1;
    if (answer?.ok) return { child, url, model, calls };
    await new Promise((done) => setTimeout(done, 500));
  }
  child.kill("SIGKILL");
  const why = ended?.why ?? "it does not answer";
  if (ended?.code === undefined || ended.code === 77) console.log(`SKIPPED transformers serve: ${why}`);
  else throw new Error(why);
  return undefined;
}

async function check({ url, model, calls }, stream) {
  const { runRecipe } = await import(pathToFileURL(join(dist, "index.js")).href);
  const folder = mkdtempSync(join(root, "run-"));
  const rows = Array.from({ length: ROWS }, (_, i) => {
    return { id: `r${i}`, text: `q${i}`, messages: [{ role: "user", content: `What is ${i}?` }] };
  });
  writeFileSync(join(folder, "prompts.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const recipe = {
    schema: 1,
    name: "asks",
    seed: 1,
    pipelines: {
      asked: [
        {
          use: "chat/generate",
          endpoint: "tiny",
          model,
          stream,
          concurrency: 2,
          sampling: { temperature: 1, max_tokens: MAX_TOKENS },
          validation: { finish_reasons: ["stop", "length"] },
        },
      ],
    },
    sources: { prompts: { from: "prompts.jsonl", metadata: [{ name: "messages", kind: "json" }], pipeline: "asked" } },
    outputs: [
      { name: "chats", sources: ["prompts"], format: { use: "jsonl", codec: "none" }, columns: ["id", "messages"] },
    ],
  };
  const name = stream ? "streamed answers" : "whole answers";
  try {
    const make = () => runRecipe(recipe, { out: folder, dataRoot: folder, workers: 0, endpoints: [`tiny=${url}/v1`] });
    const before = calls();
    const result = await make();
    assert.equal(calls() - before, ROWS, "one call a row");
    const [source] = result.sources;
    assert.equal(source.kept + Object.values(source.dropped ?? {}).reduce((sum, count) => sum + count, 0), ROWS);
    assert.ok(source.kept > 0, JSON.stringify(source.dropped));
    const [output] = result.outputs;
    const { sources } = JSON.parse(readFileSync(join(output.path, "output.json"), "utf8"));
    const [{ state }] = sources[0].requests;
    const lines = readdirSync(output.path)
      .filter((file) => file.endsWith(".jsonl"))
      .flatMap((file) => readFileSync(join(output.path, file), "utf8").trim().split("\n"));
    for (const line of lines) {
      const messages = JSON.parse(JSON.parse(line).messages);
      assert.deepEqual(
        messages.map(({ role }) => role),
        ["user", "assistant"],
      );
      assert.equal(typeof messages[1].content, "string");
    }
    assert.equal(lines.length, source.kept);
    rmSync(join(folder, "runs"), { recursive: true });
    const again = await make();
    assert.equal(again.outputs[0].rows, source.kept);
    assert.equal(calls() - before, ROWS, "nothing is asked twice");
    counts.passed++;
    console.log(`PASSED  ${name}: ${source.kept} of ${ROWS} rows answered; ${JSON.stringify(state)}`);
  } catch (error) {
    counts.failed++;
    console.log(`FAILED  ${name}: ${error.stack.slice(0, 2000)}`);
  }
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
