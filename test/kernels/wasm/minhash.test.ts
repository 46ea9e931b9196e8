import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { drawPermutations, type Permutations } from "../../../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES } from "../../../kernels/minhash/shingles.ts";
import { MinHash } from "../../../kernels/minhash/signature.ts";
import { DatatroveSketcher, FastSketcher, type Sketcher, type SketchShape } from "../../../kernels/minhash/sketch.ts";
import { WasmDatatroveSketcher, WasmFastSketcher, WasmMinHash } from "../../../kernels/wasm/minhash.ts";
import { unicodeSegmenter } from "../../../kernels/words/unicode.ts";
import { goldenTexts, sampleHashes, samplesMissing, sampleTexts } from "../words-samples.ts";

const module = wasmModule("minhash");
const skip = module === undefined ? "WebAssembly with SIMD is not there" : false;
const SHAPE: SketchShape = { ngram: 5, bands: 14, rows: 8, seed: 1 };

interface Pair {
  readonly name: string;
  readonly wasm: Sketcher;
  readonly twin: Sketcher;
}

function datatrovePair(shape: SketchShape): Pair {
  const signature = new MinHash(drawPermutations(shape.bands * shape.rows, shape.seed));
  return {
    name: "datatrove",
    wasm: new WasmDatatroveSketcher(module!, shape),
    twin: new DatatroveSketcher(shape, SHINGLE_HASHES.xxh64, unicodeSegmenter, signature),
  };
}

function fastPair(shape: SketchShape): Pair {
  return { name: "fast", wasm: new WasmFastSketcher(module!, shape), twin: new FastSketcher(shape) };
}

function keysOf(sketcher: Sketcher, bytes: Uint8Array, start: number, end: number, bands: number): string | undefined {
  const keys = new Uint32Array(2 * bands);
  if (!sketcher.sketch(bytes, start, end, keys)) return undefined;
  return Array.from(keys, (word) => word.toString(16).padStart(8, "0")).join("");
}

function assertEqualKeys(pairs: readonly Pair[], text: string | Uint8Array, bands = SHAPE.bands): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (const { name, wasm, twin } of pairs) {
    const expected = keysOf(twin, bytes, 0, bytes.length, bands);
    if (keysOf(wasm, bytes, 0, bytes.length, bands) !== expected) {
      assert.fail(`${name}: other keys for ${JSON.stringify(Buffer.from(bytes.subarray(0, 2000)).toString("latin1"))}`);
    }
  }
}

/** Pairs with one word per shingle, where every word of a text shows in its keys, and with the usual five. */
const pairs = skip
  ? []
  : [SHAPE, { ...SHAPE, ngram: 1, seed: 9 }].flatMap((shape) => [datatrovePair(shape), fastPair(shape)]);

const PIECES = [
  "the Mill GRINDS flour of many villages by the river ",
  "a-b_c d'e f’g “quoted” — dash… (x) [y] {z} ",
  "1 12 1.5 1,250 1.2.3 x1,y2 3. 4 .5 6,a 7٫8 ٣٤ １２ 1\u2396\u0662 ½ ² ",
  "naïve café ÅNGSTRÖM e\u0301 \u0301x a\u0301\u0302b \u034f q\u00adr s\u200dt u\u200bv \ufeff ",
  "Мельница у реки МОЛОЛА зерно ЁЖ Й і ",
  "ΟΔΟΣ Σ ΑΣ' Α'ΣΑ ς σΣ. ΆΈ ᾳ ῼ ΐ \u1fef ",
  "水車は夜遅く がぎ 東京 ｶﾞ สวัสดี မြန်မာ ខ្មែរ ",
  "한글 가각 ㅎㅏ 훈민정음 \u302e가\u302f ",
  "हिन्दी क़ \u09cb বাংলা தமிழ் ",
  "👍🏽 𝒳𝟗 \u{1d15e}\u{1d16d}\u{1d165} \u{1d160} \u{1e900} \u{20000}\u{2f800} ",
  "a\u{1d16d}\u0301\u{1d165} b\u{1d165}\u{1d16d} c\u034f\u{1d165} \u{1d15e}\u302e\u{1d165} ",
  "\0\u0001\t\r\n\u0085\u2028\u3000\u00a0 ",
  "İSTANBUL \u212a \u2126 ẞ ﬁ Ⅷ ⅓ ȺȾ ",
  "wwwwwwwwwwwwwwww wwwwwwwwwwwwwwwww wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww w ",
];

