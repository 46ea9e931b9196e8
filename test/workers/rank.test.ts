/** Quantile bins as a column: against sorting all rows, in outputs, in token stores, as sub-sources of a mixture. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { isValid, openRun, prepare, RecipeError, run, type TrainingStageManifest, verifyRun } from "../../index.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { Layout } from "../../store/layout.ts";
import { rankDocuments, selectStretch } from "../../workers/tasks/select.ts";
import { writeVouched } from "../io/vouched.ts";
import { randomizer, sentence, TOKENIZER, temporaryFolder } from "./fixture.ts";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly score: number | null;
}

const BINS = 7;
const MIN_WORDS = 5;

/** Scores of either sign, with ties and without one; texts that are too short, and copies. */
function rowsOf(count: number, seed: number): Row[] {
  const random = randomizer(seed);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const text =
      i > 5 && i % 11 === 0 ? rows[random(i)].text : sentence(random, i % 13 === 0 ? 3 : MIN_WORDS + random(9));
    const score = i % 9 === 4 ? null : i % 3 === 0 ? random(5) - 2 : (random(1_000_000) - 500_000) / 1000;
    rows.push({ id: `${seed}-${i}`, text, score });
  }
  return rows;
}

/** The bin of every row that the stages before leave, by id. */
function expected(sources: readonly (readonly Row[])[]): Map<string, number | null> {
  const bins = new Map<string, number | null>();
  const scored: Row[] = [];
  for (const rows of sources) {
    const seen = new Set<string>();
    for (const row of rows) {
      if (row.text.split(" ").length < MIN_WORDS || seen.has(row.text)) continue;
      seen.add(row.text);
      bins.set(row.id, null);
      if (row.score !== null) scored.push(row);
    }
  }
  scored.sort((a, b) => (a.score ?? 0) - (b.score ?? 0));
  for (const [rank, { id }] of scored.entries()) bins.set(id, Math.floor((rank * BINS) / scored.length));
  return bins;
}

const RANKED = `{ use: filter/length, unit: words, min: ${MIN_WORDS} }, { use: dedup/exact }, { use: annotate/quantile, column: score, bins: ${BINS}`;

function recipeOf(stages: string, more: string, sources: readonly string[] = ["web"]): string {
  const of = sources.map(
    (name) => `  ${name}: { from: ${name}.jsonl, metadata: [{ name: score, kind: float64 }], pipeline: all }\n`,
  );
  return `schema: 1\nname: ranked\npipelines:\n  all: [ ${stages} ]\nsources:\n${of.join("")}${more}`;
}

const outputsOf = (names: string, more = ""): string =>
  `outputs:\n  - { name: rows, sources: [${names}], format: { use: jsonl, codec: none }${more} }\n`;

