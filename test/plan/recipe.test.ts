import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { RecipeError } from "../../batch/errors.ts";
import { canonicalRecipe } from "../../plan/recipe/canonical.ts";
import { RecipeErrors } from "../../plan/recipe/diagnostics.ts";
import { defineRecipe, loadRecipe } from "../../plan/recipe/load.ts";
import { GOOD, good, load, registry } from "./recipe-fixtures.ts";

test("a recipe loads with every default filled in and every place known", async () => {
  const recipe = await load(GOOD);
  const at = (line: number, column: number) => ({ file: "mix.yaml", line, column });
  assert.deepEqual(recipe, {
    schema: 1,
    name: "mini",
    seed: 6,
    tokenizer: {
      file: { asset: resolve("/recipes/tokenizer.json") },
      eos: "<|end|>",
      special_tokens: "text",
      gates: {},
      place: at(4, 1),
    },
    pipelines: {
      web: [
        {
          id: "gopher-quality",
          use: "filter/gopher-quality",
          options: { min_words: 50, rules: { stop_words: ["the"] } },
          place: at(6, 17),
        },
        { id: "exact", use: "dedup/exact", options: {}, place: at(6, 49) },
      ],
    },
    sources: {
      docs: {
        name: "docs",
        from: ["data/*.jsonl.zst"],
        read: { id: "jsonl", use: "read/jsonl", options: { text: "text" }, place: at(8, 17) },
        pipeline: "web",
        category: "web",
        place: at(8, 3),
      },
      code: {
        name: "code",
        from: ["code/*.parquet"],
        read: { id: "parquet", use: "read/parquet", options: { text: "content" }, place: at(10, 5) },
        place: at(9, 3),
      },
    },
    training_stages: [
      {
        name: "stage1",
        tokens: 8_000_000_000,
        sequence_length: 4096,
        pack: { id: "concat", use: "pack/concat", options: {}, place: at(13, 5) },
        weights: { docs: 0.85, code: 0.15 },
        place: at(13, 5),
      },
      {
        name: "stage2",
        tokens: 1_500_000,
        sequence_length: 2048,
        pack: { id: "best-fit", use: "pack/best-fit", options: { max_crop_ratio: 0.2 }, place: at(17, 18) },
        weights: { docs: 3 },
        place: at(14, 5),
      },
    ],
    outputs: [],
    shard_tokens: 33_554_432,
    limits: { max_epochs: 1, on_exhausted: "error", epoch_order: "reshuffle" },
    missing: "error",
    exports: [],
    gates: {},
    plugins: [],
    folder: "/recipes",
  });
});

test("defineRecipe takes the same object and gives the same recipe without places", async () => {
  const made = await defineRecipe(parse(GOOD), { registry, folder: "/recipes" });
  assert.deepEqual(canonicalRecipe(made), canonicalRecipe(await load(GOOD)));
  assert.equal(made.tokenizer?.place, undefined);
});

test("defineRecipe names the path of what is wrong", async () => {
  const value = parse(good("from: [ code/*.parquet ]", "from: [ code/*.parquet ]\n    wieght: 1"));
  await assert.rejects(defineRecipe(value, { registry }), (error: Error) => {
    assert.ok(error instanceof RecipeErrors);
    assert.equal(
      error.message,
      "error[recipe/unknown-key]: a source has no key `wieght`\n" +
        "  at: sources.code.wieght\n" +
        "  why: a key that nothing reads would be a setting you only believe to have made\n" +
        "  fix: one of `text`, `limit`, `from`, `read`, `pipeline`, `category`, `missing`, `available_tokens`, `available_rows`",
    );
    return true;
  });
});

test("the canonical form has sorted keys, no places and no folders", async () => {
  const canonical = canonicalRecipe(await load(good("seed: 6", "plugins: []\nseed: 6")));
  const text = JSON.stringify(canonical);
  assert.ok(!text.includes('"line"') && !text.includes("/recipes"), text);
  assert.deepEqual(canonical.tokenizer, {
    eos: "<|end|>",
    file: { asset: "tokenizer.json" },
    gates: {},
    special_tokens: "text",
  });
  assert.deepEqual(Object.keys(canonical), Object.keys(canonical).toSorted());
  const shuffled = await load(good("docs: 0.85, code: 0.15", "code: 0.15, docs: 0.85"));
  assert.equal(JSON.stringify(canonicalRecipe(shuffled)), text);
});

test("anchors, aliases and merge keys work, and --set on one use leaves the other alone", async () => {
  const text = `${GOOD.replace("docs: { from", "docs: &docs { from")}`.replace(
    "  code:\n",
    "  more: { <<: *docs, limit: 5 }\n  code:\n",
  );
  const recipe = await load(text, ["sources.more.category=extra"]);
  assert.equal(recipe.sources.docs.category, "web");
  assert.equal(recipe.sources.more.category, "extra");
  assert.equal(recipe.sources.more.pipeline, "web");
  assert.equal(recipe.sources.more.read.options.limit, 5);
});

