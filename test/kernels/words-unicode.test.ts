import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generalCategory } from "../../kernels/unicode/tables.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WordRanges } from "../../kernels/words/types.ts";

const { segment } = segmenter("unicode");

function words(text: string | Uint8Array): string[] {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const spans = new WordRanges();
  segment(bytes, 0, bytes.length, spans);
  return Array.from({ length: spans.count }, (_, i) =>
    Buffer.from(bytes.subarray(spans.starts[i], spans.ends[i])).toString(),
  );
}

const ALONE: readonly (readonly [number, number])[] = [
  [0x0e00, 0x0eff],
  [0x1000, 0x109f],
  [0x1780, 0x17ff],
  [0x2e80, 0x312f],
  [0x3190, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa9e0, 0xa9ff],
  [0xaa60, 0xaa7f],
  [0xf900, 0xfaff],
  [0xff66, 0xff9d],
  [0x1aff0, 0x1b16f],
  [0x20000, 0x3ffff],
];

/** The rules as a regular expression over one letter per character: L letter, N number, M mark, F format, A apostrophe, C alone. */
function naiveWords(text: string): string[] {
  const characters = [...text];
  const shape = characters
    .map((character) => {
      const codePoint = character.codePointAt(0)!;
      const category = generalCategory(codePoint);
      if (character === "'" || character === "\u2019") return "A";
      if (category[0] === "M") return "M";
      if (category === "Cf") return codePoint === 0x200b ? "O" : "F";
      if (category[0] !== "L" && category[0] !== "N") return "O";
      return ALONE.some(([first, last]) => codePoint >= first && codePoint <= last) ? "C" : category[0];
    })
    .join("");
  const found: string[] = [];
  const marks = "(?:F*M)*";
  const pattern = new RegExp(`C${marks}|(?:L${marks}A(?=L)|L${marks}F*(?=[LN])|N${marks}F*(?=[LN]))*[LN]${marks}`, "g");
  for (const match of shape.matchAll(pattern)) {
    found.push(characters.slice(match.index, match.index + match[0].length).join(""));
  }
  return found;
}

test("words of many scripts", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["  \t\n ", []],
    ["Hello, world! 42 times", ["Hello", "world", "42", "times"]],
    ["don't can\u2019t 'quoted' rock'n'roll", ["don't", "can\u2019t", "quoted", "rock'n'roll"]],
    ["5'10 o'5 a''b x' 'y", ["5", "10", "o", "5", "a", "b", "x", "y"]],
    ["snake_case 3.14 e-mail", ["snake", "case", "3", "14", "e", "mail"]],
    ["na\u00efve cafe\u0301 \u0301stray", ["na\u00efve", "cafe\u0301", "stray"]],
    ["l\u2019\u00e9t\u00e9 \u00e9'\u00e9 \u00e9'5", ["l\u2019\u00e9t\u00e9", "\u00e9'\u00e9", "\u00e9", "5"]],
    [
      "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!",
      ["\u041f\u0440\u0438\u0432\u0435\u0442", "\u043c\u0438\u0440"],
    ],
    ["\u6f22\u5b57\u304b\u306a\u30ab", ["\u6f22", "\u5b57", "\u304b", "\u306a", "\u30ab"]],
    ["abc\u6f22def", ["abc", "\u6f22", "def"]],
    ["\ud55c\uad6d\uc5b4 \ub2e8\uc5b4", ["\ud55c\uad6d\uc5b4", "\ub2e8\uc5b4"]],
    ["\u0e01\u0e31\u0e19", ["\u0e01\u0e31", "\u0e19"]],
    ["\u0928\u092e\u0938\u094d\u0924\u0947", ["\u0928\u092e\u0938\u094d\u0924\u0947"]],
    ["co\u00adoperate end\u00ad, zero\u200bwidth", ["co\u00adoperate", "end", "zero", "width"]],
    ["\u{1d400}\u{1d401} \u{1f600} \u{20000}\u{20001}", ["\u{1d400}\u{1d401}", "\u{20000}", "\u{20001}"]],
    ["a\0b\r\nc\ufeffd", ["a", "b", "c\ufeffd"]],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(words(text), expected, JSON.stringify(text));
    assert.deepEqual(naiveWords(text), expected, `naive ${JSON.stringify(text)}`);
  }
});

test("malformed bytes separate words", () => {
  assert.deepEqual(words(Uint8Array.of(0x61, 0xff, 0x62, 0xc3, 0x63, 0xe2, 0x80, 0x64)), ["a", "b", "c", "d"]);
  assert.deepEqual(words(Uint8Array.of(0xc0, 0xc1, 0x80, 0xf5, 0xed, 0xa0, 0x80, 0x78)), ["x"]);
});

test("stays inside the range and reuses the spans", () => {
  const bytes = Buffer.from("alpha beta gamma\u00e9");
  const spans = new WordRanges();
  segment(bytes, 2, 8, spans);
  assert.deepEqual([spans.count, spans.starts[0], spans.ends[0], spans.starts[1], spans.ends[1]], [2, 2, 5, 6, 8]);
  segment(bytes, 11, bytes.length - 1, spans);
  assert.deepEqual([spans.count, spans.starts[0], spans.ends[0]], [1, 11, 16]);
  segment(bytes, 4, 4, spans);
  assert.equal(spans.count, 0);
});

test("grows past its first capacity", () => {
  const bytes = Buffer.from("word ".repeat(5000));
  const spans = new WordRanges();
  segment(bytes, 0, bytes.length, spans);
  assert.equal(spans.count, 5000);
  assert.equal(spans.starts[4999], 24995);
});

test("agrees with the rules written as a regular expression", () => {
  const alphabet =
    "aZ9_ .'\u2019\u00e9\u0301\u00ad\u200d\u200b\ufeff\u0416\u4e2d\u3042\u0e01\u0e31\uac00\u0915\u094d\u093f\u00bd\u20ac\u{1f600}\u{20000}\u{1d7d8}\n";
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }), (characters) => {
      const text = characters.join("");
      assert.deepEqual(words(text), naiveWords(text));
    }),
    { numRuns: 1500, seed: 7 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      assert.deepEqual(words(text), naiveWords(text));
    }),
    { numRuns: 700, seed: 8 },
  );
});
