/** The search for n-grams in WebAssembly against its twin, and what words are in texts of any script. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { wasmModule } from "../../../io/wasm.ts";
import { FoldedWords } from "../../../kernels/decontamination/folded-words.ts";
import { type GramHits, GramTable } from "../../../kernels/decontamination/gram-table.ts";
import type { WordForm } from "../../../kernels/decontamination/text-words.ts";
import { WasmGramScan } from "../../../kernels/wasm/decontamination.ts";
import { randomizer } from "../../workers/fixture.ts";

const START = 65_536;
const PAGE = 65_536;
const ALL = 1 << 30;

/** Characters of each kind that is told apart, some of them broken. */
const RANGES: readonly (readonly [first: number, count: number])[] = [
  [0x61, 6],
  [0x41, 4],
  [0x00, 0x80],
  [0x20, 1],
  [0x0a, 1],
  [0xc0, 60],
  [0x300, 20],
  [0x3b1, 30],
  [0x130, 2],
  [0x4e00, 12],
  [0x3041, 20],
  [0xe01, 40],
  [0xac00, 40],
  [0x3000, 3],
  [0xff10, 30],
  [0x2018, 12],
  [0x1f600, 4],
  [0x20000, 6],
  [0x1d165, 2],
];

function texts(count: number): Uint8Array[] {
  const random = randomizer(5);
  return Array.from({ length: count }, (_, i) => {
    const kinds = [RANGES[random(RANGES.length)], RANGES[0], RANGES[3], RANGES[random(RANGES.length)]];
    let text = "";
    for (let left = random(60); left > 0; left--) {
      const [first, size] = kinds[random(kinds.length)];
      text += String.fromCodePoint(first + random(size));
    }
    const bytes = Buffer.from(text, "utf8");
    // Every third one is broken somewhere.
    if (i % 3 === 0 && bytes.length > 0) bytes[random(bytes.length)] = random(256);
    return bytes;
  });
}

function plain({ count, words, grams }: GramHits): number[][] {
  return Array.from({ length: count }, (_, i) => [words[i], grams[i]]);
}

const FORMS: readonly (readonly [form: WordForm, n: number])[] = [
  ["folded", 2],
  ["lower", 1],
  ["simplified", 3],
  ["folded", 100],
];
for (const [form, n] of FORMS) {
  test(`${form}, ${n} words: the same hits in WebAssembly, at the same words of the folded text`, (t) => {
    const module = wasmModule("decontamination");
    if (module === undefined) {
      t.skip("no WebAssembly here");
      return;
    }
    const short = texts(1500);
    // Words are looked up some hundred at a time: long texts have many such batches, and n-grams that reach over their ends.
    const long = [100, 400, 401, 1500].map((count) =>
      Buffer.concat(short.slice(0, count).flatMap((text) => [text, Buffer.from(" ")])),
    );
    const all = [...short, ...long];
    const grams = 60_000;
    const pages = Math.ceil(GramTable.bytesFor(grams) / PAGE) + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages + 200, shared: true });
    const table = new GramTable(form, n, grams, memory.buffer, START);
    table.clear();
    for (const text of all.slice(0, 700)) table.add(text, 0, text.length);
    if (n > 50) table.add(long[1], 0, long[1].length);
    const wasm = new WasmGramScan(module, memory, table);
    let hits = 0;
    for (const text of all) {
      const found = wasm.scan(text, 0, text.length, ALL);
      const expected = table.scan(text, 0, text.length);
      assert.deepEqual(plain(found), plain(expected), JSON.stringify(Buffer.from(text).toString("utf8")));
      hits += found.count;
      for (let i = 0; i < found.count; i++) {
        const start = expected.places[i];
        const word = expected.folded.subarray(start, expected.folded.indexOf(0x20, start));
        const other = found.folded.subarray(found.places[i], found.places[i] + word.length);
        assert.deepEqual([...other], [...word]);
      }
      assert.equal(wasm.scan(text, 0, text.length, 1).count, Math.min(1, expected.count));
    }
    assert.ok(hits > 2000, `${hits} hits`);
  });
}

function wordsOf(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const words = new FoldedWords("folded");
  words.read(bytes, 0, bytes.length);
  return Array.from({ length: words.count }, (_, i) => bytes.toString("utf8", words.starts[i], words.ends[i]));
}

function foldedOf(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const words = new FoldedWords("folded");
  words.read(bytes, 0, bytes.length);
  return Buffer.from(words.folded.subarray(0, words.length)).toString("utf8");
}

test("words are ranges of the text; case, marks, punctuation, wide letters and what is not seen do not count", () => {
  assert.deepEqual(wordsOf("Is “naïve”, 12.5×2?"), ["Is", "naïve", "12", "5×2"]);
  assert.equal(
    foldedOf("NAÏVE na\u0308ive nai\u0308ve ＡＢ１ soft\u00adhy\u200bphen ΟΔΟΣ"),
    "naive naive naive ab1 softhyphen οδοσ ",
  );
  assert.equal(foldedOf("한국"), foldedOf("한국".normalize("NFD")));
  assert.deepEqual(wordsOf(""), []);
});

test("texts without spaces are cut alike wherever they stand, and across a broken line", () => {
  const text = "今天天气很好我们去公园散步看到很多花和树还有小孩子在玩耍大家都很高兴";
  const own = wordsOf(text);
  assert.ok(own.length > text.length / 4 && own.length < text.length);
  assert.equal(own.join(""), text);
  const inner = wordsOf(`昨天下雨了${text}然后我们回家`);
  assert.ok(inner.join("|").includes(own.slice(1, -1).join("|")), inner.join("|"));
  assert.equal(foldedOf(`${text.slice(0, 7)}\n${text.slice(7, 16)} ${text.slice(16)}`), foldedOf(text));
  assert.ok(wordsOf("สวัสดีครับวันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะกันเถอะ").length > 5);
});