const anyPiece = fc.oneof(
  fc.constantFrom(...PIECES),
  fc
    .constantFrom(...PIECES)
    .chain((piece) =>
      fc
        .tuple(fc.nat(piece.length), fc.nat(piece.length))
        .map(([from, to]) => piece.slice(Math.min(from, to), Math.max(from, to))),
    ),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom("a", "Z", "0", "9", ".", ",", " ", "'", "é", "Σ", "ж", "水", "\u0301", "\u00ad"),
    maxLength: 90,
  }),
);
const anyText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: anyPiece.map((piece) => Buffer.from(piece)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }) },
    ),
    {
      maxLength: 14,
    },
  )
  .map((parts) => Buffer.concat(parts));

test("any text, malformed bytes among it: the twin's keys", { skip }, () => {
  fc.assert(
    fc.property(anyText, (text) => assertEqualKeys(pairs, text)),
    { numRuns: 1500, seed: 20240611 },
  );
});

test("hostile texts: the twin's keys", { skip }, () => {
  const ascii = Array.from(
    { length: 128 },
    (_, code) => `a${String.fromCharCode(code)}b 1${String.fromCharCode(code)}2 `,
  );
  const texts: (string | Uint8Array)[] = [
    "",
    " ",
    "one two three four",
    "one two three four five",
    ascii.join(""),
    PIECES.join(""),
    PIECES.toReversed().join("").repeat(3),
    "\0".repeat(300),
    "0".repeat(1000),
    "1.".repeat(500),
    "1,2 ".repeat(500),
    "Σ".repeat(300),
    `${"'".repeat(200)}Σ${"'".repeat(200)}a Σ`,
    "é".repeat(1000),
    `${"x".repeat(63)}é ${"x".repeat(64)} ${"x".repeat(65)}1 ${"y".repeat(4000)}`,
    "\u0301".repeat(500),
    "a\u{1d16d}\u{1d165}".repeat(40),
    Buffer.from([0xc3]),
    Buffer.from("one two three four fiv\u00e9").subarray(0, -1),
    Buffer.from("one two three four five水").subarray(0, -1),
    Buffer.from("one two three four five \u{1f600}").subarray(0, -2),
    Buffer.from("one two three four 1.\u0661").subarray(0, -1),
    Buffer.from([
      ...Buffer.from("one two three four five "),
      0xc0,
      0x80,
      0xed,
      0xa0,
      0x80,
      0xf4,
      0x90,
      0x80,
      0x80,
      0xff,
    ]),
  ];
  for (let length = 0; length <= 200; length++)
    texts.push(PIECES.join("").slice(0, length), "ab ".repeat(100).slice(0, length));
  for (const text of texts) assertEqualKeys(pairs, text);
});

test("every character in a word, alone, and between digits: the twin's keys", { skip }, () => {
  const ends = [0x30000, 0xe0200];
  for (let block = 0; block < ends[1]; block += 256) {
    if (block >= ends[0] && block < 0xe0000) continue;
    let text = "";
    for (let code = block; code < block + 256; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      text += `a${character}b ${character} 1${character}2 Α${character}Σ${character} `;
    }
    assertEqualKeys(pairs.slice(2), text);
  }
});

test("what was in memory before does not show: long and short documents in turn, ranges of a larger buffer", {
  skip,
}, () => {
  const long = Buffer.from(PIECES.join("").repeat(200));
  for (const { wasm, twin } of pairs) {
    const expected = keysOf(twin, long, 1000, 1400, SHAPE.bands);
    keysOf(wasm, long, 0, long.length, SHAPE.bands);
    assert.equal(keysOf(wasm, long, 1000, 1400, SHAPE.bands), expected);
    assert.equal(keysOf(wasm, long.subarray(1000, 1400), 0, 400, SHAPE.bands), expected);
    assert.equal(keysOf(wasm, long, 1000, 1000, SHAPE.bands), undefined);
    assert.equal(keysOf(wasm, long, 7, 70_007, SHAPE.bands), keysOf(twin, long, 7, 70_007, SHAPE.bands));
  }
});

