/**
 * Small tokenizer files, one for each form and flag there is: ids are those of `tokenizers` from Python, with special tokens read as text and
 * parsed, by both engines; and, where the native package loads, on fuzz strings beside it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Bitmap } from "../../../batch/bitmap.ts";
import { wasmModule } from "../../../io/wasm.ts";
import type { SpecialTokens } from "../../../kernels/bpe/added-tokens.ts";
import { ByteBpeEncoder, type Encoder } from "../../../kernels/bpe/encoder.ts";
import { loadTokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";
import { batchOf } from "../../batch-of.ts";
import { ROOT } from "../../project-root.ts";
import { seeded } from "./fuzz-text.ts";
import { huggingFace } from "./oracles.ts";

interface Form {
  readonly file: { readonly added_tokens: readonly { readonly content: string; readonly special: boolean }[] };
  readonly texts: readonly string[];
  readonly ids: readonly (readonly number[])[];
  /** Where parsing special tokens gives others. */
  readonly parsed: Readonly<Record<string, readonly number[]>>;
}

const { model, forms } = JSON.parse(readFileSync(join(ROOT, "test/golden/bpe/forms.json"), "utf8")) as {
  readonly model: object;
  readonly forms: Readonly<Record<string, Form>>;
};
const module = wasmModule("bpe");
const FUZZ_STRINGS = 200;
const EOS = 7;

function idsOf(encoder: Encoder, text: string, special: SpecialTokens): number[] {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint32Array(encoder.maxTokens(bytes.length));
  return [...out.subarray(0, encoder.encode(bytes, 0, bytes.length, out, 0, { special }))];
}

/** Strings of the form's own texts' characters and tokens, mixed anew. */
function mixed({ file, texts }: Form): string[] {
  const below = seeded(9);
  const parts = [...texts.flatMap((text) => [...text]), ...file.added_tokens.map((token) => token.content)];
  return Array.from({ length: FUZZ_STRINGS }, () =>
    Array.from({ length: 1 + below(20) }, () => parts[below(parts.length)]).join(""),
  );
}

for (const [name, form] of Object.entries(forms)) {
  test(`${name}: ids are those of the reference`, async (t) => {
    const json = JSON.stringify({ ...form.file, model });
    const tokenizer = loadTokenizer(new TextEncoder().encode(json), { name });
    const encoders: Encoder[] = [new ByteBpeEncoder(tokenizer.model)];
    if (module !== undefined) encoders.push(new WasmBpeEncoder(module, tokenizer.model));
    for (const [i, text] of form.texts.entries()) {
      for (const encoder of encoders) {
        assert.deepEqual(idsOf(encoder, text, "text"), form.ids[i], JSON.stringify(text));
        const parsed = form.parsed[i] ?? form.ids[i];
        assert.deepEqual(idsOf(encoder, text, "parse"), parsed, `parsed: ${JSON.stringify(text)}`);
      }
    }
    assertColumn(form, encoders);
    const oracle = huggingFace(json);
    if (typeof oracle === "string") return t.diagnostic(oracle);
    const strings = mixed(form);
    const expected = await oracle(strings);
    for (const [i, text] of strings.entries()) {
      for (const encoder of encoders) {
        assert.deepEqual(idsOf(encoder, text, "parse"), expected[i], JSON.stringify(text));
      }
    }
  });
}

/** A column's rows are its texts' ids, and parsed special tokens are counted row by row. */
function assertColumn({ file, texts, ids, parsed }: Form, encoders: readonly Encoder[]): void {
  const { text: column } = batchOf(texts);
  const alive = Bitmap.full(texts.length);
  alive.clear(1);
  const special = new Set(file.added_tokens.flatMap((token) => (token.special ? [token.content] : [])));
  for (const encoder of encoders) {
    const counts = new Int32Array(texts.length);
    const rows = encoder.encodeDocuments(column, alive, EOS, { special: "parse", parsed: counts });
    const plain = encoder.encodeDocuments(column, alive, EOS);
    for (let row = 0; row < texts.length; row++) {
      const whole = (made: readonly number[]) => (row === 1 ? [] : [...made, EOS]);
      const range = [rows.offsets[row], rows.offsets[row + 1]] as const;
      assert.deepEqual([...rows.values.subarray(...range)], whole(parsed[row] ?? ids[row]));
      assert.deepEqual([...plain.values.subarray(plain.offsets[row], plain.offsets[row + 1])], whole(ids[row]));
      if (row === 1 || special.size === 0) assert.equal(counts[row], 0);
      else if (row in parsed) assert.ok(counts[row] > 0);
    }
  }
}
