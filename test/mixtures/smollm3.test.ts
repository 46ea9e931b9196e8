/** SmolLM3's recipe against what was published: the files item by item, and every figure computed from them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { RecipeError } from "../../batch/errors.ts";
import { publishedDataStages } from "../../mixtures/curriculum/smollm3.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import type { Recipe } from "../../plan/types.ts";
import { describeRecipe, type RecipeDescription } from "../../runs/describe.ts";
import { ROOT } from "../project-root.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));
const RECIPE = join(ROOT, "mixtures/recipes/smollm3.yaml");
const STAGES = ["stage1", "stage2", "stage3", "long_context_4k_to_32k", "long_context_32k_to_64k"] as const;
type Row = readonly [
  source: string,
  name: string,
  folder: string,
  weight: number,
  tokens: number,
  hub: string | null,
  category: string,
];

interface Golden {
  readonly file: string;
  readonly name: string;
  readonly start_training_step: number;
  readonly steps: number;
  readonly train_steps: number;
  readonly sequence_length: number;
  readonly sequences_per_step: number;
  readonly tokens: number;
  readonly tokenizer_name: string;
  readonly token_size_in_bytes: number;
  readonly vocab_size: number;
  readonly seed: number;
  readonly num_loading_workers: number;
  readonly return_positions: boolean;
  readonly pad_samples_to_global_batch_size: boolean;
  readonly use_old_brrr_dataloader: boolean;
  readonly weights_sum: number;
  readonly category_percent: Readonly<Record<string, number>>;
  readonly sources: readonly Row[];
}

interface Curriculum {
  readonly totals: { readonly main: number; readonly longContext: number; readonly all: number };
  readonly unreleased: readonly string[];
  readonly edits: Readonly<Record<string, readonly [from: number, to: number]>>;
  readonly removed: readonly string[];
  readonly added: Readonly<Record<string, number>>;
  readonly deltas_64k: Readonly<Record<string, number>>;
  readonly removed_64k: readonly string[];
  readonly consumption: readonly (readonly [
    source: string,
    by_stage: Readonly<Record<string, number>>,
    total: number,
    available: number | null,
    epochs: number | null,
  ])[];
}

function golden<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, "test/golden/smollm3", `${name}.json`), "utf8")) as T;
}

const published = STAGES.map((stage) => golden<Golden>(stage));
const facts = golden<Curriculum>("curriculum");
let recipe: Recipe;
let described: RecipeDescription;

before(async () => {
  recipe = await loadRecipe(RECIPE);
  described = describeRecipe(recipe);
});

/** What the published file says of one stage, as nanotron's key names have it. */
function dataStage(stage: Golden): unknown {
  return {
    data: {
      dataset: {
        dataset_read_path: stage.sources.map(([, name]) => `local/${name}`),
        dataset_folder: stage.sources.map(([, , folder]) => folder),
        dataset_weights: stage.sources.map(([, , , weight]) => weight),
        pad_samples_to_global_batch_size: stage.pad_samples_to_global_batch_size,
        return_positions: stage.return_positions,
        token_size_in_bytes: stage.token_size_in_bytes,
        tokenizer_name: stage.tokenizer_name,
        use_old_brrr_dataloader: stage.use_old_brrr_dataloader,
        vocab_size: stage.vocab_size,
      },
      num_loading_workers: stage.num_loading_workers,
      seed: stage.seed,
    },
    name: stage.name,
    start_training_step: stage.start_training_step,
  };
}

test("the five published files come out of the recipe item by item", () => {
  const stages = published.map(dataStage);
  const listed = [[0], [0, 1], [0, 1, 2], [3], [4]];
  assert.deepEqual(
    publishedDataStages(recipe, "local"),
    published.map(({ file, sequence_length, train_steps }, i) => ({
      file,
      data_stages: listed[i].map((stage) => stages[stage]),
      tokens: { sequence_length, train_steps },
    })),
  );
  assert.equal(published.flatMap(({ sources }) => sources).length, 256);
});

