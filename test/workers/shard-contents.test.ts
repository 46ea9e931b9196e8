import assert from "node:assert/strict";
import test from "node:test";
import type { TokenizerPlan } from "../../plan/plan.ts";
import { ShardContents } from "../../workers/tasks/shard-contents.ts";

const TOKENIZER: TokenizerPlan = {
  name: "tiny",
  sha256: "0".repeat(64),
  vocab_size: 10,
  token_bytes: 2,
  eos: { token: "<eos>", id: 8 },
  bos: { token: "<bos>", id: 9 },
};

function contentsOf(tokenizer: TokenizerPlan, ...documents: number[][]): ShardContents {
  const contents = new ShardContents(tokenizer);
  contents.count(Uint16Array.from(documents.flat()));
  if (contents.parses) for (const ids of documents) contents.document(Uint16Array.from(ids));
  return contents;
}

test("every id is counted, and what is no document of the vocabulary is no shard", () => {
  const good = contentsOf(TOKENIZER, [9, 1, 1, 3, 8], [9, 8]);
  assert.deepEqual([...good.counts(2)], [0, 2, 0, 1, 0, 0, 0, 0, 2, 2]);
  assert.deepEqual(good.documents(), {});
  assert.throws(() => contentsOf(TOKENIZER, [9, 1, 8, 1, 8]).counts(1), /2 times <eos> in 1 documents/);
  assert.throws(() => contentsOf(TOKENIZER, [9, 9, 8]).counts(1), /2 times <bos> in 1 documents/);
  assert.throws(() => contentsOf(TOKENIZER, [9, 10, 8]).counts(1), /2 of 3 tokens are of the vocabulary/);
});

test("where special tokens are parsed, documents that hold BOS or EOS inside are counted", () => {
  const parses: TokenizerPlan = { ...TOKENIZER, special_tokens: "parse" };
  const contents = contentsOf(parses, [9, 1, 8, 8, 8], [9, 9, 8], [9, 3, 8]);
  assert.deepEqual([...contents.counts(3)], [0, 1, 0, 1, 0, 0, 0, 0, 5, 4]);
  assert.deepEqual(contents.documents(), { documents_with_eos_inside: 1, documents_with_bos_inside: 1 });
});

test("where no EOS is appended, there is none that was not parsed, and one that ends a document is not inside it", () => {
  const never: TokenizerPlan = { ...TOKENIZER, append_eos: "never" };
  assert.deepEqual([...contentsOf(never, [9, 1], [9, 1, 3]).counts(2)], [0, 2, 0, 1, 0, 0, 0, 0, 0, 2]);
  assert.throws(() => contentsOf(never, [9, 1, 8]).counts(1), /1 times <eos> in 1 documents that each have 0/);
  const parses: TokenizerPlan = { ...never, special_tokens: "parse" };
  const contents = contentsOf(parses, [9, 1, 8], [9, 8, 1], [9, 1]);
  assert.deepEqual([...contents.counts(3)], [0, 3, 0, 0, 0, 0, 0, 0, 2, 3]);
  assert.deepEqual(contents.documents(), { documents_with_eos_inside: 1, documents_with_bos_inside: 0 });
});
