import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import minhash from "../../../stages/dedup/minhash.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { withoutWasm } from "../../without-wasm.ts";
import { cluster, dropping, keysOf, type Phases } from "./phases.ts";

function operator(options: Record<string, unknown> = {}) {
  return dropping(minhash.create(minhash.options.parse(options), NO_RESOURCES));
}

function hexOf(keys: Uint32Array | undefined): string | undefined {
  return keys && Array.from(keys, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** Made-up words without end, the same every time. */
function makeText(characters: number, seed: number): string {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let text = "";
  while (text.length < characters) {
    const letters = 2 + next(8);
    for (let i = 0; i < letters; i++) text += String.fromCharCode(97 + next(26));
    text += " ";
  }
  return text.slice(0, characters);
}

interface Golden {
  readonly name: string;
  readonly text: string;
  readonly xxh64: { readonly band_keys: string } | null;
  readonly sha1: { readonly band_keys: string } | null;
}

test("from the text on, `words: spacy-en` gives the band keys of datatrove's signatures", () => {
  const golden: Golden[] = JSON.parse(readFileSync("test/golden/minhash/signatures.json", "utf8"));
  for (const hash of ["xxh64", "sha1"] as const) {
    const parity = operator({ words: "spacy-en", hash });
    for (const entry of golden) {
      assert.equal(hexOf(keysOf(parity, entry.text)), entry[hash]?.band_keys, `${entry.name}, ${hash}`);
    }
  }
});

test("rows without `ngram` words have no sketch", () => {
  const five = operator();
  for (const text of ["", " \n", "one two three four", "…!? — ;", "\0\0\0", null]) {
    assert.equal(keysOf(five, text), undefined);
  }
  assert.equal(keysOf(five, "one two three four five")?.length, 28);
  assert.equal(keysOf(operator({ ngram: 1, bands: 3, rows: 2 }), "word")?.length, 6);
});

test("case, punctuation, numbers, white space and diacritics do not count; words do", () => {
  const stage = operator();
  const keys = hexOf(keysOf(stage, "The mill paid 1,250 in 1987 for naïve café bread, twice."));
  assert.equal(hexOf(keysOf(stage, "the MILL paid 3.5 in 2024\r\n\tfor naive (cafe) bread — twice")), keys);
  assert.notEqual(hexOf(keysOf(stage, "the mill paid 3.5 in 2024 for naive cafe bread once")), keys);
});

for (const family of ["datatrove", "fast"]) {
  test(`every script and malformed bytes have a sketch, the same every time: ${family}`, () => {
    const stage = operator({ family });
    const texts = [
      "水車は夜遅くまで穀物をひいていた",
      "Мельница у реки молола зерно до вечера",
      "👍🏽 one 👍🏽 two three four five 𝒳",
      Uint8Array.of(...Buffer.from("one two three "), 0xff, 0xc3, 0x20, ...Buffer.from("four five six"), 0xe2, 0x82),
      `${"w".repeat(1_000_000)} two three four five`,
    ];
    const first = texts.map((text) => hexOf(keysOf(stage, text)));
    assert.ok(first.every((keys) => keys !== undefined));
    assert.equal(new Set(first).size, texts.length);
    assert.deepEqual(
      texts.map((text) => hexOf(keysOf(operator({ family }), text))),
      first,
    );
  });
}

test("keys do not depend on whether WebAssembly is there", () => {
  const texts = ["The mill paid 1,250 in 1987 for naïve café bread, twice.", "水車は夜遅くまで", "Σ ΟΔΟΣ 1.5 a b c"];
  const choices = [{}, { hash: "sha1" }, { words: "spacy-en" }, { family: "fast" }, { rows: 3, bands: 5 }];
  const keys = () => choices.map((options) => texts.map((text) => hexOf(keysOf(operator(options), text))));
  const first = keys();
  assert.deepEqual(withoutWasm(keys), first);
});

test("family, seed, hash and shape change the keys", () => {
  const text = "one mill grinds the flour of many villages";
  const fast = [{}, { seed: 2 }, { ngram: 4 }, { rows: 4 }].map((options) => ({ ...options, family: "fast" }));
  const shapes = [{}, { seed: 2 }, { hash: "sha1" }, { ngram: 4 }, { rows: 4 }, ...fast];
  assert.equal(new Set(shapes.map((options) => hexOf(keysOf(operator(options), text)))).size, shapes.length);
});

test("400-character windows of one text: exactly the clusters of overlapping windows, however they are computed", () => {
  const text = makeText(2400, 5);
  const offsets = [[0, 20, 50], [400, 420], [800, 810, 820, 840, 860], [1205, 1215, 1225, 1245], [1600], [2000]];
  const starts = offsets.flat();
  const windows = starts.map((start) => text.slice(start, start + 400));
  const expected = offsets.flatMap((group) => group.map(() => starts.indexOf(group[0])));
  const variants: Phases[] = [];
  for (const partitions of [1, 3, 7]) {
    for (const span of [4, 100]) {
      for (const memory_bytes of [1 << 20, 1500, 400]) {
        variants.push({ partitions, span, memory_bytes, reversed: memory_bytes < 1000 });
      }
    }
  }
  for (const family of ["datatrove", "fast"]) {
    for (const phases of variants) {
      const { roots, sizes } = cluster(operator({ family }), windows, phases);
      assert.deepEqual([...roots], expected, `${family} ${JSON.stringify(phases)}`);
      assert.deepEqual(
        offsets.map((group) => sizes[starts.indexOf(group[0])]),
        [3, 2, 5, 4, 1, 1],
      );
    }
  }
});

/** Low halves of the slots of one text. */
function signatureOf(stage: ReturnType<typeof operator>, text: string): number[] {
  const { verify } = stage;
  assert.ok(verify);
  assert.ok(keysOf(stage, text));
  const out = new Uint16Array(verify.slots);
  verify.signature(out);
  return [...out];
}

test("signatures do not depend on whether WebAssembly is there, and their equal slots estimate similarity", () => {
  const text = makeText(4000, 3);
  // The last needs the twin: its marks are out of canonical order.
  const texts = [text, text.slice(400), "水 車 は 夜 遅 く ま で", "a\u0301\u0323 b c d e\u0301 f"];
  const choices = [{}, { hash: "sha1" }, { words: "spacy-en" }, { family: "fast" }, { rows: 3, bands: 5 }];
  const signatures = () =>
    choices.map((options) => {
      const stage = operator({ ...options, verify: 0.5 });
      return texts.map((each) => signatureOf(stage, each));
    });
  const first = signatures();
  assert.deepEqual(withoutWasm(signatures), first);
  for (const family of [first[0], first[3]]) {
    const equal = family[0].filter((slot, i) => slot === family[1][i]).length / 112;
    assert.ok(Math.abs(equal - 0.9) < 0.1, `${equal}`);
    assert.ok(family[0].filter((slot, i) => slot === family[2][i]).length <= 2);
  }
});

test("verify: a chain of similar rows is one cluster without it, and falls apart with it", () => {
  // Windows of one text: neighbours share 70 %, the ends of the chain nothing.
  const text = makeText(40_000, 9);
  const chain = Array.from({ length: 8 }, (_, i) => text.slice(i * 900, i * 900 + 6000));
  const loose = { bands: 56, rows: 2, family: "fast" };
  const phases = { span: 3, partitions: 3, memory_bytes: 1 << 20 };
  assert.deepEqual([...cluster(operator(loose), chain, phases).roots], [0, 0, 0, 0, 0, 0, 0, 0]);
  const strict = cluster(operator({ ...loose, verify: 0.9 }), chain, phases);
  assert.deepEqual([...strict.roots], [0, 1, 2, 3, 4, 5, 6, 7]);
  const copies = [...chain, ...chain];
  for (const span of [1, 5, 100]) {
    for (const partitions of [1, 4]) {
      for (const memory_bytes of [1, 1 << 20]) {
        const { roots, sizes } = cluster(operator({ ...loose, verify: 0.9 }), copies, {
          span,
          partitions,
          memory_bytes,
          reversed: span === 5,
        });
        assert.deepEqual([...roots], [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert.deepEqual([...sizes.subarray(0, 9)], [2, 2, 2, 2, 2, 2, 2, 2, 0]);
      }
    }
  }
});

test("verify: the bound is a share of equal slots, itself included", () => {
  const { verify } = operator({ bands: 25, rows: 4, verify: 0.55 });
  assert.ok(verify);
  const signatures = new Uint16Array(200).fill(1, 0, 55);
  signatures.fill(1, 100, 155).fill(2, 155);
  assert.equal(verify.similar(signatures, 0, 100), true);
  signatures[154] = 2;
  assert.equal(verify.similar(signatures, 0, 100), false);
  assert.equal(operator().verify, undefined);
});

test("shuffled rows: the same groups, each with its first row in the new order as survivor", () => {
  const groups = 12;
  const rows = Array.from({ length: 60 }, (_, i) => `${makeText(600, 1 + (i % groups))} ${makeText(8, 100 + i)}`);
  const order = rows.map((_, i) => (i * 37 + 11) % rows.length);
  const phases = { span: 16, partitions: 3, memory_bytes: 2000 };
  const straight = cluster(operator(), rows, phases);
  const shuffled = cluster(
    operator(),
    order.map((row) => rows[row]),
    phases,
  );
  for (let row = 0; row < rows.length; row++) assert.equal(straight.roots[row], row % groups);
  for (let at = 0; at < order.length; at++) {
    const first = order.findIndex((row) => row % groups === order[at] % groups);
    assert.equal(shuffled.roots[at], first);
  }
});

test("options are strict and bounded", () => {
  assert.equal(minhash.options.safeParse({ bands: 1024, rows: 128 }).success, false);
  assert.equal(minhash.options.safeParse({ ngrams: 5 }).success, false);
  assert.equal(minhash.options.safeParse({ ngram: 0 }).success, false);
  assert.equal(minhash.options.safeParse({ verify: 1.01 }).success, false);
  const clash = minhash.options.safeParse({ family: "fast", hash: "sha1", words: "spacy-en" });
  assert.deepEqual(
    clash.error?.issues.map(({ path, message }) => [path.join("."), message]),
    [
      ["hash", "the family fast has a hash of its own: leave `hash` out, or use the family datatrove"],
      ["words", "the family fast has word rules of its own: leave `words` out, or use the family datatrove"],
    ],
  );
  assert.deepEqual(minhash.options.parse({}), {
    ngram: 5,
    bands: 14,
    rows: 8,
    seed: 1,
    family: "datatrove",
    hash: "xxh64",
    words: "unicode",
    scope: "source",
  });
});
