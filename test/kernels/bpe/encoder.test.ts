/** Merging, caching, hostile input and the promises of the interface, on small and real vocabularies. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import { ByteBpeEncoder } from "../../../kernels/bpe/encoder.ts";
import { SCAN_LIMIT } from "../../../kernels/bpe/merger.ts";
import { loadTokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { WordCache } from "../../../kernels/bpe/word-cache.ts";
import { fuzzTexts } from "./fuzz-text.ts";
import { load, tinyTokenizer } from "./tiny-tokenizer.ts";

const require = createRequire(import.meta.url);
const cl100k = loadTokenizer(readFileSync(require.resolve("tiktoken/encoders/cl100k_base.json")), {
  name: "cl100k_base",
});
const utf8 = new TextEncoder();

test("the pair of lowest rank merges first, the leftmost of equals", () => {
  const tokenizer = load(
    tinyTokenizer([
      ["b", "c"],
      ["a", "b"],
      ["a", "a"],
    ]),
  );
  assert.deepEqual([...tokenizer.encodeText("abc")], [97, 256]);
  assert.deepEqual([...tokenizer.encodeText("abab")], [257, 257]);
  assert.deepEqual([...tokenizer.encodeText("aaaaa")], [258, 258, 97]);
});

test("a word that is a token is looked up whole only where the file says so", () => {
  // "abc" cannot be reached: "b c" merges first and "a bc" is no merge.
  const file = tinyTokenizer([
    ["b", "c"],
    ["a", "b"],
    ["ab", "c"],
  ]);
  assert.deepEqual([...load(file).encodeText("abc")], [97, 256]);
  file.model.ignore_merges = true;
  const tokenizer = load(file);
  assert.deepEqual([...tokenizer.encodeText("abc")], [258]);
  assert.deepEqual([...tokenizer.encodeText("abcd")], [97, 256, 100]);
});

test("long words take the heap and give what scanning gives", () => {
  const rng = fuzzTexts(5, 40)
    .join("")
    .replace(/[^a-z]/g, "");
  const tokenizer = load(
    tinyTokenizer([
      ["a", "b"],
      ["e", "r"],
      ["t", "h"],
      ["o", "o"],
      ["oo", "oo"],
      ["th", "e"],
      ["the", "r"],
    ]),
  );
  // "z" merges with nothing, so a long word is its parts: the parts are scanned, the whole is not.
  const parts = Array.from({ length: 30 }, (_, i) => `z${rng.slice(i * 7, i * 7 + 20).replaceAll("z", "")}`);
  assert.ok(parts.join("").length > SCAN_LIMIT && parts.every((part) => part.length <= SCAN_LIMIT));
  assert.deepEqual(
    [...tokenizer.encodeText(parts.join(""))],
    parts.flatMap((part) => [...tokenizer.encodeText(part)]),
  );
});

test("no input is quadratic: long runs of one letter, of blanks, of one ideograph", () => {
  for (const [unit, count] of [
    ["a", 300_000],
    [" ", 300_000],
    ["中", 100_000],
    ["ab", 150_000],
    ["=", 300_000],
  ] as const) {
    const text = unit.repeat(count);
    const ids = cl100k.encodeText(text);
    assert.equal(Buffer.from(cl100k.decode(ids)).toString("utf8"), text);
  }
  assert.equal(cl100k.encodeText("a".repeat(300_000)).length, 37_500);
});

test("malformed UTF-8 comes back unchanged", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const out = new Uint32Array(cl100k.encoder.maxTokens(bytes.length));
      const count = cl100k.encoder.encode(bytes, 0, bytes.length, out, 0);
      assert.deepEqual(cl100k.decode(out.subarray(0, count)), bytes);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test("ids do not depend on where the text lies in its buffer, or on what was encoded before", () => {
  const fresh = () => new ByteBpeEncoder(cl100k.model, 1 << 16);
  const tight = fresh(); // 64 KiB of cache: drops its words again and again
  for (const text of fuzzTexts(9, 400)) {
    const bytes = utf8.encode(text);
    const expected = [...cl100k.encodeText(text)];
    const padded = new Uint8Array(bytes.length + 40).fill(0x61);
    padded.set(bytes, 13);
    const view = padded.subarray(3);
    const out = new Uint32Array(bytes.length + 5);
    const count = tight.encode(view, 10, 10 + bytes.length, out, 5);
    assert.deepEqual([...out.subarray(5, 5 + count)], expected);
    assert.deepEqual([...out.subarray(0, 5)], [0, 0, 0, 0, 0]);
  }
});

test("an output that is too small is refused before anything is written", () => {
  const bytes = utf8.encode("hello");
  assert.throws(() => cl100k.encoder.encode(bytes, 0, 5, new Uint32Array(4), 0), /no room/);
});

test("normalisation form C makes at most three bytes of one", () => {
  const file = { ...tinyTokenizer(), normalizer: { type: "NFC" } };
  const { encoder } = load(file);
  const bytes = utf8.encode("\u{1d160}".repeat(5));
  const out = new Uint32Array(encoder.maxTokens(bytes.length));
  assert.equal(encoder.encode(bytes, 0, bytes.length, out, 0), 60);
});

test("the cache forgets everything when its budget is used up, and stays within it", () => {
  const cache = new WordCache(1 << 16);
  const ids = Uint32Array.of(1, 2, 3, 4, 5, 6);
  for (let i = 1; i <= 5000; i++) cache.addShort(i, 0, 0, 6 << 24, ids, 0, 1 + (i % 6));
  assert.ok(cache.generations > 0);
  assert.ok(cache.slots.byteLength <= 1 << 15);
  const word = utf8.encode("a word of more than fifteen bytes");
  const out = new Uint32Array(6);
  assert.equal(cache.copyLong(word, 0, word.length, out, 0), 0);
  cache.addLong(word, 0, word.length, ids, 0, 6);
  assert.equal(cache.copyLong(word, 0, word.length, out, 0), 6);
  assert.deepEqual(out, ids);
  assert.equal(cache.copyLong(word, 1, word.length, out, 0), 0);
});
