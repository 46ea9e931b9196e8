/** Vocabularies of characters: what `tokenizers` made of hard texts in every form that SentencePiece-style files have, by both engines. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Bitmap } from "../../../batch/bitmap.ts";
import { wasmModule } from "../../../io/wasm.ts";
import { Decoder } from "../../../kernels/bpe/decoder.ts";
import { ByteBpeEncoder, type Encoder } from "../../../kernels/bpe/encoder.ts";
import type { BpeModel } from "../../../kernels/bpe/model.ts";
import { TokenLoss } from "../../../kernels/bpe/token-loss.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";
import { batchOf } from "../../batch-of.ts";
import { fuzzTexts, seeded } from "./fuzz-text.ts";
import { huggingFace } from "./oracles.ts";
import { load } from "./tiny-tokenizer.ts";

interface Variant {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  /** What differs in the model. */
  readonly model: object;
  readonly ids: readonly (readonly number[])[];
}

interface Golden {
  readonly added_tokens: readonly object[];
  readonly model: object;
  readonly texts: readonly string[];
  readonly variants: Readonly<Record<string, Variant>>;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/bpe/characters.json", "utf8"));
const module = wasmModule("bpe");
const utf8 = new TextEncoder();

function variant(name: string) {
  const { normalizer, pre_tokenizer, model } = golden.variants[name];
  const { added_tokens } = golden;
  return load({ version: "1.0", added_tokens, normalizer, pre_tokenizer, model: { ...golden.model, ...model } });
}

/** The encoder in TypeScript, and the one in WebAssembly where there is one. */
function enginesOf(model: BpeModel): readonly Encoder[] {
  const twin = new ByteBpeEncoder(model, 1 << 16);
  return module === undefined ? [twin] : [twin, new WasmBpeEncoder(module, model, 1 << 16)];
}

function encode(engine: Encoder, bytes: Uint8Array): Uint32Array {
  const out = new Uint32Array(engine.maxTokens(bytes.length));
  return out.slice(0, engine.encode(bytes, 0, bytes.length, out, 0));
}

for (const [name, { ids }] of Object.entries(golden.variants)) {
  test(`${name}: ids are those of the reference`, () => {
    for (const engine of enginesOf(variant(name).model)) {
      for (const [i, text] of golden.texts.entries()) {
        assert.deepEqual([...encode(engine, utf8.encode(text))], ids[i], JSON.stringify(text));
      }
    }
  });
}

/** Variants whose text has one way back: no normal form that loses something, no unknown token. */
const LOSSLESS = [
  "llama",
  "gemma",
  "gemma 1",
  "metaspace never",
  "plain blanks are bytes",
  "digits",
  "split at blanks",
];

test("decoding gives the text back, and U+2581 as the blank it stands for", () => {
  for (const name of LOSSLESS) {
    const tokenizer = variant(name);
    for (const text of golden.texts) {
      const decoded = Buffer.from(tokenizer.decode(tokenizer.encodeText(text))).toString();
      assert.equal(decoded, text.replaceAll("\u2581", " "), name);
    }
  }
});

test("a blank that a file puts before text that has none is taken away again", () => {
  for (const name of ["metaspace always", "metaspace first", "metaspace whole"]) {
    const tokenizer = variant(name);
    for (const text of ["the mill", "x", "a  b", "\u6c34\u8eca"]) {
      assert.equal(Buffer.from(tokenizer.decode(tokenizer.encodeText(text))).toString(), text, name);
    }
  }
  const special = { special: "parse" } as const;
  const llama = variant("llama");
  const ids = llama.encodeText("the<s>mill</s>", special);
  assert.equal(Buffer.from(llama.decode(ids)).toString(), "the<s>mill</s>");
});

test("malformed text is its bytes, by both engines", () => {
  const { model } = variant("llama");
  const engines = enginesOf(model);
  const decoder = new Decoder(model, "llama");
  const pieces = ["74", "20", "c3", "a9", "e2", "96", "81", "f0", "9f", "8c", "be", "ff", "ed", "a0", "80", "e0", "61"];
  const below = seeded(5);
  for (let i = 0; i < 2000; i++) {
    const hex = Array.from({ length: 1 + below(9) }, () => pieces[below(pieces.length)]).join("");
    const bytes = Buffer.from(hex, "hex");
    const [ids, wasm] = engines.map((engine) => encode(engine, bytes));
    if (wasm !== undefined) assert.deepEqual(wasm, ids, hex);
    const text = Buffer.from(bytes.toString("latin1").replaceAll("\u00e2\u0096\u0081", " "), "latin1");
    assert.deepEqual(Buffer.from(decoder.decode(ids)), text, hex);
  }
});

/** A file whose merges join any two letters of Cyrillic, and a blank to one, but nothing else of ASCII: those are cut by kind. */
function cyrillic() {
  const { normalizer, pre_tokenizer, model } = golden.variants.gemma;
  const whole = { ...golden.model, ...model } as { vocab: Record<string, number>; merges: readonly unknown[] };
  const letters = Array.from({ length: 80 }, (_, i) => String.fromCodePoint(0x400 + i));
  const merges = ["\u2581", ...letters].flatMap((left) => ["\u0430", "\u0440"].map((right) => [left, right]));
  const tokens = new Set([...Object.keys(whole.vocab), ...letters, ...merges.map((pair) => pair.join(""))]);
  const vocab = Object.fromEntries([...tokens].map((token, id) => [token, id]));
  const added = { normalizer, pre_tokenizer, added_tokens: [] };
  return load({ version: "1.0", ...added, model: { ...whole, vocab, merges: [...whole.merges, ...merges] } });
}

test("letters of two bytes have the ids of the twin in any company, whole and malformed", (t) => {
  const [twin, wasm] = enginesOf(cyrillic().model);
  if (wasm === undefined) return t.skip("this runtime cannot run the WebAssembly encoder");
  const letters = ["d0b0", "d180", "d0bf", "d18f", "d090", "d080", "d0b0d180", "20d0b0", "d1802c20"];
  const others = [
    "20",
    "2c",
    "37",
    "61",
    "0a",
    "7f",
    "c3a9",
    "ceb1",
    "e28094",
    "e4b8ad",
    "f09f8cbe",
    "d0",
    "b0",
    "d1",
    "80",
    "ff",
  ];
  const below = seeded(21);
  for (let i = 0; i < 1500; i++) {
    const pick = () => (below(3) > 0 ? letters[below(letters.length)] : others[below(others.length)]);
    const hex = Array.from({ length: 1 + below(120) }, pick).join("");
    const bytes = Buffer.from(hex, "hex");
    assert.deepEqual(encode(wasm, bytes), encode(twin, bytes), hex);
  }
});

test("texts longer than a window are cut where that changes nothing", () => {
  const { model } = variant("llama");
  const words = golden.texts.filter((text) => text.length > 20);
  for (const unit of [words.join(" "), "\u6c34\u8eca", "the", " ", "\u2603", "word-"]) {
    const bytes = utf8.encode(unit.repeat(Math.ceil(300_000 / utf8.encode(unit).length)));
    const [ids, wasm] = enginesOf(model).map((engine) => encode(engine, bytes));
    if (wasm !== undefined) assert.deepEqual(wasm, ids, unit.slice(0, 20));
  }
});

test("tokens that overlap a range are trained on, the blank in front not counted", () => {
  const below = seeded(9);
  for (const name of ["llama", "metaspace first", "gemma", "lowercase"]) {
    const tokenizer = variant(name);
    const loss = new TokenLoss(tokenizer.model);
    for (const text of golden.texts.filter((one) => /^[!-~][ -~]*$/.test(one))) {
      const start = below(text.length);
      const end = start + 1 + below(text.length - start);
      const { text: column } = batchOf([text]);
      const tokens = tokenizer.encoder.encodeDocuments(column, Bitmap.full(1), 0);
      const ranges = { starts: Int32Array.of(start), ends: Int32Array.of(end), offsets: Int32Array.of(0, 1) };
      const lane = loss.lane(tokens, column, { kind: "range_list", ...ranges });
      const ids = [...tokens.values].slice(0, -1);
      const ends = ids.map((_, i) => tokenizer.decode(ids.slice(0, i + 1)).length);
      const wanted = ends.map((stop, i) => Number((ends[i - 1] ?? 0) < end && stop > start));
      assert.deepEqual([...lane.slice(0, -1)], wanted, `${name}: ${JSON.stringify(text)} ${start} to ${end}`);
    }
  }
});

test("what changes ids and is not honoured is refused by its name", () => {
  const file = (normalizer: object | null, pre_tokenizer: object | null, changes: object = {}) =>
    ({
      normalizer,
      pre_tokenizer,
      added_tokens: golden.added_tokens,
      model: { ...golden.model, ...changes },
    }) as object;
  const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always" };
  const sequence = { type: "Sequence", pretokenizers: [metaspace, { type: "Punctuation", behavior: "Isolated" }] };
  const refused: readonly (readonly [object, RegExp])[] = [
    [file({ type: "Nmt" }, null), /Nmt/],
    [file({ type: "Replace", pattern: { Regex: "b*" }, content: "" }, null), /b\*/],
    [file(null, { ...metaspace, replacement: "_" }), /Metaspace with replacement/],
    [file(null, { ...metaspace, prepend_scheme: "last" }), /prepend_scheme/],
    [file(null, sequence), /Punctuation/],
    [file(null, null, { dropout: 0.1 }), /dropout/],
    [file(null, null, { continuing_subword_prefix: "##" }), /continuing_subword_prefix/],
    [file(null, null, { byte_fallback: false, unk_token: null }), /unk_token/],
  ];
  for (const [one, named] of refused) {
    assert.throws(() => load(one), { code: "recipe/unsupported-tokenizer", message: named });
  }
});

test("ids are those of tokenizers on fuzz strings", async (t) => {
  for (const name of Object.keys(golden.variants)) {
    const { normalizer, pre_tokenizer, model } = golden.variants[name];
    const { added_tokens } = golden;
    const file = { version: "1.0", added_tokens, normalizer, pre_tokenizer, model: { ...golden.model, ...model } };
    const oracle = huggingFace(JSON.stringify(file));
    if (typeof oracle === "string") return t.skip(oracle);
    const engines = enginesOf(variant(name).model);
    const texts = fuzzTexts(11, 120).map((text) => Buffer.from(text).toString());
    for (const [i, expected] of (await oracle(texts)).entries()) {
      for (const engine of engines) {
        assert.deepEqual(
          [...encode(engine, utf8.encode(texts[i]))],
          [...expected],
          `${name}: ${JSON.stringify(texts[i])}`,
        );
      }
    }
  }
});
