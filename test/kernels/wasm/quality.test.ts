/** The WebAssembly quality measures give the twin's numbers: for every text, every measure, any words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { isPythonSpace } from "../../../kernels/lines.ts";
import { C4Lines } from "../../../kernels/quality/c4.ts";
import { PlainQualityDocument, type QualityDocument } from "../../../kernels/quality/document.ts";
import { SYMBOL_MARKS, TERMINAL_MARKS } from "../../../kernels/quality/marks.ts";
import { isDecimalDigit, isLetter } from "../../../kernels/unicode/tables.ts";
import { WasmQualityDocument } from "../../../kernels/wasm/quality.ts";
import { WasmC4Lines } from "../../../kernels/wasm/quality-c4.ts";
import { MAX_WASM_BYTES } from "../../../kernels/wasm/quality-instance.ts";
import { characterProperties } from "../../../kernels/wasm/quality-properties.ts";
import { segmenter } from "../../../kernels/words/index.ts";
import { WordRanges } from "../../../kernels/words/types.ts";
import { anyText, HOSTILE_TEXTS, recutText, repetitiveText } from "./quality-texts.ts";

const module = wasmModule("quality");
const skip = module === undefined ? "WebAssembly with SIMD is off" : false;
const TOP = [2, 3, 4];
const DUPLICATE = [5, 6, 7, 8, 9, 10];

/** The same bytes further inside a larger buffer: positions are not offsets, and something stands behind the end. */
function inside(text: Uint8Array): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
  const bytes = new Uint8Array(text.length + 10).fill(0x80);
  bytes.set(text, 7);
  return { bytes, start: 7, end: 7 + text.length };
}

const numbers = ({ starts, ends, count }: { starts: Int32Array; ends: Int32Array; count: number }) => ({
  starts: Array.from(starts.subarray(0, count)),
  ends: Array.from(ends.subarray(0, count)),
});

/** Measures over the words that both documents hold now. */
function sameOverWords(plain: QualityDocument, fast: QualityDocument): void {
  const { words, nonSymbolWords, nonSymbolChars, alphabeticWords } = plain.measureWords();
  assert.deepEqual(fast.measureWords(), { words, nonSymbolWords, nonSymbolChars, alphabeticWords });
  plain.loadNgrams();
  fast.loadNgrams();
  for (const n of TOP) assert.equal(fast.topRatio(n, -1), plain.topRatio(n, -1), `top ${n}`);
  for (const n of DUPLICATE) assert.equal(fast.duplicateRatio(n, -1), plain.duplicateRatio(n, -1), `duplicate ${n}`);
  for (const n of [4, 2]) assert.equal(fast.topRatio(n, -1), plain.topRatio(n, -1), `top ${n} again`);
  for (const n of TOP) {
    const exact = plain.topRatio(n, -1);
    const ratio = fast.topRatio(n, 0.1);
    assert.ok(exact > 0.1 ? ratio === exact : ratio <= 0.1, `top ${n} with a floor`);
  }
}

function sameMeasures(plain: QualityDocument, fast: QualityDocument, text: Uint8Array): void {
  const { bytes, start, end } = inside(text);
  plain.open(bytes, start, end);
  fast.open(bytes, start, end);
  assert.equal(fast.countChars(), plain.countChars());
  for (const shortChars of [0, 30]) {
    const { lines, terminalLines, shortLines, duplicateChars, chars, newlines } = plain.measureLines(shortChars);
    assert.deepEqual(fast.measureLines(shortChars), {
      lines,
      terminalLines,
      shortLines,
      duplicateChars,
      chars,
      newlines,
    });
  }
  for (const measure of ["measureLinePieces", "measureParagraphs"] as const) {
    const { pieces, duplicates, duplicateChars } = plain[measure]();
    assert.deepEqual(fast[measure](), { pieces, duplicates, duplicateChars }, measure);
  }
  const { hashes, ellipses, lines, bulletLines, ellipsisLines } = plain.measureSymbols();
  assert.deepEqual(fast.measureSymbols(), { hashes, ellipses, lines, bulletLines, ellipsisLines });
  const cut = start + (text.length >> 1);
  assert.deepEqual(numbers(fast.segment(start, cut)), numbers(plain.segment(start, cut)), "words of the first half");
  assert.deepEqual(numbers(fast.segment(cut, end)), numbers(plain.segment(cut, end)), "words of the second half");
  assert.deepEqual(numbers(fast.segment(start, end)), numbers(plain.segment(start, end)), "words");
  if (text.length > 0) sameOverWords(plain, fast);
}

test("every measure is the twin's", { skip }, () => {
  const plain = new PlainQualityDocument();
  const fast = new WasmQualityDocument(module!);
  for (const text of HOSTILE_TEXTS) sameMeasures(plain, fast, text);
  fc.assert(
    fc.property(fc.oneof(anyText, repetitiveText, recutText), (text) => sameMeasures(plain, fast, text)),
    { numRuns: 1500, seed: 7 },
  );
});

