import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { openRun, prepare, type RunEvent, type RunResult, run, runStatus, verifyRun } from "../../index.ts";
import { isResult, RECIPE, randomizer, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

interface Variant {
  readonly workers?: number;
  readonly shuffle?: number;
  readonly span_bytes?: number;
  readonly match_memory_bytes?: number;
}

function project(t: TestContext, recipe = RECIPE): { root: string; recipe: string } {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(file, recipe);
  return { root, recipe: file };
}

async function build(at: { root: string; recipe: string }, out: string, variant: Variant = {}): Promise<RunResult> {
  const prepared = await prepare(at.recipe, { out, dataRoot: at.root });
  const random = randomizer(variant.shuffle ?? 1);
  return run(prepared.plan, {
    root: out,
    workers: variant.workers ?? 0,
    environment: prepared.environment,
    registry: prepared.registry,
    span_bytes: variant.span_bytes ?? 8_000,
    ...(variant.match_memory_bytes === undefined ? {} : { match_memory_bytes: variant.match_memory_bytes }),
    ...(variant.shuffle === undefined ? {} : { order: (tasks) => shuffled(tasks, random) }),
  });
}

function shuffled<T>(items: readonly T[], random: (bound: number) => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

test("a run builds stores, windows, manifests and an export that verify", async (t) => {
  const at = project(t);
  const out = path.join(at.root, "out");
  const result = await build(at, out);
  const web = result.sources.find((source) => source.name === "web");
  assert.equal(web?.rows_in, 240);
  const dropped = Object.values(web?.dropped ?? {}).reduce((total, count) => total + count, 0);
  assert.equal((web?.kept ?? 0) + dropped, 240);
  assert.ok((web?.dropped["gopher-quality:too_few_words"] ?? 0) > 5);
  assert.ok((web?.dropped["exact:duplicate"] ?? 0) > 5);
  assert.deepEqual(
    result.training_stages.map(({ name, tokens }) => [name, tokens]),
    [
      ["stage1", 12_032],
      ["stage2", 6_016],
      ["long", 4_096],
    ],
  );
  assert.deepEqual(await verifyRun(openRun("tiny", out)), []);
  const status = runStatus(openRun(path.join(out, "runs", "tiny"), "elsewhere"));
  assert.equal(status.done, true);
});

test("two sources of the same text and pipeline share what is ingested until both have their stores", async (t) => {
  const again = '  again: { from: "web/*", read: jsonl, metadata: [url], pipeline: web }\nshard_tokens:';
  const recipe = RECIPE.replace("shard_tokens:", again).replace(
    "web: 0.9, code: 0.1",
    "web: 0.8, code: 0.1, again: 0.1",
  );
  const at = project(t, recipe);
  const result = await build(at, path.join(at.root, "out"));
  const [web, copy] = ["web", "again"].map((name) => result.sources.find((source) => source.name === name));
  assert.deepEqual({ ...copy, name: "" }, { ...web, name: "" });
});

test("the exact survivors are the lowest addresses of each distinct text", async (t) => {
  const recipe = RECIPE.replace(/ {4}- \{ use: filter.*\n/, "").replace("    - { use: dedup/minhash }\n", "");
  const at = project(t, recipe);
  const out = path.join(at.root, "out");
  const result = await build(at, out);
  const texts = ["a.jsonl", "b.jsonl.gz", "c.jsonl"].flatMap((name) => {
    const bytes = fs.readFileSync(path.join(at.root, "web", name));
    const text = name.endsWith(".gz") ? gunzip(bytes) : bytes.toString("utf8");
    return text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { text: string }).text);
  });
  assert.equal(result.sources[0].kept, new Set(texts).size);
});

test("same bytes for 1, 2 and 5 workers, shuffled completion, other spans and other memory", async (t) => {
  const at = project(t);
  const variants: readonly Variant[] = [
    { workers: 1 },
    { workers: 2, shuffle: 11 },
    { workers: 5, shuffle: 12 },
    { workers: 0, span_bytes: 1_000_000 },
    { workers: 0, span_bytes: 3_000, match_memory_bytes: 4_096 },
  ];
  const digests: Record<string, string>[] = [];
  for (const [index, variant] of variants.entries()) {
    const out = path.join(at.root, `out-${index}`);
    await build(at, out, variant);
    digests.push(treeDigests(out, isResult));
  }
  assert.ok(Object.keys(digests[0]).length > 20);
  for (const other of digests.slice(1)) assert.deepEqual(withoutShards(other), withoutShards(digests[0]));
});

test("verified near-duplicates: same bytes for 1, 2 and 5 workers, other spans and other memory", async (t) => {
  const loose = "{ use: dedup/minhash, ngram: 3, bands: 40, rows: 2";
  const variants: readonly (Variant & { readonly verify?: string })[] = [
    { workers: 0 },
    { workers: 1, verify: ", verify: 0.5" },
    { workers: 2, shuffle: 21, span_bytes: 1_000_000, verify: ", verify: 0.5" },
    { workers: 5, span_bytes: 3_000, match_memory_bytes: 4_096, verify: ", verify: 0.5" },
  ];
  const kept: number[] = [];
  const digests: Record<string, string>[] = [];
  for (const [index, { verify = "", ...variant }] of variants.entries()) {
    const at = project(t, RECIPE.replace("{ use: dedup/minhash", `${loose}${verify}`));
    const out = path.join(at.root, `out-${index}`);
    const result = await build(at, out, variant);
    kept.push(result.sources.reduce((total, source) => total + source.kept, 0));
    digests.push(withoutShards(treeDigests(out, isResult)));
    const files = fs.readdirSync(out, { recursive: true }).filter((file) => String(file).endsWith(".signatures"));
    assert.equal(files.length > 0, verify !== "");
  }
  assert.ok(kept[0] < kept[1], `${kept}`);
  assert.deepEqual(kept.slice(2), [kept[1], kept[1]]);
  for (const other of digests.slice(2)) assert.deepEqual(other, digests[1]);
});

/** Completion markers of shards name parts, and parts follow spans; all else must be equal. */
function withoutShards(digests: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(digests).filter(([file]) => !/done\.json$/.test(file)));
}

