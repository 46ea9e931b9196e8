/** SmolTalk2: the published totals of its recipe, and its miniature end to end, with and without models. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { describeRecipe, loadRecipe, openRun, prepare, type RunResult, run, verifyRun } from "../../index.ts";
import type { RowManifest } from "../../manifests/row-schema.ts";
import { startFakeEndpoint } from "../chat/fake-endpoint.ts";
import { cliIn } from "../cli/in-process.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder, treeDigests } from "../workers/fixture.ts";

const RECIPE = path.join(ROOT, "mixtures/recipes/smoltalk2.yaml");
const MINI = path.join(ROOT, "mixtures/recipes/smoltalk2-mini.yaml");
const FACTS = path.join(ROOT, "../shared/facts/recipe.json");

/** Splits whose answers a model writes. */
const ASKED = [
  "smoltalk_multilingual_8languages_lang_5_no_think",
  "multi_turn_reasoning_if_think",
  "smoltalk_everyday_convs_reasoning_Qwen3_32B_think",
  "smoltalk_systemchats_Qwen3_32B_think",
  "smolagents_toolcalling_traces_think",
  "LongAlign_64k_Qwen3_32B_yarn_131k_think",
  "aya_dataset_Qwen3_32B_think",
  "smoltalk_multilingual8_Qwen3_32B_think",
  "table_gpt_Qwen3_32B_think",
  "tulu_3_8b_pref_mix_Qwen3_32B_Qwen3_0.6B_think",
];

/** In millions, to the digit that was published. */
const millions = (tokens: number): number => Math.round(tokens / 1e5) / 10;

async function stagesOf(recipe: string) {
  return describeRecipe(await loadRecipe(recipe, { set: [] })).row_stages ?? [];
}

function totals(sources: Awaited<ReturnType<typeof stagesOf>>[number]["sources"]) {
  const sum = (key: "available_rows" | "available_tokens" | "rows" | "tokens"): number =>
    sources.reduce((total, source) => total + (source[key] ?? Number.NaN), 0);
  return {
    splits: sources.length,
    rows: sum("available_rows"),
    tokens_m: millions(sum("available_tokens")),
    kept: sum("rows"),
    kept_tokens_m: millions(sum("tokens")),
  };
}

test("rows and tokens of 29 splits, before and after their weights, are those that were published", async () => {
  const [mid, sft, preference] = await stagesOf(RECIPE);
  assert.deepEqual(totals(mid?.sources ?? []), {
    splits: 2,
    rows: 4_779_894,
    tokens_m: 35_172.1,
    kept: 4_779_894,
    kept_tokens_m: 35_172.1,
  });
  const splits = sft?.sources ?? [];
  assert.deepEqual(totals(splits), {
    splits: 25,
    rows: 3_383_242,
    // The parts on the card, each rounded to 10,000 tokens, add up to 19,292.47; elsewhere their sum is told as 19,292.4.
    tokens_m: 19_292.5,
    kept: 1_444_084,
    kept_tokens_m: 1_890.2,
  });
  const think = totals(splits.filter(({ category }) => category === "think"));
  const noThink = totals(splits.filter(({ category }) => category === "no_think"));
  assert.deepEqual([think.splits, think.rows, think.kept_tokens_m], [10, 1_481_833, 884]);
  assert.deepEqual([noThink.splits, noThink.rows, noThink.kept_tokens_m], [15, 1_901_409, 1_006.2]);
  const pairs = preference?.sources ?? [];
  assert.deepEqual(
    pairs.map(({ available_rows, fraction, rows }) => [available_rows, fraction, rows]),
    [
      [230_501, 0.5, 115_250],
      [216_385, 0.25, 54_096],
    ],
  );
});

test("`plan --no-listing` prints them, without any data or network", async (t) => {
  const { status, stdout, stderr } = await cliIn(t, temporaryFolder(t))("plan", RECIPE, "--no-listing");
  assert.equal(status, 0, stderr);
  const sums = [...stdout.matchAll(/^ +all +(\S.*)$/gm)].map(([, line]) => (line ?? "").split(/ +/));
  assert.deepEqual(sums, [
    ["4,779,894", "35.172B", "4,779,894", "35.172B"],
    ["3,383,242", "19.292B", "1,444,084", "1.8902B"],
    ["446,886", "850.62M", "169,346", "254.73M"],
  ]);
  assert.match(stdout, /OpenThoughts3_1\.2M_think +think +1,133,524 +16\.734B +0\.02 +22,670 +334\.67M/);
});