test("words of other rules are measured as they are given", { skip }, () => {
  const plain = new PlainQualityDocument();
  const fast = new WasmQualityDocument(module!);
  const { segment } = segmenter("spacy-en");
  const spans = new WordRanges();
  fc.assert(
    fc.property(fc.oneof(anyText, repetitiveText, recutText), (text) => {
      if (text.length === 0) return;
      const { bytes, start, end } = inside(text);
      plain.open(bytes, start, end);
      fast.open(bytes, start, end);
      segment(bytes, start, end, spans);
      plain.setWords(spans);
      fast.setWords(spans);
      sameOverWords(plain, fast);
    }),
    { numRuns: 500, seed: 7 },
  );
});

const OFF = { filterLoremIpsum: false, filterCurlyBracket: false };
const RULES = [
  { removeCitations: true, filterNoTerminalPunct: true, minWordsPerLine: 3, maxWordLength: 1000 },
  { removeCitations: true, filterNoTerminalPunct: false, minWordsPerLine: null, maxWordLength: null },
  { removeCitations: false, filterNoTerminalPunct: false, minWordsPerLine: 1, maxWordLength: 4 },
].flatMap((rules) => [
  [{ ...rules, filterJavascript: true, filterPolicy: true }, OFF] as const,
  [
    { ...rules, filterJavascript: false, filterPolicy: false },
    { filterLoremIpsum: true, filterCurlyBracket: true },
  ] as const,
]);

test("every C4 verdict and line is the twin's", { skip }, () => {
  const judges = RULES.map(([rules, documentRules]) => ({
    plain: new C4Lines(rules, documentRules),
    fast: new WasmC4Lines(module!, rules, documentRules),
  }));
  const check = (text: Uint8Array) => {
    const { bytes, start, end } = inside(text);
    for (const { plain, fast } of judges) {
      plain.open(bytes, start, end);
      fast.open(bytes, start, end);
      assert.equal(fast.count, plain.count);
      for (let line = 0; line < plain.count; line++) {
        const verdict = plain.next();
        assert.equal(fast.next(), verdict, `line ${line}`);
        if (verdict !== "keep") continue;
        assert.deepEqual(
          Buffer.from(fast.text.subarray(fast.start, fast.end)),
          Buffer.from(plain.text.subarray(plain.start, plain.end)),
        );
      }
    }
  };
  for (const text of HOSTILE_TEXTS) check(text);
  fc.assert(fc.property(fc.oneof(anyText, repetitiveText, recutText), check), { numRuns: 1000, seed: 7 });
});

test("the largest document fits, and the next one is not harmed", { skip }, () => {
  const plain = new PlainQualityDocument();
  const fast = new WasmQualityDocument(module!);
  const half = MAX_WASM_BYTES >> 1;
  for (const text of [
    Buffer.alloc(half, "a b c d e\n"),
    Buffer.alloc(MAX_WASM_BYTES, "\n"),
    Buffer.alloc(MAX_WASM_BYTES, "字".repeat(7)),
  ]) {
    plain.open(text, 0, text.length);
    fast.open(text, 0, text.length);
    const { lines, duplicateChars } = plain.measureLines(30);
    assert.deepEqual([fast.measureLines(30).lines, fast.measureLines(30).duplicateChars], [lines, duplicateChars]);
    assert.equal(fast.measureSymbols().lines, plain.measureSymbols().lines);
    assert.equal(fast.segment(0, text.length).count, plain.segment(0, text.length).count);
    plain.loadNgrams();
    fast.loadNgrams();
    assert.equal(fast.topRatio(2, 0), plain.topRatio(2, 0));
    assert.equal(fast.duplicateRatio(5, 0), plain.duplicateRatio(5, 0));
  }
  for (const text of HOSTILE_TEXTS) sameMeasures(plain, fast, text);
});

test("the table of characters says what the tables it was made of say", () => {
  const { blocks, values } = characterProperties();
  const encoder = new TextEncoder();
  const spans = new WordRanges();
  const { segment } = segmenter("unicode");
  assert.ok(values.length <= 256 * 256);
  for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
    const value = values[blocks[codePoint >> 8] * 256 + (codePoint & 0xff)];
    const isSymbol = SYMBOL_MARKS.has(codePoint);
    const wanted =
      (isLetter(codePoint) && !isSymbol ? 8 : 0) |
      (isSymbol ? 16 : 0) |
      (TERMINAL_MARKS.has(codePoint) ? 32 : 0) |
      (isPythonSpace(codePoint) ? 64 : 0) |
      (isDecimalDigit(codePoint) ? 128 : 0);
    if ((value & ~7) !== wanted) assert.fail(`U+${codePoint.toString(16)}: ${value & ~7}, not ${wanted}`);
    if (codePoint % 7 !== 0 || (codePoint >= 0xd800 && codePoint < 0xe000)) continue;
    const bytes = encoder.encode(String.fromCodePoint(codePoint));
    segment(bytes, 0, bytes.length, spans);
    assert.equal([1, 2, 6].includes(value & 7), spans.count === 1, `U+${codePoint.toString(16)}`);
  }
});
