/** A pass that asks outside: nothing is asked twice, however it ends, and its bytes depend on the recipe alone. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RunError } from "../../batch/errors.ts";
import { type Advance, prepare, type RunOptions, run } from "../../index.ts";
import type { IngestMarker } from "../../workers/protocol.ts";
import { cliAt } from "../cli/in-process.ts";
import { temporaryFolder, treeDigests } from "./fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;
const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));

/** Answers a text with its length, and writes every question down when it is asked. What goes wrong is told by the environment: it is no option. */
const ORACLE = `import fs from "node:fs";
import { Batch, defineStage, request, RetryLater, utf8String } from ${JSON.stringify(INDEX)};
import { z } from ${JSON.stringify(ZOD)};
let busy = 0;
const refused = new Set();
export default defineStage({
  name: "local/oracle", version: 1, kind: "request", summary: "Asks how long a text is.",
  options: z.strictObject({ concurrency: z.int().default(1).describe("at once"), log: z.string().describe("file") }),
  reads: ["text"], writes: [{ name: "length", kind: "int32" }], reasons: { odd: "the length is odd" }, examples: [],
  create: ({ concurrency, log }) => request({
    concurrency, attempts: 3, retry_ms: 1,
    question: ({ text }, row) => /[49]\\.$/.test(utf8String(text, row)) ? undefined : { text: utf8String(text, row) },
    ask: async ({ text }) => {
      const asked = fs.existsSync(log) ? fs.readFileSync(log, "utf8").split("\\n").length - 1 : 0;
      if (asked === Number(process.env.ORACLE_KILL)) process.kill(process.pid, "SIGKILL");
      if (asked === Number(process.env.ORACLE_FAIL)) throw new Error("the oracle is gone");
      if (process.env.ORACLE_SLOW && text.length % 3 === 0 && !refused.has(text)) {
        refused.add(text);
        throw new RetryLater("busy");
      }
      fs.appendFileSync(log, JSON.stringify(text) + "\\n");
      busy++;
      if (busy > concurrency) throw new Error("too many questions at once: " + busy);
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy--;
      return text.length;
    },
    apply: (batch, answer, drop) => {
      const values = Int32Array.from({ length: batch.rows }, (_, row) => answer(row) ?? -1);
      batch.alive.forEach((row) => { if (values[row] % 2 === 1) drop(row, "odd", values[row], "as the oracle says"); });
      return new Map([["length", { kind: "int32", values }]]);
    },
  }),
});
`;

function corpus(t: TestContext, options = ""): { folder: string; log: string; asked: () => string[] } {
  const folder = temporaryFolder(t);
  const log = path.join(folder, "asked.log");
  const rows = Array.from({ length: 120 }, (_, i) => ({ id: `d${i}`, text: `row ${"é".repeat(i % 29)} ${i % 100}.` }));
  const lines = (from: number, to: number) =>
    rows
      .slice(from, to)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  fs.mkdirSync(path.join(folder, "docs"));
  fs.writeFileSync(path.join(folder, "docs", "a.jsonl"), lines(0, 70));
  fs.writeFileSync(path.join(folder, "docs", "b.jsonl"), lines(70, 120));
  fs.writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  fs.writeFileSync(path.join(folder, "oracle.js"), ORACLE);
  fs.writeFileSync(
    path.join(folder, "recipe.yaml"),
    `schema: 1
name: asks
plugins: [ ./oracle.js ]
pipelines:
  asked:
    - { use: filter/length, unit: characters, min: 8 }
    - { use: local/oracle, log: ${JSON.stringify(log)}${options} }
    - { use: filter/column, column: length, min: 0, max: 100 }
sources: { docs: { from: "docs/*.jsonl", pipeline: asked } }
outputs: [ { name: curated, sources: [docs], format: jsonl } ]
`,
  );
  const asked = () => fs.readFileSync(log, "utf8").split("\n").slice(0, -1);
  return { folder, log, asked };
}

/** The rows that come out, and what is said about the run. */
const isProduct = (file: string): boolean =>
  /^(store\/output-|runs\/)/.test(file) && !/plan\.json$|\.lock|\.tmp$/.test(file);

async function build(folder: string, options: Partial<RunOptions> & { readonly out?: string } = {}): Promise<string> {
  const root = path.join(folder, options.out ?? "out");
  const recipe = path.join(folder, "recipe.yaml");
  const { plan, environment, registry } = await prepare(recipe, { out: root, dataRoot: folder });
  await run(plan, { workers: 0, span_bytes: 2_000, ...options, root, environment, registry });
  return root;
}

/** The markers of the spans of a source's first pass. */
async function firstMarkers(folder: string, root: string): Promise<readonly IngestMarker[]> {
  const { plan, layout } = await prepare(path.join(folder, "recipe.yaml"), { out: root, dataRoot: folder });
  const at = layout.ingest(plan.sources[0].passes[0].fingerprint);
  const names = fs.readdirSync(at).filter((name) => /^\d+\.done\.json$/.test(name));
  return names.map((name) => JSON.parse(fs.readFileSync(path.join(at, name), "utf8")) as IngestMarker);
}

