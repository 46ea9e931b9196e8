/** Scanners against the regular expressions they stand for, matched by the slow path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forEachCategoryRun } from "../../../kernels/bpe/char-class.ts";
import type { PreTokenizerStep } from "../../../kernels/bpe/model.ts";
import type { PreTokenizer } from "../../../kernels/bpe/pre-tokenizer.ts";
import { createPreTokenizer } from "../../../kernels/bpe/pre-tokenizers.ts";
import { RegexPreTokenizer } from "../../../kernels/bpe/regex-pre-tokenizer.ts";
import { translateRegex } from "../../../kernels/bpe/regex-translate.ts";
import { fuzzTexts } from "./fuzz-text.ts";
import { REGEXES } from "./regexes.ts";

function words(preTokenizer: PreTokenizer, bytes: Uint8Array, batch = 7): number[] {
  const ends = new Int32Array(batch);
  const all: number[] = [];
  preTokenizer.begin(bytes, 0, bytes.length);
  for (let count = preTokenizer.next(ends); count > 0; count = preTokenizer.next(ends))
    all.push(...ends.subarray(0, count));
  return all;
}

function split(steps: readonly PreTokenizerStep[], text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  let start = 0;
  return words(createPreTokenizer(steps), bytes).map((end) => {
    const word = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
    start = end;
    return word;
  });
}

const CLASSES = [
  "a",
  "B",
  "ǅ",
  "ʰ",
  "中",
  "\u0301",
  "1",
  "½",
  " ",
  "\t",
  "\u00a0",
  "\u0085",
  "\r",
  "\n",
  "'",
  "s",
  "L",
  "l",
  "ſ",
  "/",
  ".",
  "🙂",
  "\0",
];

for (const [name, source] of Object.entries(REGEXES)) {
  const scanner = createPreTokenizer([{ kind: "regex", source }]);
  const slow = new RegexPreTokenizer(translateRegex(source));

  test(`${name}: the expression is known`, () => assert.ok(!(scanner instanceof RegexPreTokenizer)));

  test(`${name}: scanner and expression cut alike`, () => {
    const short = fc.array(fc.constantFrom(...CLASSES), { maxLength: 12 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(short, (text) => {
        const bytes = new TextEncoder().encode(text);
        assert.deepEqual(words(scanner, bytes), words(slow, bytes));
      }),
      { numRuns: 3000, seed: 1 },
    );
    for (const text of fuzzTexts(2, 300)) {
      const bytes = new TextEncoder().encode(text);
      assert.deepEqual(words(scanner, bytes), words(slow, bytes), JSON.stringify(text));
    }
  });

  test(`${name}: malformed bytes are words' content, one byte each`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const ends = words(scanner, bytes);
        assert.deepEqual(ends, words(slow, bytes));
        assert.equal(ends.at(-1) ?? 0, bytes.length);
      }),
      { numRuns: 1000, seed: 1 },
    );
  });
}

test("steps apply within the words of the step before", () => {
  const digits = { kind: "digits", individual: true } as const;
  const gpt2 = { kind: "regex", source: REGEXES.gpt2 } as const;
  assert.deepEqual(split([digits, gpt2], "ab 12  c"), ["ab", " ", "1", "2", " ", " c"]);
  assert.deepEqual(split([{ kind: "digits", individual: false }], "ab12½c"), ["ab", "12½", "c"]);
  assert.deepEqual(split([digits], "a\u{11de0}\u{16ff6}\u{16ff7}"), ["a", "\u{11de0}", "\u{16ff6}", "\u{16ff7}"]);
});

test("gaps between matches are words too", () => {
  assert.deepEqual(split([{ kind: "regex", source: String.raw`[\r\n]` }], "ab\n\ncd"), ["ab", "\n", "\n", "cd"]);
  assert.deepEqual(split([{ kind: "regex", source: "x*" }], "axxb"), ["a", "xx", "b"]);
  assert.deepEqual(split([{ kind: "regex", source: "b" }], ""), []);
});

test("an expression without exact translation is refused", () => {
  for (const source of [
    String.raw`\w+`,
    String.raw`\p{Han}+`,
    "a++",
    "^a",
    "(?i)a",
    "(?i:ß)",
    "(?i:fl)",
    "[[:alpha:]]",
    "[a&&b]",
    "a)",
    "(a",
    "(?>a)",
    "{",
  ]) {
    assert.throws(
      () => createPreTokenizer([{ kind: "regex", source }]),
      { code: "recipe/unsupported-tokenizer" },
      source,
    );
  }
});

test("classes keep their meaning whatever JavaScript thinks", () => {
  const matches = (source: string, text: string) => [...text.matchAll(translateRegex(source))].map((match) => match[0]);
  assert.deepEqual(matches(String.raw`\s`, "\u0085\ufeff\u00a0\u001c"), ["\u0085", "\u00a0"]);
  assert.deepEqual(matches(String.raw`\d`, "1٣½"), ["1", "٣"]);
  assert.deepEqual(matches(String.raw`\p{N}`, "1\u{11de0}"), ["1"]);
  assert.deepEqual(matches(String.raw`\P{L}`, "a1\u{10940}"), ["1", "\u{10940}"]);
  assert.deepEqual(matches("(?i:'sk)", "'SK 'ſ\u212a 'sk"), ["'SK", "'ſ\u212a", "'sk"]);
  assert.deepEqual(matches(".", "\r\n\u2028"), ["\r", "\u2028"]);
  assert.deepEqual(matches("[^a-c\\]]", "abcd]"), ["d"]);
  assert.deepEqual(matches("[一-龥぀-ゟ゠-ヿ]+", "a漢字かなb"), ["漢字かな"]);
  assert.deepEqual(matches("(?<=a)b{1,2}?", "abb"), ["b"]);
});

test("the pinned table is Unicode 16, as both references answer", () => {
  const counts = new Map<string, number>();
  forEachCategoryRun((category, start, end) => {
    for (const key of [category, category[0]]) counts.set(key, (counts.get(key) ?? 0) + end - start);
  });
  const expected = { L: 141_028, N: 1911, M: 2501, P: 855, S: 8514, Lu: 1858, Ll: 2258, Lt: 31, Lm: 404, Lo: 136_477 };
  for (const [category, count] of Object.entries(expected)) assert.equal(counts.get(category), count, category);
  assert.equal(counts.get("Cn"), 819_533);
});
