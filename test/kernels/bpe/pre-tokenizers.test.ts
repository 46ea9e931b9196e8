/** Scanners against the regular expressions they stand for, matched by the slow path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forEachCategoryRun } from "../../../kernels/bpe/char-class.ts";
import type { PreTokenizerStep } from "../../../kernels/bpe/model.ts";
import type { PreTokenizer } from "../../../kernels/bpe/pre-tokenizer.ts";
import { createPreTokenizer } from "../../../kernels/bpe/pre-tokenizers.ts";
import { translateRegex } from "../../../kernels/bpe/regex-translate.ts";
import { RegexCuts } from "../../../kernels/bpe/split-patterns.ts";
import { SplitPreTokenizer, SplitStep } from "../../../kernels/bpe/split-pre-tokenizer.ts";
import type { SplitBehavior } from "../../../kernels/bpe/splits.ts";
import { fuzzTexts } from "./fuzz-text.ts";
import { DEEPSEEK_V3, REGEXES } from "./regexes.ts";

function words(preTokenizer: PreTokenizer, bytes: Uint8Array, batch = 7): number[] {
  const ends = new Int32Array(batch);
  const all: number[] = [];
  preTokenizer.begin(bytes, 0, bytes.length);
  for (let count = preTokenizer.next(ends); count > 0; count = preTokenizer.next(ends))
    all.push(...ends.subarray(0, count));
  return all;
}

function split(steps: readonly PreTokenizerStep[], text: string): string[] {
  const preTokenizer = createPreTokenizer(steps);
  const bytes = new TextEncoder().encode(text);
  const ends = new Int32Array(100);
  const cut = preTokenizer.begin(bytes, 0, bytes.length) ?? bytes;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let start = 0;
  return [...ends.subarray(0, preTokenizer.next(ends))].map((end) => {
    const word = decoder.decode(cut.subarray(start, end));
    start = end;
    return word;
  });
}

function regex(source: string, behavior: SplitBehavior = "isolated", invert = false): PreTokenizerStep {
  return { kind: "split", pattern: { kind: "regex", source }, behavior, invert };
}

function characters(of: "digits" | "punctuation" | "whitespace", behavior: SplitBehavior): PreTokenizerStep {
  return { kind: "split", pattern: { kind: "characters", of }, behavior, invert: false };
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
  const scanner = createPreTokenizer([regex(source)]);
  const slow = new SplitPreTokenizer([new SplitStep(new RegexCuts(translateRegex(source)), "isolated", false, false)]);

  test(`${name}: the expression is known`, () => assert.ok(!(scanner instanceof SplitPreTokenizer)));

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

test("deepseek v3: one scanner cuts as the three splits do, malformed bytes included", () => {
  const steps = DEEPSEEK_V3.map((source) => regex(source));
  const scanner = createPreTokenizer(steps);
  assert.ok(!(scanner instanceof SplitPreTokenizer));
  const slow = new SplitPreTokenizer(
    DEEPSEEK_V3.map((source) => new SplitStep(new RegexCuts(translateRegex(source)), "isolated", false, false)),
  );
  const same = (bytes: Uint8Array) => assert.deepEqual(words(scanner, bytes), words(slow, bytes));
  const parts = fc.constantFrom(...CLASSES, "か", "カ", "\u30fb", "\u9fa6", "\u3040", "$", "_", "\u200b", "9");
  const short = fc.array(parts, { maxLength: 12 }).map((chosen) => new TextEncoder().encode(chosen.join("")));
  fc.assert(fc.property(short, same), { numRuns: 3000, seed: 1 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), same), { numRuns: 1000, seed: 1 });
  for (const text of fuzzTexts(2, 300)) same(new TextEncoder().encode(text));
});

test("steps apply within the words of the step before", () => {
  const digits = characters("digits", "isolated");
  assert.deepEqual(split([digits, regex(REGEXES.gpt2)], "ab 12  c"), ["ab", " ", "1", "2", " ", " c"]);
  assert.deepEqual(split([characters("digits", "contiguous")], "ab12½c"), ["ab", "12½", "c"]);
  assert.deepEqual(split([digits], "a\u{11de0}\u{16ff6}\u{16ff7}"), ["a", "\u{11de0}", "\u{16ff6}", "\u{16ff7}"]);
});

test("gaps between matches are words too", () => {
  assert.deepEqual(split([regex(String.raw`[\r\n]`)], "ab\n\ncd"), ["ab", "\n", "\n", "cd"]);
  assert.deepEqual(split([regex("x*")], "axxb"), ["a", "xx", "b"]);
  assert.deepEqual(split([regex("b")], ""), []);
});

test("every behaviour, as it is and inverted", () => {
  const behaviors: readonly SplitBehavior[] = [
    "isolated",
    "removed",
    "contiguous",
    "merged_with_previous",
    "merged_with_next",
  ];
  const cut = (invert: boolean) =>
    behaviors.map((behavior) => split([regex("-", behavior, invert)], "-a--b-").join("|"));
  assert.deepEqual(cut(false), ["-|a|-|-|b|-", "a|b", "-|a|--|b|-", "-|a-|-|b-", "-a|-|-b|-"]);
  assert.deepEqual(cut(true), ["-|a|-|-|b|-", "-|-|-|-", "-|a|--|b|-", "-a|-|-b|-", "-|a-|-|b-"]);
});

test("a text as pattern is that text, whatever its characters mean in expressions", () => {
  const text = (value: string): PreTokenizerStep => {
    return { kind: "split", pattern: { kind: "text", text: value }, behavior: "isolated", invert: false };
  };
  assert.deepEqual(split([text(".*")], "a.*b"), ["a", ".*", "b"]);
  assert.deepEqual(split([text("")], "a🙂b"), ["a", "🙂", "b"]);
});

test("a blank is put before words that begin with none", () => {
  assert.deepEqual(split([{ kind: "prefix_space" }, regex(REGEXES.gpt2)], "a b"), [" a", " b"]);
  assert.deepEqual(split([{ kind: "prefix_space" }, regex(REGEXES.gpt2)], " a"), [" a"]);
  assert.deepEqual(split([characters("punctuation", "isolated"), { kind: "prefix_space" }], "a,b"), [" a", " ,", " b"]);
});

test("behind the byte alphabet a byte is a character", () => {
  // U+00E9 is C3 A9: its second byte is spelled with the copyright sign, no digit; U+00F2 ends in B2, spelled as a superscript two.
  const steps = [{ kind: "byte_alphabet" } as const, characters("digits", "isolated")];
  assert.deepEqual(split(steps, "é"), ["é"]);
  assert.equal(split(steps, "ò").length, 2);
});

test("an expression without exact translation is refused by the construct's name", () => {
  for (const [source, construct] of [
    [String.raw`\p{Emoji}+`, String.raw`\p{Emoji}`],
    [String.raw`\p{InThai}`, String.raw`\p{InThai}`],
    [String.raw`(a)\1`, String.raw`\1`],
    [String.raw`\R`, String.raw`\R`],
    [String.raw`\Ka`, String.raw`\K`],
    ["(?i:ß)", "letters outside ASCII without case"],
    [String.raw`(?i:[\p{L}])`, "letters outside ASCII without case"],
    ["(?i:fl)", '"fl" without case'],
    ["[[:alpha:]]", "[:alpha:]"],
    ["(?x)a b", '(?x"'],
    ["(?~a)", '(?~"'],
    ["a**", "a doubled quantifier"],
    ["a{2,1}", "{2,1}"],
    [String.raw`[a-\d]`, "a range that ends with a class"],
    ["(?<=a++)b", "a possessive ++ in a lookbehind"],
    ["a)", "a closing bracket"],
    ["(a", "an unclosed group"],
    ["+", '"+" without anything to repeat'],
  ]) {
    assert.throws(
      () => createPreTokenizer([regex(source)]),
      (error: Error & { code: string }) =>
        error.code === "recipe/unsupported-tokenizer" && error.message.includes(construct),
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
  assert.deepEqual(matches(String.raw`\p{Han}+`, "a漢字かな"), ["漢字"]);
  assert.deepEqual(matches(String.raw`[\p{L}&&\p{Latin}]+`, "aΩé漢"), ["a", "é"]);
  assert.deepEqual(matches("[^(a|[bc])]+", "dab(e"), ["d", "e"]);
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
