/** The normalizer Precompiled: golden texts, clusters against `tokenizers` itself, and charsmaps that are broken. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { BrokenCharsmap, Charsmap } from "../../../kernels/bpe/charsmap.ts";
import { clusterEnd } from "../../../kernels/bpe/clusters.ts";
import { Precompiled } from "../../../kernels/bpe/precompiled.ts";
import { clusterTexts, countingCharsmap } from "./cluster-texts.ts";
import { fuzzTexts } from "./fuzz-text.ts";
import { load, tinyTokenizer } from "./tiny-tokenizer.ts";

const require = createRequire(import.meta.url);
const golden: { precompiled_charsmap: string; texts: readonly (readonly [string, string])[] } = JSON.parse(
  readFileSync("test/golden/bpe/precompiled.json", "utf8"),
);
const charsmap = Buffer.from(golden.precompiled_charsmap, "base64");
const utf8 = new TextEncoder();

function made(normalizer: Precompiled, bytes: Uint8Array): string {
  return Buffer.from(normalizer.normalize(bytes, 0, bytes.length) ?? bytes).toString();
}

function clustersOf(text: string): string[] {
  const bytes = utf8.encode(text);
  const clusters: string[] = [];
  for (let p = 0; p < bytes.length; ) {
    const end = clusterEnd(bytes, p, bytes.length);
    clusters.push(Buffer.from(bytes.subarray(p, end)).toString());
    p = end;
  }
  return clusters;
}

test("texts become what the reference makes of them", () => {
  const normalizer = new Precompiled(new Charsmap(charsmap));
  for (const [text, normal] of golden.texts)
    assert.equal(made(normalizer, utf8.encode(text)), normal, JSON.stringify(text));
});

test("grapheme clusters, pinned", () => {
  const cases: readonly (readonly string[])[] = [
    ["a", "b"],
    ["\r\n", "\n", "\r"],
    ["\r", "\u0301"],
    ["e\u0301\u0323", "x"],
    ["\u0600a", "b"],
    ["\u0600", "\n"],
    ["\u0e33"],
    ["a\u0e33", "b"],
    ["\u1112\u1161\u11ab", "\u1112"],
    ["\uac00\u11a8", "\uac00"],
    ["\uac01\u11a8", "\u1161"],
    ["\u{1f468}\u200d\u{1f469}\ufe0f\u200d\u{1f467}", "\u{1f467}"],
    ["a\u200d", "\u{1f469}"],
    ["\u0915\u094d\u0937\u0301", "\u0915"],
    ["\u0915", "\u0937"],
    ["\u0915\u0301\u094d\u200d\u0937"],
    ["\u200b", "\u0301"],
  ];
  for (const clusters of cases) assert.deepEqual(clustersOf(clusters.join("")), clusters);
});

test("identical to the reference on texts of clusters, and on fuzz strings", (t) => {
  let references: { precompiled(bytes: readonly number[]): { normalizeString(text: string): string } };
  try {
    references = require("tokenizers");
  } catch (error) {
    return t.skip(`the tokenizers package does not load here: ${error}`);
  }
  for (const bytes of [countingCharsmap(), charsmap]) {
    const reference = references.precompiled([...bytes]);
    const normalizer = new Precompiled(new Charsmap(bytes));
    for (const text of [...clusterTexts(1, 8000), ...fuzzTexts(7, 2000)]) {
      assert.equal(made(normalizer, utf8.encode(text)), reference.normalizeString(text), JSON.stringify(text));
    }
  }
});

test("malformed text stays, and what stands around it is replaced", () => {
  const normalizer = new Precompiled(new Charsmap(charsmap));
  const bytes = Uint8Array.of(0x41, 0xff, 0xc3, 0x42, 0xe2, 0x82, 0x41, 0xcc);
  const expected = Uint8Array.of(0x61, 0xff, 0xc3, 0x62, 0xe2, 0x82, 0x61, 0xcc);
  assert.deepEqual(normalizer.normalize(bytes, 0, bytes.length), expected);
});

test("no charsmap makes more of a text than it says", () => {
  const normalizer = new Precompiled(new Charsmap(charsmap));
  assert.equal(normalizer.growth, 11);
  for (const [text] of golden.texts) {
    const bytes = utf8.encode(text);
    const size = normalizer.normalize(bytes, 0, bytes.length)?.length ?? bytes.length;
    assert.ok(size <= bytes.length * normalizer.growth, JSON.stringify(text));
  }
});

test("a broken charsmap is told by what is wrong with it", () => {
  const broken = (bytes: Uint8Array, message: RegExp) => {
    assert.throws(
      () => new Charsmap(bytes),
      (error) => error instanceof BrokenCharsmap && message.test(error.message),
    );
  };
  broken(new Uint8Array(0), /shorter than its trie/);
  broken(Uint8Array.of(0, 0, 0, 0, 0x59, 0), /shorter than its trie/);
  broken(countingCharsmap().subarray(0, 100), /shorter than its trie/);
  const changed = (place: number, unit: number, text = 0x59) => {
    const bytes = countingCharsmap();
    new DataView(bytes.buffer).setUint32(4 + place * 4, unit, true);
    bytes[bytes.length - 2] = text;
    return bytes;
  };
  broken(changed(0, 4096 << 10), /points outside itself/);
  broken(changed(512 + 7, 0x8000_0000 + 3), /no place of a replacement/);
  broken(changed(512 + 7, 0x8000_0000, 0xff), /no UTF-8/);
});

test("a tokenizer's file may ask for it, and is broken where its charsmap is", () => {
  const file = tinyTokenizer();
  file.normalizer = { type: "Precompiled", precompiled_charsmap: golden.precompiled_charsmap };
  assert.deepEqual([...load(file).encodeText("AB\t½")], [...utf8.encode("ab 1/2")]);
  for (const precompiled_charsmap of ["", "AAAA", "*", "AAA"]) {
    file.normalizer = { type: "Precompiled", precompiled_charsmap };
    assert.throws(() => load(file), /broken tokenizer file: Precompiled/);
  }
});
