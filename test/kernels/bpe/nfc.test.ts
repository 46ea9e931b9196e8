/** Normalisation against the normaliser of `tokenizers`, whose Unicode is older than any Node's. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { NfcNormalizer } from "../../../kernels/bpe/nfc.ts";
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
