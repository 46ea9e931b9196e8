import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { segmenter } from "../../kernels/words/index.ts";
import { exceptions } from "../../kernels/words/spacy-en-split.ts";
import { WordRanges } from "../../kernels/words/types.ts";
import { goldenTexts, sampleHashes, samplesMissing, sampleTexts } from "./words-samples.ts";

const { segment } = segmenter("spacy-en");
const spans = new WordRanges();

function tokens(text: string | Uint8Array): string[] {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  segment(bytes, 0, bytes.length, spans);
  const found: string[] = [];
  for (let i = 0; i < spans.count; i++)
    found.push(Buffer.from(bytes.subarray(spans.starts[i], spans.ends[i])).toString());
  return found;
}

test("tokens spaCy gives, by hand", () => {
  assert.deepEqual(tokens(""), []);
  assert.deepEqual(tokens(" \n\t "), []);
  assert.deepEqual(tokens("dont cannot gonna it's (U.S.A.)!"), [
    ..."do nt can not gon na it 's ( U.S.A. ) !".split(" "),
  ]);
  assert.deepEqual(tokens("0km \u20ac0 10a.m. foo:)"), "0 km \u20ac 0 10 a.m. foo :)".split(" "));
  assert.deepEqual(tokens("http://a.bc/d,e x@y.zz, a.Bc"), "http://a.bc/d,e x@y.zz , a. Bc".split(" "));
  // A sequence that spells an exception across a space changes nothing, but keeps what it covers from matching.
  assert.deepEqual(tokens(": )"), [":", ")"]);
});

test("tokens spaCy gives, golden texts", () => {
  for (const { text, tokens: expected } of goldenTexts())
    assert.deepEqual(tokens(text), expected, JSON.stringify(text));
});

test("tokens spaCy gives for every kind of character in every kind of place", () => {
  const golden = JSON.parse(readFileSync("test/golden/words/characters.json", "utf8"));
  const hash = createHash("sha256");
  let count = 0;
  const ranges = [
    [0x21, 0x500, 1],
    [0x2000, 0x2200, 1],
    [0x500, 0x10000, 37],
    [0x10000, 0x30000, 997],
  ];
  for (const [first, last, step] of ranges) {
    for (let codePoint = first; codePoint < last; codePoint += step) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const found = tokens(golden.tokenizer_contexts.replaceAll("{c}", () => String.fromCodePoint(codePoint)));
      count += found.length;
      hash.update(`${found.join("\n")}\0`);
    }
  }
  assert.equal(count, golden.tokens);
  assert.equal(hash.digest("hex"), golden.tokens_sha256);
});

test("every exception is its own tokens", () => {
  assert.equal(exceptions.length, 1343);
  for (const expected of exceptions) assert.deepEqual(tokens(expected.join("")), expected);
});

test("the cache changes nothing: second reading, fresh segmenter, moved text", () => {
  const alphabet = "aIxs.'\u2019:)(-/5$@ \n\u00e9\u4e2d\u{1f600}\u00a0";
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 30 }), (characters) => {
      const text = characters.join("");
      const first = tokens(text);
      assert.deepEqual(tokens(text), first);
      // White space in front moves every position and breaks no sequence.
      assert.deepEqual(tokens(`\n\n${text}`), first);
      assert.equal(first.join(""), text.replace(/[\s]/gu, ""));
    }),
    { numRuns: 2000, seed: 11 },
  );
  const fresh = segmenter("spacy-en");
  const text = Buffer.from("It's gonna be :) at www.example.com/x, isn't it?");
  const other = new WordRanges();
  fresh.segment(text, 0, text.length, other);
  segment(text, 0, text.length, spans);
  assert.deepEqual(other.starts.slice(0, other.count), spans.starts.slice(0, spans.count));
});

test("a full cache starts afresh", () => {
  const text = Array.from({ length: 140_000 }, (_, i) => `w${i}.`).join(" ");
  const found = tokens(text);
  assert.equal(found.length, 280_000);
  assert.deepEqual(found.slice(-4), ["w139998", ".", "w139999", "."]);
  assert.deepEqual(tokens("w5. w139999. don't"), ["w5", ".", "w139999", ".", "do", "n't"]);
});

test("hostile chunks take linear time", () => {
  const size = 200_000;
  assert.equal(tokens("(".repeat(size)).length, size);
  assert.equal(tokens(".".repeat(size)).length, 1);
  assert.equal(tokens("a@".repeat(size)).length, 1);
  assert.equal(tokens("a:".repeat(size)).length, size * 2);
  assert.equal(tokens("a.".repeat(size)).length > 0, true);
  assert.equal(tokens("\u4e2d".repeat(size)).length, 1);
  assert.equal(tokens("'d".repeat(size)).length > 0, true);
});

test("malformed bytes and ranges", () => {
  assert.deepEqual(tokens(Uint8Array.of(0x61, 0xff, 0x62)), ["a", "\ufffd", "b"]);
  assert.deepEqual(tokens(Uint8Array.of(0x61, 0xc2, 0x20, 0xe2, 0x80)), ["a", "\ufffd", "\ufffd", "\ufffd"]);
  const bytes = Buffer.from("xx don't yy");
  segment(bytes, 3, 8, spans);
  assert.deepEqual([...spans.starts.slice(0, spans.count)], [3, 5]);
  assert.deepEqual([...spans.ends.slice(0, spans.count)], [5, 8]);
});

test("tokens spaCy gives for real texts", async (t) => {
  if (samplesMissing !== undefined) return t.skip(samplesMissing);
  for (const [name, expected] of Object.entries(sampleHashes())) {
    const hash = createHash("sha256");
    let count = 0;
    for (const text of await sampleTexts(name)) {
      const found = tokens(text);
      count += found.length;
      hash.update(`${found.join("\n")}\0`);
    }
    assert.equal(count, expected.tokens, name);
    assert.equal(hash.digest("hex"), expected.tokens_sha256, name);
  }
});
