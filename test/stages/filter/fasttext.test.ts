/** The stage around the classifier; what the classifier says is tested beside its kernel. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { declarationOf, NO_RESOURCES, type StageResources } from "../../../stages/define.ts";
import stage from "../../../stages/filter/fasttext.ts";
import { batchOf, batchOfRows, valueAt } from "../../batch-of.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { ROOT } from "../../project-root.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";
import { applyFilter } from "./run.ts";

const resources: StageResources = { ...NO_RESOURCES, assets: LOCAL_ASSETS, seed: [0, 0] };
const MODELS = join(ROOT, "test/golden/fasttext");
const LANGUAGES = join(MODELS, "hs-subwords.bin");
const TWO = join(MODELS, "two.bin");
const WORDS = join(MODELS, "ns-words.bin");

const ENGLISH = "Everyone has the right to life, liberty and security of person.";
const GERMAN = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.";

function open(options: Readonly<Record<string, unknown>>) {
  const operator = stage.create(stage.options.parse(options), resources);
  assert.ok(operator.kind === "transform");
  return operator;
}

/** The columns that the stage makes of texts, where it drops nothing. */
function columnsOf(options: Readonly<Record<string, unknown>>, texts: readonly string[]) {
  const made = open(options).apply(batchOf(texts), () => assert.fail("nothing is dropped"));
  return texts.map((_, row) => Object.fromEntries([...made].map(([name, column]) => [name, valueAt(column, row)])));
}

test("label and score are columns, of the names that are asked for", () => {
  const [english, german] = columnsOf({ model: LANGUAGES }, [ENGLISH, GERMAN]);
  assert.equal(english.label, "en");
  assert.equal(german.label, "de");
  assert.ok(Number(english.score) > 0.5 && Number(english.score) <= 1.00001);
  const named = { model: LANGUAGES, label_column: "language", score_column: null };
  assert.deepEqual(columnsOf(named, [GERMAN]), [{ language: "de" }]);
  assert.deepEqual(declarationOf(stage, stage.options.parse(named)).writes, [{ name: "language", kind: "dictionary" }]);
});

test("score_of: the score of one label, whatever the best is", () => {
  const [best] = columnsOf({ model: TWO }, [ENGLISH]);
  const [en] = columnsOf({ model: TWO, score_of: "__label__en" }, [ENGLISH]);
  const [other] = columnsOf({ model: TWO, score_of: "other" }, [ENGLISH]);
  assert.deepEqual(best, en);
  assert.equal(other.label, "en");
  // Probabilities add up to 1, and each score is 1e-5 more than one.
  assert.ok(Math.abs(Number(en.score) + Number(other.score) - 1.00002) < 1e-6);
});

test("reasons: labels, bounds, and a text in which the model knows nothing", () => {
  const texts = [ENGLISH, GERMAN, "zzz qqq"];
  const dropped = (options: object) =>
    [...applyFilter(stage, { model: WORDS, newlines: "end", ...options }, batchOf(texts), resources)].map(
      ([row, { reason, detail }]) => [row, reason, detail],
    );
  // A model without subwords knows the end of the line of every text: it has to be asked for a text that ends before.
  assert.deepEqual(dropped({ labels: ["en"] }).slice(0, 1), [[1, "other_label", "de"]]);
  const [english] = columnsOf({ model: WORDS }, [ENGLISH]);
  const score = Number(english.score);
  assert.deepEqual(dropped({ labels: ["en", "de"], min_score: score + 0.01 })[0], [0, "score_too_low", "en"]);
  assert.ok(!dropped({ labels: ["en", "de"], min_score: score }).some(([row]) => row === 0), "the bound itself stays");
  assert.deepEqual(dropped({ max_score: score - 0.01 })[0], [0, "score_too_high", "en"]);
  assert.deepEqual(dropped({}), []);
  assert.deepEqual(declarationOf(stage, stage.options.parse({ model: WORDS })).reasons, {});
});

test("newlines: white space, the end, or nothing", () => {
  const text = "Jeder hat\ndas Recht auf Leben, Freiheit und\nSicherheit der Person.";
  const scores = (newlines: string, given: string) => columnsOf({ model: LANGUAGES, newlines }, [given])[0];
  assert.deepEqual(scores("space", text), scores("space", text.replaceAll("\n", " ")));
  assert.deepEqual(scores("end", text), scores("space", "Jeder hat"));
  assert.deepEqual(scores("nothing", text), scores("space", text.replaceAll("\n", "")));
  assert.notDeepEqual(scores("nothing", text), scores("space", text));
});

