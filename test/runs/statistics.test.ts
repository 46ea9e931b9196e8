/** What a run counts of its sources, against counting the same rows here. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { runRecipe } from "../../index.ts";
import { article, randomizer, temporaryFolder } from "../workers/fixture.ts";

const SHORT = 400;
const RECIPE = `schema: 1
name: counted
pipelines:
  web:
    - { use: annotate/statistics, id: first, columns: [meta.score, language], hosts: [url] }
    - { use: filter/length, unit: bytes, min: ${SHORT} }
    - { use: annotate/statistics, id: last, columns: [language], max_values: 2 }
sources:
  web: { from: "web/*.jsonl", pipeline: web, metadata: [meta, language, url] }
outputs: [{ name: rows, columns: [text] }]
`;

test("statistics of a source: JSON and one table, before and after a filter, whatever the spans", async (t) => {
  const root = temporaryFolder(t);
  const random = randomizer(5);
  const rows = Array.from({ length: 300 }, (_, i) => ({
    text: article(random, 1 + random(9)),
    meta: i % 7 === 0 ? null : { score: random(80) / 16 },
    language: ["en", "de", "fr", "日本"][Math.min(random(6), 3)],
    url: `https://${i % 2 === 0 ? "WWW." : ""}site${random(5)}.example${i % 3 === 0 ? ":8080" : ""}/${i}`,
  }));
  fs.mkdirSync(path.join(root, "web"));
  for (const shard of [0, 1, 2]) {
    const lines = rows.slice(shard * 100, shard * 100 + 100).map((row) => `${JSON.stringify(row)}\n`);
    fs.writeFileSync(path.join(root, "web", `${shard}.jsonl`), lines.join(""));
  }
  fs.writeFileSync(path.join(root, "recipe.yaml"), RECIPE);
  const out = path.join(root, "out");
  await runRecipe(path.join(root, "recipe.yaml"), { out, dataRoot: root, workers: 0 });
  const folder = path.join(out, "runs/counted/statistics");
  assert.deepEqual(fs.readdirSync(folder).sort(), ["statistics.parquet", "web.json"]);
  const { source, stages } = JSON.parse(fs.readFileSync(path.join(folder, "web.json"), "utf8"));
  assert.equal(source, "web");
  const [first, last] = stages.map(({ statistics }: { statistics: object }) => statistics);
  assert.deepEqual(
    stages.map(({ stage }: { stage: string }) => stage),
    ["first", "last"],
  );

  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const counted = (values: readonly string[]): [string, number][] => {
    const counts = new Map<string, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  };
  assert.equal(first.rows, 300);
  assert.equal(first.text.words.sum, sum(rows.map(({ text }) => text.split(/\s+/).length)));
  assert.equal(first.text.lines.sum, sum(rows.map(({ text }) => text.split("\n").length)));
  assert.equal(first.text.bytes.max, Math.max(...rows.map(({ text }) => text.length)));
  const scores = rows.flatMap(({ meta }) => (meta === null ? [] : [meta.score]));
  assert.equal(first.columns["meta.score"].nulls, 300 - scores.length);
  assert.equal(first.columns["meta.score"].numbers.sum, sum(scores));
  assert.deepEqual(first.columns.language.values, {
    count: 300,
    max_error: 0,
    values: counted(rows.map(({ language }) => language)),
  });
  assert.deepEqual(
    first.hosts.url.values.values,
    counted(rows.map(({ url }) => new URL(url).hostname.replace(/^www\./, ""))),
  );
  const kept = rows.filter(({ text }) => text.length >= SHORT);
  assert.equal(last.rows, kept.length);
  assert.ok(kept.length > 50 && kept.length < 250);
  assert.equal(last.columns.language.values.values.length, 2);
  assert.ok(last.columns.language.values.max_error > 0);

  const file = await asyncBufferFromFile(path.join(folder, "statistics.parquet"));
  const table = await parquetReadObjects({ file, compressors });
  const row = (stage: string, measure: string, figure: string) =>
    table.filter((one) => one.stage === stage && one.measure === measure && one.figure === figure);
  assert.equal(row("first", "text.bytes", "sum")[0]?.amount, first.text.bytes.sum);
  assert.equal(sum(row("last", "text.words", "bucket").map(({ amount }) => Number(amount))), kept.length);
  assert.deepEqual(
    row("first", "hosts.url", "value").map(({ value, amount }) => [value, amount]),
    first.hosts.url.values.values,
  );
});
