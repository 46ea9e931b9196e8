/** The stage beside datatrove's LanguageFilter: see test/golden/scripts/language-filter.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { declarationOf, NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/filter/language.ts";
import { batchOf, valueAt } from "../../batch-of.ts";
import { ROOT } from "../../project-root.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

const FOLDER = join(ROOT, "test/golden/fasttext");
const MODEL = join(FOLDER, "hs-subwords.bin");
const EN = "Everyone has the right to life, liberty and security of person.";
const DE = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.";

/** What becomes of texts: why they fall, and the columns. */
function judge(given: Readonly<Record<string, unknown>>, texts: readonly string[]) {
  const operator = stage.create(stage.options.parse({ model: MODEL, ...given }), {
    ...NO_RESOURCES,
    assets: LOCAL_ASSETS,
  });
  assert.ok(operator.kind === "transform");
  const dropped = new Map<number, string>();
  const columns = operator.apply(batchOf(texts), (row, reason) => dropped.set(row, reason));
  const names = declarationOf(stage, stage.options.parse({ model: MODEL, ...given })).writes.map(({ name }) => name);
  assert.deepEqual([...columns.keys()].sort(), names.sort());
  return texts.map((_, row) => ({
    dropped: dropped.get(row),
    ...Object.fromEntries([...columns].map(([name, column]) => [name, valueAt(column, row)])),
  })) as Record<string, unknown>[];
}

interface Golden {
  readonly texts: readonly string[];
  readonly runs: readonly {
    readonly model: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly rows: readonly { kept: boolean; language: string; score: number; top: Record<string, number> }[];
  }[];
}

test("decisions, languages, scores and top languages are datatrove's", () => {
  const golden = JSON.parse(readFileSync(join(FOLDER, "language-filter.json"), "utf8")) as Golden;
  for (const { model, options, rows } of golden.runs) {
    const judged = judge({ model: join(FOLDER, model), ...options }, golden.texts);
    for (const [row, { kept, language, score, top }] of rows.entries()) {
      const place = `${model} ${JSON.stringify(options)} ${row}`;
      const got = judged[row] ?? {};
      assert.equal(got.dropped === undefined, kept, place);
      assert.equal(got.language, language, place);
      assert.ok(Math.abs(Number(got.language_score) - score) <= 1e-5, place);
      if (options.min_top_score === undefined) continue;
      const found = JSON.parse(String(got.top_languages)) as Record<string, number>;
      assert.deepEqual(Object.keys(found).sort(), Object.keys(top).sort(), place);
      for (const [label, value] of Object.entries(top)) assert.ok(Math.abs((found[label] ?? 9) - value) <= 1e-5, place);
    }
  }
  const kept = golden.runs.flatMap(({ rows }) => rows.map((row) => row.kept));
  assert.ok(kept.includes(true) && kept.includes(false));
});

test("reasons: another language, an unsure one, none", () => {
  assert.deepEqual(
    judge({ languages: ["en"], min_score: 0.3 }, [EN, DE]).map(({ dropped }) => dropped),
    [undefined, "other_language"],
  );
  assert.equal(judge({ languages: ["de"], min_score: 1.1 }, [DE])[0]?.dropped, "score_too_low");
  assert.equal(judge({ min_score: 1.1 }, [DE])[0]?.dropped, "score_too_low");
  const [labelled] = judge({ languages: ["en"], label_only: true }, [DE]);
  assert.deepEqual([labelled?.dropped, labelled?.language], [undefined, "de"]);
  // A model of words alone that was pruned knows neither the end of a line nor these.
  const nothing = judge({ model: join(FOLDER, "two.bin"), min_score: 0, min_top_score: 0 }, ["</s>"]);
  assert.ok(nothing[0]?.dropped === undefined || nothing[0].language === null);
});

test("by paragraphs: what is in another language is cut out, with the blank lines behind it", () => {
  const given = { languages: ["de"], min_score: 0.5, unit: "paragraph" };
  const [both, blank, other] = judge(given, [`${EN}\n\n${DE}\n${EN}`, `\n ${DE}\n\n`, EN]);
  assert.deepEqual([both?.text, both?.language, both?.dropped], [`${DE}\n`, "de", undefined]);
  assert.equal(blank?.text, `\n ${DE}\n\n`);
  assert.deepEqual([other?.text, other?.language, other?.dropped], ["", null, "other_language"]);
  const [alone] = judge({ min_score: 0 }, [`${DE}\n`]);
  assert.equal(both?.language_score, alone?.language_score);
});

test("by paragraphs, labels only: the language with most bytes, its mean score, a list of top languages", () => {
  const [mixed] = judge({ unit: "paragraph", label_only: true, min_top_score: 0.2 }, [`${DE}\n${EN}\n${EN} ${EN}`]);
  assert.equal(mixed?.text, undefined);
  assert.equal(mixed?.language, "en");
  const tops = JSON.parse(String(mixed?.top_languages)) as Record<string, number>[];
  assert.deepEqual(
    tops.map((top) => Object.keys(top)[0]),
    ["de", "en", "en"],
  );
  const [, first = {}, second = {}] = tops;
  const mean = ((EN.length + 1) * (first.en ?? 0) + (2 * EN.length + 1) * (second.en ?? 0)) / (3 * EN.length + 2);
  assert.ok(Math.abs(Number(mixed?.language_score) - mean) < 1e-5);
});

test("script: what follows the line in a label; null where there is none", () => {
  const [row] = judge({ script_column: "language_script", language_column: "lang", min_score: 0 }, [DE]);
  assert.deepEqual([row?.lang, row?.language_script], ["de", null]);
});

test("labels are looked for in the model before anything runs", async () => {
  const files = {
    name: () => "m.bin",
    stream: async function* () {
      yield readFileSync(MODEL);
    },
  };
  const check = (languages: readonly string[]) =>
    stage.checkAssets?.(stage.options.parse({ model: MODEL, languages }), files) ?? Promise.resolve();
  await check(["en", "__label__de"]);
  await assert.rejects(check(["en", "xx"]), /m.bin has no label xx/);
});
