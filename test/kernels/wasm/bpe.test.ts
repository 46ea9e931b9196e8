/** The WebAssembly encoder against its twin: every family, hostile bytes, block and window borders, small caches, columns of documents. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bitmap } from "../../../batch/bitmap.ts";
import type { BpeModel } from "../../../kernels/bpe/model.ts";
import { fuzzTexts, seeded } from "../bpe/fuzz-text.ts";
import { VOCABULARIES } from "../bpe/oracles.ts";
import { DEEPSEEK_V3, REGEXES } from "../bpe/regexes.ts";
import { load, tinyTokenizer } from "../bpe/tiny-tokenizer.ts";
import { assertSame, type Engines, engines, NO_ENGINE } from "./bpe-engines.ts";

const utf8 = new TextEncoder();
/** What `assembly/bpe/limits.ts` calls TEXT_BYTES. */
const WINDOW = 1 << 17;

const CLASSES = [
  ..."aBcDE zSsTlLrReEvVmd'' \t\n\r/.-0123",
  ..."éÀœſйЖѠҐчǅʰªıßλΩ中文字漢かカ・가힣ابשไहि\u0301\u0308\u0e31\u200b\u00a0\u0085\u3000\u2028½Ⅷ１٣×÷“”’—。、🙂𝒜𐐷\u0000\ufffd",
];

/** Character of each byte in the byte alphabet. */
const ALPHABET = new Map(Object.entries(tinyTokenizer().model.vocab as object).map(([char, byte]) => [byte, char]));

function spell(bytes: readonly number[]): string {
  return bytes.map((byte) => ALPHABET.get(byte)).join("");
}

/** Characters of every class in random order, long enough for several blocks; runs of one class are frequent. */
function soup(below: (bound: number) => number): string {
  let text = "";
  const few = Array.from({ length: 2 + below(6) }, () => CLASSES[below(CLASSES.length)]);
  for (let n = 1 + below(160); n > 0; n--) {
    const char = below(3) === 0 ? CLASSES[below(CLASSES.length)] : few[below(few.length)];
    text += below(6) === 0 ? char.repeat(1 + below(70)) : char;
  }
  return text;
}

function corrupt(bytes: Uint8Array, below: (bound: number) => number): Uint8Array {
  for (let n = 1 + below(4); n > 0; n--) bytes[below(bytes.length)] = below(2) === 0 ? below(256) : 0x80 | below(0x80);
  return bytes;
}

function anyBytes(both: Engines, forgetful: Engines, seed: number, count: number): void {
  const below = seeded(seed);
  const texts = fuzzTexts(seed, count);
  for (let i = 0; i < texts.length; i++) {
    assertSame(both, utf8.encode(texts[i]));
    assertSame(i % 8 === 0 ? forgetful : both, utf8.encode(soup(below)));
    if (i % 3 === 0) assertSame(both, corrupt(utf8.encode(soup(below) + texts[i]), below));
    if (i % 60 === 0) assertSame(forgetful, utf8.encode(texts.slice(i, i + 60).join("")));
  }
}

for (const name of ["llama3", "qwen3", "cl100k_base", "o200k_base", "gpt2"]) {
  test(`${name}: the twin's ids for any bytes`, (t) => {
    const found = VOCABULARIES.get(name)!();
    if ("missing" in found) return t.skip(found.missing);
    const both = engines(found.tokenizer.model);
    const forgetful = engines(found.tokenizer.model, 1 << 16);
    if (both === undefined || forgetful === undefined) return t.skip(NO_ENGINE);
    anyBytes(both, forgetful, 11, 300);
  });
}

test("deepseek v3: the twin's ids for any bytes", (t) => {
  const file = tinyTokenizer([
    ["a", "b"],
    ["!", "a"],
    ["Ġ", "a"],
    ["Ġ", "Ġ"],
    ["1", "1"],
  ]);
  const splits = DEEPSEEK_V3.map((Regex) => ({
    type: "Split",
    pattern: { Regex },
    behavior: "Isolated",
    invert: false,
  }));
  file.pre_tokenizer = { type: "Sequence", pretokenizers: [...splits, { ...file.pre_tokenizer, use_regex: false }] };
  const { model } = load(file);
  const both = engines(model);
  const forgetful = engines(model, 1 << 16);
  if (both === undefined || forgetful === undefined) return t.skip(NO_ENGINE);
  anyBytes(both, forgetful, 12, 300);
});

