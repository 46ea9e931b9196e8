import assert from "node:assert/strict";
import { test } from "node:test";
import { RecipeErrors } from "../../plan/recipe/diagnostics.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import type { TrainingStageSpec } from "../../plan/types.ts";
import { registry } from "./recipe-fixtures.ts";

const HEAD = `schema: 1
name: mini
tokenizer: { file: ./tokenizer.json, eos: "<|end|>" }
sources:
  web: { from: "a/*.jsonl" }
  fra: { from: "b/*.jsonl", available_tokens: 400 }
  deu: { from: "c/*.jsonl", available_tokens: 100 }
`;

async function stage(mixture: string, tokens = "tokens: 600, ", more = ""): Promise<TrainingStageSpec> {
  const text = `${HEAD}${more}training_stages:\n  - { name: one, ${tokens}sequence_length: 8, ${mixture} }\n`;
  return (await loadRecipe({ text, name: "mix.yaml" }, { registry })).training_stages[0];
}

async function problems(mixture: string, tokens?: string, more?: string): Promise<string[]> {
  try {
    await stage(mixture, tokens, more);
    return [];
  } catch (error) {
    if (!(error instanceof RecipeErrors)) throw error;
    return error.issues.map((one) => `${one.code} ${one.details.what}`);
  }
}

test("plain weights are what they were: no request beside them", async () => {
  const { weights, mixture, selections } = await stage("weights: { web: 0.7, fra: 0.31 }");
  assert.deepEqual(
    { weights, mixture, selections },
    { weights: { web: 0.7, fra: 0.31 }, mixture: undefined, selections: undefined },
  );
});

test("groups, rules and lengths come out flat, with the request beside them", async () => {
  const grouped = await stage(
    "weights: { web: 0.6, more: { share: 0.4, min_tokens: 3, of: { fra: 3, deu: { share: 1, max_tokens: 9 } } } }",
  );
  assert.deepEqual(grouped.weights, { web: 0.6, fra: 0.30000000000000004, deu: 0.1 });
  assert.deepEqual(grouped.selections, { fra: { min_tokens: 3 }, deu: { min_tokens: 3, max_tokens: 9 } });
  assert.ok(grouped.mixture !== undefined && "weights" in grouped.mixture);
  assert.deepEqual((await stage("weights: { of: [fra, deu] }")).weights, { fra: 0.8, deu: 0.2 });
  assert.deepEqual((await stage("repeat: { fra: 1, deu: 4 }")).weights, { fra: 0.5, deu: 0.5 });
  // Not every count is known, so all parts are equal until tokens have been counted; no list means all sources.
  const { weights, mixture } = await stage("weights: { temperature: 2 }");
  assert.deepEqual(weights, { web: 1 / 3, fra: 1 / 3, deu: 1 / 3 });
  assert.deepEqual(mixture, { weights: { of: ["web", "fra", "deu"], temperature: 2 } });
});

test("amounts are their own budget, unless another is given", async () => {
  const sum = await stage("amounts: { web: 3K, fra: 1000 }", "");
  assert.deepEqual([sum.tokens, sum.weights], [4000, { web: 3000, fra: 1000 }]);
  assert.equal((await stage("amounts: { web: 3K, fra: 1000 }", "tokens: 80, ")).tokens, 80);
});

