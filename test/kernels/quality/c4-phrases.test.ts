import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  C4_CURLY_BRACKET,
  C4_JAVASCRIPT,
  C4_LOREM_IPSUM,
  C4_POLICY,
  findC4Phrases,
} from "../../../kernels/quality/c4-phrases.ts";

const POLICY = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];
const PHRASES = ["lorem ipsum", "javascript", "{", ...POLICY];

function plain(text: string): number {
  const lower = text.toLowerCase();
  return (
    (lower.includes("lorem ipsum") ? C4_LOREM_IPSUM : 0) |
    (lower.includes("javascript") ? C4_JAVASCRIPT : 0) |
    (text.includes("{") ? C4_CURLY_BRACKET : 0) |
    (POLICY.some((phrase) => lower.includes(phrase)) ? C4_POLICY : 0)
  );
}

function find(text: string): number {
  const bytes = new TextEncoder().encode(`k${text}k`);
  return findC4Phrases(bytes, 1, bytes.length - 1);
}

test("every phrase alone, in capitals, cut short, and with a Kelvin sign", () => {
  for (const phrase of PHRASES) {
    for (const text of [
      phrase,
      phrase.toUpperCase(),
      phrase.slice(1),
      phrase.slice(0, -1),
      phrase.replace("k", "\u212a"),
    ]) {
      assert.equal(find(text), plain(text), text);
    }
    assert.notEqual(find(phrase), 0);
  }
  assert.equal(find("javascr\u0130pt java\u017fcript"), 0);
  assert.equal(find("lorem\u00a0ipsum lorem\0ipsum"), 0);
});

test("equal to looking in the lower-cased text", () => {
  const part = fc.oneof(
    fc.constantFrom(...PHRASES, ...PHRASES.map((phrase) => phrase.toUpperCase())),
    fc.constantFrom(
      "use",
      "s ",
      "cookie",
      "s",
      " ",
      "java",
      "script",
      "\u212a",
      "coo",
      "ies",
      "lorem",
      "\u0130",
      "policy",
      "terms of",
    ),
    fc.string({ maxLength: 3, unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const text = parts.join("");
      assert.equal(find(text), plain(text), JSON.stringify(text));
    }),
    { numRuns: 500 },
  );
});