test("words around the size of a block, and few slots or many: the twin's keys", { skip }, () => {
  const shapes = [
    SHAPE,
    { ngram: 1, bands: 1, rows: 1, seed: 0 },
    { ngram: 2, bands: 3, rows: 3, seed: 7 },
    { ngram: 100, bands: 5, rows: 1, seed: 0xffffffff },
    { ngram: 3, bands: 300, rows: 2, seed: 3 },
  ];
  const words = Array.from({ length: 2200 }, (_, i) => `w${(i * 2654435761) % 4093}ж水`.slice(0, 2 + (i % 8)));
  for (const shape of shapes) {
    const own = [datatrovePair(shape), fastPair(shape)];
    for (const count of [
      shape.ngram - 1,
      shape.ngram,
      990,
      1023,
      1024,
      1025,
      1024 + shape.ngram - 1,
      1025 + shape.ngram,
      2200,
    ]) {
      assertEqualKeys(own, words.slice(0, count).join(" "), shape.bands);
    }
  }
});

test("a document beyond the limit of the module's memory goes to the twin", { skip }, () => {
  const text = Buffer.alloc(9 << 20, " ");
  text.write(PIECES.join(""), 4 << 20);
  assertEqualKeys(pairs.slice(0, 2), text);
});

test("real and golden texts: the twin's keys", { skip }, async (t) => {
  for (const { text } of goldenTexts()) assertEqualKeys(pairs, text);
  if (samplesMissing !== undefined) return t.diagnostic(`golden texts only: ${samplesMissing}`);
  for (const name of Object.keys(sampleHashes()).filter((name) => !name.includes("10BT"))) {
    for (const text of (await sampleTexts(name)).slice(0, 60)) assertEqualKeys(pairs.slice(0, 2), text);
  }
});

test("fast: case, punctuation, digits, diacritics and repetition do not show; words do", { skip }, () => {
  const { wasm } = fastPair(SHAPE);
  const keys = (text: string) => keysOf(wasm, Buffer.from(text), 0, Buffer.byteLength(text), SHAPE.bands);
  const first = keys("The mill paid 1987 for naïve café bread, twice. ΟΔΟΣ ЁЛКА");
  assert.equal(keys("the MILL paid 2024\r\n(for) naive cafe bread — twice οδος Елка"), first);
  assert.notEqual(keys("the mill paid 19876 for naive cafe bread twice οδος елка"), first);
  const sentence = Array.from({ length: 700 }, (_, i) => `word${i * i}x`).join(" ");
  assert.equal(keys(`${sentence} ${sentence} ${sentence}`), keys(`${sentence} ${sentence}`));
  assert.equal(keys("one two three four five ".repeat(3000)), keys("one two three four five ".repeat(2)));
});

test("keys of the two families never meet", { skip }, () => {
  const text = Buffer.from("one mill grinds the flour of many villages");
  const keys = [datatrovePair(SHAPE), fastPair(SHAPE)].map(({ wasm }) => keysOf(wasm, text, 0, text.length, 14)!);
  const bands = keys.flatMap((hex) => hex.match(/.{16}/g)!);
  assert.equal(new Set(bands).size, 28);
});

function addAll(builder: MinHash | WasmMinHash, hashes: Iterable<bigint>): string {
  builder.reset();
  for (const hash of hashes) builder.add(Number(hash >> 32n), Number(hash & 0xffffffffn));
  return `${builder.finish()} ${builder.signature.join()}`;
}

/** Shingles that fall on residues around 0 and P in one slot after another. */
function* edges({ slots, a_high, a_low, b_high, b_low }: Permutations): Generator<bigint[]> {
  const p = 2n ** 61n - 1n;
  const before = Array.from({ length: 45 }, (_, i) => BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n));
  for (let slot = 0; slot < slots; slot++) {
    const a = (BigInt(a_high[slot]) << 32n) | BigInt(a_low[slot]);
    const b = (BigInt(b_high[slot]) << 32n) | BigInt(b_low[slot]);
    if ((a & 1n) === 0n) continue;
    let inverse = a;
    for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - a * inverse));
    for (let quotient = 0n; quotient < 8n; quotient++) {
      const made = [0n, 1n, 2n, 3n, 7n, 8n, p - 8n, p - 7n, p - 1n, p].map((residue) =>
        BigInt.asUintN(64, (((quotient << 61n) | residue) - b) * inverse),
      );
      for (const shingle of made) yield [...before, shingle];
      // Nothing but values just below P: the minimum stays where no filter is sound.
      yield made.slice(6);
    }
  }
}

