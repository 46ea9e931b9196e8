/** Rows that come out again: passes, barriers that edit, outputs and what they leave aside, against a plain re-implementation. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import {
  exportRun,
  nextTrainingStage,
  openRun,
  packingReport,
  prepare,
  type RunResult,
  replayMixture,
  run,
  verifyRun,
} from "../../index.ts";
import { article, randomizer, sentence, TOKENIZER, temporaryFolder, treeDigests } from "../workers/fixture.ts";

const NOTICE = "This site uses cookies and similar technologies to measure what you read.";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly score: number;
  readonly meta: { readonly n: number };
}

const RECIPE = `schema: 1
name: rows
seed: 3
pipelines:
  web:
    - { use: filter/gopher-quality, min_words: 12, min_stop_words: 0 }
    - { use: dedup/lines }
    - { use: dedup/exact }
sources:
  web: { from: "web/*.jsonl", pipeline: web, metadata: [{ name: score, kind: float64 }, meta] }
outputs:
  - { name: lines, format: { use: jsonl, codec: none }, shard_bytes: 20K, keep_dropped: true }
  - { name: table, columns: [id, { name: meta, type: "struct<n: int32>" }], shard_bytes: 1M }
`;

/** Rows with copies, with a notice that many share, and with too few words. */
function rowsOf(count: number): Row[] {
  const random = randomizer(11);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const own = article(random, 2 + random(9));
    const noticed = i % 4 === 0 ? `${own}\n${NOTICE}\n` : own;
    const text = i > 30 && i % 11 === 0 ? rows[random(20)].text : i % 17 === 0 ? sentence(random, 4) : noticed;
    rows.push({ id: `r${i}`, text, score: random(1000) / 8, meta: { n: i } });
  }
  return rows;
}

/** What the recipe means, a row at a time: short ones fall, lines seen before go, then texts seen before. */
function expected(rows: readonly Row[]): { kept: Row[]; fell: Map<string, string> } {
  const fell = new Map<string, string>();
  const long = rows.filter(({ id, text }) => {
    if (text.split(/\s+/).length >= 12) return true;
    fell.set(id, "too_few_words");
    return false;
  });
  const lines = new Set<string>();
  const edited = long.map((row) => {
    const parts = row.text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const kept = parts.filter((part) => {
      const line = part.trim();
      if (Buffer.byteLength(line) < 32 || !lines.has(line)) {
        lines.add(line);
        return true;
      }
      return false;
    });
    return { ...row, text: kept.join("") };
  });
  const texts = new Set<string>();
  const kept = edited.filter(({ id, text }) => {
    const reason = text.trim() === "" ? "nothing_left" : texts.has(text) ? "duplicate" : undefined;
    if (reason !== undefined) fell.set(id, reason);
    texts.add(text);
    return reason === undefined;
  });
  return { kept, fell };
}

function project(t: TestContext, rows: readonly Row[]): string {
  const root = temporaryFolder(t);
  fs.mkdirSync(path.join(root, "web"));
  const third = Math.ceil(rows.length / 3);
  for (let shard = 0; shard < 3; shard++) {
    const lines = rows.slice(shard * third, (shard + 1) * third).map((row) => `${JSON.stringify(row)}\n`);
    fs.writeFileSync(path.join(root, "web", `${shard}.jsonl`), lines.join(""));
  }
  fs.writeFileSync(path.join(root, "rows.yaml"), RECIPE);
  return root;
}

interface Variant {
  readonly workers: number;
  readonly span_bytes: number;
  readonly shuffle?: number;
}

async function build(root: string, out: string, { workers, span_bytes, shuffle }: Variant): Promise<RunResult> {
  const { plan, environment, registry } = await prepare(path.join(root, "rows.yaml"), { out, dataRoot: root });
  const random = randomizer(shuffle ?? 0);
  return run(plan, {
    root: out,
    workers,
    environment,
    registry,
    span_bytes,
    ...(shuffle === undefined ? {} : { order: (tasks) => [...tasks].sort(() => random(3) - 1) }),
  });
}