const CLASS_BYTES = utf8.encode(CLASSES.join(""));
/** Bytes of Arabic and what it is mixed with. */
const ARABIC_BYTES = [
  ...utf8.encode(" a1.\n\u0600\u0640\u0680\u06c0"),
  ...Array.from({ length: 64 }, (_, i) => 0x80 + i),
];

/** A model that shows where words end: every two of the bytes merge. */
function pairingModel(bytes: Iterable<number>, regex: string): BpeModel {
  const names = [...new Set(bytes)].map((byte) => spell([byte]));
  const file = tinyTokenizer(names.flatMap((left) => names.map((right): [string, string] => [left, right])));
  const split = { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false };
  const byteLevel = { ...file.pre_tokenizer, use_regex: false };
  return load({ ...file, pre_tokenizer: { type: "Sequence", pretokenizers: [split, byteLevel] } }).model;
}

for (const [name, regex] of Object.entries(REGEXES)) {
  test(`${name}: words end where the twin's do`, (t) => {
    const model = pairingModel(CLASS_BYTES, regex);
    const both = engines(model);
    const forgetful = engines(model, 1 << 16);
    if (both === undefined || forgetful === undefined) return t.skip(NO_ENGINE);
    anyBytes(both, forgetful, 12, 400);
    borders(both);
  });
}

for (const [name, regex] of Object.entries(REGEXES)) {
  test(`${name}: Arabic letters, marks, digits and signs, at every place in a block`, (t) => {
    const both = engines(pairingModel(ARABIC_BYTES, regex));
    if (both === undefined) return t.skip(NO_ENGINE);
    for (let code = 0x600; code < 0x700; code++) {
      const char = String.fromCharCode(code);
      const text = ` ب${char}ب ${char}1${char}.${char}${char}a\n${char}`;
      for (let pad = 0; pad < 64; pad++)
        assertSame(both, utf8.encode(`${"a ".repeat(pad >> 1)}${"1".repeat(pad & 1)}${text}`));
    }
  });
}

/** Every class, and contractions, at every place around the border of a block that has words before it. */
function borders(both: Engines): void {
  for (const char of CLASSES) {
    for (const short of ["'S", "'vE", "'Ll", "'rE", "'ſ", "'x"]) {
      assertSame(
        both,
        utf8.encode(`; ${char}${short}${char} ${short}${short}${char}${short}. more words behind all that`),
      );
    }
    for (let pad = 52; pad < 64; pad++) {
      for (const head of ["x ", "中。"])
        assertSame(both, utf8.encode(`${head}${"y".repeat(pad)}${char}'SS ${char}${char} ends here`));
      assertSame(both, utf8.encode(`${"; ".repeat(pad >> 1)}X'${char}\n${char}/'ll ${char}${char} ends here`));
    }
  }
}

function llama(): Engines | undefined {
  const found = VOCABULARIES.get("llama3")!();
  return "missing" in found ? undefined : engines(found.tokenizer.model);
}
const llamaEngines = llama();

test("hostile texts: empty, zeros, one byte, malformed, runs longer than a window", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  for (const text of [
    "",
    "\0",
    "\0".repeat(200),
    "a",
    " ",
    "\r\n",
    "\n".repeat(500),
    "' ".repeat(300),
    "'s".repeat(300),
  ]) {
    assertSame(llamaEngines, utf8.encode(text));
  }
  for (let byte = 0; byte < 256; byte++) {
    assertSame(llamaEngines, Uint8Array.of(byte));
    assertSame(llamaEngines, new Uint8Array(150).fill(byte));
    assertSame(llamaEngines, Uint8Array.of(0xe4, 0xb8, byte, 0x41, 0xf0, 0x9f, byte, 0x80, byte));
  }
  // Overlong and surrogate forms are decoded, or not, as the twin does.
  for (const bytes of [
    [0xc0, 0x80],
    [0xe0, 0x81, 0x81],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x80, 0x81, 0x81],
    [0xf4, 0x90, 0x80, 0x80],
  ]) {
    assertSame(llamaEngines, Uint8Array.from([0x20, ...bytes, ...bytes, 0x61, ...bytes]));
  }
});

