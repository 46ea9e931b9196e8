import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import stage from "../../../stages/chat/language.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOfRows, valueAt } from "../../batch-of.ts";
import { ROOT } from "../../project-root.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

const MODEL = join(ROOT, "test/golden/fasttext/hs-subwords.bin");
const EN = "Everyone has the right to life, liberty and security of person.";
const DE = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.";
const FR = "Tout individu a droit à la vie, à la liberté et à la sûreté de sa personne.";
const RU = "Каждый человек имеет право на жизнь, на свободу и на личную неприкосновенность.";

type Turn = readonly [role: string, content: string];

/** What becomes of conversations: their languages, or why they went. */
function judge(options: Readonly<Record<string, unknown>>, ...rows: (readonly Turn[] | string)[]): unknown[] {
  const operator = stage.create(stage.options.parse({ model: MODEL, ...options }), {
    ...NO_RESOURCES,
    assets: LOCAL_ASSETS,
    seed: [0, 0],
  });
  assert.ok(operator.kind === "transform");
  const messages = rows.map((row) =>
    typeof row === "string" ? row : JSON.stringify(row.map(([role, content]) => ({ role, content }))),
  );
  const batch = batchOfRows(messages.map((text) => ({ messages: text })));
  const dropped = new Map<number, string>();
  const made = operator.apply(batch, (row, reason, _value, detail) => dropped.set(row, `${reason}: ${detail}`));
  return rows.map((_, row) => {
    const column = made.get("turn_languages");
    return dropped.get(row) ?? (column && JSON.parse(String(valueAt(column, row))));
  });
}

test("every judged turn must be in one of the languages", () => {
  const [kept, lost, russian] = judge(
    { languages: ["en", "__label__fr"] },
    [
      ["user", EN],
      ["assistant", FR],
    ],
    [
      ["user", EN],
      ["assistant", FR],
      ["user", DE],
    ],
    [["user", RU]],
  );
  assert.deepEqual(kept, ["en", "fr"]);
  assert.match(String(lost), /^other_language: de \(0\.\d{3}\) in turn 2$/);
  assert.match(String(russian), /^other_language: ru .* in turn 0$/);
});

test("only turns of the given roles are judged, and none that is too short", () => {
  assert.deepEqual(
    judge({ languages: ["en"] }, [
      ["system", DE],
      ["user", "Ja, gut."],
      ["assistant", EN],
    ]),
    [[null, null, "en"]],
  );
  assert.deepEqual(
    judge({ languages: ["en"], roles: ["assistant"] }, [
      ["user", DE],
      ["assistant", EN],
    ]),
    [[null, "en"]],
  );
  const [short] = judge({ languages: ["en"], min_chars: 0 }, [
    ["user", "Jeder hat das Recht."],
    ["assistant", EN],
  ]);
  assert.match(String(short), /^other_language: de /);
  // Characters, not UTF-16 units: 12 of them.
  assert.deepEqual(judge({ languages: ["en"], min_chars: 13 }, [["user", "𠀀".repeat(12)]]), [[null]]);
});

test("any: one turn in one of the languages is enough; a row without a judged turn stays", () => {
  const any = { languages: ["fr"], turns: "any" };
  assert.deepEqual(
    judge(any, [
      ["user", EN],
      ["assistant", FR],
    ]),
    [["en", "fr"]],
  );
  assert.match(
    String(
      judge(any, [
        ["user", EN],
        ["assistant", DE],
      ]),
    ),
    /^other_language: en .* in turn 0$/,
  );
  assert.deepEqual(judge(any, [["user", "Hm?"]]), [[null]]);
});

test("min_score: an unsure turn is in another language", () => {
  assert.match(String(judge({ languages: ["en"], min_score: 1.1 }, [["user", EN]])), /^other_language: en /);
});

test("rows without messages fall with their reason; counts add up", () => {
  const options = { languages: ["en"] };
  assert.match(String(judge(options, "[]")), /^bad_messages: an empty list/);
  const operator = stage.create(stage.options.parse({ model: MODEL, languages_column: null, ...options }), {
    ...NO_RESOURCES,
    assets: LOCAL_ASSETS,
    seed: [0, 0],
  });
  assert.ok(operator.kind === "transform");
  const rows = [EN, DE, "Hm?"].map((content) => ({ messages: JSON.stringify([{ role: "user", content }]) }));
  assert.equal(operator.apply(batchOfRows(rows), () => {}).size, 0);
  const state = operator.finish?.();
  assert.deepEqual(state, { rows: 3, rows_not_judged: 1, rows_in_other_languages: 1, turns: { en: 1, de: 1 } });
});
