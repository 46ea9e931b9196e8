/** The fast way of the classifier beside the exact one, which predictions.test.ts holds against fastText's own. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { labelsOf } from "../../../kernels/fasttext/classifier.ts";
import { LabelScan } from "../../../kernels/fasttext/label-scan.ts";
import { ROOT } from "../../project-root.ts";
import { classifiersOf, placed, tablesOf } from "./open-model.ts";

const FOLDER = join(ROOT, "test/golden/fasttext");
const { texts: encoded } = JSON.parse(
  gunzipSync(readFileSync(join(FOLDER, "predictions.json.gz"))).toString("utf8"),
) as {
  readonly texts: readonly string[];
};
const texts = encoded.map((text) => Buffer.from(text, "base64"));
const models = readdirSync(FOLDER).filter((file) => /\.(bin|ftz)$/.test(file));

for (const name of models) {
  test(`${name}: judge gives the labels of predict, and scores within 1e-5, folded or not`, () => {
    for (const foldBytes of [undefined, 0]) {
      const opened = tablesOf(placed(readFileSync(join(FOLDER, name)), 1), foldBytes);
      const labels = labelsOf(opened.tables).length;
      const watched = [labels - 1, 0];
      const [exact] = classifiersOf(opened);
      const [plain, fast = plain] = classifiersOf(opened);
      const [plainWatch, fastWatch = plainWatch] = classifiersOf(opened, { watched });
      for (const [i, text] of texts.entries()) {
        const place = `text ${i}, folded ${opened.tables.isFolded}`;
        const isKnown = exact.predict(text, 0, text.length, 1, 0) > 0;
        assert.equal(plain.judge(text, 0, text.length), isKnown, place);
        if (!isKnown) continue;
        assert.equal(plain.label, exact.labelAt(0), place);
        assert.ok(Math.abs(plain.score - exact.scoreAt(0)) <= 1e-5, place);
        // Twice: the second time words are in the cache.
        for (let time = 0; time < 2; time++) {
          assert.ok(fast.judge(text, 0, text.length), place);
          assert.deepEqual([fast.label, fast.score], [plain.label, plain.score], place);
        }
        const all = exact.predict(text, 0, text.length, -1, 0);
        const scores = new Map(Array.from({ length: all }, (_, k) => [exact.labelAt(k), exact.scoreAt(k)]));
        assert.ok(plainWatch.judge(text, 0, text.length) && fastWatch.judge(text, 0, text.length), place);
        assert.equal(plainWatch.label, exact.labelAt(0), place);
        assert.deepEqual([fastWatch.label, ...fastWatch.scores], [plainWatch.label, ...plainWatch.scores], place);
        for (const [k, label] of watched.entries()) {
          assert.ok(
            Math.abs((plainWatch.scores[k] ?? 9) - (scores.get(label) ?? 0)) <= 1e-5,
            `${place}, label ${label}`,
          );
        }
      }
    }
  });
}

test("words of any length and any characters are the twin's, at the borders of what is done at once", () => {
  const words = ["a", "é", "漢", "😀", "aé漢😀", "\u0301"].flatMap((piece) =>
    [1, 7, 8, 15, 16, 17, 31, 32, 33, 1022, 1023, 1024, 1025, 4097, 20_000].map((count) =>
      [...piece.repeat(count)].slice(0, count).join(""),
    ),
  );
  const broken = [
    Buffer.alloc(40, 0x80),
    Buffer.from([0x61, 0xe4, 0xb8, 0x80, 0x80, 0x80, 0x62]),
    Buffer.alloc(3000, 0xff),
  ];
  const all = [...words.map((word) => Buffer.from(`de ${word} das\t${word}`)), ...broken];
  for (const name of ["hs-subwords.bin", "hs-quantized.ftz", "softmax-odd.ftz"]) {
    const [plain, fast = plain] = classifiersOf(tablesOf(readFileSync(join(FOLDER, name))));
    for (const [i, text] of all.entries()) {
      for (const method of ["judge", "predict"] as const) {
        for (const classifier of [plain, fast]) {
          if (method === "judge") assert.ok(classifier.judge(text, 0, text.length));
          else assert.equal(classifier.predict(text, 0, text.length, 1, 0), 1);
        }
        const [a, b] = [plain, fast].map((c) =>
          method === "judge" ? [c.label, c.score] : [c.labelAt(0), c.scoreAt(0)],
        );
        assert.deepEqual(b, a, `${name}, text ${i}, ${method}`);
      }
    }
  }
});

test("a score stays on its side of a bound that is nearer than what sums differ by", () => {
  const opened = tablesOf(readFileSync(join(FOLDER, "hs-subwords.bin")));
  const [exact] = classifiersOf(opened);
  let nearest = 0;
  for (const text of texts.slice(0, 200)) {
    if (exact.predict(text, 0, text.length, 1, 0) === 0) continue;
    const bound = exact.scoreAt(0);
    const [judge] = classifiersOf(opened, { bounds: [bound] });
    judge.judge(text, 0, text.length);
    assert.equal(judge.score, bound);
    const [free] = classifiersOf(opened);
    free.judge(text, 0, text.length);
    if (free.score !== bound) nearest++;
  }
  assert.ok(nearest > 0, "some scores differ in their last bits, or this shows nothing");
});

test("labels are read from the beginning of a file, however it is cut", () => {
  for (const name of models) {
    const file = readFileSync(join(FOLDER, name));
    for (const size of [1 << 20, 97]) {
      const scan = new LabelScan();
      let found: readonly string[] | undefined;
      let at = 0;
      for (; found === undefined; at += size) found = scan.push(file.subarray(at, at + size));
      assert.deepEqual(found, labelsOf(tablesOf(file).tables));
      assert.ok(size > 97 || at < file.length, "what follows the dictionary is not read");
    }
  }
  const scan = new LabelScan();
  assert.equal(scan.push(readFileSync(join(FOLDER, "two.bin")).subarray(0, 2000)), undefined);
  assert.throws(() => scan.end(), /it ends within its dictionary/);
  assert.throws(() => new LabelScan().push(Buffer.alloc(200)), /it is no fastText model/);
});
