import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/filter/gopher-quality.ts";
import { judge } from "./run.ts";

const prose = (words: number) => `the ${"walk ".repeat(words - 2)}and`;

test("a drop carries what was measured", () => {
  assert.deepEqual(judge(stage, prose(49)), { reason: "too_few_words", value: 49 });
  assert.equal(judge(stage, prose(50)), null);
  assert.deepEqual(judge(stage, prose(20), { min_words: 10, max_words: 19 }), { reason: "too_many_words", value: 20 });
  assert.deepEqual(judge(stage, "the of ".repeat(50)), { reason: "words_too_short", value: 2.5 });
  assert.deepEqual(judge(stage, "internationalization ".repeat(50)), { reason: "words_too_long", value: 20 });
  assert.deepEqual(judge(stage, `${prose(50)}${"#".repeat(6)}`), { reason: "too_many_hashes", value: 0.12 });
  assert.deepEqual(judge(stage, `${prose(50)} .......…`, { max_ellipses_ratio: 0.05 }), {
    reason: "too_many_ellipses",
    value: 0.06,
  });
  assert.deepEqual(judge(stage, `\n${prose(50)}\n - a\u2028\t• b\r\n-c\u0085-`, { max_bullet_lines_ratio: 0.6 }), {
    reason: "too_many_bullet_lines",
    value: 4 / 6,
  });
  assert.deepEqual(judge(stage, `${prose(50)}\nand so on ...\u3000\n…\n`), {
    reason: "too_many_ellipsis_lines",
    value: 2 / 3,
  });
  assert.deepEqual(judge(stage, `${prose(50)} ${"1999 ".repeat(50)}`), {
    reason: "too_few_alphabetic_words",
    value: 0.5,
  });
  assert.deepEqual(judge(stage, "The walk AND the wander ".repeat(20)), { reason: "too_few_stop_words", value: 1 });
});

test("the first rule that fails names the drop", () => {
  const text = `${"# ".repeat(60)}...\n-...\n`;
  assert.equal(judge(stage, text, { words: "spacy-en" })?.reason, "too_few_words");
  assert.equal(judge(stage, text, { words: "spacy-en", min_words: null })?.reason, "too_many_hashes");
});

test("null turns each rule off; bounds are strict", () => {
  const off = Object.fromEntries(
    Object.keys(stage.options.shape)
      .filter((key) => /^m(in|ax)_/.test(key))
      .map((key) => [key, null]),
  );
  assert.equal(Object.keys(off).length, 10);
  for (const text of ["1", "# # #", "- ...\n".repeat(9), "a", "internationalization"]) {
    assert.equal(judge(stage, text, { ...off, words: "spacy-en" }), null, text);
  }
  assert.equal(judge(stage, prose(50), { max_words: 50, min_stop_words: 2 }), null);
});

test("a text without words is its own decision", () => {
  for (const text of ["", " \n", "…!", "\0"]) {
    assert.deepEqual(judge(stage, text, { min_words: null }), { reason: "no_words", value: 0 });
    assert.equal(judge(stage, text)?.reason, "too_few_words");
  }
});

test("stop words are an option, compared byte by byte", () => {
  const options = { stop_words: ["straße", "über", "über", "ein"], min_stop_words: 3 };
  const text = `Straße über ein ${"Haus ".repeat(60)}`;
  assert.deepEqual(judge(stage, text, options), { reason: "too_few_stop_words", value: 2 });
  assert.equal(judge(stage, `${text} straße`, options), null);
});

test("lengths are code points", () => {
  assert.deepEqual(judge(stage, "𝒶𝒷𝒸 дом ".repeat(30), { min_mean_word_length: 3.01 }), {
    reason: "words_too_short",
    value: 3,
  });
});

test("malformed UTF-8 is judged, not a crash", () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * 151) & 0xff);
  for (const words of ["unicode", "spacy-en"]) assert.ok(judge(stage, bytes, { words, min_words: 5000 })?.reason);
});
