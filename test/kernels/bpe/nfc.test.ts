/** Normalisation against the normaliser of `tokenizers`, whose Unicode is older than any Node's. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { forEachCategoryRun } from "../../../kernels/bpe/char-class.ts";
import { NfcNormalizer } from "../../../kernels/bpe/nfc.ts";
import { NFC_OPAQUE } from "../../../kernels/bpe/unicode.gen.ts";
import { fuzzTexts, seeded } from "./fuzz-text.ts";

const require = createRequire(import.meta.url);
const normalizer = new NfcNormalizer();

function nfc(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const normal = normalizer.normalize(bytes, 0, bytes.length) ?? bytes;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(normal);
}

test("text composes, except by characters newer than the reference", () => {
  assert.equal(nfc("e\u0301"), "\u00e9");
  assert.equal(nfc("\ufeffa\u0323\u0307"), "\ufeff\u1ea1\u0307");
  assert.equal(nfc("\u{105d2}\u0307"), "\u{105d2}\u0307");
  assert.equal(nfc("a\u0301\u1abf\u0323"), "\u00e1\u1abf\u0323");
});

test("text that is normal, plain or malformed is left alone", () => {
  for (const bytes of [
    new TextEncoder().encode("caf\u00e9 plain"),
    new TextEncoder().encode("\u4e2d\u6587"),
    Uint8Array.of(0x65, 0xcc, 0x81, 0xff),
  ]) {
    assert.equal(normalizer.normalize(bytes, 0, bytes.length), undefined);
  }
});

test("identical to the reference on fuzz strings", (t) => {
  let reference: { normalizeString(text: string): string };
  try {
    reference = require("tokenizers").nfcNormalizer();
  } catch (error) {
    return t.skip(`the tokenizers package does not load here: ${error}`);
  }
  const below = seeded(3);
  const marks = Array.from({ length: 3000 }, () => {
    const parts = Array.from({ length: 6 }, () =>
      String.fromCodePoint([0x41, 0x300, 0x900, 0x1100, 0x1ab0, 0x3040, 0x11300, 0x16d60][below(8)] + below(0x70)),
    );
    return parts.join("");
  });
  for (const text of [...fuzzTexts(4, 2000), ...marks])
    assert.equal(nfc(text), reference.normalizeString(text), JSON.stringify(text));
});

test("no character joins the one before it unseen", () => {
  for (let codePoint = 0x300; codePoint < 0x20000; codePoint += codePoint < 0x1200 ? 1 : 13) {
    if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
    const char = String.fromCodePoint(codePoint);
    for (const base of ["a", "\u1100", "\uac00", "\u09c7"]) {
      const text = base + char;
      const bytes = new TextEncoder().encode(text);
      const normal = text.normalize("NFC");
      // Characters the reference does not know are left alone; all others change as Node says, or not at all.
      if (normal !== text && nfc(text) !== normal) assert.ok(isNew(codePoint), codePoint.toString(16));
      if (normal === text) assert.equal(normalizer.normalize(bytes, 0, bytes.length), undefined);
    }
  }
});

function isNew(codePoint: number): boolean {
  let unassigned = false;
  forEachCategoryRun((category, start, end) => {
    if (category === "Cn" && start <= codePoint && codePoint < end) unassigned = true;
  });
  for (let i = 0; i < NFC_OPAQUE.length; i += 2) {
    if (NFC_OPAQUE[i] <= codePoint && codePoint <= NFC_OPAQUE[i + 1]) return true;
  }
  return unassigned;
}