test("no input is quadratic, none too long", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  for (const [unit, count] of [
    ["a", WINDOW - 1],
    ["a", WINDOW],
    ["a", WINDOW + 1],
    [" ", 2 * WINDOW],
    ["中", WINDOW],
    ["ab\n", WINDOW],
    ["x. ", 3 * WINDOW],
    ["=", 100_000],
    ["é", 100_000],
    ["中。", 100_000],
  ] as const) {
    assertSame(llamaEngines, utf8.encode(unit.repeat(count)));
  }
});

test("long documents are cut where that changes nothing", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  const below = seeded(4);
  const parts = [
    fuzzTexts(12, 12_000).join(""),
    "y".repeat(WINDOW + 7),
    fuzzTexts(13, 4000).join(" "),
    " ".repeat(WINDOW),
  ];
  const bytes = utf8.encode(parts.join(""));
  assert.ok(bytes.length > 5 * WINDOW);
  for (let n = 0; n < 3; n++) assertSame(llamaEngines, bytes, below(1000), bytes.length - below(1000));
});

test("a column of documents: the twin's, row for row", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  const { twin, wasm } = llamaEngines;
  const texts = [
    ...fuzzTexts(21, 600),
    ...Array.from({ length: 9000 }, () => ""),
    "z".repeat(WINDOW + 1),
    ...fuzzTexts(22, 900),
  ];
  texts[40] = fuzzTexts(23, 9000).join("");
  const offsets = new Int32Array(texts.length + 1);
  for (const [i, text] of texts.entries()) offsets[i + 1] = offsets[i] + Buffer.byteLength(text);
  const column = { kind: "utf8" as const, data: utf8.encode(texts.join("")), offsets };
  const alive = Bitmap.full(texts.length);
  const below = seeded(3);
  for (let n = 0; n < 800; n++) alive.clear(below(texts.length));
  const expected = twin.encodeDocuments(column, alive, 128_001);
  const actual = wasm.encodeDocuments(column, alive, 128_001);
  assert.deepEqual(actual.offsets, expected.offsets);
  assert.deepEqual(actual.values, expected.values);
  assert.equal(
    wasm.encodeDocuments({ kind: "utf8", data: column.data, offsets: Int32Array.of(0) }, new Bitmap(0), 1).values
      .length,
    0,
  );
});

test("pieces around added tokens, short and long, side by side or far apart: the twin's, row for row", (t) => {
  const file = tinyTokenizer([
    ["a", "b"],
    ["ab", "c"],
  ]);
  const contents = ["\n", "\n\n", `<${"x".repeat(61)}>`, `<${"x".repeat(62)}>`, `<${"y".repeat(200)}>`];
  for (const content of contents) {
    file.added_tokens.push({ id: 258 + file.added_tokens.length, content, special: false, normalized: false });
  }
  const both = engines(load(file).model);
  if (both === undefined) return t.skip(NO_ENGINE);
  const below = seeded(6);
  const parts = [...contents, "abc", "", " ", "é", "abcab ".repeat(20)];
  const texts = Array.from({ length: 3000 }, () =>
    Array.from({ length: below(6) }, () => parts[below(parts.length)]).join(""),
  );
  const offsets = new Int32Array(texts.length + 1);
  for (const [i, text] of texts.entries()) offsets[i + 1] = offsets[i] + Buffer.byteLength(text);
  const column = { kind: "utf8" as const, data: utf8.encode(texts.join("")), offsets };
  const alive = Bitmap.full(texts.length);
  for (let n = 0; n < 300; n++) alive.clear(below(texts.length));
  for (const options of [{}, { bos: 7 }]) {
    const expected = both.twin.encodeDocuments(column, alive, undefined, options);
    const actual = both.wasm.encodeDocuments(column, alive, undefined, options);
    assert.deepEqual(actual.offsets, expected.offsets);
    assert.deepEqual(actual.values, expected.values);
  }
});

test("an output that is too small is refused before anything is written", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  assert.throws(() => llamaEngines.wasm.encode(utf8.encode("hello"), 0, 5, new Uint32Array(4), 0), /no room/);
});

