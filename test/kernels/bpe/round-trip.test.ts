/** Tokens that come back as their text, in every form a file gives text, and tokens that do not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { SpecialTokens } from "../../../kernels/bpe/added-tokens.ts";
import { RoundTrip } from "../../../kernels/bpe/round-trip.ts";
import { tokenText } from "../../../kernels/bpe/token-text.ts";
import type { Tokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { load, tinyTokenizer } from "./tiny-tokenizer.ts";

interface Golden {
  readonly added_tokens: readonly object[];
  readonly model: object;
  readonly texts: readonly string[];
  readonly variants: Readonly<
    Record<string, Readonly<Record<"normalizer" | "pre_tokenizer" | "model", object | null>>>
  >;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/bpe/characters.json", "utf8"));

function keeps(tokenizer: Tokenizer, text: string, ids: Uint32Array, special: SpecialTokens = "text"): boolean {
  const bytes = new TextEncoder().encode(`>${text}<`);
  return new RoundTrip(tokenizer).keeps(bytes, 1, bytes.length - 1, ids, special);
}

for (const [name, { normalizer, pre_tokenizer, model }] of Object.entries(golden.variants)) {
  test(`${name}: a text comes back, in the form the file gives it, unless a token of it is unknown`, () => {
    const { added_tokens } = golden;
    const tokenizer = load({ added_tokens, normalizer, pre_tokenizer, model: { ...golden.model, ...model } });
    const dropsBlanks = JSON.stringify(pre_tokenizer).includes("WhitespaceSplit");
    for (const text of golden.texts) {
      // What a file throws away does not come back, and it is said so.
      if (dropsBlanks && /\s/.test(text)) continue;
      const ids = tokenizer.encodeText(text);
      const isKnown = tokenizer.unknownId === undefined || !ids.includes(tokenizer.unknownId);
      assert.equal(keeps(tokenizer, text, ids), isKnown, JSON.stringify(text));
    }
  });
}

test("tokens of another text do not come back", () => {
  const tokenizer = load({ ...tinyTokenizer(), normalizer: { type: "NFC" } });
  const ids = tokenizer.encodeText("e\u0301 is one letter");
  assert.ok(keeps(tokenizer, "e\u0301 is one letter", ids));
  assert.ok(!keeps(tokenizer, "e is one letter", ids));
  assert.ok(!keeps(tokenizer, "e\u0301 is one letter, or two", ids));
  assert.ok(!keeps(tokenizer, "e\u0301 is one lette", ids));
  assert.ok(!keeps(tokenizer, "e\u0301 is one letter", ids.slice(1)));
});

test("added tokens that strip whitespace take it along", () => {
  const file = tinyTokenizer();
  file.added_tokens.push({ id: 257, content: "<mask>", special: true, lstrip: true, rstrip: true });
  const tokenizer = load(file);
  const text = "a  <mask> b";
  assert.ok(keeps(tokenizer, text, tokenizer.encodeText(text, { special: "parse" }), "parse"));
  assert.ok(keeps(tokenizer, text, tokenizer.encodeText(text)));
});

test("a token is shown as its text, or as its bytes where they are no text", () => {
  const bytes = new Uint8Array([0x20, 0x61, 0xe2, 0x96, 0x5c, 0x78]);
  const offsets = Int32Array.of(0, 2, 4, 6);
  assert.deepEqual(
    [0, 1, 2].map((id) => tokenText({ bytes, offsets }, id)),
    [" a", "\\xe2\\x96", "\\x5c\\x78"],
  );
});
