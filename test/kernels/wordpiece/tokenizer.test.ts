/** The ids of `tokenizers`: see test/golden/scripts/onnx-classifier.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { JsonObject } from "../../../kernels/bpe/json/values.ts";
import { WordPieceTokenizer } from "../../../kernels/wordpiece/tokenizer.ts";
import { ROOT } from "../../project-root.ts";

const FOLDER = join(ROOT, "test/golden/onnx");
const file = JSON.parse(readFileSync(join(FOLDER, "tokenizer.json"), "utf8")) as JsonObject;
const golden = JSON.parse(readFileSync(join(FOLDER, "golden.json"), "utf8")) as { text: string; ids: number[] }[];

test("WordPiece gives the ids of the reference, hostile texts too, and cuts at the end", () => {
  const tokenizer = new WordPieceTokenizer(file);
  for (const { text, ids } of golden) {
    const bytes = Buffer.from(text);
    assert.deepEqual(tokenizer.encode(bytes, 0, bytes.length, 64), ids, JSON.stringify(text));
    const long = tokenizer.encode(bytes, 0, bytes.length, 1e6);
    assert.deepEqual(ids.slice(0, -1), long.slice(0, ids.length - 1), "of what is too long the end goes");
  }
  assert.ok(
    golden.some(({ ids }) => ids.length === 64),
    "some text was cut",
  );
});

test("what would change ids and is not honoured is refused by name", () => {
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => new WordPieceTokenizer({ ...file, ...change }), message);
  refused({ model: { type: "BPE" } }, /a model of type "BPE"/);
  refused({ normalizer: { type: "NFC" } }, /normalizer "NFC"/);
  refused({ pre_tokenizer: { type: "Whitespace" } }, /pre-tokenizer "Whitespace"/);
  const token = {
    id: 9,
    content: "w",
    special: false,
    normalized: true,
    lstrip: false,
    rstrip: false,
    single_word: false,
  };
  refused({ added_tokens: [token] }, /added token "w"/);
  refused({ model: { type: "WordPiece", vocab: { a: 0 }, unk_token: "[UNK]" } }, /the unknown token is not a token id/);
});
