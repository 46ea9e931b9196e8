/** Decontamination against the decisions of a Python script of the same rule: see test/golden/scripts/decontamination.py. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import type { Batch } from "../../../batch/batch.ts";
import { NO_RESOURCES, type TransformOperator } from "../../../stages/define.ts";
import stage from "../../../stages/filter/decontaminate.ts";
import { batchOf, batchOfRows, valueAt } from "../../batch-of.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { ROOT } from "../../project-root.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

interface Golden {
  readonly benchmarks: Readonly<Record<string, readonly string[]>>;
  readonly texts: readonly string[];
  /** By words of an n-gram, by text, by benchmark: the n-grams that they share. */
  readonly shared: Readonly<Record<string, readonly Readonly<Record<string, readonly string[]>>[]>>;
  readonly too_short: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const golden = JSON.parse(
  gunzipSync(readFileSync(join(ROOT, "test/golden/decontamination/ngrams.json.gz"))).toString("utf8"),
) as Golden;

interface Dropped {
  readonly row: number;
  readonly value: number;
  readonly benchmark: string;
  readonly ngram: string;
}

async function open(options: Readonly<Record<string, unknown>>): Promise<TransformOperator> {
  const operator = stage.create(stage.options.parse(options), { ...NO_RESOURCES, assets: LOCAL_ASSETS, seed: [0, 0] });
  await operator.prepare?.();
  return operator;
}

function dropped(operator: TransformOperator, batch: Batch): Dropped[] {
  const out: Dropped[] = [];
  operator.apply(batch, (row, _reason, value = Number.NaN, detail = "") => {
    const colon = detail.indexOf(": ");
    out.push({ row, value, benchmark: detail.slice(0, colon), ngram: detail.slice(colon + 2) });
  });
  return out;
}

function jsonLines(items: readonly string[]): string {
  return items.map((question, i) => `${JSON.stringify({ id: i, task: { question } })}\n`).join("");
}

for (const n of [1, 3, 8, 13]) {
  test(`${n} words: the rows that Python finds, by an n-gram that it finds`, async (t) => {
    const folder = temporaryFolder(t);
    const { articles, odd } = golden.benchmarks;
    writeFileSync(join(folder, "articles.jsonl.gz"), gzipSync(jsonLines(articles)));
    const writer = new ByteWriter();
    parquetWrite({ writer, columnData: [{ name: "question", data: [...odd], type: "STRING" }] });
    writeFileSync(join(folder, "odd.parquet"), writer.getBytes());
    const operator = await open({
      rule: "ngram",
      ngram: n,
      benchmarks: [
        { name: "articles", file: join(folder, "articles.jsonl.gz"), columns: ["task.question"] },
        { name: "odd", file: join(folder, "odd.parquet") },
      ],
    });
    const shared = golden.shared[n];
    const found = dropped(operator, batchOf(golden.texts));
    assert.deepEqual(
      found.map(({ row }) => row),
      shared.flatMap((names, row) => (Object.keys(names).length > 0 ? [row] : [])),
    );
    assert.ok(found.length > 2);
    for (const { row, value, benchmark, ngram } of found) {
      assert.equal(value, 1);
      assert.ok(shared[row][benchmark]?.includes(ngram), `row ${row}: ${benchmark} has no ${ngram}`);
    }
    assert.deepEqual(operator.finish?.(), {
      rows: golden.texts.length,
      contaminated_rows: found.length,
      benchmarks: Object.fromEntries(
        Object.entries(golden.benchmarks).map(([name, items]) => [
          name,
          {
            items: items.length,
            items_too_short: golden.too_short[n][name],
            contaminated_rows: found.filter(({ benchmark }) => benchmark === name).length,
          },
        ]),
      ),
    });
  });
}

const DUCKS = { name: "ducks", file: "data:,How many eggs do the ducks lay on a cold day in June?" };
const GEESE = { name: "geese", file: "data:,Geese lay eggs%0A%0AHow many eggs do the geese lay%0D%0A" };

