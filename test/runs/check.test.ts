/** What is known to be wrong with a recipe before any data is read: what its files hold. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkRecipe, runRecipe } from "../../index.ts";
import { tinyTokenizer } from "../kernels/bpe/tiny-tokenizer.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder } from "../workers/fixture.ts";

const MODEL = path.join(ROOT, "test/golden/fasttext/hs-quantized.ftz");

function recipe(stage: string): string {
  return `schema: 1
name: languages
pipelines:
  web:
    - ${stage}
sources:
  pages: { from: pages.jsonl, pipeline: web }
outputs:
  - { name: kept, sources: [pages], format: { use: jsonl, codec: none }, columns: [id, text, language, language_score] }
`;
}

test("a label that a model lacks is found by check and by plan, with its line", async (t) => {
  const root = temporaryFolder(t);
  const file = path.join(root, "languages.yaml");
  for (const stage of [
    `{ use: chat/language, model: ${MODEL}, languages: [en, xx] }`,
    `{ use: filter/language, model: ${MODEL}, languages: [xx] }`,
    `{ use: filter/fasttext, model: ${MODEL}, score_of: xx }`,
  ]) {
    fs.writeFileSync(file, recipe(stage));
    await assert.rejects(checkRecipe(file), (error) => {
      assert.match(String(error), /hs-quantized.ftz has no label xx/);
      assert.match(JSON.stringify(error), /"line":5/);
      return true;
    });
  }
  fs.writeFileSync(path.join(root, "pages.jsonl"), '{"id":"a","text":"b"}\n');
  await assert.rejects(runRecipe(file, { out: root, dataRoot: root, workers: 0 }), /has no label xx/);
  fs.writeFileSync(path.join(root, "none.bin"), "PK");
  fs.writeFileSync(file, recipe("{ use: filter/language, model: none.bin }"));
  await assert.rejects(checkRecipe(file), /none.bin cannot be used as a fastText classifier: it is no fastText model/);
});

test("languages of rows, from a recipe to an output", async (t) => {
  const root = temporaryFolder(t);
  const file = path.join(root, "languages.yaml");
  const texts = {
    en: "Everyone has the right to life, liberty and security of person.",
    de: "Jeder hat das Recht auf Leben.",
  };
  fs.writeFileSync(file, recipe(`{ use: filter/language, model: ${MODEL}, languages: [en], min_score: 0.2 }`));
  const rows = Object.entries(texts).map(([id, text]) => JSON.stringify({ id, text }));
  fs.writeFileSync(path.join(root, "pages.jsonl"), `${rows.join("\n")}\n`);
  await checkRecipe(file);
  await runRecipe(file, { out: root, dataRoot: root, workers: 0 });
  const folder = path.join(root, "runs/languages/outputs/kept");
  const lines = fs.readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  const kept = lines.flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").trim().split("\n"));
  const found = kept.map((line) => JSON.parse(line) as { id: string; language: string; language_score: number });
  assert.deepEqual(
    found.map(({ id, language }) => [id, language]),
    [["en", "en"]],
  );
  assert.ok((found[0]?.language_score ?? 0) > 0.2);
});

test("a tokenizer that is not understood is found by check, with the name of what is not", async (t) => {
  const root = temporaryFolder(t);
  const file = path.join(root, "odd.yaml");
  fs.writeFileSync(
    file,
    'schema: 1\nname: odd\ntokenizer: { file: tokenizer.json, eos: "<eos>" }\nsources: { a: { from: a.jsonl } }\ntraining_stages: [ { name: only, tokens: 1K, sequence_length: 64, weights: { a: 1 } } ]\n',
  );
  for (const [part, name] of [
    [{ pre_tokenizer: { type: "UnicodeScripts" } }, /UnicodeScripts/],
    [{ normalizer: { type: "BertNormalizer" } }, /BertNormalizer/],
    [{ model: { type: "WordPiece", vocab: {} } }, /WordPiece/],
  ] as const) {
    fs.writeFileSync(path.join(root, "tokenizer.json"), JSON.stringify({ ...tinyTokenizer(), ...part }));
    await assert.rejects(checkRecipe(file), (error) => {
      assert.match(String(error), name);
      assert.match(String(error), /odd\.yaml:3/);
      return true;
    });
  }
});
