/** Pre-tokenizer settings of other families against `tokenizers`, on a small vocabulary whose merges cross every border. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "./fuzz-text.ts";
import { huggingFace } from "./oracles.ts";
import { load, tinyTokenizer } from "./tiny-tokenizer.ts";

/** Merges between any two of these, as the byte alphabet spells them: blank, newline, letters, digit, symbol, and bytes of U+00E9. */
const SYMBOLS = ["Ġ", "Ċ", "a", "B", "1", "!", "'", "s", "Ã", "©"];
const MERGES = SYMBOLS.flatMap((left) => SYMBOLS.map((right) => [left, right] as const));
const CHARACTERS = [" ", " ", "\n", "a", "B", "1", "!", "'", "s", "é", "中", "\u0301", "٣"];

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
const gpt2 = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true };
const split = (Regex: string, behavior = "Isolated", invert = false) => ({
  type: "Split",
  pattern: { Regex },
  behavior,
  invert,
});
const sequence = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });
const QWEN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const FAMILIES = {
  "ByteLevel alone": gpt2,
  "one digit at a time, then ByteLevel": sequence({ type: "Digits", individual_digits: true }, gpt2),
  "digits apart, then ByteLevel": sequence({ type: "Digits", individual_digits: false }, gpt2),
  "matches kept, gaps removed": sequence(split(QWEN, "Removed", true), byteLevel),
  "several unknown expressions": sequence(
    split(String.raw`\p{N}{1,3}`),
    split("[一-龥぀-ゟ゠-ヿ]+"),
    split(
      String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ),
    byteLevel,
  ),
  "lines, then words": sequence(split("[\r\n]"), split(String.raw`\s?\p{L}+`), split(String.raw`\s?\p{P}+`), gpt2),
};

for (const [name, preTokenizer] of Object.entries(FAMILIES)) {
  test(`${name}: ids are those of the reference`, async (t) => {
    const file = { ...tinyTokenizer(MERGES), pre_tokenizer: preTokenizer, added_tokens: [] };
    const oracle = huggingFace(JSON.stringify(file));
    if (typeof oracle === "string") return t.skip(oracle);
    const tokenizer = load(file);
    const below = seeded(6);
    const texts = Array.from({ length: 1500 }, () =>
      Array.from({ length: 1 + below(16) }, () => CHARACTERS[below(CHARACTERS.length)]).join(""),
    );
    const expected = await oracle(texts);
    for (const [i, text] of texts.entries()) {
      assert.deepEqual([...tokenizer.encodeText(text)], expected[i], JSON.stringify(text));
    }
  });
}