test("the first benchmark in a text is named; min_ngrams asks for more of one", async () => {
  const text = "how many eggs do the geese lay if how many eggs do the ducks lay on a warm day";
  const one = await open({ rule: "ngram", benchmarks: [DUCKS, GEESE], ngram: 7 });
  assert.deepEqual(dropped(one, batchOf([text])), [
    { row: 0, value: 1, benchmark: "geese", ngram: "how many eggs do the geese lay" },
  ]);
  const three = await open({ rule: "ngram", benchmarks: [DUCKS, GEESE], ngram: 7, min_ngrams: 3 });
  assert.deepEqual(dropped(three, batchOf([text])), [
    { row: 0, value: 3, benchmark: "ducks", ngram: "how many eggs do the ducks lay" },
  ]);
  const four = await open({ rule: "ngram", benchmarks: [DUCKS, GEESE], ngram: 7, min_ngrams: 4 });
  assert.deepEqual(dropped(four, batchOf([text])), []);
  const repeated = await open({ rule: "ngram", benchmarks: [GEESE], ngram: 7, min_ngrams: 2 });
  assert.deepEqual(dropped(repeated, batchOf([`how many eggs do the geese lay. ${text}`])), []);
});

test("dead rows and rows without a text are not looked at; a column can be named", async () => {
  const operator = await open({ benchmarks: [DUCKS], column: "answer", benchmark_column: "benchmark", drop: false });
  const question = "How many eggs do the ducks lay on a cold day in June?";
  const batch = batchOfRows([{ answer: question }, { answer: null }, { answer: question }, { answer: "none" }]);
  batch.alive.clear(0);
  const column = operator.apply(batch, () => assert.fail("nothing is dropped")).get("benchmark");
  assert.ok(column);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => valueAt(column, row)),
    [null, null, "ducks", null],
  );
  const state = operator.finish?.();
  assert.ok(state);
  const counts = { items: 1, items_too_short: 0, contaminated_rows: 1 };
  assert.deepEqual(state, { rows: 3, contaminated_rows: 1, benchmarks: { ducks: counts } });
  assert.deepEqual(stage.merge?.([state, state]), {
    rows: 6,
    contaminated_rows: 2,
    benchmarks: { ducks: { ...counts, contaminated_rows: 2 } },
  });
});

test("simplified words: punctuation, marks and case do not matter, digits do", async () => {
  const operator = await open({
    benchmarks: [{ name: "a", file: "data:,Is naïve 12.5 × 2 = 25?" }],
    rule: "ngram",
    ngram: 5,
    words: "simplified",
  });
  const texts = ["is NAIVE: 12 (5) × 2", "is naive 13.5 × 2 = 25", "is naïve 12.5 ×2"];
  assert.deepEqual(
    dropped(operator, batchOf(texts)).map(({ row, ngram }) => [row, ngram]),
    [[0, "is naive 12 5 ×"]],
  );
});

test("a benchmark without items, or without the named column, is an error", async (t) => {
  const file = join(temporaryFolder(t), "a.jsonl");
  const benchmarks = [{ name: "a", file }];
  writeFileSync(file, "");
  await assert.rejects(open({ benchmarks }), /the benchmark a has no items/);
  writeFileSync(file, '{"question":"What?"}\n{"query":"What?"}\n');
  await assert.rejects(open({ benchmarks }), /the benchmark a.jsonl has no usable text in row 1/);
  writeFileSync(file, '{"question":"What?"}\n{"question":\n');
  await assert.rejects(open({ benchmarks }), /data\/benchmark/);
});

test("datatrove: the rows that datatrove 0.10.1 finds, by its n-grams", async (t) => {
  const { items, texts, found } = JSON.parse(
    gunzipSync(readFileSync(join(ROOT, "test/golden/decontamination/datatrove.json.gz"))).toString("utf8"),
  ) as { readonly items: readonly object[]; readonly texts: readonly string[]; readonly found: readonly string[] };
  const file = join(temporaryFolder(t), "items.jsonl");
  writeFileSync(file, items.map((item) => `${JSON.stringify(item)}\n`).join(""));
  const operator = await open({ rule: "datatrove", benchmarks: [{ name: "items", file, answer: "answer" }] });
  assert.deepEqual(
    dropped(operator, batchOf(texts)).map(({ row, ngram }) => [row, ngram]),
    found.flatMap((ngram, row) => (ngram === null ? [] : [[row, ngram]])),
  );
});
