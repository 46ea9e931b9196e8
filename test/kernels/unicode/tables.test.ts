import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { isPythonSpace } from "../../../kernels/lines.ts";
import {
  categorySet,
  generalCategory,
  inCategories,
  isCased,
  isCaseIgnorable,
  isDecimalDigit,
  isLetter,
  isPunctuation,
  isSymbol,
  isWhiteSpace,
  UNICODE_VERSION,
} from "../../../kernels/unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, decodeBefore, encodeAt, LENGTH_SHIFT } from "../../../kernels/unicode/utf8.ts";

const golden = JSON.parse(readFileSync("test/golden/words/characters.json", "utf8"));

test("general categories are those of CPython 3.11, character by character", () => {
  assert.equal(UNICODE_VERSION, golden.unicode_version);
  let categories = "";
  for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
    if (codePoint < 0xd800 || codePoint > 0xdfff) categories += generalCategory(codePoint);
  }
  assert.equal(createHash("sha256").update(categories).digest("hex"), golden.categories_sha256);
});

test("white space is Python's", () => {
  const found: number[] = [];
  for (let codePoint = 0; codePoint < 0x110000; codePoint++) if (isPythonSpace(codePoint)) found.push(codePoint);
  assert.deepEqual(found, golden.white_space);
  assert.equal(isWhiteSpace(0x1c), false);
  assert.equal(isWhiteSpace(0xfeff), false);
});

test("classes of single characters", () => {
  const is = (character: string, ...checks: ((codePoint: number) => boolean)[]): boolean[] =>
    checks.map((check) => check(character.codePointAt(0)!));
  assert.deepEqual(is("\u00c9", isLetter, isDecimalDigit), [true, false]);
  assert.deepEqual(is("\u{1d7d8}", isDecimalDigit, isLetter), [true, false]);
  assert.deepEqual(is("\u00bd", isDecimalDigit), [false]);
  assert.deepEqual(is("\u0301", isLetter, isCaseIgnorable), [false, true]);
  assert.deepEqual(is("\u20ac", isSymbol, isPunctuation), [true, false]);
  assert.deepEqual(is("_", isPunctuation, isSymbol, isCased), [true, false, false]);
  assert.deepEqual(is("a", isCased, isCaseIgnorable), [true, false]);
  assert.deepEqual(is("'", isCased, isCaseIgnorable), [false, true]);
  // Assigned in Unicode 15.0: unknown to a table of 14.0, whatever Node knows.
  assert.equal(generalCategory(0x11f50), "Cn");
  const set = categorySet("Lu", "N");
  assert.deepEqual([inCategories(0x41, set), inCategories(0x35, set), inCategories(0x61, set)], [true, true, false]);
});

test("UTF-8 round trip, forwards and backwards", () => {
  const bytes = new Uint8Array(6);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0x10ffff }).filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff),
      (codePoint) => {
        const end = encodeAt(bytes, 1, codePoint);
        assert.equal(Buffer.from(bytes.subarray(1, end)).toString(), String.fromCodePoint(codePoint));
        assert.equal(decodeAt(bytes, 1, end), codePoint | ((end - 1) << LENGTH_SHIFT));
        assert.equal(decodeBefore(bytes, 0, end), codePoint | ((end - 1) << LENGTH_SHIFT));
      },
    ),
    { numRuns: 2000, seed: 1 },
  );
});

test("malformed UTF-8 is U+FFFD a byte at a time, as far as well-formed text goes", () => {
  // Well-formed parts decode as TextDecoder decodes them, and every malformed byte advances by one.
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      let text = "";
      for (let at = 0; at < bytes.length; ) {
        const decoded = decodeAt(bytes, at, bytes.length);
        const length = decoded >> LENGTH_SHIFT;
        assert.ok(length >= 1 && at + length <= bytes.length);
        text += String.fromCodePoint(decoded & CODE_POINT_MASK);
        at += length;
      }
      const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      assert.equal(text.replaceAll("\ufffd", ""), expected.replaceAll("\ufffd", ""));
      assert.equal(text.includes("\ufffd"), expected.includes("\ufffd"));
    }),
    { numRuns: 3000, seed: 2 },
  );
});