test("ids are written where they belong, and nowhere else", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  const out = new Uint32Array(20).fill(7);
  assert.equal(llamaEngines.wasm.encode(utf8.encode("xxhello worldyy"), 2, 13, out, 3), 2);
  assert.deepEqual([...out.subarray(0, 6)], [7, 7, 7, 15339, 1917, 7]);
});

/** Random merges over bytes of a few characters, in random order: ranks that no training would give. */
function randomMerges(below: (bound: number) => number): [string, string][] {
  const characters = ["中", "丮", "乭", "é", "è", "a", " ", "か"].map((char) => [...utf8.encode(char)]);
  const tokens = new Map(characters.flat().map((byte) => [spell([byte]), 1]));
  const merges = new Map<string, [string, string]>();
  const merge = (left: string, right: string) => {
    const length = tokens.get(left)! + tokens.get(right)!;
    if (length > 9) return;
    tokens.set(left + right, length);
    merges.set(`${left} ${right}`, [left, right]);
  };
  for (const [first, second, third] of characters.map((bytes) => bytes.map((byte) => spell([byte])))) {
    if (second === undefined || below(4) === 0) continue;
    const fromTheLeft = below(2) === 0;
    merge(fromTheLeft || third === undefined ? first : second, fromTheLeft || third === undefined ? second : third);
    if (third === undefined) continue;
    if (fromTheLeft) merge(first + second, third);
    else merge(first, second + third);
  }
  for (let n = 20 + below(60); n > 0; n--) {
    // Half the time of whole characters, so that some tokens hold several.
    const whole = characters.map(spell).filter((name) => tokens.has(name));
    const names = below(2) === 0 && whole.length > 1 ? whole : [...tokens.keys()];
    const left = names[below(names.length)];
    const right = names[below(names.length)];
    merge(left, right);
  }
  const list = [...merges.values()];
  for (let i = list.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

test("whole characters are taken first only where merging gives the same, whatever the merges", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  const below = seeded(8);
  for (let round = 0; round < 24; round++) {
    const merges = randomMerges(below);
    const both = engines(load(dense(tinyTokenizer(merges))).model, 1 << 16)!;
    for (let n = 0; n < 60; n++) {
      const text = Array.from(
        { length: 1 + below(24) },
        () => ["中", "丮", "乭", "é", "è", "a", " ", "か"][below(8)],
      ).join("");
      assertSame(both, below(4) === 0 ? corrupt(utf8.encode(text), below) : utf8.encode(text));
    }
  }
});

/** The file with ids that have no gaps: tokens that two merges make leave some. */
function dense(file: ReturnType<typeof tinyTokenizer>): ReturnType<typeof tinyTokenizer> {
  const vocab = Object.fromEntries(Object.keys(file.model.vocab as object).map((token, id) => [token, id]));
  return { ...file, added_tokens: [], model: { ...file.model, vocab } };
}

test("merges of words without a cut: few symbols, many, more than a scan takes", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  const below = seeded(2);
  const pairs = ["ab", "ba", "aa", "bb", "ca", "ac"].map((pair) => [pair[0], pair[1]] as [string, string]);
  const more = [
    ["ab", "ba"],
    ["aa", "b"],
    ["abba", "c"],
    ["b", "ca"],
    ["aab", "aab"],
  ] as [string, string][];
  for (const wholeWords of [false, true]) {
    const file = tinyTokenizer([...pairs, ...more]);
    file.model.ignore_merges = wholeWords;
    const both = engines(load(file).model)!;
    for (let length = 1; length < 400; length += 1 + (length >> 5)) {
      assertSame(both, utf8.encode(Array.from({ length }, () => "abc"[below(3)]).join("")));
    }
  }
});

test("a pre-tokenizer the module does not know goes to the twin", (t) => {
  if (llamaEngines === undefined) return t.skip(NO_ENGINE);
  const file = tinyTokenizer([
    ["a", "b"],
    ["1", "2"],
  ]);
  const byteLevel = file.pre_tokenizer;
  file.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel] };
  const both = engines(load(file).model)!;
  assert.equal(assertSame(both, utf8.encode("ab12")), 3);
  const column = { kind: "utf8" as const, data: utf8.encode("ab12ab"), offsets: Int32Array.of(0, 4, 6) };
  assert.deepEqual([...both.wasm.encodeDocuments(column, Bitmap.full(2), 99).values], [256, 49, 50, 99, 256, 99]);
});