test("every split is as its card has it", { skip: !fs.existsSync(FACTS) && "../shared is missing" }, async () => {
  interface Entry {
    readonly split: string;
    readonly rows: number;
    readonly weight: number;
    readonly tokensM?: number;
    readonly chosenTokensM?: number;
  }
  const { smoltalk2 } = JSON.parse(fs.readFileSync(FACTS, "utf8"));
  const published = ([...smoltalk2.Mid, ...smoltalk2.SFT, ...smoltalk2.Preference] as Entry[]).map((entry) => [
    entry.split,
    entry.rows,
    entry.tokensM ?? entry.chosenTokensM,
    entry.weight,
  ]);
  const ours = (await stagesOf(RECIPE)).flatMap(({ sources }) =>
    sources.map(({ name, available_rows, available_tokens, fraction }) => [
      name,
      available_rows,
      Math.round((available_tokens ?? 0) / 1e4) / 100,
      fraction,
    ]),
  );
  assert.deepEqual(ours, published);
});

test("the miniature has the splits and weights of the recipe", async () => {
  const [mid, sft, preference] = await stagesOf(RECIPE);
  const small = await stagesOf(MINI);
  const weightsOf = (stage: typeof mid) => stage?.sources.map(({ name, fraction }) => [name, fraction]);
  assert.deepEqual(small.map(weightsOf), [mid, sft, sft, preference].map(weightsOf));
});

async function make(root: string, workers: number, endpoint?: string): Promise<RunResult> {
  const endpoints = endpoint === undefined ? [] : [`teacher=${endpoint}`, `student=${endpoint}`];
  const { plan, environment, registry } = await prepare(MINI, { out: root, dataRoot: ROOT, endpoints });
  return run(plan, { root, workers, environment, registry });
}

const rowsOf = async (root: string, output: string, config: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({
    file: await asyncBufferFromFile(
      path.join(root, "runs/smoltalk2-mini/outputs", output, config, `${output}-00000-of-00001.parquet`),
    ),
    compressors,
  });

const manifestOf = (root: string, stage: string): RowManifest =>
  JSON.parse(fs.readFileSync(path.join(root, `runs/smoltalk2-mini/manifests/${stage}.json`), "utf8"));

test("without a model, 19 splits are made and ten are left out by name; the same bytes for any workers", async (t) => {
  const root = temporaryFolder(t);
  const result = await make(root, 0);
  assert.equal(result.outputs.length, 19);
  assert.ok(result.gates.length > 0 && result.gates.every(({ ok }) => ok));
  assert.deepEqual(await verifyRun(openRun("smoltalk2-mini", root)), []);
  const left = ["sft", "preference"].flatMap((stage) => manifestOf(root, stage).missing ?? []);
  assert.deepEqual(
    left.map(({ source, endpoint }) => [source, endpoint]),
    ASKED.map((name) => [name, "teacher"]),
  );
  const again = temporaryFolder(t);
  await make(again, 2);
  for (const folder of ["exports", "outputs", "manifests"]) {
    const at = path.join("runs/smoltalk2-mini", folder);
    assert.deepEqual(treeDigests(path.join(again, at)), treeDigests(path.join(root, at)), folder);
  }
});

test("with a model all 29 splits are made, in the published types, and a second run asks nothing", async (t) => {
  const root = temporaryFolder(t);
  const server = await startFakeEndpoint(t);
  const result = await make(root, 0, server.url);
  assert.equal(result.outputs.length, 29);
  assert.ok(result.outputs.every(({ rows }) => rows > 0));
  assert.deepEqual(await verifyRun(openRun("smoltalk2-mini", root)), []);
  assert.equal(manifestOf(root, "sft").missing, undefined);
  assert.equal(Object.keys(manifestOf(root, "sft").sources).length, 25);

  const [thinking] = await rowsOf(root, "table_gpt_Qwen3_32B_think", "SFT");
  assert.deepEqual(Object.keys(thinking ?? {}), ["messages", "chat_template_kwargs", "source"]);
  const { messages, chat_template_kwargs } = thinking as {
    messages: { role: string; content: string }[];
    chat_template_kwargs: { enable_thinking: boolean };
  };
  assert.match(messages.at(-1)?.content ?? "", /^<think>/);
  assert.equal(chat_template_kwargs.enable_thinking, true);
  const [pair] = await rowsOf(root, "tulu_3_8b_pref_mix_Qwen3_32B_Qwen3_0.6B_think", "Preference");
  assert.deepEqual(Object.keys(pair ?? {}), ["chosen", "rejected", "prompt", "chat_template_kwargs", "source"]);

  const asked = server.requests.length;
  assert.ok(asked > ASKED.length);
  fs.rmSync(path.join(root, "runs/smoltalk2-mini/outputs"), { recursive: true });
  await make(root, 0, server.url);
  assert.equal(server.requests.length, asked);
});
