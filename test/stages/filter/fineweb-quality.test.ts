import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/filter/fineweb-quality.ts";
import { judge } from "./run.ts";

const LONG = "this line is longer than thirty characters";

test("a drop carries what was measured", () => {
  assert.deepEqual(judge(stage, ""), { reason: "empty", value: 0 });
  assert.deepEqual(judge(stage, "\n \u3000\n\u0085\n"), { reason: "empty", value: 0 });
  assert.deepEqual(judge(stage, `${LONG}.\n${`${LONG}\n`.repeat(9)}`), {
    reason: "too_few_terminal_lines",
    value: 0.1,
  });
  assert.deepEqual(judge(stage, `Short.\nAlso short.\n${LONG}.\nEnd.`), {
    reason: "too_many_short_lines",
    value: 0.75,
  });
  assert.deepEqual(judge(stage, `${LONG}。\nonce ${LONG}。\n${LONG}。\n`), {
    reason: "too_many_duplicate_chars",
    value: 43 / (43 * 3 + 5),
  });
  assert.deepEqual(judge(stage, `${LONG}.\n\n\n`), { reason: "too_many_newlines", value: 3 / 7 });
  assert.deepEqual(judge(stage, "!".repeat(31)), { reason: "no_words", value: 0 });
});

test("a line of 30 code points is short, one of 31 is not; bytes do not count", () => {
  for (const character of ["a", "é", "字", "\u{1f600}"]) {
    const line = (length: number) => `${character.repeat(length - 1)}.`;
    assert.equal(judge(stage, line(30), { max_newlines_per_word_ratio: null })?.reason, "too_many_short_lines");
    assert.equal(judge(stage, line(31), { max_newlines_per_word_ratio: null }), null);
  }
});

test("lines are not stripped before their last character is looked at", () => {
  assert.equal(judge(stage, `${LONG}. `)?.reason, "too_few_terminal_lines");
  assert.equal(judge(stage, `${LONG}.\r\n`)?.reason, "too_few_terminal_lines");
  assert.equal(judge(stage, `${LONG}.\n`), null);
});

test("texts without any terminal line can be spared; null turns each rule off", () => {
  const menu = "Home\nShop\nHome\n\n\n";
  assert.equal(judge(stage, menu, { keep_without_terminal_lines: true })?.reason, "too_many_short_lines");
  assert.equal(judge(stage, menu, { min_terminal_lines_ratio: null })?.reason, "too_many_short_lines");
  const off = { min_terminal_lines_ratio: null, max_short_lines_ratio: null };
  assert.deepEqual(judge(stage, menu, off), { reason: "too_many_duplicate_chars", value: 4 / 12 });
  assert.deepEqual(judge(stage, menu, { ...off, max_duplicate_chars_ratio: null }), {
    reason: "too_many_newlines",
    value: 5 / 3,
  });
  assert.equal(
    judge(stage, menu, { ...off, max_duplicate_chars_ratio: null, max_newlines_per_word_ratio: null }),
    null,
  );
});

test("counting stops early without changing a decision", () => {
  const head = `${"word ".repeat(2000)}.\n`;
  const options = { max_newlines_per_word_ratio: 0.05 };
  assert.equal(judge(stage, `${head}${"\n".repeat(99)}`, options), null);
  assert.deepEqual(judge(stage, `${head}${"\n".repeat(100)}`, options), {
    reason: "too_many_newlines",
    value: 101 / 2000,
  });
  assert.deepEqual(judge(stage, `${"\n".repeat(100)}${head}`, options), {
    reason: "too_many_newlines",
    value: 101 / 2000,
  });
});

test("malformed UTF-8 is judged, not a crash", () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 151) & 0xff);
  for (const words of ["unicode", "spacy-en"]) assert.notEqual(judge(stage, bytes, { words }), undefined);
});
