/** Normalizers against those of `tokenizers`, whose Unicode is older than any Node's in some tables and newer in others. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createNormalizer, type NormalizerStep } from "../../../kernels/bpe/normalizers.ts";
import { fuzzTexts, seeded } from "./fuzz-text.ts";

const require = createRequire(import.meta.url);
const STEPS: readonly (readonly [string, NormalizerStep, string?])[] = [
  ["nfcNormalizer", { kind: "nfc" }],
  ["nfdNormalizer", { kind: "nfd" }],
  ["nfkcNormalizer", { kind: "nfkc" }],
  ["nfkdNormalizer", { kind: "nfkd" }],
  ["lowercase", { kind: "lowercase" }],
  ["stripAccentsNormalizer", { kind: "strip_accents" }],
  ["stripNormalizer", { kind: "strip", left: true, right: true }],
];

interface Reference {
  normalizeString(text: string): string;
}

function made(step: NormalizerStep, text: string): string {
  const normalizer = createNormalizer([step]);
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(normalizer?.normalize(bytes, 0, bytes.length) ?? bytes);
}

test("forms, small letters and accents, pinned", () => {
  assert.equal(made({ kind: "nfd" }, "é\u{105c9}"), "e\u0301\u{105c9}");
  assert.equal(made({ kind: "nfkc" }, "①\u32ffﬁ\u{1e030}"), "1\u32fffi\u{1e030}");
  assert.equal(made({ kind: "nfkd" }, "ｶﾞ각"), "カ\u3099\u1100\u1161\u11a8");
  assert.equal(made({ kind: "lowercase" }, "ΣΑΣ İ\ua7cb\u{10d50}ẞ"), "σασ i\u0307\u0264\u{10d70}ß");
  assert.equal(made({ kind: "strip_accents" }, "e\u0301a\u1dcf\u1df6"), "ea\u1df6");
  assert.equal(made({ kind: "strip", left: true, right: false }, "\u3000 a \u0085"), "a \u0085");
  assert.equal(made({ kind: "strip", left: false, right: true }, " a \u0085\u200a"), " a");
  assert.equal(made({ kind: "strip", left: true, right: true }, " \n"), "");
  assert.equal(made({ kind: "prepend", text: "▁" }, ""), "");
  assert.equal(made({ kind: "prepend", text: "▁" }, "a"), "▁a");
  assert.equal(made({ kind: "replace", text: "aa", content: "$&" }, "aaaba"), "$&aba");
  assert.equal(made({ kind: "replace_matches", regex: " {2,}", content: "$1" }, "a   b c"), "a$1b c");
  assert.equal(made({ kind: "plain_blanks" }, "▁a ▁"), " a  ");
});

test("text that is no UTF-8 is left as it is by steps that look at characters", () => {
  const bytes = Uint8Array.of(0x41, 0xcc, 0x81, 0xff);
  for (const kind of ["nfd", "nfkc", "nfkd", "lowercase", "strip_accents"] as const) {
    assert.equal(createNormalizer([{ kind }])?.normalize(bytes, 0, bytes.length), undefined, kind);
  }
});

test("no step makes more of a text than it says", () => {
  for (const [, step] of STEPS) {
    const normalizer = createNormalizer([step]);
    for (let codePoint = 0; codePoint < 0x20000; codePoint++) {
      if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
      const bytes = new TextEncoder().encode(String.fromCodePoint(codePoint));
      const size = normalizer?.normalize(bytes, 0, bytes.length)?.length ?? 0;
      assert.ok(size <= bytes.length * (normalizer?.growth ?? 0), `${step.kind} of ${codePoint.toString(16)}`);
    }
  }
});

test("identical to the reference for every character, and on fuzz strings", (t) => {
  let references: Record<string, () => Reference>;
  try {
    references = require("tokenizers");
  } catch (error) {
    return t.skip(`the tokenizers package does not load here: ${error}`);
  }
  const below = seeded(8);
  const marks = Array.from({ length: 3000 }, () =>
    Array.from({ length: 6 }, () =>
      String.fromCodePoint(
        [0x41, 0x300, 0x900, 0x1100, 0x1ab0, 0xac00, 0xff00, 0x1e000, 0x2460][below(9)] + below(0x70),
      ),
    ).join(""),
  );
  // Between letters, so that nothing is stripped but what is meant, sixteen at a time.
  const characters = Array.from({ length: 0x110000 / 16 }, (_, i) => i * 16)
    .filter((first) => (first < 0xd800 || first >= 0xe000) && first < 0x32000)
    .map((first) => Array.from({ length: 16 }, (_, i) => `x${String.fromCodePoint(first + i)}`).join(""));
  for (const [name, step] of STEPS) {
    const reference = references[name]();
    const normalizer = createNormalizer([step]);
    for (const one of [...characters, ...marks, ...fuzzTexts(6, 1500)]) {
      const bytes = new TextEncoder().encode(one);
      const normal = normalizer?.normalize(bytes, 0, bytes.length) ?? bytes;
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      assert.equal(
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(normal),
        reference.normalizeString(text),
        `${name}: ${JSON.stringify(text)}`,
      );
    }
  }
});
