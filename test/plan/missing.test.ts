/** Sources nobody can get: how a recipe says so, what becomes of their weights, what is recorded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatError, RecipeError } from "../../batch/errors.ts";
import { missingWarning, resolveMissing } from "../../plan/missing.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import type { Recipe } from "../../plan/types.ts";
import { problems, registry } from "./recipe-fixtures.ts";

const TEXT = `schema: 1
name: gaps
tokenizer: { file: ./tokenizer.json, eos: "<|end|>" }
sources:
  web: { from: "web/*.jsonl" }
  code: { from: "code/*.jsonl" }
  pulls: { from: null, category: code }
  chats: { from: null }
training_stages:
  - { name: one, tokens: 8K, sequence_length: 64, weights: { web: 0.5, pulls: 0.3, code: 0.2 } }
  - { name: two, tokens: 8K, sequence_length: 64, weights: { web: 1 } }
  - { name: three, tokens: 8K, sequence_length: 64, weights: { pulls: 0.25, chats: 0.25, web: 0.5 } }
`;

const load = (set: readonly string[] = []): Promise<Recipe> =>
  loadRecipe({ text: TEXT, name: "gaps.yaml" }, { registry, set });
const weights = (recipe: Recipe): Recipe["training_stages"][number]["weights"][] =>
  recipe.training_stages.map((stage) => stage.weights);

test("a recipe without gaps stays as it is", async () => {
  const recipe = await load(["sources.pulls.from=pulls/*.jsonl", "sources.chats.from=chats/*.jsonl", "missing=drop"]);
  const resolved = resolveMissing(recipe);
  assert.equal(resolved.recipe, recipe);
  assert.deepEqual(resolved.missing, []);
});

test("a source without data that no stage reads is no gap", async () => {
  const recipe = await load(["training_stages.one.weights={ web: 1 }", "training_stages.three.weights={ web: 1 }"]);
  assert.deepEqual(resolveMissing(recipe).missing, []);
});

test("by default weights without data stop the run, all named, at the place of the first", async () => {
  const recipe = await load();
  assert.equal(recipe.missing, "error");
  assert.deepEqual(recipe.sources.pulls.from, []);
  assert.throws(
    () => resolveMissing(recipe),
    (error) => {
      assert.ok(error instanceof RecipeError);
      assert.equal(error.code, "recipe/not-released");
      assert.match(formatError(error.details), /gaps\.yaml:7:3/);
      assert.match(error.message, /pulls, chats/);
      return true;
    },
  );
});

test("dropped weights leave the stage; what is left is not rescaled", async () => {
  const { recipe, missing } = resolveMissing(await load(["missing=drop"]));
  assert.deepEqual(weights(recipe), [{ web: 0.5, code: 0.2 }, { web: 1 }, { web: 0.5 }]);
  assert.deepEqual(missing, [
    { source: "pulls", policy: "drop", weights: { one: 0.3, three: 0.25 } },
    { source: "chats", policy: "drop", weights: { three: 0.25 } },
  ]);
  assert.equal(
    missingWarning(missing[0]),
    "pulls: has no data, and the other sources share its weight (one 0.3, three 0.25)",
  );
});

test("a substitute gets the weight, on top of its own or anew; a source's policy comes before the recipe's", async () => {
  const { recipe, missing } = resolveMissing(
    await load(["missing=drop", "sources.pulls.missing={ substitute: code }"]),
  );
  assert.deepEqual(weights(recipe), [{ web: 0.5, code: 0.5 }, { web: 1 }, { code: 0.25, web: 0.5 }]);
  assert.deepEqual(
    missing.map(({ source, policy, substitute }) => [source, policy, substitute]),
    [
      ["pulls", "substitute", "code"],
      ["chats", "drop", undefined],
    ],
  );
  assert.match(missingWarning(missing[0]), /code gets its weight/);
});

test("one source that stops is enough to stop", async () => {
  const recipe = await load(["missing=drop", "sources.chats.missing=error"]);
  assert.throws(() => resolveMissing(recipe), {
    code: "recipe/not-released",
    message: /chats: this source has no data/,
  });
});

test("a stage with nothing left cannot be trained", async () => {
  const recipe = await load(["missing=drop", "training_stages.two.weights={ chats: 1 }"]);
  assert.throws(() => resolveMissing(recipe), { code: "recipe/no-weights", message: /training stage two/ });
});

test("what is wrong with `from: null` and `missing` is said with its place", async () => {
  const found = (piece: string, by: string) => problems(TEXT.replace(piece, by));
  assert.deepEqual(await found("name: gaps", "name: gaps\nmissing: { substitute: cod }"), [
    "recipe/unknown-source 3:24",
  ]);
  assert.deepEqual(await found("{ from: null }", "{ from: null, missing: { substitute: pulls } }"), [
    "recipe/bad-substitute 8:47",
  ]);
  assert.deepEqual(await found("{ from: null }", "{ from: null, missing: { substitute: chats } }"), [
    "recipe/bad-substitute 8:47",
  ]);
  assert.deepEqual(await found("{ from: null }", "{ from: null, missing: skip }"), ["recipe/bad-value 8:33"]);
  assert.deepEqual(await found("{ from: null }", "{ from: [] }"), ["recipe/out-of-range 8:12"]);
  assert.deepEqual(await found("{ from: null }", "{ from: null, txet: a }"), ["recipe/unknown-key 8:24"]);
  assert.deepEqual(await found("{ from: null }", "{ from: null, available_tokens: 1X }"), ["recipe/bad-size 8:42"]);
  assert.deepEqual(await found("{ from: null }", "{}"), ["recipe/missing-key 8:3"]);
});
