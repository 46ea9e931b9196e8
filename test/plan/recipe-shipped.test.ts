/** Every recipe that ships loads with the real stages, and is what the published JSON Schema says. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { recipeJsonSchema } from "../../plan/recipe/json-schema.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import { newRecipe } from "../../plan/recipe/template.ts";
import { stageRegistry } from "../../stages/registry.ts";
import { ROOT } from "../project-root.ts";

const RECIPES = join(ROOT, "mixtures/recipes");
const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(recipeJsonSchema(stageRegistry().stages))));

for (const file of readdirSync(RECIPES).filter((name) => name.endsWith(".yaml"))) {
  test(`${file} loads and follows the JSON Schema`, async () => {
    const recipe = await loadRecipe(join(RECIPES, file));
    assert.equal(recipe.name, file.slice(0, -".yaml".length));
    assert.deepEqual(schema.safeParse(parse(readFileSync(join(RECIPES, file), "utf8"))).error?.issues, undefined);
  });
}

test("the recipe that `new` writes loads and follows the JSON Schema", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "shardmill-new-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = await newRecipe(join(folder, "mine"), { from: "data/*.jsonl" });
  assert.equal((await loadRecipe(path)).name, "mine");
  assert.deepEqual(schema.safeParse(parse(readFileSync(path, "utf8"))).error?.issues, undefined);
});

test("the JSON Schema refuses what the loader refuses", () => {
  const good: unknown = parse(readFileSync(join(RECIPES, "quickstart.yaml"), "utf8"));
  assert.ok(schema.safeParse(good).success);
  const change = (mutate: (recipe: Record<string, Record<string, unknown>>) => void): boolean => {
    const copy = structuredClone(good) as Record<string, Record<string, unknown>>;
    mutate(copy);
    return schema.safeParse(copy).success;
  };
  const bad: ((recipe: Record<string, Record<string, unknown>>) => void)[] = [
    (recipe) => Object.assign(recipe, { workers: 8 }),
    (recipe) => Object.assign(recipe, { exports: ["nanotorn"] }),
    (recipe) => Object.assign(recipe.tokenizer, { eos: 3 }),
    (recipe) => Object.assign(recipe.pipelines, { prose: [{ use: "filter/gopher-qualty" }] }),
    (recipe) => Object.assign(recipe.pipelines, { prose: [{ use: "filter/gopher-quality", min_word: 1 }] }),
    (recipe) => Object.assign(recipe.pipelines, { prose: [{ use: "read/jsonl" }] }),
    (recipe) => Object.assign(recipe.sources, { more: { from: "a.jsonl", wieght: 1 } }),
    (recipe) => Object.assign(recipe.sources, { more: { text: "a" } }),
    (recipe) => Object.assign(recipe.limits, { max_epochs: 0 }),
  ];
  for (const mutate of bad) assert.equal(change(mutate), false, String(mutate));
});