test("permutations: residues around 0 and P, nothing is lost to the estimate", { skip }, () => {
  const carrying = drawPermutations(24, 3);
  for (let slot = 0; slot < 24; slot++) carrying.b_low[slot] = 0xfffffff8 + (slot & 7);
  for (const permutations of [drawPermutations(112, 1), carrying]) {
    const wasm = new WasmMinHash(module!, permutations);
    const twin = new MinHash(permutations);
    let cases = 0;
    for (const hashes of edges(permutations)) {
      assert.equal(addAll(wasm, hashes), addAll(twin, hashes));
      cases++;
    }
    assert.ok(cases > 500, `${cases}`);
  }
});

/**
 * The module estimates before it computes. These constants make many shingles all but equal, put values at both ends of
 * their range, and let them wrap: a draw of permutations comes to it once in a million slots.
 */
test("permutations: ties, values within the margin, and values that wrap", { skip }, () => {
  const P = 2n ** 61n - 1n;
  const anyWord = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const anyMultiplier = fc.oneof(
    fc.constantFrom(0n, 1n, P, 2n ** 61n),
    fc.integer({ min: 0, max: 63 }).map((bits) => 2n ** BigInt(bits)),
    fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.bigInt({ min: 0n, max: 255n }))
      .map(([bits, few]) => few << BigInt(bits)),
    anyWord,
  );
  const anyIncrement = fc.oneof(
    fc.bigInt({ min: -300_000n, max: 300_000n }).map((distance) => distance * (distance % 3n === 0n ? 2n ** 29n : 1n)),
    anyWord,
  );
  const anyCase = fc.record({
    slots: fc.array(fc.tuple(anyMultiplier, anyIncrement), { minLength: 1, maxLength: 5 }),
    hashes: fc.array(fc.oneof(anyWord, fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: P - 20n, max: P + 20n })), {
      minLength: 1,
      maxLength: 60,
    }),
    times: fc.constantFrom(1, 3, 18, 40),
    step: fc.constantFrom(0n, 1n, 2n ** 33n, 0x9e3779b97f4a7c15n),
  });
  const half = (words: readonly bigint[], shift: bigint) =>
    Uint32Array.from(words, (word) => Number((BigInt.asUintN(64, word) >> shift) & 0xffffffffn));
  fc.assert(
    fc.property(anyCase, ({ slots, hashes, times, step }) => {
      const a = slots.map(([multiplier]) => BigInt.asUintN(61, multiplier));
      const b = slots.map(([, increment]) => BigInt.asUintN(61, increment));
      const permutations: Permutations = {
        slots: slots.length,
        a_high: half(a, 32n),
        a_low: half(a, 0n),
        b_high: half(b, 32n),
        b_low: half(b, 0n),
      };
      const all = Array.from({ length: times }, (_, i) =>
        hashes.map((hash) => BigInt.asUintN(64, hash + BigInt(i) * step)),
      ).flat();
      const signature = addAll(new WasmMinHash(module!, permutations), all);
      assert.equal(signature, addAll(new MinHash(permutations), all));
      const exact = a.flatMap((multiplier, slot) => {
        let least = P;
        for (const hash of all) {
          const value = BigInt.asUintN(64, hash * multiplier + b[slot]!) % P;
          if (value < least) least = value;
        }
        return [least >> 32n, least & 0xffffffffn];
      });
      assert.equal(signature, `true ${exact.join()}`);
    }),
    { numRuns: 600, seed: 7 },
  );
});

test("permutations: any shingles, any number of slots, any seed", { skip }, () => {
  const anyCase = fc.record({
    hashes: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 70 }),
    repeat: fc.constantFrom(1, 1, 1, 40),
    slots: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
  });
  fc.assert(
    fc.property(anyCase, ({ hashes, repeat, slots, seed }) => {
      const permutations = drawPermutations(slots, seed);
      const all = Array.from({ length: repeat }, (_, i) =>
        hashes.map((hash) => BigInt.asUintN(64, hash * BigInt(2 * i + 1))),
      );
      assert.equal(
        addAll(new WasmMinHash(module!, permutations), all.flat()),
        addAll(new MinHash(permutations), all.flat()),
      );
    }),
    { numRuns: 120, seed: 61 },
  );
});
