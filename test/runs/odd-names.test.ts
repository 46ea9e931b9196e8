import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { loadRecipe } from "../../plan/recipe/load.ts";
import { prepare } from "../../runs/prepare.ts";
import { run } from "../../runs/run.ts";
import { openRun } from "../../runs/status.ts";
import { verifyRun } from "../../runs/verify.ts";
import { TOKENIZER, temporaryFolder } from "../workers/fixture.ts";

/** Every place of a recipe where a name may stand has one that JavaScript objects inherit. */
const ODD = `schema: 1
name: toString
seed: 1
tokenizer: ${TOKENIZER}
pipelines:
  constructor:
    - { use: filter/column, id: constructor, column: constructor, none_of: [c5] }
    - { use: filter/column, id: toString, column: __proto__, none_of: [p7] }
    - { use: annotate/constant, id: valueOf, column: hasOwnProperty, value: x }
    - { use: dedup/exact, id: isPrototypeOf, scope: pipeline }
sources:
  constructor:
    { from: a.jsonl, pipeline: constructor, category: toString, metadata: [constructor, __proto__, { name: valueOf, kind: json }] }
  valueOf:
    { from: b.jsonl, pipeline: constructor, metadata: [constructor, __proto__, { name: valueOf, kind: json }] }
shard_tokens: 200
training_stages:
  - { name: constructor, tokens: 256, sequence_length: 16, weights: { constructor: { share: 1, min_tokens: 3 }, valueOf: 1 } }
  - name: toString
    tokens: 128
    sequence_length: 16
    weights: { hasOwnProperty: { share: 1, of: [constructor, valueOf], temperature: 2 } }
validation: { fraction: 0.1, sources: { valueOf: { fraction: 0.2 } } }
outputs:
  - { name: constructor, format: { use: write/jsonl, codec: none }, keep_dropped: true }
  - name: toString
    columns: [id, text, constructor, __proto__, { name: valueOf, type: "struct<toString: int64, constructor: int64>" }]
limits: { max_epochs: 10 }
exports: [nanotron, megatron, trl, mosaic, olmo-core]
`;

function write(root: string, recipe: string): string {
  for (const name of ["a", "b"]) {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const text = `row ${i % 40} of text with some words the and of ${name} number ${i % 40}`;
      const odd = i % 2 === 0 ? "" : `,"constructor":"c${i}","__proto__":"p${i}","valueOf":{"toString":${i}}`;
      return `{"id":"${name}${i}","text":"${text}"${odd}}\n`;
    });
    fs.writeFileSync(path.join(root, `${name}.jsonl`), rows.join(""));
  }
  const file = path.join(root, "odd.yaml");
  fs.writeFileSync(file, recipe);
  return file;
}

test("names that objects inherit work everywhere: a run over them is whole", async (t) => {
  const root = temporaryFolder(t);
  const file = write(root, ODD);
  const { plan, environment, registry } = await prepare(file, { out: root, dataRoot: root });
  const result = await run(plan, { root, workers: 0, environment, registry });
  const dropped = {
    "constructor:missing": 30,
    "constructor:listed": 1,
    "toString:listed": 1,
    "isPrototypeOf:duplicate": 8,
  };
  assert.deepEqual(
    result.sources.map((source) => [source.name, source.rows_in, source.dropped]),
    [
      ["constructor", 60, dropped],
      ["valueOf", 60, dropped],
    ],
  );
  const manifest = JSON.parse(fs.readFileSync(result.manifests[0] ?? "", "utf8"));
  assert.deepEqual(Object.keys(manifest.sources), ["constructor", "valueOf"]);
  assert.equal(manifest.sources.valueOf.category, undefined);
  assert.deepEqual(await verifyRun(openRun("toString", root)), []);
  const output = path.join(root, "runs", "toString", "outputs", "constructor", "train-00000-of-00001.jsonl");
  const [first = ""] = fs.readFileSync(output, "utf8").split("\n");
  assert.match(first, /"constructor":"c1","__proto__":"p1","valueOf":"\{\\"toString\\":1\}"/);
});

test("a key that libraries leave out without a word is reported; so is an inherited name where nothing is called so", async () => {
  const load = (text: string) => loadRecipe({ text, name: "odd.yaml" });
  await assert.rejects(load(ODD.replace("valueOf: 1 }", "valueOf: 1, __proto__: 3 }")), /`__proto__` cannot be a name/);
  await assert.rejects(load(ODD.replace("seed: 1", "seed: 1\nconstructor: 4")), /no key `constructor`/);
  await assert.rejects(load(ODD.replace("{ share: 1, min_tokens: 3 }", "{ constructor: 1 }")), /no key `constructor`/);
  await assert.rejects(load(ODD.replace("[constructor, valueOf]", "[constructor, toString]")), /no source `toString`/);
});
