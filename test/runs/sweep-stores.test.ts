import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { createIoEnvironment, loadRecipe, makePlan, stageRegistry } from "../../index.ts";
import { alignRatios } from "../../mixtures/experiments/stores.ts";
import { type RatioTable, type SourceStore, storesDigest } from "../../mixtures/experiments/tables.ts";
import { storeParts } from "../../runs/sweeps/source-stores.ts";
import { tinyTokenizer, wordMerges } from "../kernels/bpe/tiny-tokenizer.ts";
import { temporaryFolder } from "../workers/fixture.ts";

interface Variant {
  readonly tokenizer?: string;
  readonly text?: string;
  readonly stages?: string;
  readonly rest?: string;
}

test("a piece is a file and all that makes its tokens, so a union over text that was made otherwise is none", async (t) => {
  const root = temporaryFolder(t);
  for (const name of ["a", "b", "c"]) {
    fs.writeFileSync(path.join(root, `${name}.jsonl`), `{"text":"${name}","body":"${name} ${name}"}\n`);
  }
  fs.writeFileSync(path.join(root, "one.json"), JSON.stringify(tinyTokenizer()));
  fs.writeFileSync(path.join(root, "two.json"), JSON.stringify(tinyTokenizer(wordMerges(["word"]))));

  /** The stores of sources of these files. */
  const storesOf = async (files: Readonly<Record<string, string>>, variant: Variant = {}) => {
    const {
      tokenizer = "one",
      text = "text",
      stages = "{ use: filter/length, unit: bytes, min: 1 }",
      rest = "",
    } = variant;
    const sources = Object.entries(files).map(([name, from]) => {
      return `${name}: { from: [${from}], read: jsonl, text: ${text}, pipeline: clean }`;
    });
    const recipe = `schema: 1
name: pieces
tokenizer: { file: ./${tokenizer}.json, eos: "<eos>" }
pipelines: { clean: [${stages}] }
sources: { ${sources.join(", ")} }
training_stages:
  - { name: only, tokens: 1K, sequence_length: 64, weights: { ${Object.keys(files).map((name) => `${name}: 1`)} } }
${rest}`;
    const loaded = await loadRecipe({ text: recipe, name: "recipe.yaml", folder: root });
    const plan = await makePlan(loaded, { environment: createIoEnvironment({ root }), registry: stageRegistry() });
    return Object.fromEntries(
      plan.sources.map((source): [string, SourceStore] => [
        source.name,
        { store: source.tokens, tokens: 10, epochs: 1, parts: storeParts(plan, source) },
      ]),
    );
  };
  const PARTS = { left: "a.jsonl, b.jsonl", right: "c.jsonl" };
  const WHOLE = { all: "a.jsonl, b.jsonl, c.jsonl" };
  const table = (run: string, sources: Readonly<Record<string, SourceStore>>): RatioTable => {
    const columns = Object.keys(sources);
    const made_over = { stores: storesDigest(sources), sources };
    return { columns, rows: [{ run, name: run, ratios: columns.map(() => 1 / columns.length), made_over }] };
  };
  const align = async (variant: Variant, before: Variant = {}) =>
    alignRatios([table("a", await storesOf(PARTS, before)), table("b", await storesOf(WHOLE, variant))], {
      unions: [],
      tokens: {},
    });

  assert.deepEqual((await align({})).rows[0]?.ratios, [1]);
  // Copies are sought in all files of the pipeline, in the same order, however sources divide them.
  const exact = { stages: "{ use: dedup/exact, scope: pipeline }" };
  assert.deepEqual((await align(exact, exact)).rows[0]?.ratios, [1]);
  const held = { rest: "validation: { fraction: 0.1 }" };
  assert.deepEqual((await align(held, held)).rows[0]?.ratios, [1]);

  const refused = /mix\/other-stores/;
  await assert.rejects(align({ stages: "{ use: filter/length, unit: bytes, min: 2 }" }), refused, "another filter");
  await assert.rejects(align({ tokenizer: "two" }), refused, "another tokenizer");
  await assert.rejects(align({ text: "body" }), refused, "another text column");
  await assert.rejects(align(held), refused, "documents held out");
  await assert.rejects(align({ rest: "seed: 5" }), refused, "other draws");
  const apart = { stages: "{ use: dedup/exact, scope: source }" };
  await assert.rejects(align(apart, apart), refused, "copies sought in other files");
  const limited = { rest: "validation: { tokens: 5 }" };
  await assert.rejects(align(limited, limited), refused, "held out of each source, not of each file");
});
