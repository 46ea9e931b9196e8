/** Vocabularies of characters: what `tokenizers` made of hard texts in every form that SentencePiece-style files have, by both engines. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { wasmModule } from "../../../io/wasm.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";
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

for (const [name, { ids }] of Object.entries(golden.variants)) {
  test(`${name}: ids are those of the reference`, () => {
    const tokenizer = variant(name);
    const wasm = module === undefined ? undefined : new WasmBpeEncoder(module, tokenizer.model);
    for (const [i, text] of golden.texts.entries()) {
      const made = tokenizer.encodeText(text);
      assert.deepEqual([...made], ids[i], JSON.stringify(text));
      if (wasm === undefined) continue;
      const bytes = utf8.encode(text);
      const out = new Uint32Array(wasm.maxTokens(bytes.length));
      const count = wasm.encode(bytes, 0, bytes.length, out, 0);
      assert.deepEqual([...out.subarray(0, count)], ids[i], `wasm: ${JSON.stringify(text)}`);
    }
  });
}
