import assert from "node:assert/strict";
import { test } from "node:test";
import { wasmModule } from "../../../io/wasm.ts";
import { type FragmentShape, PlainFragmentSampler } from "../../../kernels/substring/sampler.ts";
import { WasmFragmentSampler } from "../../../kernels/wasm/substring.ts";
import { duplicateFragments, marked } from "./oracle.ts";
import { findDuplicates, type Variant } from "./phases.ts";

const encoder = new TextEncoder();
const bytesOf = (texts: readonly string[]) => texts.map((text) => encoder.encode(text));

/** A stream of numbers that is the same every time. */
function chances(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function wasm(shape: FragmentShape) {
  const module = wasmModule("substring");
  return module === undefined ? new PlainFragmentSampler(shape) : new WasmFragmentSampler(module, shape);
}

/** Checks what is found against the suffix array; returns how many fragments are duplicates. */
function check(documents: readonly Uint8Array[], variants: readonly Variant[], name: string): number {
  const [{ length }] = variants;
  const expected = duplicateFragments(documents, length);
  for (const variant of variants) {
    assert.equal(variant.length, length);
    const { duplicates } = findDuplicates(documents, { sampler: wasm, ...variant });
    documents.forEach((document, index) => {
      const found = marked(document.length - length + 1, duplicates[index]);
      const isEqual = Buffer.compare(found, expected[index]) === 0;
      assert.ok(isEqual, `${name}, document ${index}, ${JSON.stringify(variant)}`);
    });
  }
  return expected.reduce((sum, marks) => sum + marks.reduce((all, mark) => all + mark, 0), 0);
}

function fibonacci(length: number): string {
  let [a, b] = ["a", "ab"];
  while (b.length < length) [a, b] = [b, b + a];
  return b.slice(0, length);
}

function thueMorse(length: number): string {
  return Array.from({ length }, (_, i) => "ab"[i.toString(2).replaceAll("0", "").length % 2]).join("");
}

function words(chance: (below: number) => number, count: number): string {
  return Array.from({ length: count }, () => "abcdefghij".slice(chance(5)).slice(0, 1 + chance(6))).join(" ");
}

/** Passages that come again in other surroundings, as licences and menus do. */
function prose(seed: number, documents: number): string[] {
  const chance = chances(seed);
  const passages = Array.from({ length: 12 }, () => words(chance, 20 + chance(60)));
  return Array.from({ length: documents }, () =>
    Array.from({ length: 1 + chance(4) }, () => {
      const passage = passages[chance(passages.length)];
      return chance(3) === 0 ? words(chance, 30) : passage.slice(chance(40), passage.length - chance(40));
    }).join(chance(2) ? "\n" : " "),
  );
}

const ADVERSARIAL: Readonly<Record<string, readonly string[]>> = {
  "a run of one byte": ["a".repeat(900)],
  "runs of one byte": [..."abcabc"].map((letter, index) => letter.repeat(150 + 31 * index)),
  "periodic text": ["ab".repeat(300), "abc".repeat(200), "bca".repeat(130), "////\r\n".repeat(120)],
  "a period of a fragment and more": ["0123456789abcdefghijklmnopqrstuvwxyzABCDEF".repeat(12)],
  "one document, repeated": Array.from({ length: 9 }, () => prose(5, 1)[0] ?? ""),
  "Fibonacci's word": [fibonacci(1500), fibonacci(700), fibonacci(1500).slice(333)],
  "Thue and Morse's word": [thueMorse(2048), thueMorse(900).slice(77)],
  "overlapping repeats": [`${"xyzab".repeat(60)}q${"xyzab".repeat(55)}`, "abxyz".repeat(40)],
  "a chain of three": ["one", "two", "three"].map(
    (word) => `${word} ${"the same passage of some length ".repeat(3)}${word}`,
  ),
  "a core in many surroundings": Array.from(
    { length: 40 },
    (_, i) => `${i * i} ${"core of the page ".repeat(4)} ${i * 7}`,
  ),
  "borders of documents": ["abcdefghij".repeat(3), "klmnopqrst".repeat(3), "abcdefghijklmnopqrst".repeat(3), "", "abc"],
  "borders of characters": [
    "\u00e9\u00e8".repeat(60),
    "\u4e16\u754c\u3002".repeat(40),
    "x\ud83d\udc4d\ud83c\udffd".repeat(30),
  ],
};

for (const length of [8, 20, 64]) {
  test(`adversarial corpora, fragments of ${length}: the fragments that a suffix array finds`, () => {
    let marks = 0;
    for (const [name, texts] of Object.entries(ADVERSARIAL)) {
      const documents = bytesOf(texts);
      const variants = [
        { length, partitions: 1, span: 100 },
        { length, partitions: 7, span: 1, maxPaired: 2, tableFragments: 40 },
        { length, partitions: 256, span: 3 },
      ];
      marks += check(documents, variants, name);
    }
    assert.ok(marks > 1000);
  });
}

test("texts with passages in common, three lengths, any gram, partitions, spans and memory", () => {
  const documents = bytesOf(prose(11, 60));
  for (const length of [20, 50, 120]) {
    const variants = [
      { length, partitions: 1, span: 1000 },
      { length, partitions: 7, span: 13, memory_records: 50, gram: length },
      { length, partitions: 256, span: 1, maxPaired: 1, tableFragments: 100, gram: Math.ceil(length / 4) },
      { length, partitions: 3, span: 45, sampler: (shape: FragmentShape) => new PlainFragmentSampler(shape) },
    ];
    assert.ok(check(documents, variants, "prose") > 1500);
  }
});

test("chances: small alphabets, runs, periods and pieces of each other", () => {
  const chance = chances(3);
  for (let round = 0; round < 25; round++) {
    const letters = round % 3 === 0 ? 2 : 4;
    const pool = Array.from({ length: 5 }, () =>
      Array.from({ length: 1 + chance(60) }, () => "abxy"[chance(letters)]).join(""),
    );
    pool.push("a".repeat(90), "ab".repeat(50), "abc".repeat(30));
    const texts = Array.from({ length: 2 + chance(20) }, () =>
      Array.from({ length: 1 + chance(6) }, () => (pool[chance(pool.length)] ?? "").slice(chance(4))).join(""),
    );
    const length = [8, 12, 21, 34][round % 4] ?? 8;
    const gram = 2 + chance(length - 2);
    const span = 1 + chance(6);
    check(
      bytesOf(texts),
      [{ length, gram, span, partitions: 1 + chance(9), maxPaired: 1 + chance(5) }],
      `round ${round}`,
    );
  }
});

test("WebAssembly and its twin leave the same keys and words, of bytes and of ids", () => {
  const texts = [...Object.values(ADVERSARIAL).flat(), ...prose(7, 20), "b".repeat(20_000)];
  for (const symbol_bytes of [1, 4] as const) {
    for (const length of [8, 50, 200]) {
      const shape = { length, gram: Math.ceil(length / 2), symbol_bytes };
      const left = [wasm(shape), new PlainFragmentSampler(shape)].map((sampler) =>
        texts.map((text) => {
          const found: { keys: number[]; words: number[] } = { keys: [], words: [] };
          const bytes = encoder.encode(text);
          const document = symbol_bytes === 1 ? bytes : new Uint8Array(Uint32Array.from(bytes).buffer);
          sampler.sample(document, 0, document.length, {
            keys: (words) => found.keys.push(...words),
            words: (words) => found.words.push(...words),
          });
          return found;
        }),
      );
      assert.deepEqual(left[0], left[1]);
    }
  }
});

test("a million equal bytes leave a record, and a document of them little more", () => {
  const million = [new Uint8Array(1_000_000).fill(0x61)];
  const found = findDuplicates(million, { length: 200, sampler: wasm });
  assert.deepEqual(found.duplicates, [[[200, 999_801]]]);
  assert.ok(found.records === 1 && found.words <= 4 && found.context_bytes === 0);
  const many = Array.from({ length: 50 }, () => new Uint8Array(1000).fill(0x61));
  const each = findDuplicates(many, { length: 200, sampler: wasm });
  assert.equal(each.records, 50);
  assert.deepEqual(each.duplicates[49], [[0, 801]]);
});
