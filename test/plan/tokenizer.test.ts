/** Where a tokenizer comes from, and what its file would put around a text against what the recipe puts around documents. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { createIoEnvironment, type IoEnvironment } from "../../io/environment.ts";
import { makePlan } from "../../plan/make.ts";
import type { Plan } from "../../plan/plan.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import { stageRegistry } from "../../stages/registry.ts";
import { COMMIT, sha256, startFakeHub, status, strike, TOKEN } from "../io/fake-hub.ts";
import { tinyTokenizer } from "../kernels/bpe/tiny-tokenizer.ts";
import { temporaryFolder } from "../workers/fixture.ts";

const [EOS, BOS] = [256, 257];

/** A template that puts these before and behind a text. */
function template(before: string | undefined, after: string | undefined): object {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const ids: Readonly<Record<string, number>> = { "<eos>": EOS, "<bos>": BOS };
  const text = { Sequence: { id: "A", type_id: 0 } };
  return {
    type: "TemplateProcessing",
    single: [...(before ? [special(before)] : []), text, ...(after ? [special(after)] : [])],
    pair: [],
    special_tokens: Object.fromEntries(Object.entries(ids).map(([id, at]) => [id, { id, ids: [at], tokens: [id] }])),
  };
}

function tokenizerFile(processor?: object): Buffer {
  const file = tinyTokenizer();
  file.added_tokens.push({ id: BOS, content: "<bos>", special: true });
  return Buffer.from(JSON.stringify({ ...file, ...(processor && { post_processor: processor }) }));
}

async function planned(root: string, tokenizer: string, environment?: IoEnvironment): Promise<Plan> {
  fs.writeFileSync(path.join(root, "a.jsonl"), '{"text":"a"}\n');
  const text = `schema: 1
name: named
tokenizer: ${tokenizer}
sources: { a: { from: a.jsonl } }
training_stages: [ { name: only, tokens: 1K, sequence_length: 64, weights: { a: 1 } } ]
`;
  const recipe = await loadRecipe({ text, name: "recipe.yaml", folder: root });
  return makePlan(recipe, { environment: environment ?? createIoEnvironment({ root }), registry: stageRegistry() });
}

const FORMS: readonly [
  before: string | undefined,
  after: string | undefined,
  recipe: string,
  warning: RegExp | undefined,
][] = [
  [undefined, undefined, 'eos: "<eos>"', undefined],
  [undefined, "<eos>", 'eos: "<eos>"', undefined],
  ["<bos>", undefined, 'eos: "<eos>", bos: "<bos>"', undefined],
  ["<bos>", "<eos>", 'eos: "<eos>", bos: "<bos>"', undefined],
  ["<bos>", undefined, 'eos: "<eos>"', /puts "<bos>" before a text, and the recipe nothing: add `bos: "<bos>"`/],
  [undefined, undefined, 'eos: "<eos>", bos: "<bos>"', /puts nothing before a text, and the recipe its bos, "<bos>"/],
  ["<eos>", undefined, 'eos: "<eos>", bos: "<bos>"', /puts "<eos>" before a text, and the recipe its bos, "<bos>"/],
  [undefined, "<bos>", 'eos: "<eos>"', /puts "<bos>" behind a text, and the recipe its eos, "<eos>"/],
];

test("a plan warns where the file's template and the recipe differ, and nowhere else", async (t) => {
  const root = temporaryFolder(t);
  for (const [before, after, recipe, warning] of FORMS) {
    fs.writeFileSync(path.join(root, "tokenizer.json"), tokenizerFile(template(before, after)));
    const { warnings } = await planned(root, `{ file: tokenizer.json, ${recipe} }`);
    assert.equal(warnings.length, warning === undefined ? 0 : 1, `${before} ${after} ${recipe}: ${warnings}`);
    if (warning !== undefined) assert.match(warnings[0], warning);
  }
});

test("a folder stands for its tokenizer.json; names are looked up with their place", async (t) => {
  const root = temporaryFolder(t);
  fs.mkdirSync(path.join(root, "model"));
  await assert.rejects(planned(root, '{ file: model, eos: "<eos>" }'), {
    code: "recipe/missing-asset",
    message: /it is a folder without a tokenizer\.json/,
  });
  fs.writeFileSync(path.join(root, "model", "tokenizer.json"), tokenizerFile());
  const { tokenizer } = await planned(root, '{ file: model, eos: "<eos>", bos: "<bos>", special_tokens: parse }');
  assert.deepEqual(tokenizer, {
    name: "model",
    sha256: sha256(tokenizerFile()),
    vocab_size: 258,
    token_bytes: 2,
    eos: { token: "<eos>", id: EOS },
    bos: { token: "<bos>", id: BOS },
    special_tokens: "parse",
  });
  await assert.rejects(planned(root, '{ file: model, eos: "<eos>", bos: "<boss>" }'), {
    code: "recipe/unknown-special-token",
    message: /at: recipe\.yaml:3:1[\s\S]*did you mean "<bos>"/,
  });
  await assert.rejects(planned(root, '{ file: model, eos: "<eos>", bos: "<eos>" }'), { code: "recipe/bos-is-eos" });
});

