import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/rewrite/c4-lines.ts";
import { batchOf } from "../../batch-of.ts";
import { applyRewrite } from "../filter/run.ts";

const rewritten = (text: string | Uint8Array, options = {}) => applyRewrite(stage, options, batchOf([text]))[0];

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

test("rows keep their place; dead rows become empty", () => {
  const batch = batchOf(["The first is here.", "The second is here.", "", "No mark", "The last é is here."]);
  batch.alive.clear(1);
  assert.deepEqual(applyRewrite(stage, {}, batch), ["The first is here.", "", "", "", "The last é is here."]);
});

test("malformed UTF-8 and NUL go through as they are", () => {
  const bytes = Uint8Array.from([...Buffer.from("Bad \0 "), 0xff, 0xc3, 0x20, 0xe2, 0x80, ...Buffer.from(" bytes.\n")]);
  const operator = stage.create(stage.options.parse({}), NO_RESOURCES);
  const column = operator.apply(batchOf([bytes]));
  assert.deepEqual(Buffer.from(column.data), Buffer.from(bytes.subarray(0, bytes.length - 1)));
});
