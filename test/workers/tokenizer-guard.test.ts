/** What a run does with a tokenizer: BOS, parsed special tokens, the guard and its gates; all the same for any number of workers. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { openRun, prepare, run, verifyRun } from "../../index.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { tinyTokenizer } from "../kernels/bpe/tiny-tokenizer.ts";
import { isResult, temporaryFolder, treeDigests } from "./fixture.ts";

const [EOS, BOS, TOOL] = [256, 257, 258];
const golden = JSON.parse(fs.readFileSync("test/golden/bpe/characters.json", "utf8"));

function writeTokenizer(root: string, extra: object = {}): void {
  const file = tinyTokenizer();
  file.added_tokens.push(
    { id: BOS, content: "<bos>", special: true },
    { id: TOOL, content: "<tool>", special: true },
    { id: TOOL + 1, content: "<think>", special: false },
  );
  fs.mkdirSync(path.join(root, "tokenizer"), { recursive: true });
  fs.writeFileSync(path.join(root, "tokenizer", "tokenizer.json"), JSON.stringify({ ...file, ...extra }));
}

const TEXTS = Array.from({ length: 3000 }, (_, i) =>
  i % 11 === 10
    ? `row ${i - 1} of the text`
    : `row ${i} ${i % 5 === 0 ? "<tool>" : ""} of ${i % 7 === 0 ? "a<eos>b <bos>" : "the"} text`,
);

function writeRows(root: string, texts: readonly string[] = TEXTS): void {
  const half = Math.floor(texts.length / 2);
  const lines = (part: readonly string[]): string => part.map((text) => `${JSON.stringify({ text })}\n`).join("");
  fs.writeFileSync(path.join(root, "a.jsonl"), lines(texts.slice(0, half)));
  fs.writeFileSync(path.join(root, "b.jsonl"), lines(texts.slice(half)));
}

function recipe(tokenizer: string, exports = ""): string {
  return `schema: 1
name: guarded
seed: 5
tokenizer: ${tokenizer}
pipelines: { web: [ { use: dedup/exact } ] }
sources: { web: { from: "*.jsonl", pipeline: web } }
shard_tokens: 20000
training_stages:
  - { name: first, tokens: 20K, sequence_length: 64, pack: concat, weights: { web: 1 } }
  - { name: second, tokens: 10K, sequence_length: 64, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 9 }
exports: [${exports}]
`;
}

async function make(root: string, text: string, options: { workers?: number; out?: string; span_bytes?: number } = {}) {
  const { workers = 1, out = root, span_bytes } = options;
  const { plan, environment, registry, layout } = await prepare(
    { text, name: "recipe.yaml", folder: root },
    { out, dataRoot: root },
  );
  const result = await run(plan, { root: out, workers, environment, registry, ...(span_bytes && { span_bytes }) });
  const manifest: TrainingStageManifest = JSON.parse(fs.readFileSync(layout.manifestFile(plan.name, "first"), "utf8"));
  return { plan, layout, result, manifest };
}

test("BOS and parsed special tokens: exact figures, the same bytes for any workers and spans, and verify knows them", async (t) => {
  const root = temporaryFolder(t);
  writeTokenizer(root);
  writeRows(root);
  const text = recipe(
    `{ file: tokenizer, eos: "<eos>", bos: "<bos>", special_tokens: parse }`,
    "nanotron, modded-nanogpt",
  );
  const { manifest, layout, plan, result } = await make(root, text);
  const folder = layout.tokens(plan.sources[0].tokens);
  const counts = new Map<number, number>();
  let documents = 0;
  let [eosInside, bosInside] = [0, 0];
  const spelled: string[] = [];
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith(".ds"))) {
    const bytes = fs.readFileSync(path.join(folder, name));
    const ids = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const index = fs.readFileSync(path.join(folder, `${name}.index`));
    for (let start = 0, at = 0; at < index.length; at += 8, documents++) {
      const end = Number(index.readBigUInt64LE(at));
      const own = [...ids.subarray(start, end)];
      assert.equal(own[0], BOS);
      assert.equal(own.at(-1), EOS);
      const inner = own.slice(1, -1);
      eosInside += Number(inner.includes(EOS));
      bosInside += Number(inner.includes(BOS));
      for (const id of inner) counts.set(id, (counts.get(id) ?? 0) + 1);
      const names = new Map([
        [EOS, "<eos>"],
        [BOS, "<bos>"],
        [TOOL, "<tool>"],
        [TOOL + 1, "<think>"],
      ]);
      spelled.push(inner.map((id) => names.get(id) ?? String.fromCharCode(id)).join(""));
      start = end;
    }
  }
  assert.deepEqual(spelled.sort(), [...new Set(TEXTS)].sort());
  const guard = manifest.sources.web.tokenizer_guard;
  assert.ok(guard);
  assert.deepEqual(manifest.tokenizer.bos, { token: "<bos>", id: BOS });
  assert.equal(manifest.tokenizer.special_tokens, "parse");
  assert.equal(guard.documents, documents);
  assert.equal(
    guard.text_tokens,
    [...counts.values()].reduce((sum, count) => sum + count, 0),
  );
  assert.equal(guard.documents_with_eos_inside, eosInside);
  assert.equal(guard.documents_with_bos_inside, bosInside);
  assert.ok(eosInside > 100);
  assert.equal(guard.eos_only_at_end_ratio, (documents - eosInside) / documents);
  const specials = [EOS, BOS, TOOL].map((id) => ({
    id,
    text: ["<eos>", "<bos>", "<tool>"][id - EOS],
    count: counts.get(id),
  }));
  assert.deepEqual(guard.special_tokens, specials);
  const top = [...counts].sort(([a, x], [b, y]) => y - x || a - b).slice(0, 10);
  assert.deepEqual(
    guard.top_tokens.map(({ id, count }) => [id, count]),
    top,
  );
  assert.equal(guard.bytes_per_token, guard.text_bytes / guard.text_tokens);
  assert.ok(guard.round_trip.documents >= 1);
  assert.equal(guard.round_trip.changed, 0);
  assert.deepEqual(result.sources[0].tokenizer_guard, guard);
  assert.deepEqual(await verifyRun(await openRun(plan.name, root)), []);

  const before = treeDigests(root, isResult);
  for (const [workers, span_bytes] of [
    [2, 3_000],
    [5, 40_000],
  ] as const) {
    const out = path.join(root, `again-${workers}`);
    await make(root, text, { workers, out, span_bytes });
    assert.deepEqual(treeDigests(out, isResult), before, `${workers} workers, spans of ${span_bytes}`);
  }

  // A trainer that finds documents by what they begin with is given them as they are, and told of what it will mistake.
  const exported = path.join(layout.run(plan.name), "exports", "modded-nanogpt");
  const summary = JSON.parse(fs.readFileSync(path.join(exported, "export.json"), "utf8"));
  assert.equal(summary.stages[0].document_start, BOS);
  assert.match(JSON.stringify(summary.warnings), /documents hold BOS inside/);
  const [bin] = fs.readdirSync(path.join(exported, "first"));
  const shard = fs.readFileSync(path.join(exported, "first", bin)).subarray(1024);
  assert.equal(shard.readUInt16LE(0), BOS);
  assert.equal(shard.readUInt16LE(shard.length - 2), EOS);
  const nanotron = fs.readFileSync(path.join(layout.run(plan.name), "exports", "nanotron", "data_stages.yaml"), "utf8");
  assert.match(nanotron, /Documents begin with BOS 257/);
});

test("figures that are not those of the store are found, in the manifest and in the files", async (t) => {
  const root = temporaryFolder(t);
  writeTokenizer(root);
  writeRows(root);
  const { layout, plan } = await make(root, recipe(`{ file: tokenizer, eos: "<eos>" }`));
  const file = layout.manifestFile(plan.name, "first");
  const written = fs.readFileSync(file, "utf8");
  const findings = async () =>
    (await verifyRun(await openRun(plan.name, root))).map(({ code, what }) => `${code} ${what}`);
  assert.deepEqual(await findings(), []);
  const changes: [RegExp, string, RegExp][] = [
    [
      /"bytes_per_token": [\d.]+/,
      '"bytes_per_token": 9',
      /verify\/tokenizer-guard its tokenizer guard says bytes_per_token 9/,
    ],
    [/("top_tokens": \[\s*\{\s*"count": )\d+/, "$17", /its tokenizer guard says top_tokens/],
    [/("round_trip": \{\s*"changed": )0/, "$11", /another tokenizer guard in the manifest than in the seal/],
  ];
  for (const [pattern, replacement, expected] of changes) {
    const changed = written.replace(pattern, replacement);
    assert.notEqual(changed, written);
    fs.writeFileSync(file, changed);
    assert.match((await findings()).join("\n"), expected);
  }
});

test("text that spells special tokens is text, and no document holds EOS inside", async (t) => {
  const root = temporaryFolder(t);
  writeTokenizer(root);
  writeRows(root);
  const { manifest } = await make(root, recipe(`{ file: tokenizer, eos: "<eos>" }`));
  const guard = manifest.sources.web.tokenizer_guard;
  assert.equal(guard?.eos_only_at_end_ratio, 1);
  assert.equal(guard?.special_tokens, undefined);
  assert.equal(guard?.text_tokens, guard?.text_bytes);
  assert.equal(manifest.tokenizer.special_tokens, undefined);
});

test("a gate ends the run with the source's name, and the next run goes on from there with another", async (t) => {
  const root = temporaryFolder(t);
  writeTokenizer(root);
  writeRows(root);
  const tokenizer = (gates: string): string => recipe(`{ file: tokenizer, eos: "<eos>", gates: { ${gates} } }`);
  await assert.rejects(make(root, tokenizer("min_bytes_per_token: 2")), {
    code: "run/tokenizer-gate",
    exitCode: 3,
    message: /web: the text that a token holds, in bytes, is 1, and the gate min_bytes_per_token of the tokenizer is 2/,
  });
  const { manifest } = await make(root, tokenizer("min_bytes_per_token: 0.9, max_unknown_ratio: 0"));
  assert.deepEqual(
    manifest.gates.map(({ name, passed }) => [name, passed]),
    [
      ["max_unknown_ratio", true],
      ["min_bytes_per_token", true],
    ],
  );
  // The store is sealed now; a stricter recipe is held to its own gates all the same.
  await assert.rejects(make(root, tokenizer("max_top_token_ratio: 0.01")), { code: "run/tokenizer-gate" });
});

test("unknown tokens are counted and gated, and their documents do not come back", async (t) => {
  const root = temporaryFolder(t);
  fs.mkdirSync(path.join(root, "tokenizer"));
  const variant = golden.variants.unknown;
  const file = {
    added_tokens: golden.added_tokens,
    normalizer: variant.normalizer,
    pre_tokenizer: variant.pre_tokenizer,
    model: { ...golden.model, ...variant.model },
  };
  fs.writeFileSync(path.join(root, "tokenizer", "tokenizer.json"), JSON.stringify(file));
  writeRows(
    root,
    Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? `in ${"a".repeat(1 + i)} \u4e01` : `in ${"d".repeat(1 + i)}`)),
  );
  const text = (gates: string): string => recipe(`{ file: tokenizer, eos: "</s>", gates: { ${gates} } }`);
  await assert.rejects(make(root, text("max_unknown_ratio: 0.0001")), {
    message: /web: the share of its tokens that are the unknown token/,
  });
  await assert.rejects(make(root, text("min_round_trip_ratio: 1")), {
    message: /sampled documents[\s\S]*at: web\/[ab]\.jsonl#/,
  });
  const { manifest } = await make(root, text(""));
  assert.deepEqual(manifest.tokenizer.unknown, { token: "<unk>", id: 0 });
  assert.equal(manifest.sources.web.tokenizer_guard?.unknown_tokens, 200);
  const { documents, changed, places } = manifest.sources.web.tokenizer_guard.round_trip;
  assert.ok(
    documents >= 8 && changed > 0 && changed < documents && places.length > 0,
    JSON.stringify({ documents, changed }),
  );
});

test("no EOS behind documents: stores, windows and verify go by document ends; trainers that go by EOS are refused", async (t) => {
  const root = temporaryFolder(t);
  writeTokenizer(root);
  const texts = TEXTS.slice(0, 400).map((text, i) => (i % 50 === 7 ? "" : i % 3 === 0 ? `${text}<eos>` : text));
  writeRows(root, texts);
  const tokenizer = (more: string) => `{ file: tokenizer, eos: "<eos>", append_eos: never${more} }`;
  const kept = new Set(texts.filter((text) => text !== ""));
  for (const more of [", special_tokens: parse", ""]) {
    const { manifest, layout, plan } = await make(root, recipe(tokenizer(more), "trl, megatron"));
    const folder = layout.tokens(plan.sources[0].tokens);
    const [shard] = fs.readdirSync(folder).filter((file) => file.endsWith(".ds"));
    const bytes = fs.readFileSync(path.join(folder, shard));
    const ids = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const ends = new BigUint64Array(new Uint8Array(fs.readFileSync(path.join(folder, `${shard}.index`))).buffer);
    let start = 0;
    const names = new Map([
      [EOS, "<eos>"],
      [BOS, "<bos>"],
      [TOOL, "<tool>"],
    ]);
    const spelled = [...ends].map((end) => {
      const text = Array.from(ids.subarray(start, Number(end)), (id) => names.get(id) ?? String.fromCharCode(id));
      start = Number(end);
      return text.join("");
    });
    assert.deepEqual(spelled.toSorted(), [...kept].toSorted(), "the texts, each once, and nothing behind them");
    const { tokenizer_guard: guard, counts } = manifest.sources.web;
    assert.deepEqual(counts.errors, { empty_text: 8 });
    assert.equal(guard?.documents, 392);
    const inside = more === "" ? 0 : [...kept].filter((text) => /<eos>./.test(text)).length;
    assert.equal(guard?.documents_with_eos_inside, inside);
    assert.equal(guard?.eos_only_at_end_ratio, undefined);
    assert.equal(guard?.text_tokens, ids.length);
    assert.equal(manifest.tokenizer.append_eos, "never");
    assert.deepEqual(await verifyRun(await openRun(plan.name, root)), []);
  }
  for (const trainer of ["nanotron", "olmo-core", "mosaic", "modded-nanogpt"]) {
    await assert.rejects(make(root, recipe(tokenizer(""), trainer)), { code: "recipe/export-needs-eos" });
  }
  await assert.rejects(make(root, recipe(tokenizer(`, bos: "<bos>"`), "nanotron")), {
    code: "recipe/export-needs-eos",
  });
});
