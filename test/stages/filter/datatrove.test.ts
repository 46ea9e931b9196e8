/**
 * With `spacy-en` words every decision, and every text C4 leaves, is datatrove's: on texts written for it and on real
 * samples.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { batchOf } from "../../batch-of.ts";
import { digest, goldenFilters, goldenSamples, goldenTexts } from "./golden.ts";
import { applyAll, applyFilter } from "./run.ts";
import { samplesMissing, sampleTexts } from "./samples.ts";

for (const { name, stage, options } of goldenFilters) {
  test(`${name}: ${goldenTexts.length} written texts`, () => {
    const batch = batchOf(goldenTexts.map(({ text }) => text));
    const { dropped, texts } = applyAll(stage, { ...options, words: "spacy-en" }, batch);
    const met = new Set<string>();
    for (const [row, { text, decisions }] of goldenTexts.entries()) {
      const wanted: string | null = decisions[name];
      const reason = dropped.get(row)?.reason ?? null;
      assert.equal(reason, wanted, JSON.stringify(text.slice(-300)));
      if (reason !== null) met.add(reason);
    }
    const declared = Object.keys(stage.reasons).filter((reason) => reason !== "no_words");
    assert.deepEqual([...met].sort(), declared.sort(), "every reason is met");
    if (name !== "c4_quality" && name !== "c4_fineweb") return;
    for (const [row, { text, rewritten }] of goldenTexts.entries()) {
      const wanted: string | undefined = rewritten[name];
      if (wanted === undefined) assert.equal(texts[row], "", "a dropped row is empty");
      else assert.equal(digest(texts[row]), wanted, `${JSON.stringify(text)} became ${JSON.stringify(texts[row])}`);
    }
  });

  test(`${name}: real samples`, async (t) => {
    if (samplesMissing !== undefined) return t.skip(samplesMissing);
    let rows = 0;
    let otherWithUnicode = 0;
    for (const [file, golden] of Object.entries(goldenSamples.files)) {
      const texts = await sampleTexts(file);
      const wanted = Array.from(golden[name], (letter) =>
        letter === "." ? null : goldenSamples.letters[name][letter.charCodeAt(0) - 0x41],
      );
      assert.equal(texts.length, wanted.length, file);
      const batch = batchOf(texts);
      const judged = applyAll(stage, { ...options, words: "spacy-en" }, batch);
      assert.deepEqual(
        texts.map((_, row) => judged.dropped.get(row)?.reason ?? null),
        wanted,
        file,
      );
      if (name === "c4_quality" || name === "c4_fineweb") {
        const digests = judged.texts.map((text, row) => (batch.alive.has(row) ? digest(text) : "-"));
        assert.equal(digests.join(" "), golden[`${name}_sha256`], file);
      }
      rows += texts.length;
      const byUnicode = applyFilter(stage, options, batchOf(texts));
      otherWithUnicode += wanted.filter((reason, row) => (reason === null) === byUnicode.has(row)).length;
    }
    assert.equal(rows, 1938);
    t.diagnostic(`${rows} rows agree; with unicode words ${otherWithUnicode} are kept or dropped otherwise`);
  });
}