test("a killed pass asks nothing twice, and ends with the bytes of one that was not", async (t) => {
  const whole = corpus(t);
  const out = await build(whole.folder);
  const expected = treeDigests(out, isProduct);
  const questions = whole.asked();
  assert.ok(questions.length > 60);
  assert.equal(new Set(questions).size, questions.length, "equal questions of a span are one");
  // The recipe names the log, so that both runs must have the same.
  fs.rmSync(out, { recursive: true });
  fs.rmSync(whole.log);
  let kills = 0;
  for (const at of [0, 17, 18, 70]) {
    const args = [CLI, "run", "recipe.yaml", "--out", "out", "--workers", "1", "--quiet"];
    const env = { ...process.env, ORACLE_KILL: String(at) };
    const { signal } = spawnSync(process.execPath, args, { cwd: whole.folder, env });
    if (signal === "SIGKILL") kills++;
  }
  assert.equal(kills, 4);
  await build(whole.folder);
  assert.equal(new Set(whole.asked()).size, whole.asked().length, "nothing is asked twice");
  assert.deepEqual(whole.asked().sort(), questions.sort());
  assert.deepEqual(treeDigests(out, isProduct), expected);
});

test("the same bytes for one, two and five workers, in any order of spans, with retries", async (t) => {
  const { folder } = corpus(t, ", concurrency: 6");
  const digests: Record<string, string>[] = [];
  for (const workers of [1, 2, 5]) {
    const out = `out-${workers}`;
    if (workers === 2) process.env.ORACLE_SLOW = "1";
    const order = <T>(tasks: readonly T[]) => (workers === 5 ? tasks.toReversed() : tasks);
    await build(folder, { workers, out, order, span_bytes: 800 });
    delete process.env.ORACLE_SLOW;
    digests.push(treeDigests(path.join(folder, out), isProduct));
  }
  assert.ok(
    Object.keys(digests[0]).some((file) => file.endsWith(".jsonl.zst")),
    Object.keys(digests[0]).join(" "),
  );
  assert.deepEqual(digests[1], digests[0]);
  assert.deepEqual(digests[2], digests[0]);
});

test("the first pass's states are kept in its markers, and add up whatever the spans", async (t) => {
  const { folder } = corpus(t);
  const sums: unknown[] = [];
  for (const [i, span_bytes] of [1_000, 1_000_000].entries()) {
    const out = await build(folder, { out: `out-${i}`, span_bytes, keep_intermediates: true });
    const first = await firstMarkers(folder, out);
    const states = first.map(({ stages }) => stages[0].state as { rows: number; total: number });
    assert.equal(states.length > 2, span_bytes === 1_000);
    sums.push([states.reduce((n, { rows }) => n + rows, 0), states.reduce((n, { total }) => n + total, 0)]);
  }
  assert.deepEqual(sums[0], sums[1]);
});

test("a budget of questions ends the run where it is spent; running again goes on", async (t) => {
  const { folder, asked } = corpus(t, ", concurrency: 3");
  let attempts = 0;
  for (let done = false; !done; attempts++) {
    const before = attempts === 0 ? 0 : asked().length;
    try {
      // Threads share a budget, and so does who goes on without them.
      await build(folder, { workers: attempts === 0 ? 2 : 0, max_requests: 30 });
      done = true;
    } catch (error) {
      assert.ok(error instanceof RunError && error.code === "run/request-budget", String(error));
      assert.equal(asked().length, before + 30);
    }
  }
  assert.ok(attempts > 2, `${attempts}`);
  const texts = asked();
  // A span has a journal of its own: equal texts of two spans are asked for in each.
  const free = corpus(t);
  await build(free.folder);
  assert.deepEqual(texts.sort(), free.asked().sort());
});

test("the budget of a rank counts for its process: another one has as many", async (t) => {
  const { folder, asked } = corpus(t);
  const beside = (...args: readonly string[]) =>
    spawnSync(process.execPath, [CLI, ...args, "--out", "out"], { cwd: folder, encoding: "utf8" });
  const shardmill = (...args: readonly string[]) => cliAt(folder, ...args, "--out", "out");
  assert.equal((await shardmill("plan", "recipe.yaml", "--write")).status, 0);
  assert.equal((await shardmill("rank", "asks", "--phase", "cut:docs")).status, 0);
  const first = await shardmill("advance", "asks", "--json");
  const [{ phase }] = (JSON.parse(first.stdout) as Advance).ready;
  assert.equal((await shardmill("rank", "asks", "--phase", phase)).status, 0);
  const second = await shardmill("advance", "asks", "--json");
  const [{ phase: asking }] = (JSON.parse(second.stdout) as Advance).ready;
  for (let process = 1; process <= 2; process++) {
    const rank = beside("rank", "asks", "--phase", asking, "--workers", "0", "--max-requests", "20");
    assert.equal(rank.status, 1, rank.stderr);
    assert.match(rank.stderr, /run\/request-budget/);
    assert.equal(asked().length, 20 * process);
  }
  const free = beside("rank", "asks", "--phase", asking, "--workers", "0");
  assert.equal(free.status, 0, free.stderr);
  assert.equal(new Set(asked()).size, asked().length, "answers of the earlier processes are not asked for again");
});

test("a question that fails ends the span after those that are out, whose answers are kept", async (t) => {
  const { folder, asked } = corpus(t);
  process.env.ORACLE_FAIL = "10";
  t.after(() => {
    delete process.env.ORACLE_FAIL;
  });
  await assert.rejects(build(folder), (error) => {
    assert.ok(error instanceof RunError && error.code === "run/stage-failed", String(error));
    assert.match(error.message, /local\/oracle failed on one of \d+ rows: the oracle is gone/);
    return true;
  });
  assert.equal(asked().length, 10);
});
