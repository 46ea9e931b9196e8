/** Pages of a small run: done, unfinished, beside another; with its input and without. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { runFacts } from "../../report/facts/run-facts.ts";
import { reportPage } from "../../report/report.ts";
import { runPage } from "../../report/run-page.ts";
import { runRecipe } from "../../runs/run-recipe.ts";
import { openRun } from "../../runs/status.ts";
import { TOKENIZER, temporaryFolder, writeCorpus } from "../workers/fixture.ts";

const RECIPE = (name: string, web: number) => `schema: 1
name: ${name}
seed: 3
tokenizer: ${TOKENIZER}
pipelines:
  web:
    - { use: filter/gopher-quality, min_words: 20, min_alphabetic_words_ratio: null }
    - { use: dedup/exact }
sources:
  web: { from: "web/*", read: jsonl, pipeline: web }
  code: { from: "code/*.jsonl", text: content }
training_stages:
  - { name: stage1, tokens: 6000, sequence_length: 64, pack: concat, weights: { web: ${web}, code: ${1 - web} } }
limits: { max_epochs: 4 }
gates: { max_weight_error: 0.2, min_packing_fill: 0.99 }
`;

const opening = (page: string, id: string): string =>
  page.split(`<section id="${id}">`)[1]?.split("</section>")[0] ?? "";

test("pages of runs", async (t) => {
  const root = temporaryFolder(t);
  const counts = writeCorpus(root, 120);
  const out = path.join(root, "out");
  const recipe = (name: string, web: number): string => {
    const file = path.join(root, `${name}.yaml`);
    fs.writeFileSync(file, RECIPE(name, web));
    return file;
  };
  const options = { dataRoot: root, texts: true };
  await runRecipe(recipe("one", 0.75), { out, dataRoot: root, workers: 0 });
  const facts = await runFacts(openRun("one", out), options);

  await t.test("facts are those of the run", () => {
    const [web, code] = facts.sources;
    assert.deepEqual([web.name, code.name], ["web", "code"]);
    assert.equal(web.rows_in, counts.web);
    const [quality, exact] = web.steps;
    const few = quality.reasons.find(({ reason }) => reason === "too_few_words");
    assert.ok(few !== undefined && few.dropped > 0);
    const [rule] = few.rules;
    const fell = rule.bins.filter(([bin]) => bin < 32).reduce((sum, [, rows]) => sum + rows, 0);
    assert.equal(fell, few.dropped);
    assert.equal(web.rows_in - quality.dropped - exact.dropped, web.kept);
    for (const { address, id, text, value = 0 } of rule.dropped_examples) {
      assert.match(address, /^web\/[abc]\.jsonl(\.gz)?#\d+$/);
      assert.match(id ?? "", /^doc-\d+$/);
      assert.equal(text?.split(" ").length, value);
    }
    assert.equal(web.lengths?.documents, web.kept);
    assert.equal(web.lengths?.tokens, web.tokens);
    assert.ok((facts.clusters[0]?.members_shown.length ?? 0) >= 2);
    const [survivor, other] = facts.clusters[0]?.members_shown ?? [];
    assert.equal(survivor?.text, other?.text);
    assert.equal(facts.times?.workers, 0);
    const read = facts.strips.flatMap(({ pieces }) => pieces);
    assert.ok(read.length > 0 && read.every(({ from, to }) => from < to && to <= 65));
  });

  await t.test("every section says something, and equal facts are equal pages", () => {
    const page = runPage(facts);
    assert.ok(page.length < 2_000_000);
    for (const id of ["flow", "mixture", "drops", "lengths", "duplicates", "packing", "tokenizer", "lineage", "time"]) {
      assert.match(opening(page, id), /<svg|<table/, id);
    }
    assert.match(opening(page, "benchmarks"), /class="empty">Not looked for/);
    assert.match(opening(page, "held-out"), /class="empty">This recipe holds nothing out/);
    assert.match(opening(page, "drops"), /too_few_words[\s\S]*nearest to <code>min_words: 20<\/code>/);
    assert.match(page, /<li class="badge ok">[\s\S]*max_weight_error/);
    assert.equal(runPage(facts), page);
  });

  await t.test("states: a gate that fails, names that do harm, input that is gone, no texts", async () => {
    const gates = facts.gates.map((gate) => ({ ...gate, ok: false }));
    const name = "</h1><script>alert(1)</script>\u202e";
    const page = runPage({ ...facts, name, gates, done: false, failure: "the disk is full" });
    assert.match(page, /<li class="badge fail"><b aria-hidden="true">✕<\/b>/);
    assert.match(page, /Not done: the disk is full\./);
    assert.doesNotMatch(page, /<script>alert/);
    const silent = await runFacts(openRun("one", out), { ...options, texts: false });
    assert.doesNotMatch(runPage(silent), /<pre/);
    const away = await runFacts(openRun("one", out), { dataRoot: path.join(root, "elsewhere"), texts: true });
    assert.match(opening(runPage(away), "drops"), /Texts are not shown: /);
  });

  await t.test("two runs side by side", async () => {
    await runRecipe(recipe("two", 0.5), { out, dataRoot: root, workers: 0 });
    const page = await reportPage([openRun("one", out), openRun("two", out)], options);
    const differs = opening(page, "differs");
    assert.match(differs, /training_stages\.stage1\.weights\.web/);
    assert.doesNotMatch(differs, /seed|max_epochs/);
    assert.match(opening(page, "stores"), /all 2/);
    assert.match(opening(page, "runs"), /baseline/);
  });

  await t.test("a run that is not done has a page of what is there", async () => {
    const folder = path.join(out, "runs/two");
    fs.rmSync(path.join(folder, "finished.json"));
    fs.rmSync(path.join(folder, "manifests"), { recursive: true });
    const page = await reportPage([openRun("two", out)], options);
    assert.match(page, /<b class="bad">Not done/);
    assert.match(opening(page, "mixture"), /Not there yet/);
    assert.match(opening(page, "flow"), /<svg/);
  });
});