test("every mistake is said at its key", async () => {
  const cases: readonly [string, readonly string[]][] = [
    ["weights: { wob: 1 }", ["recipe/unknown-source there is no source `wob`"]],
    ["weights: {}", ["recipe/no-weights a training stage has no weights"]],
    ["weights: { web: -1 }", ["recipe/out-of-range the weight of `web` must be greater than 0, it is -1"]],
    [
      "weights: { web: 1, g: { share: 1, of: [web] } }",
      ["recipe/source-twice `web` has two shares in one training stage"],
    ],
    ["weights: { g: { share: 1, of: [frb] } }", ["recipe/unknown-source there is no source `frb`"]],
    [
      "weights: { web: { share: 1, temperature: 2 } }",
      ["recipe/rule-without-list `temperature` needs a list of sources"],
    ],
    [
      "weights: { of: [fra], unimax: { max_epochs: 2 }, temperature: 2 }",
      ["recipe/two-rules `unimax` and `temperature` are two rules for one list"],
    ],
    [
      "weights: { web: { share: 1, min_tokens: 9, max_tokens: 8 } }",
      ["recipe/out-of-range no document has at least 9 and at most 8 tokens"],
    ],
    [
      "weights: { web: { share: 1, upsample: { column: q }, score: { column: q, min: 1 } } }",
      ["recipe/upsample-alone `upsample` stands beside a `score`"],
    ],
    [
      "weights: { g: { share: 1, upsample: { column: q }, of: { web: 1 } } }",
      ["recipe/upsample-alone `upsample` stands on a group"],
    ],
    [
      "weights: { g: { share: 1, score: { column: q, min: 1 }, of: { web: { share: 1, upsample: { column: q } } } } }",
      ["recipe/upsample-alone `upsample` stands beside a `score`"],
    ],
    [
      "weights: { web: 1, g: { share: 1, of: { web: { share: 1, upsample: { column: q } } } } }",
      ["recipe/source-twice `web` has two shares in one training stage"],
    ],
    ["weights: { web: { share: 1, min: 9 } }", ["recipe/unknown-key the weight of `web` has no key `min`"]],
    [
      "weights: { web: 1 }, repeat: { web: 1 }",
      ["recipe/two-mixtures a training stage has both `weights` and `repeat`"],
    ],
    ["pack: concat", ["recipe/missing-key a training stage needs `weights`"]],
    ["weigths: { web: 1 }", ["recipe/unknown-key a training stage has no key `weigths`"]],
    ["amounts: { web: much }", ["recipe/bad-size `web`: `much` is not a number of tokens"]],
  ];
  for (const [mixture, expected] of cases) assert.deepEqual(await problems(mixture), expected, mixture);
  assert.deepEqual(await problems("weights: { web: 1 }", ""), ["recipe/missing-key a training stage needs `tokens`"]);
});

test("bounds of scores and bins are checked", async () => {
  for (const score of [
    "{ column: q }",
    "{ column: q, min_quantile: 0.5, max_quantile: 0.5 }",
    "{ column: q, min_quantile: -1 }",
    "{ column: q, min: 2, max: 1 }",
    "{ min: 2 }",
  ]) {
    assert.equal((await problems(`weights: { web: { share: 1, score: ${score} } }`)).length, 1, score);
  }
  for (const upsample of ["{ column: q, bins: 2000 }", "{ column: q, bins: 20, drop_below: 0.41 }", "{ bins: 20 }"]) {
    assert.equal((await problems(`weights: { web: { share: 1, upsample: ${upsample} } }`)).length, 1, upsample);
  }
});

test("an upsampled source is as many shares as it has bins, worked out where its tokens are known", async () => {
  const upsample = "upsample: { column: q, bins: 4, drop_below: 0.5, max_repeats: 3 }";
  const { weights, selections } = await stage(`weights: { fra: { share: 1, ${upsample} } }`, "tokens: 400, ");
  // Two bins of 100 tokens, the best one three times.
  assert.deepEqual(
    Object.entries(weights).map(([share, weight]) => [share, Math.round(weight * 1e9) / 1e9]),
    [
      ["fra@q2", 0.25],
      ["fra@q3", 0.75],
    ],
  );
  assert.deepEqual(selections?.["fra@q3"], { score: { column: "q", min_quantile: 0.75, max_quantile: 1 } });
  const unknown = await stage(`weights: { web: { share: 1, ${upsample} } }`);
  assert.deepEqual(unknown.weights, { "web@q2": 0.5, "web@q3": 0.5 });
});

test("a simulation is of a larger run", async () => {
  assert.deepEqual(await problems("weights: { web: 1 }", undefined, "simulate: { target_tokens: 6K }\n"), []);
  assert.deepEqual(await problems("weights: { web: 1 }", undefined, "simulate: { target_tokens: 600 }\n"), [
    "recipe/out-of-range the run to simulate has 600 tokens, and this recipe itself 600",
  ]);
});

test("what is held out is said once, for sources there are", async () => {
  const of = (validation: string) => problems("weights: { web: 1 }", undefined, `validation: ${validation}\n`);
  assert.deepEqual(await of("{ fraction: 0.1, sources: { fra: { tokens: 1K } } }"), []);
  assert.deepEqual(await of("{ sources: { fra: { tokens: 1K } } }"), []);
  assert.deepEqual(await of("{ fraction: 1 }"), ["recipe/out-of-range `fraction` must be less than 1, it is 1"]);
  assert.deepEqual(await of("{ seed: 4 }"), ["recipe/validation it is not said how much is held out"]);
  assert.deepEqual(await of("{ fraction: 0.1, tokens: 5 }"), [
    "recipe/validation both `fraction` and `tokens` say how much is held out",
  ]);
  assert.deepEqual(await of("{ sources: { frb: { tokens: 1K }, deu: {} } }"), [
    "recipe/unknown-source there is no source `frb`",
    "recipe/validation it is not said how much is held out",
  ]);
});
