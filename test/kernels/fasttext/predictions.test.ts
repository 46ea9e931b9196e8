/** The predictions of fastText's own code, on models of every loss and form: see test/golden/scripts/fasttext-models.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Classifier, labelsOf } from "../../../kernels/fasttext/classifier.ts";
import { ROOT } from "../../project-root.ts";
import { classifiersOf, placed, tablesOf } from "./open-model.ts";

type Answer = readonly (readonly [string, number])[];
interface Golden {
  readonly queries: readonly (readonly [number, number])[];
  readonly texts: readonly string[];
  readonly models: Readonly<Record<string, readonly (readonly Answer[])[]>>;
}

const FOLDER = "test/golden/fasttext";
const golden = JSON.parse(
  gunzipSync(readFileSync(join(ROOT, `${FOLDER}/predictions.json.gz`))).toString("utf8"),
) as Golden;
const texts = golden.texts.map((text) => Buffer.from(text, "base64"));

function answer(classifier: Classifier, names: readonly string[], text: Uint8Array, k: number, threshold: number) {
  const count = classifier.predict(text, 0, text.length, k, threshold);
  return Array.from({ length: count }, (_, i): [string, number] => [
    names[classifier.labelAt(i)],
    classifier.scoreAt(i),
  ]);
}

for (const [name, wanted] of Object.entries(golden.models)) {
  const file = readFileSync(join(ROOT, `${FOLDER}/${name}`));
  for (let odd = 0; odd < 4; odd++) {
    test(`${name} predicts what fastText does, at address ${odd}`, () => {
      const opened = tablesOf(placed(file, odd));
      const names = labelsOf(opened.tables);
      const [plain, fast] = classifiersOf(opened);
      let different = 0;
      for (const [i, text] of texts.entries()) {
        for (const [q, [k, threshold]] of golden.queries.entries()) {
          const want = wanted[i][q];
          const whole = answer(plain, names, text, k, threshold);
          const got = whole.slice(0, want.length || undefined);
          const place = `text ${i}, k ${k}, threshold ${threshold}`;
          // Twice: the second time words are in the cache.
          for (let time = 0; time < 2 && fast !== undefined; time++) {
            assert.deepEqual(answer(fast, names, text, k, threshold), whole, place);
          }
          assert.deepEqual(
            got.map(([label]) => label),
            want.map(([label]) => label),
            place,
          );
          for (const [n, [, score]] of want.entries()) {
            if (got[n][1] !== Math.fround(score)) different++;
            assert.ok(Math.abs(got[n][1] - score) <= 1.2e-7, `${place}: ${got[n][1]} and not ${score}`);
          }
        }
      }
      assert.ok(different <= 20, `${different} scores differ in their last bit`);
    });
  }
}

test("folded rows give the same labels, and scores within 1e-5", () => {
  for (const name of ["two.bin", "ova-words.bin", "softmax-subwords.bin"]) {
    const opened = tablesOf(readFileSync(join(ROOT, `${FOLDER}/${name}`)), 0);
    const { tables } = opened;
    if (name === "softmax-subwords.bin") {
      assert.equal(tables.isFolded, false, "as many labels as dimensions");
      continue;
    }
    assert.equal(tables.isFolded, tables.description.labels < tables.description.dim);
    const names = labelsOf(tables);
    const [plain, fast] = classifiersOf(opened);
    for (const [i, text] of texts.entries()) {
      for (const [q, [k, threshold]] of golden.queries.entries()) {
        const want = golden.models[name][i][q];
        const got = answer(plain, names, text, k, threshold);
        if (fast !== undefined) assert.deepEqual(answer(fast, names, text, k, threshold), got);
        assert.deepEqual(
          got.map(([label]) => label),
          want.map(([label]) => label),
          `${name}, text ${i}, k ${k}`,
        );
        for (const [n, [, score]] of want.entries()) assert.ok(Math.abs(got[n][1] - score) <= 1e-5);
      }
    }
  }
});