function linesIn(folder: string): Record<string, unknown>[] {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("an output holds what the pipeline leaves, in order, and what it took with the reason", async (t) => {
  const rows = rowsOf(240);
  const { kept, fell } = expected(rows);
  assert.ok(new Set(fell.values()).size === 3, "the corpus shows every way to fall");
  const root = project(t, rows);
  const out = path.join(root, "out");
  const result = await build(root, out, { workers: 0, span_bytes: 7_000 });
  const folder = path.join(out, "runs/rows/outputs/lines");
  assert.deepEqual(
    linesIn(folder).map(({ id, text, score, meta }) => ({ id, text, score, meta: JSON.parse(String(meta)) })),
    kept.map((row) => ({ ...row })),
  );
  const dropped = linesIn(path.join(folder, "dropped"));
  assert.deepEqual(new Map(dropped.map(({ id, reason }) => [String(id), String(reason)])), fell);
  const short = dropped.find(({ reason }) => reason === "too_few_words");
  assert.equal(short?.dropped_by, "gopher-quality");
  assert.ok(typeof short?.value === "number" && short.value < 12, "the measured value is there");
  const [web] = result.sources;
  assert.equal(web.rows_in, rows.length);
  assert.equal(web.kept, kept.length);
  assert.equal(result.outputs[0].dropped_rows, fell.size);
  assert.ok(result.outputs[0].files > 1, "shard_bytes cuts the rows into several files");
  const card = fs.readFileSync(path.join(folder, "README.md"), "utf8");
  assert.ok(card.includes(`| rows | ${kept.length} |`) && card.includes("lines: nothing_left"));
  assert.deepEqual(await verifyRun(openRun("rows", out)), []);
});

test("workers, spans and order change no byte of an output", async (t) => {
  const root = project(t, rowsOf(200));
  const digests: Record<string, string>[] = [];
  const variants: readonly Variant[] = [
    { workers: 1, span_bytes: 1e9 },
    { workers: 2, span_bytes: 6_000, shuffle: 5 },
    { workers: 5, span_bytes: 2_500, shuffle: 9 },
  ];
  for (const [i, variant] of variants.entries()) {
    const out = path.join(root, `out${i}`);
    await build(root, out, variant);
    digests.push(treeDigests(path.join(out, "runs/rows/outputs")));
  }
  assert.ok(Object.keys(digests[0]).length > 5);
  assert.deepEqual(digests[1], digests[0]);
  assert.deepEqual(digests[2], digests[0]);
});

test("--keep-dropped is as if every output said so, and an error where there is none", async (t) => {
  const root = project(t, rowsOf(60));
  const recipe = path.join(root, "rows.yaml");
  const options = { out: root, dataRoot: root };
  const asked = await prepare(recipe, { ...options, keepDropped: true });
  assert.ok(asked.plan.outputs.every(({ keep_dropped }) => keep_dropped));
  assert.ok((await prepare(recipe, options)).plan.outputs.some(({ keep_dropped }) => !keep_dropped));
  const tokens = `tokenizer: ${TOKENIZER}
training_stages: [ { name: s, tokens: 1K, sequence_length: 64, weights: { web: 1 } } ]
`;
  fs.writeFileSync(recipe, RECIPE.slice(0, RECIPE.indexOf("outputs:")) + tokens);
  await assert.rejects(prepare(recipe, { ...options, keepDropped: true }), { code: "flag/no-outputs" });
});

test("a changed file of an output is found by verify", async (t) => {
  const root = project(t, rowsOf(60));
  const out = path.join(root, "out");
  await build(root, out, { workers: 0, span_bytes: 1e9 });
  const file = path.join(out, "runs/rows/outputs/table/train-00000-of-00001.parquet");
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  fs.rmSync(file);
  fs.writeFileSync(file, bytes);
  const findings = await verifyRun(openRun("rows", out));
  assert.deepEqual(
    findings.map(({ code, file: where }) => [code, where]),
    [["verify/export-changed", "table/train-00000-of-00001.parquet"]],
  );
});

test("a column of the name of a verdict's is refused where dropped rows are kept, before anything is read", async (t) => {
  const root = project(t, rowsOf(10));
  const recipe = path.join(root, "rows.yaml");
  for (const name of ["dropped_by", "reason", "value", "detail"]) {
    fs.writeFileSync(
      recipe,
      RECIPE.replace("metadata: [", `metadata: [{ name: ${name}, path: score, kind: float64 }, `),
    );
    await assert.rejects(prepare(recipe, { out: root, dataRoot: root }), (error: Error) => {
      assert.match(error.message, /recipe\/column-clash/);
      assert.ok(error.message.includes(`the source web has a column ${name}, and output lines gives dropped rows one`));
      assert.match(error.message, /rows\.yaml:\d+:\d+/);
      return true;
    });
  }
  fs.writeFileSync(recipe, fs.readFileSync(recipe, "utf8").replace(", keep_dropped: true", ""));
  const { plan } = await prepare(recipe, { out: root, dataRoot: root });
  assert.ok(
    plan.outputs[0].columns.some(({ name }) => name === "detail"),
    "without dropped rows it is a column like any",
  );
});

test("what is about training stages says of a recipe of outputs alone that it has none", async (t) => {
  const root = project(t, rowsOf(40));
  const out = path.join(root, "out");
  await build(root, out, { workers: 0, span_bytes: 1e9 });
  const checkpoint = path.join(root, "checkpoint.json");
  fs.writeFileSync(checkpoint, "{}");
  const opened = openRun("rows", out);
  const none = { code: "flag/no-training-stages", exitCode: 2, message: /rows has no training stages/ };
  await assert.rejects(replayMixture(path.join(root, "rows.yaml"), { out }), none);
  await assert.rejects(replayMixture("rows", { out }), none);
  await assert.rejects(nextTrainingStage("rows", { out, checkpoint }), none);
  await assert.rejects(exportRun(opened, "trl"), none);
  await assert.rejects(packingReport(opened), none);
});
