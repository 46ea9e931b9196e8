import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/filter/c4-quality.ts";
import { batchOf } from "../../batch-of.ts";
import { applyAll, judge } from "./run.ts";

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

const rewritten = (text: string | Uint8Array, options = {}) =>
  applyAll(stage, { min_sentences: null, ...options }, batchOf([text])).texts[0];

test("each rule removes its lines and can be turned off", () => {
  const line = (text: string, options = {}) => rewritten(`Kept as it is.\n${text}\n`, options) === "Kept as it is.";
  for (const [text, off] of [
    ["No mark at the end", { filter_no_terminal_punct: false }],
    ["Ends in dots...", { filter_no_terminal_punct: false }],
    ["Two words.", { min_words_per_line: 2 }],
    [`Has ${"字".repeat(1001)} in it.`, { max_word_length: null }],
    ["Please enable JavaScript now.", { filter_javascript: false }],
    ["We care: Privacy Policy here.", { filter_policy: false }],
    ["We use coo\u212aies on this site.", { filter_policy: false }],
  ] as const) {
    assert.ok(line(text), text);
    assert.ok(!line(text, off), `${text} with the rule off`);
  }
  for (const text of [
    "Three words here.",
    "Four dots are in....x.",
    `Has ${"字".repeat(1000)} in it.`,
    'A "quote"',
    "Java script is two.",
  ]) {
    assert.ok(line(text) === text.split(" ").length < 3, text);
  }
});

test("citations go after words were counted and before the end is looked at", () => {
  assert.equal(rewritten("Ends well.[1][edit][citation needed][]"), "Ends well.");
  assert.equal(rewritten("Only[12] two[٣٤].", { min_words_per_line: 2 }), "Only two.");
  assert.equal(rewritten("It ends badly. [1]"), "");
  assert.equal(rewritten("A [1] b.[2]"), "A  b.");
  assert.equal(rewritten("[[1]2] is cut once. [x] [1 ] [Edit] stay."), "[2] is cut once. [x] [1 ] [Edit] stay.");
  assert.equal(rewritten("Ends well here.[1]", { remove_citations: false }), "");
});

test("lines are Python's, stripped; the whole is stripped and joined by newlines", () => {
  assert.equal(
    rewritten("\u3000One is here. \r\nTwo is here.\u2028\tThree is here.\u0085\vFour is here.\x1cFive is here.\u00a0"),
    "One is here.\nTwo is here.\nThree is here.\nFour is here.\nFive is here.",
  );
  const options = { filter_no_terminal_punct: false, min_words_per_line: null };
  assert.equal(rewritten("[1] a\n\n[2]\nb [3]\n[4]\n", options), "a\n\n\nb");
  assert.equal(rewritten("[1]\n [2]\n", options), "");
});

test("rows keep their place; rows that are dead or dropped become empty", () => {
  const batch = batchOf([
    "The first is here.",
    "The second is here.",
    "",
    "No mark",
    "It begins well.\nHere is lorem ipsum.",
    "It begins well.\nIt { ends badly.",
    "The last é is here.",
  ]);
  batch.alive.clear(1);
  const { dropped, texts } = applyAll(stage, { min_sentences: null }, batch);
  assert.deepEqual(texts, ["The first is here.", "", "", "", "", "", "The last é is here."]);
  assert.deepEqual([...dropped.keys()], [4, 5]);
});

test("malformed UTF-8 and NUL go through as they are", () => {
  const bytes = Uint8Array.from([...Buffer.from("Bad \0 "), 0xff, 0xc3, 0x20, 0xe2, 0x80, ...Buffer.from(" bytes.\n")]);
  const batch = batchOf([bytes]);
  applyAll(stage, { min_sentences: null }, batch);
  assert.deepEqual(Buffer.from(batch.text.data), Buffer.from(bytes.subarray(0, bytes.length - 1)));
});
