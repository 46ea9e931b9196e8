import assert from "node:assert/strict";
import { test } from "node:test";
import { joinThought, splitThought } from "../../../kernels/chat/think.ts";

const TAGS = { open: "<think>", close: "</think>" };

test("both spellings of an answer come out alike", () => {
  const expected = { reasoning: "so\nand so", text: "Four.", isClosed: true };
  assert.deepEqual(splitThought("Four.", "so\nand so", TAGS), expected);
  assert.deepEqual(splitThought("\n\nFour.", "\nso\nand so\n", TAGS), expected);
  assert.deepEqual(splitThought("<think>\nso\nand so\n</think>\n\nFour.", null, TAGS), expected);
  assert.deepEqual(splitThought("  <think>so\nand so</think>Four.", "", TAGS), expected);
  // The prompt opened the block.
  assert.deepEqual(splitThought("so\nand so\n</think>\n\nFour.", null, TAGS), expected);
  const joined = joinThought("so\nand so", "Four.", TAGS);
  assert.equal(joined, "<think>\nso\nand so\n</think>\n\nFour.");
  assert.deepEqual(splitThought(joined, null, TAGS), expected);
});

test("no block, an empty one, one without an end, one that is talked about", () => {
  assert.deepEqual(splitThought("Four.", null, TAGS), { text: "Four.", isClosed: true });
  assert.deepEqual(splitThought("<think>\n\n</think>\n\nFour.", null, TAGS), {
    reasoning: "",
    text: "Four.",
    isClosed: true,
  });
  assert.deepEqual(splitThought("<think>\nso", null, TAGS), { reasoning: "so", text: "", isClosed: false });
  assert.deepEqual(splitThought("", "so", TAGS), { reasoning: "so", text: "", isClosed: false });
  const talk = "Write <think>x</think> first.";
  assert.deepEqual(splitThought(talk, null, TAGS), { text: talk, isClosed: true });
});
