/** A small registry and recipe, so that the recipe's tests do not depend on the options of real stages. */
import assert from "node:assert/strict";
import { z } from "zod";
import { RecipeErrors } from "../../plan/recipe/diagnostics.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import type { Recipe } from "../../plan/types.ts";
import { defineStage, filter, type OperatorKind } from "../../stages/define.ts";
import { type AnyStage, registryOf } from "../../stages/stage-registry.ts";

const KINDS: Readonly<Record<string, OperatorKind>> = {
  read: "source",
  filter: "filter",
  dedup: "barrier",
  tokenize: "annotate",
  pack: "pack",
};

function stage(name: string, options: Readonly<Record<string, z.ZodType>> = {}): AnyStage {
  return defineStage({
    name,
    version: 1,
    kind: KINDS[name.split("/")[0]],
    summary: `${name} for tests`,
    options: z.strictObject(options),
    reads: ["text"],
    writes: name.startsWith("tokenize/") ? [{ name: "tokens", kind: "token_list" }] : [],
    reasons: {},
    ...(name.startsWith("dedup/") && {
      exchange: { scope: "source" as const, verdict: "drop" as const, reason: "duplicate" },
    }),
    create: () => filter(() => {}),
    examples: [],
  });
}

const textKey = z.string().default("text").describe("key of the text");
const limit = z.int().min(1).optional().describe("rows to read at most");

export const registry = registryOf([
  stage("read/jsonl", { text: textKey, limit }),
  stage("read/parquet", { text: textKey, limit }),
  stage("read/files", { limit }),
  stage("filter/gopher-quality", {
    min_words: z.int().min(0).default(50).describe("words"),
    rules: z.strictObject({ stop_words: z.array(z.string()).default(["the"]) }).prefault({}),
  }),
  stage("dedup/exact"),
  stage("tokenize/bpe"),
  stage("pack/concat"),
  stage("pack/best-fit", { max_crop_ratio: z.number().min(0).max(1).default(0.1) }),
]);

export const GOOD = `schema: 1
name: mini
seed: 6
tokenizer: { file: ./tokenizer.json, eos: "<|end|>" }
pipelines:
  web: [ { use: filter/gopher-quality }, { use: dedup/exact } ]
sources:
  docs: { from: "data/*.jsonl.zst", pipeline: web, category: web }
  code:
    from: [ code/*.parquet ]
    text: content
training_stages:
  - { name: stage1, tokens: 8B, sequence_length: 4096, weights: { docs: 0.85, code: 0.15 } }
  - name: stage2
    tokens: 1.5M
    sequence_length: 2048
    pack: { use: best-fit, max_crop_ratio: 0.2 }
    weights:
      docs: 3
`;

export function load(text: string, set: readonly string[] = []): Promise<Recipe> {
  return loadRecipe({ text, name: "mix.yaml", folder: "/recipes" }, { registry, set });
}

/** The problems of a recipe as `code line:column`, one a line, in the order they are reported. */
export async function problems(text: string, set: readonly string[] = []): Promise<string[]> {
  const error = await failure(text, set);
  assert.ok(error instanceof RecipeErrors, String(error));
  return error.issues.map(({ details }) => {
    const where = details.place !== undefined && "line" in details.place ? details.place : undefined;
    return where === undefined ? details.code : `${details.code} ${where.line}:${where.column}`;
  });
}

export async function failure(text: string, set: readonly string[] = []): Promise<Error> {
  try {
    await load(text, set);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail("the recipe loads");
}

/** `GOOD` with one piece of text replaced; fails where the piece is not there exactly once. */
export function good(piece: string, replacement: string): string {
  assert.equal(GOOD.split(piece).length, 2, `once in the recipe: ${piece}`);
  return GOOD.replace(piece, () => replacement);
}