test("another column; dead rows and rows without a text have neither label nor score", () => {
  const batch = batchOfRows([{ body: GERMAN }, { body: null }, { body: ENGLISH }]);
  batch.alive.clear(0);
  const dropped: [number, string][] = [];
  const options = { model: join(MODELS, "pruned-whole.ftz"), column: "body", min_score: 0 };
  const made = open(options).apply(batch, (row, reason) => dropped.push([row, reason]));
  const label = made.get("label");
  assert.ok(label);
  assert.equal(valueAt(label, 0), null);
  assert.notEqual(valueAt(label, 2), null);
  assert.deepEqual(dropped, []);
});

test("what is no classifier, and a label that it does not have, are errors with a name", (t) => {
  const file = join(temporaryFolder(t), "model.bin");
  for (const [bytes, message] of [
    [Buffer.alloc(0), /model.bin cannot be used as a fastText classifier: it is no fastText model/],
    [Buffer.from("PK\u0003\u0004 and so on"), /it is no fastText model/],
  ] as const) {
    writeFileSync(file, bytes);
    assert.throws(() => columnsOf({ model: file }, [ENGLISH]), message);
  }
  assert.throws(() => columnsOf({ model: TWO, labels: ["fr"] }, [ENGLISH]), /two.bin has no label fr/);
});

test("by paragraphs: those that do not stay are cut out; label and score are of what stays, by bytes", () => {
  const given = { model: LANGUAGES, unit: "paragraph", min_score: null };
  const text = `${GERMAN}\n\n${ENGLISH}\n \n${ENGLISH} ${ENGLISH}\n`;
  const alone = columnsOf({ model: LANGUAGES }, [GERMAN, ENGLISH, `${ENGLISH} ${ENGLISH}`]).map(({ score }) =>
    Number(score),
  );
  const near = (a: unknown, b: number): void => assert.ok(Math.abs(Number(a) - b) < 1e-5, `${a} is not ${b}`);

  const [annotated] = columnsOf(given, [text]);
  assert.deepEqual(Object.keys(annotated), ["label", "score"], "nothing is asked, so the text is left alone");
  assert.equal(annotated.label, "en");
  const bytes = [GERMAN.length + 2, ENGLISH.length + 3, 2 * ENGLISH.length + 2];
  near(annotated.score, (bytes[1] * alone[1] + bytes[2] * alone[2]) / (bytes[1] + bytes[2]));

  const [english] = columnsOf({ ...given, labels: ["en"] }, [text]);
  assert.equal(english.text, text.slice(GERMAN.length + 2));
  near(english.score, Number(annotated.score));
  const [german] = columnsOf({ ...given, labels: ["de"] }, [text]);
  assert.deepEqual([german.text, german.label], [`${GERMAN}\n\n`, "de"]);
  near(german.score, alone[0]);

  // The score of one label, over all that stays.
  const one = { ...given, score_of: "en" };
  const single = columnsOf({ model: LANGUAGES, score_of: "en" }, [GERMAN, ENGLISH, `${ENGLISH} ${ENGLISH}`]);
  const all = bytes.reduce((sum, count) => sum + count, 0);
  near(columnsOf(one, [text])[0].score, single.reduce((sum, { score }, i) => sum + bytes[i] * Number(score), 0) / all);
});

test("by paragraphs: a row of which nothing stays falls, one without text as it does whole; other columns can be cut", () => {
  const given = { model: LANGUAGES, unit: "paragraph", labels: ["de"] };
  const dropped = applyFilter(stage, given, batchOf([`${GERMAN}\n`, `${ENGLISH}\n${ENGLISH}`, "", "\n \n"]), resources);
  const whole = applyFilter(stage, { ...given, unit: "document" }, batchOf(["", "\n \n"]), resources);
  assert.deepEqual(
    [1, 2, 3].map((row) => dropped.get(row)?.reason),
    ["other_label", ...[0, 1].map((row) => whole.get(row)?.reason)],
  );
  assert.equal(dropped.size, 3);
  const rows = batchOfRows([
    { text: "t", answer: `${ENGLISH}\n${GERMAN}` },
    { text: "t", answer: null },
  ]);
  const options = { ...given, labels: null, max_score: 2, column: "answer", label_column: null, score_column: null };
  const reasons: unknown[] = [];
  const made = open(options).apply(rows, (row, reason) => reasons.push([row, reason]));
  assert.deepEqual([...made.keys()], ["answer"]);
  const answer = made.get("answer");
  assert.ok(answer !== undefined);
  assert.equal(valueAt(answer, 0), `${ENGLISH}\n${GERMAN}`);
  assert.equal(valueAt(answer, 1), null);
  assert.deepEqual(declarationOf(stage, stage.options.parse(options)).writes, [{ name: "answer", kind: "utf8" }]);
});