test("running again does nothing; a stop in the middle goes on to the same bytes", async (t) => {
  const at = project(t);
  const whole = path.join(at.root, "whole");
  await build(at, whole);
  const before = treeDigests(whole, isResult);
  await build(at, whole, {});
  assert.deepEqual(treeDigests(whole, isResult), before);

  const out = path.join(at.root, "stopped");
  const prepared = await prepare(at.recipe, { out, dataRoot: at.root });
  const stop = new AbortController();
  let tasks = 0;
  await assert.rejects(
    run(prepared.plan, {
      root: out,
      workers: 2,
      environment: prepared.environment,
      registry: prepared.registry,
      span_bytes: 8_000,
      stop: stop.signal,
      report: (event) => {
        if (event.type === "task_done" && ++tasks === 5) stop.abort();
      },
    }),
    { code: "run/interrupted" },
  );
  assert.equal(runStatus(openRun("tiny", out)).done, false);
  await build(at, out);
  assert.deepEqual(treeDigests(out, isResult), before);
});

test("a stop while exports are written is seen between two of them; the same command ends the run", async (t) => {
  const at = project(t, RECIPE.replace("exports: [nanotron]", "exports: [nanotron, trl]"));
  const out = path.join(at.root, "out");
  const prepared = await prepare(at.recipe, { out, dataRoot: at.root });
  const stop = new AbortController();
  const options = {
    root: out,
    workers: 0,
    environment: prepared.environment,
    registry: prepared.registry,
    stop: stop.signal,
    report: (event: RunEvent) => {
      if (event.type === "phases" && event.done === event.total) stop.abort();
    },
  };
  await assert.rejects(run(prepared.plan, options), /run\/interrupted/);
  assert.equal(fs.existsSync(path.join(out, "runs", "tiny", "exports")), false);
  assert.equal(runStatus(openRun("tiny", out)).done, false);
  const result = await build(at, out);
  assert.equal(result.exports.length, 7);
});

test("a store is shared: another mixture over the same sources reads no text again", async (t) => {
  const at = project(t);
  const out = path.join(at.root, "out");
  await build(at, out);
  fs.writeFileSync(
    at.recipe,
    RECIPE.replace("web: 0.9, code: 0.1", "web: 0.8, code: 0.2").replace("name: tiny", "name: other"),
  );
  fs.rmSync(path.join(at.root, "web"), { recursive: true });
  fs.mkdirSync(path.join(at.root, "web"));
  writeCorpus(at.root);
  const prepared = await prepare(at.recipe, { out, dataRoot: at.root });
  const phases = new Set<string>();
  await run(prepared.plan, {
    root: out,
    workers: 0,
    environment: prepared.environment,
    registry: prepared.registry,
    report: (event) => {
      if (event.type === "task_done" && !event.reused) phases.add(event.phase);
    },
  });
  assert.deepEqual([...phases], []);
});

function gunzip(bytes: Uint8Array): string {
  return gunzipSync(bytes).toString("utf8");
}