async function build(t: TestContext, recipe: string, sources: Record<string, readonly Row[]>, span_bytes = 900) {
  const root = temporaryFolder(t);
  const out = path.join(root, "out");
  for (const [name, rows] of Object.entries(sources)) {
    fs.writeFileSync(path.join(root, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  fs.writeFileSync(path.join(root, "ranked.yaml"), recipe);
  const { plan, environment, registry } = await prepare(path.join(root, "ranked.yaml"), { out, dataRoot: root });
  await run(plan, { root: out, environment, registry, workers: 0, span_bytes });
  assert.deepEqual(await verifyRun(openRun("ranked", out)), []);
  return { plan, out };
}

function rowsIn(out: string, folder = "."): Record<string, unknown>[] {
  const at = path.join(out, "runs/ranked/outputs/rows", folder);
  const names = fs.readdirSync(at).filter((name) => name.endsWith(".jsonl"));
  return names.flatMap((name) =>
    fs
      .readFileSync(path.join(at, name), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

const binsIn = (rows: readonly Record<string, unknown>[]) => new Map(rows.map((row) => [row.id, row.quantile_bin]));

test("each row has the bin of its rank, however the rows are cut into spans; rows without a score have none", async (t) => {
  const rows = rowsOf(150, 3);
  const bins = expected([rows]);
  const sizes = Array.from({ length: BINS }, (_, bin) => [...bins.values()].filter((found) => found === bin).length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1 && [...bins.values()].includes(null));
  for (const span_bytes of [600, 1 << 20]) {
    const { out } = await build(t, recipeOf(`${RANKED} }`, outputsOf("web")), { web: rows }, span_bytes);
    assert.deepEqual(binsIn(rowsIn(out)), bins);
  }
});

test("sources of a pipeline are ranked together where that is asked; dropped rows have their bins too", async (t) => {
  const sources = { web: rowsOf(80, 3), news: rowsOf(90, 4) };
  const more = outputsOf("web, news", ", keep_dropped: true, columns: [id, quantile_bin]");
  const stages = `${RANKED}, scope: pipeline }, { use: filter/sample, count: 20 }`;
  const { out } = await build(t, recipeOf(stages, more, ["web", "news"]), sources);
  const bins = expected([sources.web, sources.news]);
  const [kept, fell] = [rowsIn(out), rowsIn(out, "dropped")];
  assert.equal(kept.length, 40);
  const ranked = [...kept, ...fell.filter(({ dropped_by }) => dropped_by === "sample")];
  assert.deepEqual(binsIn(ranked), bins);
});

test("a token store has the column, and training stages choose documents by it", async (t) => {
  const rows = rowsOf(150, 5);
  const bins = expected([rows]);
  const more = `tokenizer: ${TOKENIZER}
shard_tokens: 300
training_stages:
  - { name: best, tokens: 60, sequence_length: 16, pack: concat, weights: { web: { share: 1, score: { column: quantile_bin, min: 6 } } } }
limits: { max_epochs: 50 }
`;
  const { plan, out } = await build(t, recipeOf(`${RANKED} }`, more), { web: rows });
  const folder = new Layout(out).tokens(plan.sources[0].tokens);
  const stored = new Map<unknown, number | null>();
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith(".documents.arrow"))) {
    const table = decodeArrow(fs.readFileSync(path.join(folder, name)), name);
    const bin = table.columns.get("quantile_bin");
    const score = table.columns.get("score");
    assert.ok(bin?.kind === "int32" && score?.kind === "float64");
    for (let row = 0; row < table.rows; row++) {
      const key = isValid(score, row) ? score.values[row] : null;
      const value = isValid(bin, row) ? bin.values[row] : null;
      stored.set(`${key} ${value}`, (stored.get(`${key} ${value}`) ?? 0) + 1);
    }
  }
  const wanted = new Map<unknown, number>();
  const scores = new Map(rows.map(({ id, score }) => [id, score]));
  for (const [id, bin] of bins) {
    const key = `${scores.get(id)} ${bin}`;
    wanted.set(key, (wanted.get(key) ?? 0) + 1);
  }
  assert.deepEqual(stored, wanted);
  const file = path.join(out, "runs/ranked/manifests/best.json");
  const { selection } = (JSON.parse(fs.readFileSync(file, "utf8")) as TrainingStageManifest).sources.web;
  const best = [...bins.values()].filter((bin) => bin === BINS - 1).length;
  assert.equal(selection?.documents_skipped, bins.size - best);
});

test("a column that rows have, or that two stages give, is refused", async (t) => {
  const [row] = rowsOf(1, 1);
  const both = `${RANKED} }, { use: annotate/quantile, id: more, column: score, bins: 3 }`;
  for (const stages of [`${RANKED}, column_of_bins: score }`, both]) {
    await assert.rejects(
      build(t, recipeOf(stages, outputsOf("web")), { web: [row] }),
      (error) => error instanceof RecipeError && error.code === "recipe/taken-column",
    );
  }
});

test("bins are the stretches between the same quantiles, for any number of rows, bins and files", (t) => {
  const folder = temporaryFolder(t);
  const random = randomizer(1);
  for (const [documents, bins, files] of [
    [100, 10, 3],
    [30, 7, 5],
    [3, 10, 1],
    [0, 4, 2],
    [997, 100, 4],
  ]) {
    const ordered = Array.from({ length: documents }, (_, i) => i).sort(
      (a, b) => ((a * 7919) % 1009) - ((b * 7919) % 1009),
    );
    const cuts = [
      0,
      ...Array.from({ length: files - 1 }, () => random(documents + 1)).sort((a, b) => a - b),
      documents,
    ];
    const parts = Array.from({ length: files }, (_, file) =>
      writeVouched(path.join(folder, `${documents}-${bins}-${file}`), (sink) =>
        sink.write(new Uint8Array(Uint32Array.from(ordered.slice(cuts[file], cuts[file + 1])).buffer)),
      ),
    );
    const found = rankDocuments(documents + 1, parts, bins);
    assert.equal(found[documents], 0, "it is in no file");
    for (let bin = 0; bin < bins; bin++) {
      const roots = selectStretch(documents, parts, { min_quantile: bin / bins, max_quantile: (bin + 1) / bins });
      for (let document = 0; document < documents; document++) {
        assert.equal(found[document] === bin + 1, roots[document] === document);
      }
    }
  }
});