test("--set reaches stages by id, training stages by name, names with dots, and sections that are not there", async () => {
  const text = good("code:\n", "code-1.5:\n").replace("code: 0.15", "code-1.5: 0.15");
  const recipe = await load(text, [
    "seed=7",
    "pipelines.web.gopher-quality.min_words=60",
    "sources.code-1.5.limit=1000",
    "training_stages.stage1.tokens=2B",
    "training_stages.stage2.weights={ docs: 1, code-1.5: 0.5 }",
    "limits.max_epochs=4",
    "seed=8",
  ]);
  assert.equal(recipe.seed, 8);
  assert.equal(recipe.pipelines.web[0].options.min_words, 60);
  assert.equal(recipe.sources["code-1.5"].read.options.limit, 1000);
  assert.equal(recipe.training_stages[0].tokens, 2_000_000_000);
  assert.deepEqual(recipe.training_stages[1].weights, { docs: 1, "code-1.5": 0.5 });
  assert.deepEqual(recipe.limits, { max_epochs: 4, on_exhausted: "error", epoch_order: "reshuffle" });
});

test("a reader follows from the ending of every pattern, or is named", async () => {
  const reader = async (source: string) => (await load(good('from: "data/*.jsonl.zst"', source))).sources.docs.read.use;
  assert.equal(await reader('from: "a.{jsonl,ndjson.gz,json}"'), "read/jsonl");
  assert.equal(await reader('from: "a.jsonl.{gz,zst,bz2,xz}"'), "read/jsonl");
  assert.equal(await reader("from: [ a.parquet, b/*.PARQUET ]"), "read/parquet");
  assert.equal(await reader("from: hf://datasets/o/n@v1/data/*.parquet"), "read/parquet");
  assert.equal(await reader("from: docs/**/*.md, read: files"), "read/files");
  assert.equal(await reader("from: docs/*, read: read/jsonl"), "read/jsonl");
});

test("a file is loaded by path, its plugins from its folder", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "shardmill-recipe-"));
  t.after(() => rm(folder, { recursive: true }));
  const plugin = (name: string) => `
    const options = { safeParse: (data) => ({ success: true, data: { ...data, extra: 1 } }), _zod: { def: { type: "any" } } };
    export default [{ name: "${name}", version: 1, kind: "filter", summary: "", options, reads: [], writes: [], reasons: {}, examples: [],
      create: () => ({ kind: "filter", apply() {} }) }];`;
  await writeFile(join(folder, "mine.mjs"), plugin("local/mine"));
  await writeFile(join(folder, "taken.mjs"), plugin("filter/mine"));
  await writeFile(join(folder, "broken.mjs"), "export default 3;");
  const path = join(folder, "mix.yaml");
  const text = good("{ use: dedup/exact }", "{ use: local/mine, level: 2 }");

  await writeFile(path, `${text}plugins: [ ./mine.mjs ]\n`);
  const recipe = await loadRecipe(path, { registry });
  assert.deepEqual(recipe.pipelines.web[1].options, { level: 2, extra: 1 });
  assert.deepEqual([recipe.plugins, recipe.folder], [["mine.mjs"], folder]);
  assert.deepEqual(canonicalRecipe(recipe).plugins, ["mine.mjs"]);

  await writeFile(path, `${GOOD}plugins: [ ./taken.mjs, ./broken.mjs, ./absent.mjs ]\n`);
  await assert.rejects(loadRecipe(path, { registry }), (error: Error) => {
    assert.ok(error instanceof RecipeErrors);
    assert.deepEqual(
      error.issues.map(({ details }) => [details.code, details.what.split(":")[0]]),
      [
        ["recipe/plugin", "a plugin's stage is called `filter/mine`"],
        ["recipe/plugin", "plugin `./broken.mjs` does not default-export a stage"],
        ["recipe/plugin", "plugin `./absent.mjs` cannot be loaded"],
      ],
    );
    return true;
  });
});

test("a file that cannot be read is a recipe error", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "shardmill-recipe-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "latin1.yaml"), Uint8Array.of(0x6e, 0x3a, 0x20, 0xe9, 0x0a));
  const reasons = {
    "none.yaml": /there is no such file$/,
    ".": /it is a folder$/,
    "latin1.yaml": /it is not UTF-8 text$/,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    await assert.rejects(loadRecipe(join(folder, name), { registry }), (error: Error) => {
      assert.ok(error instanceof RecipeError);
      assert.match(error.details.what, reason);
      return true;
    });
  }
});
