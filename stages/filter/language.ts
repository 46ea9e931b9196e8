/**
 * Says in which language a text is and keeps those in given languages, by a fastText model.
 *
 * With the default options it decides as datatrove's LanguageFilter does: newlines are spaces; a text stays where the score of the best language, or of any of the wanted
 * ones, is above the bound. Labels and scores are those of fastText's own code, scores within 1e-5. By paragraphs, those that do not stay are cut out. Invariant: a text in
 * which the model knows nothing has no language. Price: 50 to 100 ns a word; every label's score where top languages are kept.
 */
import type { Batch } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import { type Drop, defineStage, transform } from "../define.ts";
import { checkLabels, fasttextTables } from "../fasttext-model.ts";
import { LanguageColumns } from "./language-columns.ts";
import { LanguageJudge } from "./language-judge.ts";
import { LANGUAGE_REASONS, type LanguageOptions, type LanguageReason, languageOptions } from "./language-options.ts";
import { MeasuredBounds } from "./measured-bounds.ts";
import { judgeParagraphs } from "./paragraphs.ts";

function reasonsOf({ label_only, languages }: LanguageOptions): Partial<typeof LANGUAGE_REASONS> {
  if (label_only) return {};
  const { other_language, ...reasons } = LANGUAGE_REASONS;
  return languages === null ? reasons : LANGUAGE_REASONS;
}

function byParagraphs(
  batch: Batch,
  judge: LanguageJudge,
  { label_only, min_top_score }: LanguageOptions,
  columns: LanguageColumns,
  drop: Drop<LanguageReason>,
): ReadonlyMap<string, Column> {
  const tops: string[] = [];
  const judged = (): void => {
    if (min_top_score !== null) tops.push(judge.top());
  };
  const texts = judgeParagraphs(
    batch,
    batch.text,
    judge,
    { cuts: !label_only, judged },
    (row, label, score) => {
      columns.set(row, label, score);
      columns.addTop(row, `[${tops.splice(0).join(",")}]`);
    },
    drop,
  );
  const made = columns.finish();
  return texts === undefined ? made : made.set("text", texts);
}

export default defineStage({
  name: "filter/language",
  version: 1,
  kind: "transform",
  summary: "Says in which language a text is, by a fastText model; keeps those in given languages.",
  reference: "datatrove 0.10.1 LanguageFilter; Joulin et al. 2016, 2017; GlotLID: Kargaran et al. 2023",
  options: languageOptions,
  tables: ({ model }) => fasttextTables(model),
  checkAssets: ({ model, languages }, files) => checkLabels(files, model, languages ?? []),
  reads: ["text"],
  writes: ({ language_column, score_column, script_column, min_top_score, top_column, unit, label_only }) => [
    { name: language_column, kind: "dictionary" as const },
    { name: score_column, kind: "float32" as const },
    ...(script_column === null ? [] : [{ name: script_column, kind: "dictionary" as const }]),
    ...(min_top_score === null ? [] : [{ name: top_column, kind: "json" as const }]),
    ...(unit === "paragraph" && !label_only ? [{ name: "text", kind: "utf8" as const }] : []),
  ],
  reasons: reasonsOf,
  create: (given, { assets }) => {
    let opened: LanguageJudge | undefined;
    const bounds = new MeasuredBounds();
    const { min_score, label_only } = given;
    const score = bounds.min("score_too_low", "min_score", label_only ? null : min_score, { unit: "score" });
    const judgeBatch = (batch: Batch, drop: Drop<LanguageReason>): ReadonlyMap<string, Column> => {
      opened ??= new LanguageJudge(given, assets);
      const columns = new LanguageColumns(given, opened.labels, batch.rows);
      if (given.unit === "paragraph") return byParagraphs(batch, opened, given, columns, drop);
      const { data, offsets } = batch.text;
      for (let row = 0; row < batch.rows; row++) {
        if (!batch.alive.has(row)) continue;
        opened.judge(data, offsets[row] ?? 0, offsets[row + 1] ?? 0);
        columns.set(row, opened.label, opened.score);
        columns.addTop(row, opened.top());
        const reason = label_only ? undefined : opened.reason;
        // A text of another language falls for that, whatever its score.
        if (reason !== "other_language") score.judged(opened.score, reason === "score_too_low");
        if (reason !== undefined) drop(row, reason, opened.score, opened.labels[opened.label]);
        bounds.settle(batch, row);
      }
      return columns.finish();
    };
    return transform<LanguageReason>(judgeBatch, { measured: () => bounds.finish() });
  },
  examples: [
    {
      text: "Everyone has the right to life, liberty and security of person.",
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["en"] },
      writes: { language: "en" },
    },
    {
      text: "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.",
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["en", "fr"] },
      drops: "other_language",
    },
    {
      text: "Everyone has the right to life.",
      options: { model: "test/golden/fasttext/hs-quantized.ftz", min_score: 1.1 },
      drops: "score_too_low",
    },
    {
      text: "Everyone has the right to life, liberty and security of person.\nJeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.\n",
      options: { model: "test/golden/fasttext/hs-quantized.ftz", languages: ["de"], min_score: 0.5, unit: "paragraph" },
      becomes: "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.\n",
    },
  ],
});
