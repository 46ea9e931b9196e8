/**
 * Judges conversations by the language of each turn.
 *
 * Which languages data sets keep, and by which rule, was published nowhere: here every turn that is judged must be in one of `languages`. A turn is judged by its
 * content alone, without reasoning and calls. Invariant: labels and scores are those of fastText's own code. Price: 50 to 100 ns a word; the model once for
 * all threads.
 */
import { z } from "zod";
import type { JsonValue } from "../../kernels/json/value.ts";
import { defineStage } from "../define.ts";
import { checkLabels, fasttextTables } from "../fasttext-model.ts";
import { BAD_MESSAGES, contentOf, conversationTransform, Fault, roleOf } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { TurnLanguage, turnLanguageShape } from "./turn-language.ts";

const options = z.strictObject({
  ...turnLanguageShape,
  roles: z.array(z.string().min(1)).min(1).default(["user", "assistant"]).describe("whose turns are judged"),
  turns: z
    .enum(["all", "any"])
    .default("all")
    .describe("how many of the judged turns must be in one of `languages`: `all`, or `any` one"),
  languages_column: z
    .string()
    .min(1)
    .nullable()
    .default("turn_languages")
    .describe("column of JSON for the language of each turn, null where it was not judged; null: none"),
});
const REASONS = { ...BAD_MESSAGES, other_language: "a turn is in none of languages, or with `turns: any` each one is" };

export default defineStage({
  name: "chat/language",
  version: 2,
  kind: "transform",
  summary: "Keeps conversations whose turns are in given languages.",
  reference: "Joulin et al. 2016, 2017; fastText 0.9.2",
  options,
  tables: ({ model }) => fasttextTables(model),
  checkAssets: ({ model, languages }, files) => checkLabels(files, model, languages),
  reads: ["messages"],
  writes: ({ languages_column }) =>
    languages_column === null ? [] : [{ name: languages_column, kind: "json" as const }],
  reasons: REASONS,
  create: (given, { assets }) => {
    const { roles, turns, languages_column } = given;
    const tally = new Tally(["rows", "rows_not_judged", "rows_in_other_languages"]);
    let opened: TurnLanguage | undefined;
    const columns = languages_column === null ? [] : [{ name: languages_column, kind: "json" as const }];
    return conversationTransform<"other_language">(
      columns,
      () => {
        opened ??= new TurnLanguage(given, assets);
        const judge = opened;
        return (messages) => {
          tally.add("rows");
          const judged = messages.map((message) =>
            roles.includes(roleOf(message)) ? judge.judge(contentOf(message)) : undefined,
          );
          for (const turn of judged) if (turn !== undefined) tally.addTo("turns", turn.language);
          const other = judged.findIndex((turn) => turn !== undefined && !turn.isKept);
          const isKept = judged.some((turn) => turn?.isKept);
          const turn = judged[other];
          if (turn !== undefined && (turns === "all" || !isKept)) {
            tally.add("rows_in_other_languages");
            return new Fault(
              "other_language",
              `${turn.language} (${turn.score.toFixed(3)}) in turn ${other}`,
              turn.score,
            );
          }
          if (!isKept) tally.add("rows_not_judged");
          const languages: readonly JsonValue[] = judged.map((found) => found?.language ?? null);
          return languages_column === null ? {} : { [languages_column]: languages };
        };
      },
      tally.finish,
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: {
        messages:
          '[{"role":"user","content":"Hi!"},{"role":"assistant","content":"Everyone has the right to life, liberty and security of person."}]',
      },
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["en"] },
      writes: { turn_languages: '[null,"en"]' },
    },
    {
      columns: {
        messages:
          '[{"role":"user","content":"Everyone has the right to life."},{"role":"assistant","content":"Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person."}]',
      },
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["en", "fr"] },
      drops: "other_language",
    },
  ],
});
