/** Cuts change no ids, whatever the text; and where they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastSafeCut, nextSafeCut } from "../../../kernels/bpe/safe-cut.ts";
import { fuzzTexts } from "./fuzz-text.ts";
import { VOCABULARIES } from "./oracles.ts";

const utf8 = new TextEncoder();

test("a cut is behind a letter or number, before a blank or symbol", () => {
  const cut = (text: string) => nextSafeCut(utf8.encode(text), 0, utf8.encode(text).length);
  assert.equal(cut("ab cd"), 2);
  assert.equal(cut("中。"), 3);
  assert.equal(cut("1\n"), 1);
  assert.equal(cut("a's."), 3);
  assert.equal(cut("a\u0301."), 4);
  assert.equal(cut(" . \n"), 4);
  assert.equal(cut(""), 0);
  const bytes = utf8.encode("ab cd ef");
  assert.equal(lastSafeCut(bytes, 0, 7, 8), 5);
  assert.equal(lastSafeCut(bytes, 0, 5, 8), 5);
  assert.equal(lastSafeCut(bytes, 3, 4, 8), -1);
});

test("parts have the ids of the whole", () => {
  for (const name of ["cl100k_base", "o200k_base", "gpt2"]) {
    const found = VOCABULARIES.get(name)!();
    assert.ok("tokenizer" in found);
    const { encoder } = found.tokenizer;
    const encode = (bytes: Uint8Array, start: number, end: number) => {
      const out = new Uint32Array(end - start);
      return [...out.subarray(0, encoder.encode(bytes, start, end, out, 0))];
    };
    for (const [i, text] of fuzzTexts(31, 400).entries()) {
      const bytes = utf8.encode(text);
      if (i % 3 === 0) bytes[i % bytes.length] ^= 0x80;
      const parts: number[] = [];
      for (let p = 0; p < bytes.length; ) {
        const end = nextSafeCut(bytes, p, bytes.length);
        parts.push(...encode(bytes, p, end));
        p = end;
      }
      assert.deepEqual(parts, encode(bytes, 0, bytes.length), JSON.stringify(text));
    }
  }
});