test("exactly one of file, hub and encoding", async (t) => {
  const root = temporaryFolder(t);
  const cases: readonly [string, string][] = [
    ['{ eos: "<eos>" }', "recipe/tokenizer"],
    ['{ hub: o/m, encoding: gpt2, eos: "<eos>" }', "recipe/tokenizer"],
    ['{ hub: o/m, file: tokenizer.json, encoding: gpt2, eos: "<eos>" }', "recipe/tokenizer"],
    ['{ hub: datasets/o/m, eos: "<eos>" }', "recipe/tokenizer-hub"],
    ['{ hub: "o/m@", eos: "<eos>" }', "recipe/tokenizer-hub"],
  ];
  for (const [tokenizer, code] of cases) {
    await assert.rejects(planned(root, tokenizer), (error: Error) => error.message.includes(code), tokenizer);
  }
});

async function hubOf(t: TestContext, root: string) {
  const hub = await startFakeHub(t, path.join(root, "cache"));
  hub.model.set("tokenizer.json", tokenizerFile());
  hub.model.set("model.bin", Buffer.alloc(5000));
  return hub;
}

test("a tokenizer of the Hub: a commit, a hash, and no other file than the one", async (t) => {
  const root = temporaryFolder(t);
  const hub = await hubOf(t, root);
  const environment = hub.environment({ root, cacheDownloads: true });
  const { tokenizer, fingerprint, recipe } = await planned(root, '{ hub: o/m@v1, eos: "<eos>" }', environment);
  assert.equal(tokenizer?.name, "o/m");
  assert.deepEqual(tokenizer?.hub, { repo: "o/m", commit: COMMIT });
  assert.equal(tokenizer?.sha256, sha256(tokenizerFile()));
  assert.deepEqual(recipe.tokenizer?.hub, { asset: `sha256:${tokenizer?.sha256}` });
  const read = hub.log.filter((line) => line.includes("/resolve/"));
  assert.deepEqual(read, [`GET /o/m/resolve/${COMMIT}/tokenizer.json [auth]`]);
  // Another revision of the same content is the same plan, and the file lies in the cache by now.
  const again = await planned(root, `{ hub: "o/m@${COMMIT}", eos: "<eos>" }`, hub.environment({ root }));
  assert.equal(again.fingerprint, fingerprint);
  assert.equal(hub.log.filter((line) => line.includes("/resolve/")).length, 1);
});

test("what the Hub refuses is said clearly: no token, no licence, no revision, no tokenizer.json", async (t) => {
  const root = temporaryFolder(t);
  const hub = await hubOf(t, root);
  const refused = (tokenizer: string, environment: IoEnvironment, expected: object) =>
    assert.rejects(planned(root, tokenizer, environment), expected);
  const { hubToken: _, ...anonymous } = hub.environment({ root });
  await refused('{ hub: o/m, eos: "<eos>" }', createIoEnvironment({ ...anonymous, hubToken: "" }), {
    code: "data/hub-access",
    message: /does not let us read o\/m \(HTTP 401\)[\s\S]*set HF_TOKEN/,
  });
  hub.faults.push(strike(1, /resolve/, status(403)));
  await refused('{ hub: o/m, eos: "<eos>" }', hub.environment({ root }), {
    code: "data/hub-access",
    message: /HTTP 403[\s\S]*accept its terms/,
  });
  await refused('{ hub: o/m@v9, eos: "<eos>" }', hub.environment({ root }), {
    code: "recipe/no-match",
    message: /o\/m has no revision v9[\s\S]*at: recipe\.yaml:3:1/,
  });
  hub.model.delete("tokenizer.json");
  hub.model.set("tokenizer.model", Buffer.alloc(10));
  await refused('{ hub: o/m, eos: "<eos>" }', hub.environment({ root }), {
    code: "recipe/no-match",
    message: /no file of o\/m@main matches tokenizer\.json[\s\S]*tokenizer\.model[\s\S]*save_pretrained/,
  });
  assert.ok(!JSON.stringify(hub.log).includes(TOKEN));
});

test("a stage that writes special tokens is refused where they would not become tokens", async (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "a.jsonl"), '{"text":"a"}\n');
  const plan = async (tokenizer: string, stage: string): Promise<Plan> => {
    const text = `schema: 1
name: fim
tokenizer: { encoding: cl100k_base, eos: "<|endoftext|>"${tokenizer} }
pipelines: { code: [ { use: rewrite/fim${stage} } ] }
sources: { a: { from: a.jsonl, pipeline: code } }
training_stages: [ { name: only, tokens: 1K, sequence_length: 64, weights: { a: 1 } } ]
`;
    const recipe = await loadRecipe({ text, name: "recipe.yaml", folder: root });
    return makePlan(recipe, { environment: createIoEnvironment({ root }), registry: stageRegistry() });
  };
  assert.deepEqual((await plan(", special_tokens: parse", "")).warnings, []);
  await assert.rejects(plan("", ""), {
    code: "recipe/unparsed-special-tokens",
    message: /rewrite\/fim writes the special tokens <\|fim_prefix\|>, <\|fim_middle\|>, <\|fim_suffix\|>/,
  });
  await assert.rejects(plan(", special_tokens: parse", ', prefix_token: "<PRE>"'), { code: /recipe\// });
});
