/** Unigram models: what `tokenizers` made of hard texts in every form that T5's and XLM-R's files have, and what is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Bitmap } from "../../../batch/bitmap.ts";
import { wasmModule } from "../../../io/wasm.ts";
import { ByteBpeEncoder, type Encoder } from "../../../kernels/bpe/encoder.ts";
import type { BpeModel } from "../../../kernels/bpe/model.ts";
import { TokenLoss } from "../../../kernels/bpe/token-loss.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";
import { batchOf } from "../../batch-of.ts";
import { fuzzTexts } from "./fuzz-text.ts";
import { huggingFace } from "./oracles.ts";
import { load } from "./tiny-tokenizer.ts";

type Vocab = readonly (readonly [string, number])[];

interface Variant {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly vocab: string;
  readonly byte_fallback: boolean;
  readonly ids: readonly (readonly number[])[];
}

interface Golden {
  readonly added_tokens: readonly object[];
  readonly vocabularies: Readonly<Record<string, Vocab>>;
  readonly texts: readonly string[];
  readonly variants: Readonly<Record<string, Variant>>;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/bpe/unigram.json", "utf8"));
const module = wasmModule("bpe");
const utf8 = new TextEncoder();

function fileOf(name: string, changes: object = {}) {
  const { normalizer, pre_tokenizer, vocab, byte_fallback } = golden.variants[name];
  const model = { type: "Unigram", unk_id: 1, vocab: golden.vocabularies[vocab], byte_fallback, ...changes };
  return { version: "1.0", added_tokens: golden.added_tokens, normalizer, pre_tokenizer, model };
}

function enginesOf(model: BpeModel): readonly Encoder[] {
  const twin = new ByteBpeEncoder(model, 1 << 16);
  return module === undefined ? [twin] : [twin, new WasmBpeEncoder(module, model, 1 << 16)];
}

function encode(engine: Encoder, text: string): number[] {
  const bytes = utf8.encode(text);
  const out = new Uint32Array(engine.maxTokens(bytes.length));
  return [...out.subarray(0, engine.encode(bytes, 0, bytes.length, out, 0, { special: "parse" }))];
}

for (const [name, { ids }] of Object.entries(golden.variants)) {
  test(`${name}: ids are those of the reference`, () => {
    for (const engine of enginesOf(load(fileOf(name)).model)) {
      for (const [i, text] of golden.texts.entries()) {
        assert.deepEqual(encode(engine, text), ids[i], JSON.stringify(text.slice(0, 200)));
        const column = engine.encodeDocuments(batchOf([text]).text, Bitmap.full(1), 2, { special: "parse" });
        assert.equal(column.values.length, ids[i].length + 1, `${JSON.stringify(text)} as a document`);
      }
    }
  });
}

test("identical to the reference on fuzz strings", async (t) => {
  for (const name of ["xlm-r", "t5", "bytes", "ties, whole"]) {
    const file = fileOf(name);
    const oracle = huggingFace(JSON.stringify(file));
    if (typeof oracle === "string") return t.skip(oracle);
    // The last is longer, in one word, than what is kept between words.
    const texts = [...fuzzTexts(11, 1500), "millstone☃".repeat(600)];
    const expected = await oracle(texts);
    const engine = new ByteBpeEncoder(load(file).model, 1 << 16);
    for (const [i, text] of texts.entries()) assert.deepEqual(encode(engine, text), expected[i], JSON.stringify(text));
  }
});

test("decoding gives words back, and bytes that stand for unknown text", () => {
  const words = load(fileOf("xlm-r"));
  assert.equal(Buffer.from(words.decode(words.encodeText("the  mill\n"))).toString(), "the mill");
  assert.equal(words.unknownId, 1);
  const bytes = load(fileOf("bytes"));
  assert.equal(Buffer.from(bytes.decode(bytes.encodeText("the ☃ mill"))).toString(), "the ☃ mill");
  assert.equal(bytes.unknownId, undefined);
});

test("malformed text has tokens, byte by byte", () => {
  const tokenizer = load(fileOf("bytes"));
  const bytes = Uint8Array.of(0x74, 0xff, 0xe2, 0x96, 0x74);
  const out = new Uint32Array(tokenizer.encoder.maxTokens(bytes.length));
  const count = tokenizer.encoder.encode(bytes, 0, bytes.length, out, 0);
  assert.deepEqual(tokenizer.decode(out.subarray(0, count)), bytes);
});

test("loss ranges are refused where tokens do not say where they are from", () => {
  assert.throws(() => new TokenLoss(load(fileOf("words")).model), /leaves text out/);
  assert.throws(() => new TokenLoss(load(fileOf("whole")).model), /unknown token/);
});

test("what is not honoured exactly is refused by name", () => {
  const refused: readonly (readonly [object, RegExp])[] = [
    [fileOf("t5", { unk_id: null }), /without an unk_id/],
    [fileOf("t5", { unk_id: 9999 }), /unk_id 9999 is not in the vocabulary/],
    [fileOf("t5", { vocab: [["<unk>", 0]], unk_id: 0 }), /without U\+2581/],
    [fileOf("t5", { vocab: [...golden.vocabularies.trained, ["<s>", -3]] }), /a token twice/],
    [fileOf("t5", { vocab: [["<unk>"]] }), /not a token and its score/],
    [{ ...fileOf("t5"), pre_tokenizer: { type: "ByteLevel", add_prefix_space: false } }, /Unigram and a ByteLevel/],
  ];
  for (const [file, message] of refused) assert.throws(() => load(file), message);
  const metaspace = (changes: object) => ({
    ...fileOf("words"),
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Metaspace", replacement: "▁", ...changes }],
    },
  });
  assert.throws(() => load(metaspace({ prepend_scheme: "first" })), /prepend_scheme first behind WhitespaceSplit/);
  assert.throws(() => load(metaspace({ split: false })), /split false behind WhitespaceSplit/);
});
