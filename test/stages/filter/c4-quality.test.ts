import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/filter/c4-quality.ts";
import { judge } from "./run.ts";

const FIVE = "The ferry left at seven. Nobody waved to us. It was raining. The sea was calm. We slept.";

test("sentences are counted over the lines that stay", () => {
  assert.equal(judge(stage, FIVE), null);
  assert.deepEqual(judge(stage, FIVE, { min_sentences: 6 }), { reason: "too_few_sentences", value: 5 });
  assert.deepEqual(
    judge(stage, FIVE.replace(". N", ".\nN").replace("us.", "us.\nTwo words.\n"), { min_sentences: 7 }),
    {
      reason: "too_few_sentences",
      value: 5,
    },
  );
  assert.deepEqual(judge(stage, ""), { reason: "too_few_sentences", value: 0 });
  assert.equal(judge(stage, "", { min_sentences: null }), null);
});

test("abbreviations: spaCy's exceptions do not end a sentence, the unicode rule splits", () => {
  const text = "We met Dr. Smith and Mr. Jones at the harbour.";
  assert.equal(judge(stage, text, { words: "spacy-en", min_sentences: 2 })?.value, 1);
  assert.equal(judge(stage, text, { words: "unicode", min_sentences: 9 })?.value, 3);
});

test("the unicode rule: closing marks, ellipses, inner dots, full-width stops", () => {
  for (const [text, sentences] of [
    ["He said “stop.” She left (at last!) and slept.", 3],
    ["Version 1.2.3 of example.com is out.", 1],
    ["What?! Really... no.", 3],
    ["一。二！三？四。", 4],
    ["一。」二", 2],
    ["... and so. . . on it goes.", 3],
  ] as const) {
    const options = { min_sentences: 99, min_words_per_line: null, filter_no_terminal_punct: false };
    assert.equal(judge(stage, text, options)?.value, sentences, text);
  }
});

test("a phrase counts only on a line that the rules before it let pass", () => {
  const drops = (line: string, options = {}) => judge(stage, `${FIVE}\n${line}`, options)?.reason ?? null;
  assert.equal(drops("Here is Lorem IPSUM again."), "lorem_ipsum");
  assert.equal(drops("Here is Lorem IPSUM again"), null);
  assert.equal(drops("Here is Lorem IPSUM again", { filter_no_terminal_punct: false }), "lorem_ipsum");
  assert.equal(drops("Lorem ipsum."), null);
  assert.equal(drops("Here is lorem ipsum again.", { filter_lorem_ipsum: false }), null);
  assert.equal(drops("Here { is a bracket."), "curly_bracket");
  assert.equal(drops("Here { is javascript."), null);
  assert.equal(drops("Here { is javascript.", { filter_javascript: false }), "curly_bracket");
  assert.equal(drops("This { uses cookies too."), "curly_bracket");
  assert.equal(drops("Here { is a bracket.", { filter_curly_bracket: false }), null);
  assert.equal(drops(`lorem ipsum ${"x".repeat(1001)} end.`), null);
  assert.equal(drops(`lorem ipsum ${"x".repeat(1000)} end.`), "lorem_ipsum");
});

test("malformed UTF-8 is judged, not a crash", () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 151) & 0xff);
  for (const words of ["unicode", "spacy-en"]) assert.notEqual(judge(stage, bytes, { words }), undefined);
});
