import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/filter/gopher-repetition.ts";
import { judge } from "./run.ts";

/** Every bound off but those given. */
function only(bounds: Readonly<Record<string, number>>): Record<string, number | null> {
  const keys = Object.keys(stage.options.shape).filter((key) => key !== "words");
  return { ...Object.fromEntries(keys.map((key) => [key, null])), ...bounds };
}

test("paragraphs and lines count as datatrove counts them", () => {
  assert.deepEqual(judge(stage, "a\n\nb\n\na", only({ max_duplicate_paragraphs_ratio: 0.3 })), {
    reason: "too_many_duplicate_paragraphs",
    value: 1 / 3,
  });
  assert.deepEqual(judge(stage, " é\n\n\né\n", only({ max_duplicate_paragraph_chars_ratio: 0 })), {
    reason: "too_many_duplicate_paragraph_chars",
    value: 1 / 7,
  });
  // Unstripped: the empty line before the first newline and the one behind the last are equal.
  assert.deepEqual(judge(stage, "\na\n", only({ max_duplicate_lines_ratio: 0.3 })), {
    reason: "too_many_duplicate_lines",
    value: 1 / 3,
  });
  assert.deepEqual(judge(stage, "\u{1f600}b\nc\n\n\u{1f600}b", only({ max_duplicate_line_chars_ratio: 0.2 })), {
    reason: "too_many_duplicate_line_chars",
    value: 0.25,
  });
  assert.equal(judge(stage, "a\r\nb\n a", only({ max_duplicate_lines_ratio: 0 })), null);
});

test("top n-grams: joined by a space, the first seen among equals, even if it occurs once", () => {
  assert.deepEqual(judge(stage, "ab cd", only({ max_top_2gram_ratio: 0.99 })), {
    reason: "top_2gram_too_frequent",
    value: 1,
  });
  // "a b" and "longer word" both occur twice; "a b" was first.
  const text = "a b longer word, a b longer word";
  assert.deepEqual(judge(stage, text, only({ max_top_2gram_ratio: 0 })), {
    reason: "top_2gram_too_frequent",
    value: (3 * 2) / text.length,
  });
  assert.deepEqual(judge(stage, text, only({ max_top_3gram_ratio: 0 }))?.value, (10 * 2) / text.length);
  assert.deepEqual(judge(stage, text, only({ max_top_4gram_ratio: 0 }))?.value, (15 * 2) / text.length);
  assert.equal(judge(stage, "one", only({ max_top_2gram_ratio: 0 })), null);
});

test("duplicated n-grams: joined by nothing, going on behind each repeat", () => {
  const text = "ab cd ef gh ij x a bcd ef gh ij";
  assert.deepEqual(judge(stage, text, only({ max_duplicate_5gram_ratio: 0.15 })), {
    reason: "too_many_duplicate_5grams",
    value: 10 / text.length,
  });
  assert.equal(judge(stage, text, only({ max_duplicate_6gram_ratio: 0 })), null);
  // 20 equal words: 5-grams repeat at 1, 6 and 11; a jump from 11 leaves four words.
  assert.equal(judge(stage, "a ".repeat(20), only({ max_duplicate_5gram_ratio: 0 }))?.value, 15 / 40);
  assert.equal(judge(stage, "a ".repeat(20), only({ max_duplicate_10gram_ratio: 0 }))?.value, 10 / 40);
});

test("an empty text has its own reason, whatever bounds are off, and malformed UTF-8 is judged", () => {
  assert.deepEqual(judge(stage, ""), { reason: "empty", value: 0 });
  assert.equal(judge(stage, "", only({}))?.reason, "empty");
  assert.equal(judge(stage, "\0"), null);
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 151) & 0xff);
  for (const words of ["unicode", "spacy-en"]) assert.notEqual(judge(stage, bytes, { words }), undefined);
});

test("a text of one repeated line of two megabytes", () => {
  const text = "over and over again we say the same\n".repeat(60_000);
  const bounds = only({ max_top_4gram_ratio: 0.9, max_duplicate_10gram_ratio: 0.5 });
  assert.equal(judge(stage, text, bounds)?.reason, "too_many_duplicate_10grams");
});
