import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import sentences from "../../../stages/dedup/sentences.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { edit } from "./editing.ts";

const VECTORS = path.resolve("../shared/golden/sentence-vectors.jsonl");

function stage(options: Record<string, unknown> = {}) {
  return sentences.create(sentences.options.parse({ min_words: 0, min_sentences: 0, ...options }), NO_RESOURCES);
}

interface Vector {
  readonly case: string;
  readonly docs?: readonly string[];
  readonly kept: readonly (readonly [string, string])[];
}

for (const words of ["spacy-en", "unicode"]) {
  test(`datatrove's vectors, by ${words}`, (t) => {
    if (!existsSync(VECTORS)) return t.skip("the vectors are not here");
    const vectors = readFileSync(VECTORS, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line): Vector => JSON.parse(line));
    assert.equal(vectors.length, 9);
    for (const { case: name, docs, kept } of vectors) {
      const isLines = docs === undefined;
      const texts = docs ?? ["a one\nb two\nc three\nd", "x\na one\nb two\nc three\ny"];
      const { texts: found } = edit(stage({ words, ...(isLines && { split: "lines" }) }), texts);
      const left = found.flatMap((text, row) => (text === undefined ? [] : [[String(row), text]]));
      assert.deepEqual(left, kept, name);
    }
  });
}

test("the white space around what goes, and behind the last sentence", () => {
  const three = "Alpha is one. Beta is two. Gamma is three.";
  const spacy = stage({ words: "spacy-en" });
  const cases: [string, string | undefined][] = [
    [`${three} Rest stays. `, "Rest stays."],
    [`${three}\n\n  Rest stays.\n`, "Rest stays.\n"],
    [`Head stays.  ${three} `, "Head stays."],
    [`Head stays.\n${three}\nno mark at the end \n`, "Head stays.\nno mark at the end \n"],
    [`  ${three}  `, undefined],
    [three.toUpperCase(), undefined],
  ];
  for (const [text, left] of cases) {
    const { texts, reasons, cut_bytes } = edit(spacy, [three, text]);
    assert.equal(texts[1], left);
    assert.equal(reasons.get(1), left === undefined ? "nothing_left" : undefined);
    if (left !== undefined) assert.equal(cut_bytes, text.length - left.length, "what went is counted");
  }
});

test("an edited text that is too short falls; one that lost nothing does not", () => {
  const three = "Alpha is one. Beta is two. Gamma is three.";
  const rest = `${three} ${"Words of this and that make up a text. ".repeat(2)}Enough.`;
  const options = { min_words: 10, min_sentences: 3 };
  assert.deepEqual(edit(stage(options), ["Short.", three, rest]).texts[0], "Short.");
  const kept = edit(stage({ ...options, words: "spacy-en" }), [three, rest]);
  assert.equal(kept.texts[1], rest.slice(three.length + 1));
  const words = edit(stage({ min_words: 30 }), [three, rest]);
  assert.equal(words.reasons.get(1), "too_few_words");
  const few = edit(stage({ min_sentences: 4 }), [three, rest]);
  assert.equal(few.reasons.get(1), "too_few_sentences");
});

test("lines of an edited text are joined by line feeds, and blanks behind the last mark count as a sentence", () => {
  const lines = stage({ split: "lines", words: "spacy-en" });
  const three = "a one\nb two\nc three";
  const cases: [string, string][] = [
    ["x\r\na one\r\nb two\r\nc three\r\ny\r\nz\r\n", "x\ny\nz"],
    ["x\u2028y\ra one\x0bb two\x85c three\r\n\rz", "x\ny\n\nz"],
    // Two ends that meet where a line went are still two.
    ["x\r\ra one\nb two\nc three\ny", "x\n\ny"],
    ["x\r\ny\u2028z", "x\r\ny\u2028z"],
  ];
  for (const [text, left] of cases) {
    const { texts, cut_bytes } = edit(lines, [three, text]);
    assert.equal(texts[1], left);
    assert.equal(cut_bytes, Buffer.byteLength(text) - Buffer.byteLength(left), "what went is counted");
  }
  const counting = stage({ split: "lines", words: "spacy-en", min_sentences: 3 });
  const rest = "One. Two.";
  assert.equal(edit(counting, [three, `${three}\n${rest}\n  \n`]).texts[1], `${rest}\n  `);
  assert.equal(edit(counting, [three, `${three}\n${rest}`]).reasons.get(1), "too_few_sentences");
});
