import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { simplifyText, TextBuffer } from "../../kernels/normalize.ts";
import { goldenTexts, sampleHashes, samplesMissing, sampleTexts } from "./words-samples.ts";

const buffer = new TextBuffer();

function simplify(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  simplifyText(bytes, 0, bytes.length, buffer);
  return Buffer.from(buffer.bytes.subarray(0, buffer.length)).toString();
}

test("what datatrove makes of text, by hand", () => {
  assert.equal(
    simplify("The Quick brown fox, jumped over 1,234.5 lazy dogs \u2014 na\u00efve caf\u00e9."),
    "the quick brown fox jumped over 0 0 lazy dogs naive cafe",
  );
  assert.equal(simplify(""), "");
  assert.equal(simplify(" .,;\n"), "");
  assert.equal(simplify("1.2.3 x1,y2, \u0661\u0662\u066b\u0663"), "0 0 x0 y0 0");
  assert.equal(
    simplify("\u0391\u03a3 \u0391\u03a3\u0391 \u03a3 \u0391'\u03a3'"),
    "\u03b1\u03c2 \u03b1\u03c3\u03b1 \u03c3 \u03b1 \u03c2",
  );
  // A dropped mark still keeps two spaces apart; at an edge its space is stripped.
  assert.equal(simplify("a \u0301 b"), "a  b");
  assert.equal(simplify("\u0301 a \u0301"), "a");
  assert.equal(simplify("\ud55c\uae00 \uac00"), "\u1112\u1161\u11ab\u1100\u1173\u11af \u1100\u1161");
  assert.equal(simplify("\u0130\u212a\u1fef"), "ik`");
  assert.equal(simplify("\0a\u0085b\u2028c\ufeffd"), "a b c\ufeffd");
});

test("kept marks are put in canonical order", () => {
  assert.equal(simplify("a\u{1d16d}\u0301\u{1d165}b"), "a\u{1d165}\u{1d16d}b");
  assert.equal(simplify("\u{1d15e}\u302e\u{1d165}"), "\u{1d157}\u{1d165}\u{1d165}\u302e");
  // A nonspacing mark of class 0 is dropped, but nothing moves across it.
  assert.equal(simplify("a\u{1d16d}\u034f\u{1d165}"), "a\u{1d16d}\u{1d165}");
});

test("malformed bytes become U+FFFD", () => {
  assert.equal(simplify(Uint8Array.of(0x41, 0xff, 0xc3, 0x42, 0xe2, 0x80)), "a\ufffd\ufffdb\ufffd\ufffd");
});

test("stays in the range, and the buffer grows with what decomposes", () => {
  const bytes = Buffer.from("\u00c9ABC DEF");
  simplifyText(bytes, 2, 5, buffer);
  assert.equal(Buffer.from(buffer.bytes.subarray(0, buffer.length)).toString(), "abc");
  const fresh = new TextBuffer();
  const hangul = Buffer.from("\ud55c".repeat(10_000));
  simplifyText(hangul, 0, hangul.length, fresh);
  assert.equal(fresh.length, 90_000);
  const music = Buffer.from("\u{1d160}".repeat(10_000));
  simplifyText(music, 0, music.length, fresh);
  assert.equal(Buffer.from(fresh.bytes.subarray(0, 24)).toString(), "\u{1d158}\u{1d165}\u{1d16e}".repeat(2));
  assert.equal(fresh.length, 120_000);
});

test("what datatrove makes of the golden texts", () => {
  for (const { text, simplified } of goldenTexts()) assert.equal(simplify(text), simplified, JSON.stringify(text));
});

test("what datatrove makes of every character", () => {
  const golden = JSON.parse(readFileSync("test/golden/words/characters.json", "utf8"));
  const hash = createHash("sha256");
  for (let first = 0; first < 0x110000; first += 256) {
    let text = "";
    for (let codePoint = first; codePoint < first + 256; codePoint++) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      text += golden.normalizer_context.replaceAll("{c}", String.fromCodePoint(codePoint).replace("$", "$$$$"));
    }
    hash.update(`${simplify(text)}\n`);
  }
  assert.equal(hash.digest("hex"), golden.normalized_sha256);
});

test("what datatrove makes of real texts", async (t) => {
  if (samplesMissing !== undefined) return t.skip(samplesMissing);
  for (const [name, expected] of Object.entries(sampleHashes())) {
    const hash = createHash("sha256");
    for (const text of await sampleTexts(name)) hash.update(`${simplify(text)}\0`);
    assert.equal(hash.digest("hex"), expected.simplified_sha256, name);
  }
});