test("read paths are left out where no root is given; a changed weight, budget or seed comes through", () => {
  const [first, second, third] = recipe.training_stages;
  const changed = { ...first, tokens: first.tokens - 2 * 2_359_296, weights: { ...first.weights, dclm: 0.5 } };
  const configs = publishedDataStages({ ...recipe, seed: 7, training_stages: [changed, second, third] });
  assert.equal(configs.length, 3);
  const [one, two] = configs[2].data_stages;
  assert.deepEqual(Object.keys(one.data.dataset)[0], "dataset_folder");
  assert.equal(one.data.dataset.dataset_weights[1], 0.5);
  assert.equal(one.data.seed, 7);
  assert.equal(two.start_training_step, 3_449_999);
  assert.equal(configs[0].tokens.train_steps, 4_719_998);
});

test("another recipe has no published files", async () => {
  const refuse = (change: (recipe: Recipe) => Parameters<typeof publishedDataStages>[0], what: RegExp) =>
    assert.throws(
      () => publishedDataStages(change(recipe)),
      (error) => error instanceof RecipeError && error.code === "recipe/not-published" && what.test(error.message),
    );
  const [first] = recipe.training_stages;
  refuse((it) => ({ ...it, training_stages: [{ ...first, name: "stage4" }] }), /stage4/);
  refuse((it) => ({ ...it, training_stages: [{ ...first, weights: { "2students": 1 } }] }), /2students/);
  refuse(({ seed, training_stages }) => ({ seed, training_stages }), /tokens_per_step/);
});

test("budgets, steps and sequence lengths (facts 1.1)", () => {
  for (const [i, stage] of described.training_stages.entries()) {
    const { tokens, steps, start_training_step, sequence_length, sequences_per_step, weights_sum, sources } =
      published[i];
    assert.equal(stage.name, STAGES[i]);
    assert.equal(stage.tokens, tokens, stage.name);
    assert.equal(stage.tokens, steps * sequences_per_step * sequence_length);
    assert.equal(stage.steps, steps);
    assert.equal(stage.start_step, start_training_step);
    assert.equal(stage.sequence_length, sequence_length);
    assert.ok(Math.abs(stage.weights_sum - weights_sum) < 1e-12, `${stage.name}: ${stage.weights_sum}`);
    assert.equal(stage.sources.length, sources.length);
    assert.equal(stage.pack, "pack/concat");
  }
  const tokens = described.training_stages.map((stage) => stage.tokens);
  assert.equal(tokens[0] + tokens[1] + tokens[2], facts.totals.main);
  assert.equal(tokens[3] + tokens[4], facts.totals.longContext);
  assert.equal(described.tokens, facts.totals.all);
  assert.equal(described.steps, 4_762_000);
  assert.equal(recipe.seed, 6);
  assert.equal(recipe.tokenizer?.eos, "<|end_of_text|>");
});

test("category shares (facts 1.2)", () => {
  for (const [i, stage] of described.training_stages.entries()) {
    const percent = Object.fromEntries(
      stage.categories.map(({ name, weight }) => [name, Number((weight * 100).toFixed(3))]),
    );
    assert.deepEqual(percent, published[i].category_percent);
  }
});

test("sources: weight, tokens, category, where they are (facts 1.3)", () => {
  for (const [i, stage] of described.training_stages.entries()) {
    for (const [at, [source, , , weight, tokens, hub, category]] of published[i].sources.entries()) {
      const share = stage.sources[at];
      assert.equal(share.name, source);
      assert.equal(share.weight_requested, weight);
      assert.equal(share.category, category);
      assert.ok(Math.abs(share.tokens - tokens) <= 1, `${stage.name} ${source}: ${share.tokens} for ${tokens}`);
      const { from } = recipe.sources[source];
      const repositories = from.map((pattern) => /^hf:\/\/datasets\/([^@]+)@[^/]+\//.exec(pattern)?.[1]);
      const expected = facts.unreleased.includes(source) ? [] : [hub];
      assert.deepEqual(repositories, expected, source);
    }
  }
  assert.equal(Object.keys(recipe.sources).length, 77);
});

test("tokens over all stages and implied epochs (facts 1.6)", () => {
  // Sums of rounded shares differ from the rounded sum by at most one token a stage.
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 5;
  for (const [source, by_stage, total, available, epochs] of facts.consumption) {
    const row = described.sources.find(({ name }) => name === source);
    assert.ok(row !== undefined, source);
    assert.deepEqual(Object.keys(row.tokens_by_stage), Object.keys(by_stage), source);
    for (const [stage, tokens] of Object.entries(by_stage)) assert.ok(near(row.tokens_by_stage[stage], tokens), source);
    assert.ok(near(row.tokens, total), `${source}: ${row.tokens} for ${total}`);
    assert.equal(row.available_tokens ?? null, available, source);
    assert.equal(row.epochs === undefined ? null : Number(row.epochs.toFixed(2)), epochs, source);
  }
  assert.deepEqual(
    described.sources.map(({ name }) => name),
    facts.consumption.map(([name]) => name),
  );
});

test("the 32k weights are stage 3's after four edits and two removals (facts 1.5)", () => {
  const [, , stage3, lc32k] = recipe.training_stages;
  const weights = new Map(Object.entries(stage3.weights));
  for (const [source, [from, to]] of Object.entries(facts.edits)) {
    assert.equal(weights.get(source), from, source);
    weights.set(source, to);
  }
  for (const source of facts.removed) assert.ok(weights.delete(source), source);
  // The Persian slot is Arabic from here on.
  weights.set("fw2-hq-arb_Arab", weights.get("fw2-hq-fas_Arab") ?? Number.NaN);
  weights.delete("fw2-hq-fas_Arab");
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  assert.ok(Math.abs(sum - 1.00505) < 1e-12, String(sum));
  assert.deepEqual(new Set(Object.keys(lc32k.weights)), new Set([...weights.keys(), ...Object.keys(facts.added)]));
  for (const [source, weight] of weights) {
    assert.ok(Math.abs((0.9 * weight) / 1.00505 - lc32k.weights[source]) < 6e-8, source);
  }
  for (const [source, weight] of Object.entries(facts.added)) assert.equal(lc32k.weights[source], weight);
});

test("the 64k weights are the 32k ones after seventeen changes (facts 1.5)", () => {
  const [, , , lc32k, lc64k] = recipe.training_stages;
  const weights = new Map(Object.entries(lc32k.weights));
  for (const [source, delta] of Object.entries(facts.deltas_64k)) {
    weights.set(source, (weights.get(source) ?? 0) + delta);
  }
  for (const source of facts.removed_64k) assert.ok(weights.delete(source), source);
  // The same weight under another name: no 4k filter at 64k.
  weights.set("opencodereasoning", weights.get("opencodereasoning-4k") ?? Number.NaN);
  weights.delete("opencodereasoning-4k");
  assert.deepEqual(new Set(Object.keys(lc64k.weights)), new Set(weights.keys()));
  for (const [source, weight] of weights) assert.ok(Math.abs(weight - lc64k.weights[source]) < 1e-9, source);
});

test("`plan --no-listing` prints the curriculum, to be read and as JSON, without any data", () => {
  const plan = (...flags: string[]) =>
    spawnSync(process.execPath, [CLI, "plan", RECIPE, "--no-listing", ...flags], { encoding: "utf8" });
  const text = plan();
  assert.equal(text.status, 0, text.stderr);
  for (const line of [
    /^ {2}stage3: 1\.2316T tokens in windows of 4,096, pack\/concat$/m,
    /^ {4}steps 4,198,001 to 4,720,000 \(522,000\)$/m,
    /^ {4}weights add up to 1\.00565$/m,
    /^ {4}english_web +49\.72 % +612\.32B$/m,
    /^ {2}all 5 training stages: 11\.235T tokens in 4,762,000 steps$/m,
    /^ {4}stack-edu-Python +code +137\.00B +21\.8B said +6\.28$/m,
    /^ {4}pull-requests +code +75\.521B +- +- +dropped$/m,
  ])
    assert.match(text.stdout, line);
  assert.deepEqual(JSON.parse(plan("--json").stdout), described);
  const conflict = plan("--check");
  assert.equal(conflict.status, 2);
  assert.match(conflict.stderr, /flag\/conflict/);
});
